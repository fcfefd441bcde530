"""A written Deployment is looked at until its pods are the declared ones: against a cluster on loopback."""

import logging
from typing import Any

import pulumi
import pytest
from pulumi.resource import DependencyResource
from pulumi.runtime import mocks
from teal_infra.components import rollout
from teal_infra.components.rollout import Rollouts

from teal.adapters.kubernetes.cluster import ClusterAccess
from teal.adapters.kubernetes.workloads import Deployment
from tests.unit.conftest import FakeApiServer
from tests.unit.infra.hooks.test_guard import NoResources

PATH = "/apis/apps/v1/namespaces/teal/deployments/backend-green"
LABELS = {"app.kubernetes.io/name": "backend", "teal/colour": "green"}
COMPLETE = {"observedGeneration": 4, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 2, "availableReplicas": 2}
BEFORE = {**COMPLETE, "observedGeneration": 3}
"""What is there right after a write: complete, but of the generation before."""


def deployment(status: dict[str, Any]) -> dict[str, Any]:
    """Generation 4 of a slot that is asked for two pods."""
    metadata = {"name": "backend-green", "generation": 4, "resourceVersion": "1"}
    return {"metadata": metadata, "spec": {"replicas": 2}, "status": status}


@pytest.mark.parametrize(
    ("status", "missing"),
    [
        (COMPLETE, ""),
        (BEFORE, "its controller has not seen the change yet"),
        ({**COMPLETE, "updatedReplicas": 1}, "1 of 2 pods are new"),
        ({**COMPLETE, "replicas": 3}, "1 old pods have not ended"),
        ({**COMPLETE, "availableReplicas": 1}, "1 of 2 new pods are available"),
    ],
)
def test_what_a_rollout_lacks_is_said(status: dict[str, Any], missing: str) -> None:
    """By the rules of `kubectl rollout status`."""
    assert Deployment.model_validate(deployment(status)).unfinished == missing


async def written(server: FakeApiServer, seconds: int = 600) -> pulumi.Output[pulumi.Resource]:
    """Run the hook as an engine does after its write; return what others depend on."""
    mocks.set_mocks(NoResources(), project="teal", stack="dev", preview=False, logger=logging.getLogger("engine"))
    rollouts = Rollouts(ClusterAccess(namespace="teal", kubeconfig=server.kubeconfig))
    (hook,) = rollouts.hooks().after_update or []
    inputs = {"metadata": {"name": "backend-green", "labels": LABELS}, "spec": {"progressDeadlineSeconds": seconds}}
    args = pulumi.ResourceHookArgs(urn="urn", id="", name="backend-green", type="t", new_inputs=inputs)
    result = hook(args)  # pyright: ignore[reportUnknownVariableType, reportCallIssue]  # hook or callable, by the SDK's type
    assert result is not None
    await result
    slot = DependencyResource("urn")  # what an engine answers, and no more
    passed = rollouts.over(slot, "backend-green")
    assert isinstance(passed, pulumi.Output)
    return passed


async def test_a_rollout_is_awaited(api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Deployment of before, which is complete, is not taken for the one that was written."""
    monkeypatch.setattr(rollout, "PAUSE_SECONDS", 0)
    states = iter([BEFORE, BEFORE, {**COMPLETE, "updatedReplicas": 1}, COMPLETE])

    def turn(_method: str, path: str) -> None:
        if path == PATH:
            api_server.answers[PATH] = (200, deployment(next(states)))

    api_server.fault = turn
    assert await (await written(api_server)).future() is not None
    assert next(states, None) is None


async def test_a_rollout_that_is_stuck_fails_whoever_depends_on_it(api_server: FakeApiServer) -> None:
    """Kubernetes' word for it, why containers wait, and the next command are in the message."""
    stuck = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}
    api_server.answers[PATH] = (200, deployment({**COMPLETE, "updatedReplicas": 1, "conditions": [stuck]}))
    waiting = {"name": "backend", "state": {"waiting": {"reason": "ImagePullBackOff"}}}
    pod = {"metadata": {"name": "a", "resourceVersion": "1"}, "status": {"containerStatuses": [waiting]}}
    api_server.answers["/api/v1/namespaces/teal/pods"] = (200, {"items": [pod]})
    passed = await written(api_server)
    with pytest.raises(pulumi.RunError, match=r"1 of 2 pods are new \(Kubernetes: Progress") as error:
        await passed.future()
    assert "ImagePullBackOff" in str(error.value)
    assert "Next: kubectl -n teal describe deployment backend-green" in str(error.value)


async def test_a_rollout_has_its_deadline_and_no_more(
    api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A controller that never looks does not keep an update for ever."""
    monkeypatch.setattr(rollout, "REPORTED_SECONDS", 0)
    api_server.answers[PATH] = (200, deployment(BEFORE))
    passed = await written(api_server, seconds=0)
    with pytest.raises(pulumi.RunError, match="has not seen the change yet after 0 s"):
        await passed.future()


async def test_an_api_server_that_does_not_answer_is_not_taken_for_a_rollout(api_server: FakeApiServer) -> None:
    """What nobody saw is not passed."""
    api_server.fault = lambda _method, path: 403 if path == PATH else None
    passed = await written(api_server)
    with pytest.raises(pulumi.RunError, match="nobody could see whether its rollout ended"):
        await passed.future()
