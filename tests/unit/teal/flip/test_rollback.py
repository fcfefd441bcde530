"""Traffic goes back at once where that is proven, and the record of it is one that the next update goes on with."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from teal.adapters.kubernetes import schedule
from teal.adapters.kubernetes.cluster import Cluster, ClusterAccess
from teal.flip import revert, tenure
from teal.flip.mover import Mover
from teal.flip.revert import Way
from teal.flip.rollback import ColdError, Rollback
from teal.history.model import Flip, Stage
from teal.history.store import OvertakenError, Records
from teal.model.colours import Colour
from teal.model.errors import ForeignChangeError, NotThereError, RefusedError, TealError
from teal.model.labels import DIGEST
from teal.model.live import LiveService
from teal.model.workers import Overlap, Worker
from teal.spec.bake import ServiceBake
from teal.spec.gates import GatePlan
from teal.spec.move import Move
from tests.unit.conftest import FakeApiServer
from tests.unit.teal.flip.test_mover import RECORD, SERVICE, begin, cluster, finish, move, recorded, stages, written
from tests.unit.teal.working import BATCH, cron_job, scaled, suspended, worker

BLUE, GREEN = Colour.BLUE, Colour.GREEN
DEPLOYMENTS = "/apis/apps/v1/namespaces/teal/deployments"
CONFIRMED = "/api/v1/namespaces/teal/configmaps/teal-confirmed"


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revert, "CAPACITY_SECONDS", 0.2)
    monkeypatch.setattr(revert, "PAUSE_SECONDS", 0.02)
    monkeypatch.setattr(tenure, "PROVEN_LEASES", 1)
    monkeypatch.setattr(tenure, "LEASE_SECONDS", 1.5)
    monkeypatch.setattr(tenure, "HEARTBEAT_SECONDS", 0.05)


def deployments(server: FakeApiServer, **digests: str) -> None:
    """Each colour's Deployment, and what it says that its pods run with; a network of its own after a slash."""

    def one(colour: str, digest: str) -> dict[str, Any]:
        pods, _, network = digest.partition("/")
        parts = {"template": f"t-{pods}", "service": {"network": network}}
        return {
            "metadata": {
                "name": f"backend-{colour}",
                "resourceVersion": "1",
                "labels": {
                    "app.kubernetes.io/name": "backend",
                    "teal/colour": colour,
                    "app.kubernetes.io/version": {"blue": "1.0.0", "green": "1.1.0"}[colour],
                },
                "annotations": {"teal/slot-digest": pods, "teal/slot-parts": json.dumps(parts)},
            },
            "spec": {"replicas": 1},
        }

    server.answers[DEPLOYMENTS] = (200, {"items": [one(colour, each) for colour, each in digests.items()]})


async def flipped(server: FakeApiServer, to: Colour, *, confirmed: Colour | None) -> None:
    """A flip of an update that was confirmed."""
    declared = move(to, confirmed=confirmed)
    await begin(server, declared)
    server.service("backend", str(to))
    await finish(server, declared, confirmed=confirmed)
    server.answers[CONFIRMED] = (
        200,
        {"metadata": {"name": "teal-confirmed", "resourceVersion": "1"}, "data": {"colour": str(to)}},
    )


async def live_on_green(server: FakeApiServer) -> None:
    """Blue was live and confirmed, then green; both are warm."""
    cluster(server, "blue")
    server.answers.pop(SERVICE)  # nothing is live yet
    deployments(server, blue="b", green="g")
    await flipped(server, BLUE, confirmed=None)
    await flipped(server, GREEN, confirmed=BLUE)
    assert stages(server) == ["CONFIRMED", "CONFIRMED"]
    server.written.clear()
    server.heard.clear()


async def back(server: FakeApiServer, version: str | None = None) -> Flip:
    """The rollback."""
    async with Cluster.connect(ClusterAccess(namespace="teal", kubeconfig=server.kubeconfig)) as found:
        return await Rollback(found, say=print).go(version)


async def test_traffic_goes_back_at_once_and_is_recorded(api_server: FakeApiServer) -> None:
    """As a flip that is open, and that nobody keeps: it is baked by whoever comes next."""
    await live_on_green(api_server)
    flip = await back(api_server)
    assert written(api_server) == ["blue"]
    assert stages(api_server) == ["CONFIRMED", "CONFIRMED", "BAKING"]
    assert flip == recorded(api_server)
    assert (flip.origin, flip.to, flip.rollback, flip.undoes, flip.owner) == (GREEN, BLUE, True, False, "")
    assert (flip.origin_version, flip.version, flip.by, flip.carried) == (
        "1.1.0",
        "1.0.0",
        "somebody@example",
        {"backend": 1},
    )
    assert [each.gate for each in flip.verdicts] == ["capacity"]
    assert flip.allowed_at


async def test_it_is_recorded_before_it_is_written(api_server: FakeApiServer) -> None:
    """Whoever finds its process dead knows what it was about to do."""
    await live_on_green(api_server)
    seen: list[Stage] = []

    def fault(method: str, path: str) -> int | None:
        if (method, path) == ("PATCH", SERVICE):
            seen.append(recorded(api_server).stage)
        return None

    api_server.fault = fault
    await back(api_server)
    assert seen == [Stage.PROVEN]


async def test_the_update_that_follows_finds_nothing_to_move_and_bakes(api_server: FakeApiServer) -> None:
    """It has the same colour as the active one, in the same release."""
    await live_on_green(api_server)
    await back(api_server)
    declared = move(BLUE, confirmed=GREEN)
    async with Cluster.connect(ClusterAccess(namespace="teal", kubeconfig=api_server.kubeconfig)) as found:
        mover = Mover(found, declared, name="update-2", say=print)
        assert await mover.begin() is None
        await mover.finish(GREEN)
    assert stages(api_server) == ["CONFIRMED"] * 3
    assert written(api_server) == ["blue"]


async def test_a_bake_that_fails_goes_back_to_where_it_came_from(api_server: FakeApiServer) -> None:
    """As with any other flip between two releases that were confirmed."""
    await live_on_green(api_server)
    await back(api_server)
    api_server.answers[f"{SERVICE}:http/proxy/pricing"] = (500, {})
    with pytest.raises(RefusedError, match="Traffic was put back onto green"):
        await finish(api_server, move(BLUE, confirmed=GREEN), confirmed=GREEN)
    assert written(api_server) == ["blue", "green"]


@pytest.mark.parametrize(
    ("blue", "why"),
    [
        ("changed", "not known to have been confirmed"),
        ("b/other", "not known to have been confirmed"),
        ("", "not known"),
    ],
)
async def test_a_release_that_was_changed_since_is_left_to_an_update(
    api_server: FakeApiServer, blue: str, why: str
) -> None:
    """Its pods, or whom they reach: it asks all gates."""
    await live_on_green(api_server)
    deployments(api_server, blue=blue, green="g")
    with pytest.raises(ColdError, match=why) as said:
        await back(api_server)
    assert said.value.to is BLUE
    assert (written(api_server), stages(api_server)) == ([], ["CONFIRMED", "CONFIRMED"])


async def test_too_few_pods_are_left_to_an_update(api_server: FakeApiServer) -> None:
    """It starts those that are missing first."""
    await live_on_green(api_server)
    api_server.pods("backend", "green", ["1.1.0"] * 3)
    with pytest.raises(ColdError, match=r"blue has 1 ready endpoint; needed: 3 \(what green has\)"):
        await back(api_server)
    assert (written(api_server), stages(api_server)) == ([], ["CONFIRMED", "CONFIRMED"])


@pytest.mark.parametrize(
    ("version", "said"),
    [
        ("1.1.0", "1.1.0 is live already, on green.*Next: teal status"),
        ("0.9.0", "0.9.0 was never deployed.*Next: teal history"),
    ],
)
async def test_a_version_that_cannot_be_gone_back_to(api_server: FakeApiServer, version: str, said: str) -> None:
    """Nothing moves, and it is said why."""
    await live_on_green(api_server)
    with pytest.raises(NotThereError, match=said):
        await back(api_server, version)
    assert written(api_server) == []


async def test_a_version_whose_slot_was_given_away(api_server: FakeApiServer) -> None:
    """It was live once: what is to be done is named."""
    await live_on_green(api_server)
    for each in api_server.answers[DEPLOYMENTS][1]["items"]:
        if each["metadata"]["labels"]["teal/colour"] == "blue":
            each["metadata"]["labels"]["app.kubernetes.io/version"] = "1.2.0"
    with pytest.raises(NotThereError, match=r"1.0.0 was live in flip 1.*blue runs 1.2.0.*Next: teal deploy 1.0.0"):
        await back(api_server, "1.0.0")


async def test_the_version_that_is_meant_may_be_named(api_server: FakeApiServer) -> None:
    """And is gone back to."""
    await live_on_green(api_server)
    assert (await back(api_server, "1.0.0")).to is BLUE


async def test_nothing_to_go_back_to(api_server: FakeApiServer) -> None:
    """No flip at all, or no other colour."""
    with pytest.raises(NotThereError, match="no flip is remembered"):
        await back(api_server)
    await live_on_green(api_server)
    deployments(api_server, green="g")
    with pytest.raises(NotThereError, match="blue has no release"):
        await back(api_server)


async def test_traffic_that_somebody_else_sent_elsewhere_is_left(api_server: FakeApiServer) -> None:
    """There is no other colour of it."""
    await live_on_green(api_server)
    api_server.service("backend", "red", writer="kubectl-patch")
    with pytest.raises(ForeignChangeError, match="'red'"):
        await back(api_server)


async def test_a_flip_that_is_being_watched_is_undone(api_server: FakeApiServer) -> None:
    """Its owner, which lives, finds that out, and says whose verdict it was."""
    cluster(api_server, "blue")
    deployments(api_server, blue="b", green="g")
    declared = move(seconds=60)
    await begin(api_server, declared)
    api_server.service("backend", "green")
    update = asyncio.create_task(finish(api_server, declared))
    while stages(api_server) != ["BAKING"]:  # noqa: ASYNC110 - the record is in a server, of another thread
        await asyncio.sleep(0.01)
    flip = await back(api_server)
    assert (flip.stage, written(api_server)) == (Stage.REVERTED, ["blue"])
    assert flip.reason == "rolled back by somebody@example"
    with pytest.raises(RefusedError, match=r"REVERTED\. rolled back by somebody@example"):
        await update
    assert (written(api_server), stages(api_server)) == (["blue"], ["REVERTED"])


async def test_a_worker_that_was_stopped_does_not_hold_up_the_way_back(api_server: FakeApiServer) -> None:
    """Its work waits in the queue while its pods start again; requests do not wait."""
    cluster(api_server, "blue")
    deployments(api_server, blue="b", green="g")
    worker(api_server, "blue", {"blue": 1, "green": 0})
    declared = move(seconds=60)
    its = Worker(overlap=Overlap.FLIP, pods=1, grace_seconds=1)
    declared = replace(
        declared,
        flip_set={**declared.flip_set, "mailer": GatePlan(version="1.1.0", version_path=None, worker=its)},
        bake=declared.bake.model_copy(
            update={"services": {**declared.bake.services, "mailer": ServiceBake(worker=its)}}
        ),
    )
    await begin(api_server, declared)
    api_server.service("backend", "green")
    worker(api_server, "green", {"blue": 0, "green": 1})
    update = asyncio.create_task(finish(api_server, declared))
    while stages(api_server) != ["BAKING"]:  # noqa: ASYNC110 - the record is in a server, of another thread
        await asyncio.sleep(0.01)
    flip = await back(api_server)
    assert (flip.stage, written(api_server)) == (Stage.REVERTED, ["blue"])
    assert scaled(api_server) == [("mailer-blue", 1), ("mailer-green", 0)]
    with pytest.raises(RefusedError, match=r"the pods of mailer in green were stopped"):
        await update


def with_cron_job(declared: Move) -> Move:
    """The same with a cron job beside the backend."""
    its = Worker(cron=True)
    gates = {**declared.flip_set, "mailer": GatePlan(version=declared.version, version_path=None, worker=its)}
    services = {**declared.bake.services, "mailer": ServiceBake(worker=its)}
    return replace(declared, flip_set=gates, bake=declared.bake.model_copy(update={"services": services}))


async def confirmed_with_cron_job(server: FakeApiServer, to: Colour) -> None:
    """A flip of an update that was confirmed, and that has written where the schedule runs as well."""
    declared = with_cron_job(move(to, confirmed=None if to is BLUE else BLUE))
    await begin(server, declared)
    server.service("backend", str(to))
    cron_job(server, str(to))
    await finish(server, declared, confirmed=declared.confirmed)
    server.answers[CONFIRMED] = (200, {"metadata": {"name": "c", "resourceVersion": "1"}, "data": {"colour": str(to)}})


async def test_a_schedule_goes_back_with_the_traffic(
    api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Long after the flip: a cron job has no pods that would have to be started; it has to be what was confirmed."""
    monkeypatch.setattr(schedule, "SETTLE_SECONDS", 0.0)
    cluster(api_server, "blue")
    api_server.answers.pop(SERVICE)
    deployments(api_server, blue="b", green="g")
    cron_job(api_server, "blue")
    await confirmed_with_cron_job(api_server, BLUE)
    await confirmed_with_cron_job(api_server, GREEN)
    assert stages(api_server) == ["CONFIRMED", "CONFIRMED"]
    assert suspended(api_server) == {"blue": True, "green": False}
    annotations = api_server.answers[f"{BATCH}/mailer-blue"][1]["metadata"]["annotations"]
    known, annotations[DIGEST] = annotations[DIGEST], "changed since"
    with pytest.raises(ColdError, match="not known to have been confirmed"):
        await back(api_server)
    assert suspended(api_server) == {"blue": True, "green": False}
    annotations[DIGEST] = known
    flip = await back(api_server)
    assert (flip.stage, flip.to) == (Stage.BAKING, BLUE)
    assert suspended(api_server) == {"blue": False, "green": True}


@pytest.mark.parametrize(
    ("stage", "version", "said"),
    [
        (Stage.PROVEN, None, "its traffic is being written by update-1"),
        (Stage.REVERTING, None, "its traffic is being undone already by update-1"),
        (Stage.BAKING, "0.9.0", "what it came from is blue 1.0.0, which is not 0.9.0"),
    ],
)
async def test_who_comes_between_steps_is_refused(
    api_server: FakeApiServer, stage: Stage, version: str | None, said: str
) -> None:
    """Two writers of one traffic."""
    cluster(api_server, "blue")
    deployments(api_server, blue="b", green="g")
    await begin(api_server, move())
    api_server.service("backend", "green")
    async with Cluster.connect(ClusterAccess(namespace="teal", kubeconfig=api_server.kubeconfig)) as found:
        records = Records(found.http, "teal")
        await records.save(await records.load(), recorded(api_server).at(stage).owned_by("update-1"))
    api_server.written.clear()
    with pytest.raises(TealError, match=said):
        await back(api_server, version)
    assert (written(api_server), stages(api_server)) == ([], [stage])


async def test_a_flip_whose_way_back_is_too_small_goes_on(api_server: FakeApiServer) -> None:
    """Nobody takes it from its owner then."""
    cluster(api_server, "blue")
    deployments(api_server, blue="b", green="g")
    await begin(api_server, move())
    api_server.service("backend", "green")
    async with Cluster.connect(ClusterAccess(namespace="teal", kubeconfig=api_server.kubeconfig)) as found:
        records = Records(found.http, "teal")
        await records.save(await records.load(), recorded(api_server).at(Stage.BAKING).owned_by("update-1"))
    api_server.pods("backend", "blue", [])
    with pytest.raises(RefusedError, match="blue cannot take live traffic at once: capacity of backend FAILED"):
        await back(api_server)
    assert (recorded(api_server).owner, stages(api_server)) == ("update-1", ["BAKING"])


async def test_somebody_who_begins_a_flip_meanwhile_wins(api_server: FakeApiServer) -> None:
    """The record is written on the condition that it is as it was read."""
    await live_on_green(api_server)
    api_server.fault = lambda method, path: 409 if (method, path) == ("PUT", RECORD) else None
    with pytest.raises(RefusedError, match="somebody else began a flip meanwhile"):
        await back(api_server)
    assert written(api_server) == []


async def test_whoever_is_overtaken_on_the_way_back_does_not_say_that_nothing_moved(
    api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stood still after its first write: some traffic is back, and the rest is another's to move."""
    cluster(api_server, "blue")
    deployments(api_server, blue="b", green="g")
    await begin(api_server, move())
    api_server.service("backend", "green")
    async with Cluster.connect(ClusterAccess(namespace="teal", kubeconfig=api_server.kubeconfig)) as found:
        records = Records(found.http, "teal")
        await records.save(await records.load(), recorded(api_server).at(Stage.BAKING).owned_by("update-1"))
    write = Way.move

    async def overtaken(self: Way, read: revert.Read, sent: Mapping[str, LiveService]) -> Mapping[str, str]:
        await write(self, read, sent)
        raise OvertakenError("Lease teal-flip is held by watch-1")

    monkeypatch.setattr(Way, "move", overtaken)
    with pytest.raises(RefusedError, match=r"held by watch-1: somebody else goes on with flip 1, and .* no further"):
        await back(api_server)
    assert written(api_server) == ["blue"]
