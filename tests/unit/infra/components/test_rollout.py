"""A written Deployment is looked at until its rollout is complete: against a cluster on loopback."""

import logging
from collections.abc import Iterable, Mapping
from typing import Any

import pulumi
import pytest
from pulumi.resource import DependencyResource
from pulumi.runtime import mocks
from teal_infra.components import rollout
from teal_infra.components.rollout import Rollout, Rollouts, Undo

from teal.adapters.kubernetes.cluster import ClusterAccess
from teal.adapters.kubernetes.workloads import Deployment
from teal.model.errors import RefusedError
from tests.unit.conftest import FakeApiServer
from tests.unit.infra.hooks.engine import NoResources

PATH = "/apis/apps/v1/namespaces/teal/deployments/backend-green"
LABELS = {"app.kubernetes.io/name": "backend", "teal/colour": "green"}
COMPLETE = {"observedGeneration": 4, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 2, "availableReplicas": 2}
BEFORE = {**COMPLETE, "observedGeneration": 3}
"""What is there right after a write: complete, but of the generation before."""
HALF = {**COMPLETE, "updatedReplicas": 1}


def deployment(status: Mapping[str, Any], **spec: object) -> dict[str, Any]:
    """Generation 4 of a slot that is asked for two pods."""
    metadata = {"name": "backend-green", "generation": 4, "resourceVersion": "1", "labels": LABELS}
    return {"metadata": metadata, "spec": {"replicas": 2, **spec}, "status": status}


def stuck(since: str, **status: object) -> dict[str, Any]:
    """Half of it, and Kubernetes has given it up."""
    condition = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}
    return {**HALF, "conditions": [{**condition, "lastUpdateTime": since}], **status}


@pytest.mark.parametrize(
    ("status", "missing"),
    [
        (COMPLETE, ""),
        (BEFORE, "the Deployment's controller has not seen the change yet"),
        (HALF, "1 of 2 pods are updated"),
        ({**COMPLETE, "replicas": 3}, "pods of before that are still there: 1"),
        ({**COMPLETE, "availableReplicas": 1}, "1 of 2 updated pods are available"),
    ],
)
def test_what_a_rollout_lacks_is_said(status: dict[str, Any], missing: str) -> None:
    """By the rules of `kubectl rollout status`."""
    assert Deployment.model_validate(deployment(status)).missing == missing


@pytest.mark.parametrize(
    ("status", "rolling"),
    [
        (COMPLETE, False),
        (HALF, True),
        (stuck("t", updatedReplicas=2, availableReplicas=1), True),
        ({**COMPLETE, "availableReplicas": 0, "readyReplicas": 0}, False),  # they crash, long after their rollout
    ],
)
def test_a_rollout_that_goes_on_is_told_from_pods_that_crash(status: dict[str, Any], rolling: bool) -> None:  # noqa: FBT001 - of the test
    """Only the former is an update's to wait for."""
    assert Deployment.model_validate(deployment(status)).rolling == rolling


class Cluster:
    """A cluster whose Deployment changes with each look at it."""

    def __init__(self, server: FakeApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
        """Begin without one."""
        monkeypatch.setattr(rollout, "PAUSE_SECONDS", 0)
        self.server = server
        self._begun = False
        self.rollouts = Rollouts(ClusterAccess(namespace="teal", kubeconfig=server.kubeconfig))

    def shows(self, states: Iterable[Mapping[str, Any]]) -> None:
        """One state for each look, and the last one for all further ones."""
        coming = list(states)

        def turn(_method: str, path: str) -> None:
            if path == PATH:
                state = coming.pop(0) if len(coming) > 1 else coming[0]
                self.server.answers[PATH] = (200, deployment(state))

        self.server.fault = turn

    def _begin(self) -> None:
        """Let the SDK think that an engine runs it: in a test's own context, or that of all later tests would."""
        if not self._begun:
            mocks.set_mocks(NoResources(), project="teal", stack="dev", logger=logging.getLogger("engine"))
            self._begun = True

    async def written(self, old: Mapping[str, Any] | None = None, new: Mapping[str, Any] | None = None) -> None:
        """Run the hook as an engine does after its write."""
        self._begin()
        (hook,) = self.rollouts.hooks().after_update or []
        specs = [None if each is None else {"metadata": {"name": "backend-green"}, "spec": each} for each in (old, new)]
        inputs: Mapping[str, Any] = specs[1] or {"metadata": {"name": "backend-green"}, "spec": {"template": {"a": 1}}}
        args = pulumi.ResourceHookArgs(urn="urn", id="", name="x", type="t", new_inputs=inputs, old_inputs=specs[0])
        result = hook(args)  # pyright: ignore[reportUnknownVariableType, reportCallIssue]  # hook or callable, by the SDK's type
        assert result is None

    async def over(self, seconds: float = 600, *, rolling: bool = False, undo: Undo | None = None) -> object:
        """Wait as those do that depend on the slot."""
        self._begin()
        slot = DependencyResource("urn")  # what an engine answers, and no more
        each = Rollout(name="backend-green", seconds=seconds, rolling=rolling, undo=undo)
        passed = self.rollouts.over(slot, each)
        assert isinstance(passed, pulumi.Output)
        return await passed.future()


@pytest.fixture
def cluster(api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """A cluster, and an update that has written nothing yet."""
    return Cluster(api_server, monkeypatch)


async def test_a_rollout_is_awaited(cluster: Cluster) -> None:
    """The Deployment of before, which is complete, is not taken for the one that was written."""
    cluster.shows([BEFORE, BEFORE, HALF, COMPLETE])
    await cluster.written()
    assert await cluster.over() is not None
    assert cluster.server.asked.count(PATH) == 4


@pytest.mark.parametrize("new", [None, {"template": {"a": 1}, "replicas": 2, "minReadySeconds": 5}])
async def test_what_starts_no_rollout_is_not_awaited(cluster: Cluster, new: Mapping[str, Any] | None) -> None:
    """A Deployment that was not written, or of which neither template nor number changed."""
    if new is not None:
        await cluster.written({"template": {"a": 1}, "replicas": 2}, new)
    assert await cluster.over() is not None
    assert cluster.server.asked == []


async def test_a_rollout_that_is_stuck_fails_whoever_depends_on_it(cluster: Cluster) -> None:
    """Kubernetes' words for it, why pods do not run, and the next command are in the message."""
    full = {"type": "ReplicaFailure", "status": "True", "message": "exceeded quota"}
    late = stuck("2026-01-01T00:10:00Z")
    cluster.shows([HALF, {**late, "conditions": [*late["conditions"], full]}])
    waiting = {"name": "backend", "state": {"waiting": {"reason": "ImagePullBackOff"}}}
    starting = {"name": "proxy", "state": {"waiting": {"reason": "ContainerCreating"}}}
    pod = {
        "metadata": {"name": "a", "resourceVersion": "1"},
        "status": {"containerStatuses": [waiting], "initContainerStatuses": [starting]},
    }
    cluster.server.answers["/api/v1/namespaces/teal/pods"] = (200, {"items": [pod]})
    await cluster.written()
    with pytest.raises(pulumi.RunError) as error:
        await cluster.over()
    said = str(error.value)
    assert (
        "1 of 2 pods are updated (ProgressDeadlineExceeded); Kubernetes says: exceeded quota, ImagePullBackOff." in said
    )
    assert "Next: kubectl -n teal describe deployment backend-green; mend it, then pulumi up" in said


@pytest.mark.parametrize("seen", [BEFORE, HALF])
async def test_a_rollout_that_mends_is_not_failed_by_what_was_said_before(
    cluster: Cluster, seen: Mapping[str, Any]
) -> None:
    """The condition of the rollout before stays until there is progress."""
    said = stuck("2026-01-01T00:00:00Z", **seen)
    cluster.shows([said, said, COMPLETE])
    await cluster.written()
    assert await cluster.over(rolling=True) is not None


async def test_the_next_update_is_told_of_a_rollout_that_still_fails(cluster: Cluster) -> None:
    """It writes nothing, as nothing of the config has changed, and is no success for that."""
    cluster.shows([stuck("2026-01-01T00:00:00Z")])
    assert await cluster.over(rolling=True) is not None  # nobody who depends on it is kept waiting
    record = DependencyResource("urn:record")
    checked = cluster.rollouts.require_rest([record])
    assert checked is not None
    with pytest.raises(pulumi.RunError, match="not complete: 1 of 2 pods are updated") as error:
        await checked.future()
    assert "This update had nothing to change about it." in str(error.value)


async def test_a_flip_that_started_the_pods_is_undone(cluster: Cluster) -> None:
    """And the message is what became of the flip."""
    heard: list[str] = []

    async def undo(because: str) -> None:
        heard.append(because)
        raise RefusedError("flip 3 was undone")

    cluster.shows([BEFORE])
    await cluster.written()
    with pytest.raises(pulumi.RunError, match="flip 3 was undone"):
        await cluster.over(-1, undo=undo)
    assert "the Deployment's controller has not seen the change yet after -1 s" in heard[0]


async def test_somebody_has_paused_it(cluster: Cluster) -> None:
    """No time would help."""
    cluster.server.answers[PATH] = (200, deployment(HALF, paused=True))
    await cluster.written()
    with pytest.raises(pulumi.RunError, match="and somebody has paused it"):
        await cluster.over()


async def test_an_api_server_that_is_away_for_a_while_is_waited_for(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rollout may take minutes, in which it restarts; what nobody saw for long is not passed."""
    cluster.server.answers[PATH] = (200, deployment(COMPLETE))
    answers = iter([403, None])
    cluster.server.fault = lambda _method, path: next(answers) if path == PATH else None
    await cluster.written()
    assert await cluster.over() is not None
    monkeypatch.setattr(rollout, "UNANSWERED_SECONDS", -1)
    cluster.server.fault = lambda _method, path: 403 if path == PATH else None
    with pytest.raises(pulumi.RunError, match="it could not be read for"):
        await cluster.over()
