"""The watch ends the pods of an idle colour, and never those that traffic reaches, or that a flip is about to use."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from teal.adapters.kubernetes import schedule
from teal.adapters.kubernetes.cluster import Cluster, ClusterAccess
from teal.flip import ending
from teal.flip.ending import Ender
from teal.flip.owner import Owner
from teal.flip.rollback import ColdError
from teal.history.model import Ending, History, Stage
from teal.history.store import Kept, Records
from teal.model.colours import Colour
from teal.model.errors import RefusedError, UnreachableError
from teal.model.labels import STARTED_AT
from teal.spec.ending import Endings
from tests.unit.conftest import FakeApiServer
from tests.unit.teal.flip.test_mover import RECORD, SERVICE, begin, move, recorded, stages
from tests.unit.teal.flip.test_rollback import CONFIRMED, DEPLOYMENTS, back, confirmed_with_cron_job, live_on_green
from tests.unit.teal.working import cron_job, suspended

BLUE, GREEN = Colour.BLUE, Colour.GREEN
DECLARED = Endings(after_seconds=0, slots={BLUE: "b", GREEN: "g"}, services=["backend"])
SCALE = f"{DEPLOYMENTS}/backend-blue/scale"


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "ARRIVES_SECONDS", 0.05)


def deployment(server: FakeApiServer, colour: str, *, replicas: int = 2, ready: int = 2, started: str = "") -> None:
    """A colour's Deployment by itself, as the watch may read it."""
    body = {
        "metadata": {
            "name": f"backend-{colour}",
            "resourceVersion": "1",
            "annotations": {STARTED_AT: started} if started else {},
        },
        "spec": {"replicas": replicas},
        "status": {"replicas": replicas, "updatedReplicas": replicas, "readyReplicas": ready},
    }
    server.answers[f"{DEPLOYMENTS}/backend-{colour}"] = (200, body)


async def rest(server: FakeApiServer) -> None:
    """Green is live and confirmed, blue was before, and both are warm."""
    await live_on_green(server)
    confirmed(server)
    deployment(server, "blue")
    deployment(server, "green")
    await remember(server, lambda history: slots(history, {BLUE: "b", GREEN: "g"}))


def confirmed(server: FakeApiServer, *, ago: int = 0, **more: str) -> None:
    """The record of the confirmed colour, as of some seconds ago."""
    since = (datetime.now(UTC) - timedelta(seconds=ago)).isoformat(timespec="seconds")
    data = {"colour": "green", "since": since, **more}
    server.answers[CONFIRMED] = (200, {"metadata": {"name": "teal-confirmed", "resourceVersion": "1"}, "data": data})


def slots(history: History, digests: dict[Colour, str]) -> History:
    """The same, with these slots declared at the time of each flip."""
    flips = (each.model_copy(update={"slots": digests}) for each in history.flips)
    return history.model_copy(update={"flips": tuple(flips)})


async def remember(server: FakeApiServer, change: Callable[[History], History]) -> None:
    """Write the record otherwise."""
    async with Cluster.connect(ClusterAccess(namespace="teal", kubeconfig=server.kubeconfig)) as found:
        records = Records(found.http, "teal")
        kept = await records.load()
        await records.replace(Kept(change(kept.history), kept.resource_version))
    server.heard.clear()


async def end(server: FakeApiServer, declared: Endings = DECLARED) -> bool:
    """One run of the watch."""
    async with Cluster.connect(ClusterAccess(namespace="teal", kubeconfig=server.kubeconfig)) as found:
        records = Records(found.http, "teal", move().bake)
        its = Owner(found, records, None, name="watch-1", say=print)
        return await Ender(found, records, its, move().bake, declared, print).go_on()


def known(server: FakeApiServer) -> Ending | None:
    """What the record says of an ending."""
    return History.model_validate_json(server.answers[RECORD][1]["data"]["flips.json"]).ending


async def test_what_a_flip_has_left_is_ended_and_its_record_says_so_before_and_after(
    api_server: FakeApiServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """By its number alone; a second time there is nothing to do."""
    await rest(api_server)
    assert await end(api_server)
    writes = [each for each in api_server.heard if not each.startswith("GET")]
    assert writes == [f"PUT {RECORD}", f"PATCH {SCALE}", f"PUT {RECORD}"]
    assert api_server.answers[SCALE][1]["spec"] == {"replicas": 0}
    assert "pods of backend-blue end: flip 2 was CONFIRMED" in capsys.readouterr().out
    ended = known(api_server)
    assert ended is not None
    assert (ended.colour, ended.flip, ended.done) == (BLUE, 2, True)
    deployment(api_server, "blue", replicas=0, ready=0)
    api_server.heard.clear()
    assert not await end(api_server)
    assert not [each for each in api_server.heard if not each.startswith("GET")]


async def prepared(server: FakeApiServer) -> None:
    """Another release is in its slot."""
    await remember(server, lambda history: slots(history, {BLUE: "before"}))


async def under_way(server: FakeApiServer) -> None:
    """A flip is open."""

    def begun(history: History) -> History:
        return history.with_flip(history.flips[-1].model_copy(update={"number": 3}).at(Stage.BAKING))

    await remember(server, begun)


async def came_back(server: FakeApiServer) -> None:
    """Somebody sent traffic to it."""
    server.service("backend", "blue", writer="kubectl-patch")


async def gone(server: FakeApiServer) -> None:
    """A service has no traffic that is known."""
    del server.answers[SERVICE]


async def unwell(server: FakeApiServer) -> None:
    """A pod of the live colour is not ready."""
    deployment(server, "green", ready=1)


async def without(server: FakeApiServer) -> None:
    """The live colour has no pods at all."""
    deployment(server, "green", replicas=0, ready=0)


async def chosen(server: FakeApiServer) -> None:
    """Some clients still reach it."""
    confirmed(server, chosen="header x: y")


async def shared(server: FakeApiServer) -> None:
    """A share of the requests was given to it."""
    confirmed(server, canary="5")


async def unknown(server: FakeApiServer) -> None:
    """Nothing says who reaches it."""
    del server.answers[CONFIRMED]


@pytest.mark.parametrize("why", [chosen, shared, unknown, prepared, under_way, came_back, gone, unwell, without])
async def test_pods_stay(api_server: FakeApiServer, why: Any) -> None:  # noqa: ANN401 - one of the above
    """Nothing is written for each of these reasons."""
    await rest(api_server)
    await why(api_server)
    api_server.heard.clear()
    assert not await end(api_server)
    assert not [each for each in api_server.heard if not each.startswith("GET")]


@pytest.mark.parametrize(("over", "started", "ends"), [(20, 10, False), (20, 30, True), (80, 70, True)])
async def test_pods_stay_that_an_update_starts_for_a_way_back(
    api_server: FakeApiServer, *, over: int, started: int, ends: bool
) -> None:
    """For an hour, since it records nothing before they are proven; how many minutes ago they ended and started."""
    await rest(api_server)
    now = datetime.now(UTC)
    ended = now - timedelta(minutes=over)
    its = Ending(colour=BLUE, flip=2, at=ended.isoformat(), done=True)
    dated = {"ended": (ended - timedelta(minutes=20)).isoformat()}

    def before(history: History) -> History:
        flips = (each.model_copy(update=dated) for each in history.flips)
        return history.model_copy(update={"ending": its, "flips": tuple(flips)})

    await remember(api_server, before)
    deployment(api_server, "blue", started=(now - timedelta(minutes=started)).isoformat())
    assert await end(api_server) is ends
    assert (f"PATCH {SCALE}" in api_server.heard) is ends


async def test_pods_stay_until_their_time_has_come(api_server: FakeApiServer) -> None:
    """As the record and the stack say."""
    await rest(api_server)
    assert not await end(api_server, DECLARED.model_copy(update={"after_seconds": 3600}))
    assert not await end(api_server, DECLARED.model_copy(update={"after_seconds": None}))
    assert not [each for each in api_server.heard if not each.startswith("GET")]


async def test_pods_stay_until_routers_have_followed(api_server: FakeApiServer) -> None:
    """Since those that somebody else than a flip sent to them were sent away."""
    await rest(api_server)
    slow = DECLARED.model_copy(update={"settle_seconds": 60})
    confirmed(api_server, ago=30)
    assert not await end(api_server, slow)
    assert not [each for each in api_server.heard if not each.startswith("GET")]
    confirmed(api_server, ago=90)
    assert await end(api_server, slow)


async def test_a_share_of_before_a_flip_that_the_watch_confirmed_keeps_no_pods(api_server: FakeApiServer) -> None:
    """No update has come since to record that it is gone."""
    await rest(api_server)
    confirmed(api_server, colour="blue", canary="50")
    assert await end(api_server)


async def test_nothing_ends_that_a_flip_was_begun_onto_meanwhile(api_server: FakeApiServer) -> None:
    """The record was written since it was read."""
    await rest(api_server)
    begun: list[str] = []

    def fault(method: str, path: str) -> int | None:
        if (method, path) == ("PUT", RECORD) and not begun:
            begun.append(path)
            return 409
        return None

    api_server.fault = fault
    assert not await end(api_server)
    assert f"PATCH {SCALE}" not in api_server.heard


async def test_nothing_ends_where_traffic_moved_right_before(api_server: FakeApiServer) -> None:
    """Where traffic goes is read once more, after the record."""
    await rest(api_server)

    def fault(method: str, path: str) -> int | None:
        if (method, path) == ("PUT", RECORD):
            api_server.service("backend", "blue", writer="kubectl-patch")
        return None

    api_server.fault = fault
    assert not await end(api_server)
    assert f"PATCH {SCALE}" not in api_server.heard
    left = known(api_server)
    assert left is not None
    assert not left.done


async def test_nothing_ends_that_could_arrive_late(api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A flip that begins since then waits no longer than it takes to arrive."""
    await rest(api_server)
    monkeypatch.setattr(ending, "SEND_SECONDS", 0.0)
    assert not await end(api_server)
    assert f"PATCH {SCALE}" not in api_server.heard


async def test_what_is_not_known_to_have_ended_is_tried_again(api_server: FakeApiServer) -> None:
    """A watch that was refused, or died, has left its record."""
    await rest(api_server)
    api_server.fault = lambda method, _path: 403 if method == "PATCH" else None
    with pytest.raises(UnreachableError, match="answered 403"):
        await end(api_server)
    api_server.fault = lambda _method, _path: None
    deployment(api_server, "blue", replicas=0, ready=0)  # the write was taken after all
    assert not await end(api_server)
    ended = known(api_server)
    assert ended is not None
    assert ended.done


async def ends(server: FakeApiServer, *, done: bool) -> None:
    """The record says that blue ends, or has ended."""
    its = Ending(colour=BLUE, flip=2, at="2026-01-01T12:00:00+00:00", done=done)
    await remember(server, lambda history: history.model_copy(update={"ending": its}))


def asked_for(server: FakeApiServer, pods: int) -> None:
    """So many pods, in the list of all Deployments."""
    for each in server.answers[DEPLOYMENTS][1]["items"]:
        if each["metadata"]["name"] == "backend-blue":
            each["spec"]["replicas"] = pods


@pytest.mark.parametrize("done", [True, False])
async def test_a_flip_moves_no_traffic_onto_pods_that_end(api_server: FakeApiServer, *, done: bool) -> None:
    """Its endpoints may be listed still, and its gates would pass."""
    await rest(api_server)
    await ends(api_server, done=done)
    asked_for(api_server, 0)
    with pytest.raises(RefusedError, match=r"backend-blue has no pods: the watch ended them .*Next: pulumi up again"):
        await begin(api_server, move(BLUE, confirmed=GREEN), name="update-3")
    assert stages(api_server) == ["CONFIRMED", "CONFIRMED"]


async def test_a_flip_waits_for_what_is_on_its_way_and_goes_on_where_nothing_came_of_it(
    api_server: FakeApiServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """Once it is recorded, the ending is over."""
    await rest(api_server)
    await ends(api_server, done=False)
    await begin(api_server, move(BLUE, confirmed=GREEN), name="update-3")
    assert "the watch began to end the pods of blue" in capsys.readouterr().out
    assert recorded(api_server).stage is Stage.PROVEN
    assert known(api_server) is None


async def test_a_flip_starts_pods_that_somebody_else_scales_and_finds_them_awake(api_server: FakeApiServer) -> None:
    """No update starts those but this one, right before the proof."""
    await rest(api_server)
    await ends(api_server, done=True)
    asked_for(api_server, 0)

    def scaled(method: str, path: str) -> None:
        if (method, path) == ("PATCH", SCALE):
            asked_for(api_server, 1)

    api_server.fault = scaled
    back_to_blue = replace(move(BLUE, confirmed=GREEN), scaled_by_others=frozenset({"backend"}))
    await begin(api_server, back_to_blue, name="update-3")
    assert recorded(api_server).stage is Stage.PROVEN


async def test_a_flip_whose_proof_is_older_than_an_ending_is_refused(
    api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record was written since it was read, and says by whom."""
    await rest(api_server)
    seen = Cluster.restarts

    async def late(cluster: Cluster, colour: Colour) -> Any:  # noqa: ANN401 - as the real one
        await ends(api_server, done=False)
        return await seen(cluster, colour)

    monkeypatch.setattr(Cluster, "restarts", late)
    with pytest.raises(RefusedError, match=r"the watch began to end the pods of blue .* Next: pulumi up again"):
        await begin(api_server, move(BLUE, confirmed=GREEN), name="update-3")
    assert stages(api_server) == ["CONFIRMED", "CONFIRMED"]


async def test_an_ending_of_before_is_not_blamed(api_server: FakeApiServer) -> None:
    """Somebody recorded something else since."""
    await rest(api_server)
    await ends(api_server, done=True)
    api_server.fault = lambda method, path: 409 if (method, path) == ("PUT", RECORD) else None
    with pytest.raises(RefusedError, match="somebody else recorded a flip"):
        await begin(api_server, move(BLUE, confirmed=GREEN), name="update-3")
    with pytest.raises(RefusedError, match="somebody else began a flip meanwhile"):
        await back(api_server)


async def test_a_rollback_says_that_an_ending_came_first(
    api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was recorded after the rollback had looked."""
    await rest(api_server)
    seen = Cluster.autoscalers

    async def late(cluster: Cluster) -> Any:  # noqa: ANN401 - as the real one
        await ends(api_server, done=False)
        return await seen(cluster)

    monkeypatch.setattr(Cluster, "autoscalers", late)
    with pytest.raises(RefusedError, match=r"the watch began to end the pods of blue at .* meanwhile, and this"):
        await back(api_server)


@pytest.mark.parametrize(("done", "pods"), [(False, 1), (True, 0)])
async def test_a_rollback_leaves_such_a_colour_to_an_update(
    api_server: FakeApiServer, *, done: bool, pods: int
) -> None:
    """It starts its pods first."""
    await rest(api_server)
    await ends(api_server, done=done)
    asked_for(api_server, pods)
    with pytest.raises(ColdError, match="the watch ended its pods"):
        await back(api_server)
    asked_for(api_server, 1)
    await ends(api_server, done=True)
    assert (await back(api_server)).slots == {BLUE: "b", GREEN: "g"}


async def test_a_cron_job_that_waits_has_not_been_ended(
    api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has no pods that could have been, and a rollback hands its schedule over."""
    monkeypatch.setattr(schedule, "SETTLE_SECONDS", 0.0)
    await live_on_green(api_server)
    api_server.answers.pop(SERVICE)
    cron_job(api_server, "blue")
    await confirmed_with_cron_job(api_server, BLUE)
    await confirmed_with_cron_job(api_server, GREEN)
    await ends(api_server, done=True)
    assert suspended(api_server) == {"blue": True, "green": False}
    assert (await back(api_server)).stage is Stage.BAKING


def test_the_end_of_a_flip_is_dated_beside_what_was_ended() -> None:
    """What the record says of pods that end stays there."""
    its = Ending(colour=BLUE, flip=2, at="2026-01-01T12:00:00+00:00")
    assert History(ending=its).dated("2026-01-01T12:01:00+00:00").ending == its
