"""The watch ends the pods of an idle colour, and never those that traffic reaches, or that a flip is about to use."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from teal.flip import ending
from teal.history.model import Ending, History, Stage
from teal.model.errors import UnreachableError
from tests.unit.conftest import FakeApiServer
from tests.unit.teal.flip.ending.resting import (
    BLUE,
    DECLARED,
    SCALE,
    confirmed,
    deployment,
    end,
    known,
    remember,
    rest,
    slots,
)
from tests.unit.teal.flip.moving import RECORD, SERVICE
from tests.unit.teal.flip.rollback.going_back import CONFIRMED


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
