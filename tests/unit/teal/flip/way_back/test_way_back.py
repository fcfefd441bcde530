"""The way back of a bake that failed: no failed call stops it, and nobody is waited for."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace

import pytest

from teal.adapters.kubernetes import connections
from teal.adapters.kubernetes.cluster import Cluster, ClusterAccess
from teal.adapters.receivers import Message
from teal.flip import revert
from teal.flip.mover import Mover
from teal.flip.revert import enough
from teal.history.model import Stage
from teal.model.adopted import Adopted
from teal.model.errors import RefusedError, UnreachableError
from teal.notifications.audience import Audience, Receiver
from teal.notifications.notifier import Notifier
from teal.spec.bake import ServiceBake
from tests.unit.conftest import FakeApiServer
from tests.unit.teal.flip.moving import (
    BLUE,
    DOOR,
    RECORD,
    SERVICE,
    begin,
    cluster,
    failing,
    finish,
    gone_on_with,
    move,
    recorded,
    stages,
    written,
)

pytestmark = pytest.mark.usefixtures("patience")


@pytest.mark.parametrize(
    ("what", "status"),
    [
        *(
            (what, status)
            for what in (f"PATCH {SERVICE}", f"GET {SERVICE}", f"PUT {RECORD}")
            for status in (429, 500, 503)
        ),
        (f"PATCH {SERVICE}", 409),
        (f"PUT {RECORD}", 409),
    ],
)
async def test_no_one_failed_call_stops_the_way_back(api_server: FakeApiServer, what: str, status: int) -> None:
    """Whichever call it is, and whatever it says: it is tried again."""
    declared = await failing(api_server)
    left = 3

    def fault(method: str, path: str) -> int | None:
        nonlocal left
        if f"{method} {path}" == what and left and stages(api_server) != ["PROVEN"]:
            left -= 1
            return status
        return None

    api_server.fault = fault
    if (status, what.partition(" ")[0]) == (409, "PUT"):
        left = 2  # of the record: each is read again, and is this owner's
    with pytest.raises(RefusedError, match="REVERTED"):
        await finish(api_server, declared)
    assert (written(api_server)[-1:], stages(api_server), left) == (["blue"], ["REVERTED"], 0)


async def test_pods_that_the_stack_did_not_make_get_their_traffic_back(api_server: FakeApiServer) -> None:
    """By their own labels, and the front door is asked by its number: its port has another name."""
    old = Adopted(BLUE, {"app": "shop"})

    def lead(selector: Mapping[str, str]) -> None:
        api_server.service("backend", "green")
        found = api_server.answers[SERVICE][1]
        found["metadata"]["annotations"] |= old.annotation
        found["spec"]["selector"] = {**selector}

    cluster(api_server, "blue")
    lead(old.selector)
    plan = move().bake.model_copy(update={"services": {"backend": ServiceBake(path="/pricing", port="80")}})
    declared = replace(move(), bake=plan)
    await begin(api_server, declared)
    lead({"app.kubernetes.io/name": "backend", "teal/colour": "green"})
    api_server.answers[f"{SERVICE}:80/proxy/pricing"] = (500, {})
    with pytest.raises(RefusedError, match="REVERTED"):
        await finish(api_server, declared)
    assert api_server.answers[SERVICE][1]["spec"]["selector"] == {"app": "shop"}
    assert stages(api_server) == ["REVERTED"]


async def test_something_else_of_the_object_that_is_written_stops_no_way_back(api_server: FakeApiServer) -> None:
    """A 409 is read again: its resource version moved, and its traffic did not."""
    declared = await failing(api_server)
    meddled = False

    def fault(method: str, path: str) -> int | None:
        nonlocal meddled
        if method == "PATCH" and path == SERVICE and not meddled:
            meddled = True
            api_server.answers[SERVICE][1]["metadata"]["resourceVersion"] = "8"  # a controller's status, say
        return None

    api_server.fault = fault
    with pytest.raises(RefusedError, match="REVERTED"):
        await finish(api_server, declared)
    assert meddled
    assert written(api_server)[-1:] == ["blue"]


async def test_traffic_that_somebody_moves_before_the_write_is_left_to_them(api_server: FakeApiServer) -> None:
    """A 409 is read again: it leads elsewhere, by another hand."""
    declared = await failing(api_server)

    def fault(method: str, path: str) -> int | None:
        if method == "PATCH" and path == SERVICE:
            api_server.service("backend", "red", writer="kubectl-patch")
            api_server.answers[SERVICE][1]["metadata"]["resourceVersion"] = "8"
        return None

    api_server.fault = fault
    with pytest.raises(RefusedError, match=r"OVERTAKEN.*'red'}, written by 'kubectl-patch', and was left there"):
        await finish(api_server, declared)
    assert api_server.answers[SERVICE][1]["spec"]["selector"]["teal/colour"] == "red"


async def test_the_failed_verdict_is_recorded_before_anything_is_written(api_server: FakeApiServer) -> None:
    """Whoever goes on knows what failed, whatever becomes of this owner."""
    declared = await failing(api_server)
    seen: list[tuple[Stage, float]] = []

    def fault(method: str, path: str) -> int | None:
        if method == "PATCH" and path == SERVICE:
            seen.append((recorded(api_server).stage, recorded(api_server).loss))
        return None

    api_server.fault = fault
    with pytest.raises(RefusedError):
        await finish(api_server, declared)
    assert seen == [(Stage.REVERTING, 1.0)]


async def test_a_way_back_that_does_not_come_about_says_what_is_known(
    api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not that nothing was changed; and whoever comes next goes on with the way back, without another bake."""
    monkeypatch.setattr(revert, "PATIENCE_SECONDS", 0.5)
    declared = await failing(api_server)
    api_server.fault = lambda method, _: 503 if method == "PATCH" else None
    with pytest.raises(UnreachableError) as said:
        await finish(api_server, declared)
    assert "nothing was changed" not in str(said.value)
    for words in ("/pricing answered 500", "seen last: backend on green", "goes on with the way back"):
        assert words in str(said.value)
    assert stages(api_server) == ["REVERTING"]
    api_server.fault = lambda _method, _path: None
    api_server.answers[DOOR] = (200, {})  # it would pass now
    api_server.asked.clear()
    ended = await gone_on_with(api_server)
    assert (ended.stage, written(api_server), DOOR in api_server.asked) == (Stage.REVERTED, ["blue"], False)
    assert "/pricing answered 500" in ended.reason


async def test_closing_connections_delays_neither_the_record_nor_the_way_back(
    api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pods that hang: traffic is back, and the record says so, while they are still asked."""

    async def hang(*_: object, **__: object) -> list[str]:
        await asyncio.sleep(60)
        raise AssertionError

    monkeypatch.setattr(connections, "close", hang)
    monkeypatch.setattr("teal.flip.closing.LAST_SECONDS", 0.2)
    declared = await failing(api_server, move(close="/close"))
    begun = time.monotonic()
    with pytest.raises(RefusedError, match="REVERTED"):
        await finish(api_server, declared)
    assert time.monotonic() - begun < 30


@pytest.mark.parametrize(
    ("pods", "loss", "least"),
    [(10, 0.0, 10), (10, 0.05, 10), (10, 0.5, 6), (10, 0.7, 4), (10, 1.0, 1), (1, 1.0, 1), (1, 0.0, 1)],
)
def test_less_capacity_is_enough_where_it_loses_less(pods: int, loss: float, least: int) -> None:
    """The share that is missing has to be smaller than the share that fails, and one endpoint be there."""
    assert enough(pods, loss) == least


@pytest.mark.parametrize(("ready", "stage"), [(1, Stage.REVERTED), (0, Stage.STUCK)])
async def test_a_release_that_fails_all_goes_back_onto_less(
    api_server: FakeApiServer, ready: int, stage: Stage
) -> None:
    """Blue carried the traffic with four pods, and was scaled down meanwhile: some of it is better than nothing."""
    api_server.service("backend", "blue")
    api_server.pods("backend", "blue", ["1.0.0"] * 4)
    api_server.pods("backend", "green", ["1.1.0"] * 4)
    await begin(api_server, move())
    api_server.service("backend", "green")
    api_server.answers[DOOR] = (500, {})
    api_server.pods("backend", "blue", ["1.0.0"] * ready)
    with pytest.raises(RefusedError, match=str(stage)):
        await finish(api_server, move())
    assert recorded(api_server).stage is stage
    capacity = next(each for each in recorded(api_server).verdicts if each.gate == "capacity")
    assert capacity.needed.startswith("1 of 4: 100 % of the other colour's answers fail")


async def test_a_way_back_waits_for_pods(api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are there a moment later."""
    monkeypatch.setattr(revert, "CAPACITY_SECONDS", 20)
    declared = await failing(api_server)
    api_server.pods("backend", "blue", [])

    def fault(method: str, path: str) -> int | None:
        if method == "GET" and path.endswith("endpointslices") and stages(api_server) == ["REVERTING"]:
            api_server.pods("backend", "blue", ["1.0.0"])
        return None

    api_server.fault = fault
    with pytest.raises(RefusedError, match="REVERTED"):
        await finish(api_server, declared)
    assert written(api_server) == ["blue"]


async def test_no_way_back_waits_for_people_to_be_told(api_server: FakeApiServer) -> None:
    """Whoever is told hangs: traffic goes back all the same, its end is recorded, and only then anybody waits."""
    declared = await failing(api_server)
    asked, hangs = list[str](), asyncio.Event()

    async def tell(message: Message, *_: object) -> frozenset[str]:
        asked.append(message.event["type"])
        await hangs.wait()
        return frozenset({"chat"})

    access = ClusterAccess(namespace="teal", kubeconfig=api_server.kubeconfig)
    chat = Receiver(url="slack://a/b/c", stages=tuple(Stage))
    notifier = Notifier(Audience(receivers={"chat": chat}), access, print, tell)
    async with Cluster.connect(access) as found:
        mover = Mover(found, declared, name="update-1", say=print, recorded=notifier.recorded)
        with pytest.raises(RefusedError, match="REVERTED"):
            await mover.finish(BLUE)
    assert (written(api_server)[-1:], stages(api_server)) == (["blue"], ["REVERTED"])
    assert asked == ["teal.flip.proven"]
    hangs.set()
    await notifier.over()
    assert asked == [f"teal.flip.{each}" for each in ("proven", "baking", "reverting", "reverted")]
