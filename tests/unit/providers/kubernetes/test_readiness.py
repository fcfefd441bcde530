"""Objects are ready when their users can rely on them, and fail when they never will be."""

from typing import Any

import pytest

from sandbox.providers.kubernetes.pods import troubles, unready
from sandbox.providers.kubernetes.readiness import Failed, Outcome, Pending, Ready, Related, judge
from sandbox.providers.properties import Map
from tests.unit.providers.kubernetes.objects import deployment, pod, replica_set, waiting

_DONE: Map = {"replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}
_STUCK: list[Map] = [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]


def _kind(kind: str, api_version: str, spec: Map, status: Map, **metadata: Any) -> Map:  # noqa: ANN401 - any JSON
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": "x", "namespace": "n", "uid": "x", **metadata},
        "spec": spec,
        "status": status,
    }


@pytest.mark.parametrize(
    ("live", "expected"),
    [
        (deployment(_DONE), Ready),
        (deployment({**_DONE, "observedGeneration": 1}), Pending),
        (deployment({**_DONE, "updatedReplicas": 1}), Pending),
        (deployment({**_DONE, "availableReplicas": 1}), Pending),
        (deployment({**_DONE, "replicas": 3}), Pending),
        (deployment(), Pending),
        (deployment(replicas=0), Ready),
        (deployment(conditions=_STUCK), Failed),
        (deployment(_DONE, conditions=_STUCK), Ready),
        (deployment({"observedGeneration": 1}, conditions=_STUCK), Pending),
        (_kind("StatefulSet", "apps/v1", {"replicas": 2}, {"updatedReplicas": 2, "readyReplicas": 2}), Ready),
        (
            _kind(
                "StatefulSet",
                "apps/v1",
                {"replicas": 2},
                {"updatedReplicas": 1, "readyReplicas": 2, "currentRevision": "a", "updateRevision": "b"},
            ),
            Pending,
        ),
        (
            _kind(
                "StatefulSet",
                "apps/v1",
                {"replicas": 2, "updateStrategy": {"rollingUpdate": {"partition": 1}}},
                {"updatedReplicas": 1, "readyReplicas": 2, "currentRevision": "a", "updateRevision": "b"},
            ),
            Ready,
        ),
        (_kind("StatefulSet", "apps/v1", {"replicas": 2}, {"readyReplicas": 1, "updatedReplicas": 2}), Pending),
        (
            _kind(
                "DaemonSet",
                "apps/v1",
                {},
                {"desiredNumberScheduled": 1, "updatedNumberScheduled": 1, "numberAvailable": 1},
            ),
            Ready,
        ),
        (_kind("DaemonSet", "apps/v1", {}, {"desiredNumberScheduled": 1, "updatedNumberScheduled": 1}), Pending),
        (_kind("DaemonSet", "apps/v1", {}, {}, generation=1), Pending),
        (_kind("Job", "batch/v1", {}, {"conditions": [{"type": "Complete", "status": "True"}]}), Ready),
        (_kind("Job", "batch/v1", {}, {"conditions": [{"type": "Failed", "status": "True"}]}), Failed),
        (_kind("Job", "batch/v1", {}, {"active": 1}), Pending),
        (_kind("Job", "batch/v1", {"suspend": True}, {}), Ready),
        (pod(ready=True), Ready),
        (pod(phase="Succeeded"), Ready),
        (pod(phase="Failed"), Failed),
        (pod(), Pending),
        (_kind("CustomResourceDefinition", "apiextensions.k8s.io/v1", {}, {}), Pending),
        (
            _kind(
                "CustomResourceDefinition",
                "apiextensions.k8s.io/v1",
                {},
                {"conditions": [{"type": "Established", "status": "True"}]},
            ),
            Ready,
        ),
        (
            _kind(
                "CustomResourceDefinition",
                "apiextensions.k8s.io/v1",
                {},
                {"conditions": [{"type": "NamesAccepted", "status": "False"}]},
            ),
            Failed,
        ),
        (_kind("ConfigMap", "v1", {}, {}), Ready),
        (_kind("Ingress", "networking.k8s.io/v1", {}, {}), Ready),
    ],
)  # fmt: skip - a table
def test_an_object_is_judged_by_its_status(live: Map, expected: type[Outcome]) -> None:
    """Once its controller has seen its newest generation; kinds without a rule are ready at once."""
    assert isinstance(judge(live, Related()), expected)


def _service(spec: Map, *pods: Map, endpoints: list[Map] | None = None, status: Map | None = None) -> Outcome:
    slices = ({"endpoints": endpoints},) if endpoints is not None else ()
    return judge(_kind("Service", "v1", spec, status or {}), Related(pods=pods, endpoint_slices=slices))


def _endpoint(name: str, *, ready: bool) -> Map:
    return {"targetRef": {"name": name}, "conditions": {"ready": ready}}


def test_a_service_waits_for_a_ready_endpoint_among_the_pods_it_selects() -> None:
    """Those of the selector of before do not count: right after a flip the slices still hold them."""
    spec = {"selector": {"app": "web"}}
    assert isinstance(_service(spec, pod("new"), endpoints=[_endpoint("old", ready=True)]), Pending)
    assert isinstance(_service(spec, pod("new"), endpoints=[_endpoint("new", ready=False)]), Pending)
    assert isinstance(_service(spec, pod("new"), endpoints=[_endpoint("new", ready=True)]), Ready)


def test_a_service_with_nobody_to_wait_for_is_ready() -> None:
    """No selector, another name for something elsewhere, or no pods: an idle colour at zero is no failure."""
    assert isinstance(_service({}, pod()), Ready)
    assert isinstance(_service({"type": "ExternalName", "selector": {"a": "b"}}, pod()), Ready)
    assert isinstance(_service({"selector": {"a": "b"}}), Ready)
    assert isinstance(_service({"selector": {"a": "b"}}, pod(deletionTimestamp="t")), Ready)


def test_a_load_balancer_waits_for_its_address() -> None:
    """Nobody gives one where no controller runs, and the message says so."""
    outcome = _service({"type": "LoadBalancer"})
    assert isinstance(outcome, Pending)
    assert "controller" in outcome.message
    assert isinstance(_service({"type": "LoadBalancer"}, status={"loadBalancer": {"ingress": [{"ip": "x"}]}}), Ready)


def test_a_deployment_is_not_blamed_for_pods_of_its_older_revisions() -> None:
    """They may be broken, and are on their way out."""
    broken = pod("old", owner="rs-old", state=waiting("ErrImagePull"))
    new = pod("new", owner="rs")
    related = Related(pods=(broken, new), replica_sets=(replica_set("rs-old", "1"), replica_set("rs", "2")))
    outcome = judge(deployment(replicas=1), related)
    assert isinstance(outcome, Pending)
    assert outcome.troubles == ()
    assert outcome.unready == (new,)


def test_a_deployment_that_cannot_make_pods_says_so() -> None:
    """A quota or a policy refuses them, and no pod can tell."""
    refused = [{"type": "ReplicaFailure", "status": "True", "message": "exceeded quota"}]
    outcome = judge(deployment(conditions=refused), Related())
    assert isinstance(outcome, Pending)
    assert "exceeded quota" in outcome.troubles[0].text


def test_a_deployment_out_of_time_names_who_is_not_ready() -> None:
    """With what the container does."""
    related = Related(pods=(pod("slow"),), replica_sets=(replica_set(),))
    outcome = judge(deployment(conditions=_STUCK), related)
    assert isinstance(outcome, Failed)
    assert "30 s" in outcome.reason
    assert "n/slow" in outcome.reason
    assert "running, but not ready" in outcome.reason


@pytest.mark.parametrize(
    ("broken", "reason", "grace"),
    [
        (pod(state=waiting("InvalidImageName")), "InvalidImageName", 0),
        (pod(state=waiting("ErrImageNeverPull")), "ErrImageNeverPull", 0),
        (pod(state=waiting("ErrImagePull")), "ErrImagePull", 5),
        (pod(state=waiting("ImagePullBackOff")), "ImagePullBackOff", 5),
        (pod(state=waiting("CreateContainerConfigError")), "CreateContainerConfigError", 10),
        (pod(state=waiting("CrashLoopBackOff"), restarts=2), "CrashLoopBackOff", 0),
        (
            pod(conditions=[{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "cpu"}]),
            "fits no node: cpu",
            30,
        ),
    ],
)  # fmt: skip - a table
def test_what_will_not_pass_is_told_with_its_grace(broken: Map, reason: str, grace: float) -> None:
    """Who, which image, why, and where to look next."""
    (found,) = troubles(broken)
    assert reason in found.text
    assert "n/p" in found.text
    assert "See: kubectl" in found.text
    assert found.grace == grace


@pytest.mark.parametrize(
    "fine",
    [
        pod(),
        pod(state=waiting("ContainerCreating")),
        pod(state=waiting("CrashLoopBackOff"), restarts=1),
        pod(state=waiting("ErrImagePull"), deletionTimestamp="t"),
        pod(conditions=[{"type": "PodScheduled", "status": "True"}]),
    ],
)
def test_what_may_pass_is_no_trouble(fine: Map) -> None:
    """A container may need a second start; a pod that is being deleted does not matter."""
    assert troubles(fine) == []


def test_a_pull_that_backs_off_is_the_same_trouble() -> None:
    """Else its grace would begin anew with each attempt."""
    first, second = (troubles(pod(state=waiting(reason)))[0].key for reason in ("ErrImagePull", "ImagePullBackOff"))
    assert first == second


def test_a_container_that_ended_says_how() -> None:
    """The exit code is the first thing a person looks for."""
    last = {"terminated": {"reason": "OOMKilled", "exitCode": 137}}
    assert "OOMKilled, exit code 137" in str(unready(pod(last=last)))
    assert "OOMKilled, exit code 137" in troubles(pod(state=waiting("CrashLoopBackOff"), restarts=3, last=last))[0].text
    assert unready(pod(ready=True)) is None
