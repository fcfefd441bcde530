"""A bake sees which pods of the colour that is live turn unready, and tells them from those that are asked to end."""

import asyncio
import time

import pytest

from teal.flip.watching import observer
from teal.flip.watching.bake import Bake, Observed
from teal.model.colours import Colour
from teal.model.errors import RefusedError
from teal.model.verdict import Outcome
from teal.model.workers import Worker
from teal.spec.bake import BakePlan, ServiceBake
from tests.unit.conftest import FakeApiServer
from tests.unit.teal.flip.moving import begin, cluster, finish, move, recorded, stages, written
from tests.unit.teal.flip.overtaken.meddling import baking

PODS = ["backend-green-0", "backend-green-1"]
GREEN = "backend-green"


@pytest.fixture(autouse=True)
def _pace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observer, "COUNT_SECONDS", 0.02)


async def counted(server: FakeApiServer) -> None:
    """Wait until the bake has asked once more which pods are ready."""
    before = server.asked.count("/apis/discovery.k8s.io/v1/namespaces/teal/endpointslices")
    while server.asked.count("/apis/discovery.k8s.io/v1/namespaces/teal/endpointslices") < before + 2:  # noqa: ASYNC110 - another thread's list
        await asyncio.sleep(0.005)


async def test_a_pod_that_turns_unready_ends_the_bake_and_undoes_the_flip(api_server: FakeApiServer) -> None:
    """At once, though the front door answers well: the other pods answer it. It is named."""
    cluster(api_server, "blue", green=2)
    declared = move(seconds=60)
    await begin(api_server, declared)
    api_server.service("backend", "green")

    async def fall() -> None:
        await baking(api_server)
        await counted(api_server)
        api_server.endpoints(GREEN, [PODS[0]], ready=False)

    begun = time.monotonic()
    with pytest.raises(RefusedError, match=r"bake-pods of backend FAILED: 1 of 2 .*backend-green-0; .*put back onto"):
        await asyncio.gather(finish(api_server, declared), fall())
    assert time.monotonic() - begun < declared.bake.seconds / 2
    assert (stages(api_server), written(api_server)) == (["REVERTED"], ["blue"])


async def test_a_pod_that_is_asked_to_end_is_no_failure(api_server: FakeApiServer) -> None:
    """A node that is drained, an autoscaler: it turns unready on its way out, and its successor is not ready yet."""
    cluster(api_server, "blue", green=2)
    declared = move(seconds=0.5)
    await begin(api_server, declared)
    api_server.service("backend", "green")

    async def replace() -> None:
        await baking(api_server)
        await counted(api_server)
        api_server.endpoints(GREEN, PODS, ending=(PODS[0],))
        await counted(api_server)
        api_server.endpoints(GREEN, ["backend-green-2"], ready=False)

    await asyncio.gather(finish(api_server, declared), replace())
    assert stages(api_server) == ["CONFIRMED"]
    assert "0 of 2 turned unready" in next(
        each.seen for each in recorded(api_server).verdicts if each.gate == "bake-pods"
    )


def listed(server: FakeApiServer, *restarts: int) -> None:
    """Let the list of pods say how often each pod's container was started anew."""
    labels = {"app.kubernetes.io/name": "backend", "teal/colour": "green"}
    ended = {"terminated": {"reason": "OOMKilled", "exitCode": 137}}
    server.answers["/api/v1/namespaces/teal/pods"] = (
        200,
        {
            "items": [
                {
                    "metadata": {"name": pod, "labels": labels, "resourceVersion": "1"},
                    "status": {
                        "phase": "Running",
                        "containerStatuses": [{"restartCount": times, "lastState": ended if times else {}}],
                    },
                }
                for pod, times in zip(PODS, restarts, strict=True)
            ]
        },
    )


async def test_a_pod_that_runs_out_of_memory_undoes_the_flip(
    api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where it is ready again before anybody looks. What it had crashed before its flip does not count."""
    monkeypatch.setattr(observer, "LIST_SECONDS", 0.02)
    cluster(api_server, "blue", green=2)
    listed(api_server, 7, 0)
    declared = move(seconds=60)
    await begin(api_server, declared)
    api_server.service("backend", "green")

    async def crash() -> None:
        await baking(api_server)
        await counted(api_server)
        listed(api_server, 7, 1)

    with pytest.raises(RefusedError, match=r"1 of 2 .*backend-green-1 \(OOMKilled, exit status 137\); .*put"):
        await asyncio.gather(finish(api_server, declared), crash())
    assert (stages(api_server), written(api_server)) == (["REVERTED"], ["blue"])


async def test_pods_that_nobody_may_list_leave_a_flip_unproven(api_server: FakeApiServer) -> None:
    """Which of them crashed is not known then, and what is not known has not passed."""
    cluster(api_server, "blue", green=2)
    declared = move(seconds=0.5)
    await begin(api_server, declared)
    api_server.service("backend", "green")
    api_server.answers["/api/v1/namespaces/teal/pods"] = (403, {"message": "may not list pods"})
    with pytest.raises(RefusedError, match="bake-pods of backend ERROR"):
        await finish(api_server, declared)
    assert stages(api_server) == ["UNPROVEN"]


WORKER = BakePlan(
    services={"backend": ServiceBake(worker=Worker(), metrics=None)},
    seconds=300,
    error_percent=5,
    samples=10,
    window=60,
)


def of_worker(seen: Observed) -> Bake:
    """A bake of a service that nobody asks."""
    return Bake(plan=WORKER, colour=Colour.GREEN, observed={"backend": seen})


def test_a_worker_is_judged_by_its_pods_alone() -> None:
    """No door of it is asked, so none is missed."""
    seen = Observed()
    seen.count({"a": True}, {}, error="")
    assert [(each.gate, each.outcome) for each in of_worker(seen).verdicts()] == [("bake-pods", Outcome.PASSED)]


def test_a_worker_that_was_never_ready_has_failed_once_the_time_is_over() -> None:
    """Its pods may only be on their way until then; afterwards nobody would do the work."""
    assert of_worker(Observed()).failed() == ()
    (verdict,) = of_worker(Observed()).verdicts()
    assert (verdict.outcome, verdict.seen) == (Outcome.FAILED, "no ready pod of green")


def test_a_worker_that_crashes_fails_at_once() -> None:
    """As any pod that was ready does."""
    seen = Observed()
    seen.count({"a": True, "b": True}, {"a": (0, "")}, error="")
    seen.count({"a": False, "b": True}, {"a": (1, "Error, exit status 1")}, error="")
    assert [each.gate for each in of_worker(seen).failed()] == ["bake-pods"]


def test_a_cron_job_has_no_pods_that_could_be_missed() -> None:
    """Those of its Jobs come and go; what its Jobs do, numbers of the stack's own say."""
    plan = WORKER.model_copy(update={"services": {"backend": ServiceBake(worker=Worker(cron=True), metrics=None)}})
    bake = Bake(plan=plan, colour=Colour.GREEN, observed={"backend": Observed()})
    assert (bake.failed(), bake.verdicts()) == ((), ())
