"""What was read of a colour passes, fails, or says too little: each with its words."""

from collections.abc import Mapping
from typing import Any

import pytest

from teal.adapters.kubernetes.inventory import KINDS, PodMetricsList
from teal.adapters.kubernetes.workloads import Pod
from teal.checking import judge
from teal.gates.documents import Tried
from teal.gates.openapi import described
from teal.gates.replies import Reply
from teal.model.colours import Colour
from teal.model.verdict import Outcome

PASSED, FAILED, INCONCLUSIVE, ERROR = (
    Outcome.PASSED,
    Outcome.FAILED,
    Outcome.INCONCLUSIVE,
    Outcome.ERROR,
)
HALF = {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"cpu": "1", "memory": "128Mi"}}


def active(status: str, kind: str = "ScalingActive") -> Mapping[str, Any]:
    """An autoscaler with this condition."""
    held = {"type": kind, "status": status, "reason": "FailedGetResourceMetric"}
    return {"spec": {"minReplicas": 2, "maxReplicas": 4}, "status": {"desiredReplicas": 3, "conditions": [held]}}


@pytest.mark.parametrize(
    ("kind", "ready", "found", "outcome", "seen"),
    [
        ("deployment", 0, {"spec": {"replicas": 2}, "status": {"readyReplicas": 2}}, PASSED, "2 of 2 pods ready"),
        ("deployment", 0, {"spec": {"replicas": 2}, "status": {"readyReplicas": 1}}, FAILED, "1 of 2 pods ready"),
        ("deployment", 0, {"spec": {"replicas": 0}}, FAILED, "0 of 0 pods ready"),
        (
            "deployment",
            0,
            {"spec": {"replicas": 1}, "status": {"replicas": 2, "updatedReplicas": 1, "readyReplicas": 1}},
            FAILED,
            "1 not replaced yet",
        ),
        ("service", 2, {"spec": {}}, PASSED, "2 ready endpoints"),
        ("service", 0, {"spec": {}}, FAILED, "0 ready endpoints"),
        ("autoscaler", 0, active("True"), PASSED, "2 to 4 pods, 3 at present"),
        ("autoscaler", 0, active("False"), INCONCLUSIVE, "nothing to go by: FailedGetResourceMetric"),
        ("autoscaler", 0, active("False", "AbleToScale"), FAILED, "cannot scale: FailedGetResourceMetric"),
        ("budget", 0, {"status": {"currentHealthy": 2, "desiredHealthy": 1}}, PASSED, "2 pods healthy, 1 have to be"),
        ("budget", 0, {"status": {"currentHealthy": 0, "desiredHealthy": 1}}, FAILED, "0 pods healthy, 1 have to be"),
        ("network", 0, {}, PASSED, "it is there"),
    ],
)
def test_an_object_is_judged_by_its_kind(
    kind: str, ready: int, found: Mapping[str, Any], outcome: Outcome, seen: str
) -> None:
    """By what the API server says of it."""
    read = KINDS[kind][2].model_validate({"metadata": {"name": "x", "resourceVersion": "1"}, **found})
    verdict = judge.existing("backend", kind, "backend-green", read, ready=ready)
    assert (verdict.gate, verdict.outcome) == (f"resources.{kind}", outcome)
    assert seen in verdict.seen


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_there_fails(kind: str) -> None:
    """Whatever it is."""
    verdict = judge.existing("backend", kind, "backend-green", None, ready=1)
    assert (verdict.outcome, verdict.seen) == (FAILED, "backend-green: it is not there")


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (Reply(status=204), PASSED),
        (Reply(status=302), PASSED),
        (Reply(status=400), FAILED),
        (Reply(late=True), FAILED),
        (Reply(error="gone"), ERROR),
    ],
)
def test_a_probe_is_taken_as_a_kubelet_takes_it(reply: Reply, outcome: Outcome) -> None:
    """From 200 to 399."""
    assert judge.probe("backend", Colour.GREEN, "liveness", "/live", reply).outcome is outcome


@pytest.mark.parametrize(
    ("replies", "outcome", "seen"),
    [
        ([Reply(status=200), Reply(status=401)], PASSED, "2 of 3 operations answer, 1 were not tried"),
        ([Reply(status=200), Reply(status=404)], FAILED, "GET /b answered 404"),
        ([Reply(status=500), Reply(error="gone")], FAILED, "GET /a answered 500"),
        ([Reply(late=True), Reply(status=200)], FAILED, "GET /a was not answered in time"),
        ([Reply(status=200), Reply(error="gone")], ERROR, "GET /b (gone)"),
        ([None, None], INCONCLUSIVE, "none of 3 operations"),
    ],
)
def test_what_a_document_offers_has_to_be_there(replies: list[Reply | None], outcome: Outcome, seen: str) -> None:
    """That somebody has to log in first is an answer."""
    offered = described({"paths": {"/a": {"get": {}}, "/b": {"get": {}}, "/c": {"post": {}}}})
    tried = [Tried(operation=each, reply=reply) for each, reply in zip(offered, [*replies, None], strict=True)]
    verdict = judge.paths("backend", Colour.GREEN, tried)
    assert verdict.outcome is outcome
    assert seen in verdict.seen


def pods(*names: str, **more: object) -> list[Pod]:
    """Ready pods of this name with one container each."""
    ready = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
    return [
        Pod.model_validate(
            {
                "metadata": {"name": name, "resourceVersion": "1"},
                "spec": {"containers": [{"name": "backend", "resources": HALF, **more}]},
                "status": ready,
            }
        )
        for name in names
    ]


def used(cpu: str, memory: str, *names: str) -> PodMetricsList:
    """What the containers of these pods use."""
    container = {"name": "backend", "usage": {"cpu": cpu, "memory": memory}}
    return PodMetricsList.model_validate(
        {"items": [{"metadata": {"name": n}, "containers": [container]} for n in names]}
    )


@pytest.mark.parametrize(
    ("measured", "outcome", "seen"),
    [
        (
            used("50000000n", "32Mi", "a", "b"),
            PASSED,
            "2 of 2 ready pods measured, cpu 100m (50 % of what is asked for, at most 5 % of a limit), memory 64Mi (50",
        ),
        (used("950m", "32Mi", "a", "b"), FAILED, "at most 95 % of a limit"),
        (used("1m", "120Mi", "a", "b"), FAILED, "at most 94 % of a limit"),
        (used("1m", "32Mi", "a"), INCONCLUSIVE, "1 of 2 ready pods measured"),
        (used("1m", "120Mi", "a"), FAILED, "1 of 2 ready pods measured"),
        (None, INCONCLUSIVE, "the cluster has no metrics API"),
    ],
)
def test_use_is_shown_beside_requests_and_limits(measured: PodMetricsList | None, outcome: Outcome, seen: str) -> None:
    """Too near to a limit fails; a pod of which nothing is known passes nothing."""
    verdict = judge.usage("backend", Colour.GREEN, pods("a", "b"), measured)
    assert verdict.outcome is outcome
    assert seen in verdict.seen


def test_a_colour_without_pods_uses_nothing_that_could_pass() -> None:
    """No data is never a pass."""
    assert judge.usage("backend", Colour.GREEN, pods(), used("1m", "1Mi")).outcome is INCONCLUSIVE


def test_a_container_without_a_limit_is_not_full() -> None:
    """Its use is shown beside what it asks for alone."""
    verdict = judge.usage("backend", Colour.GREEN, pods("a", resources={}), used("3", "1Gi", "a"))
    assert verdict.outcome is PASSED
    assert "cpu 3000m (of nothing asked for, at most 0 % of a limit)" in verdict.seen
