"""A rollback of a stack: traffic first, then the file, the engine, and what is closed."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from teal_infra.manager import AsyncBlueGreenManager, blue_green

from teal.adapters.kubernetes import connections
from teal.history.model import Stage
from teal.model.colours import Colour
from teal.model.errors import EngineError, LockedError, RefusedError, UnconfirmedError
from teal.model.live import Endpoint
from teal.plans.model import Word
from tests.unit.conftest import FakeApiServer
from tests.unit.infra.manager.projects import GREEN, STACK, Engine, activate_green, driven, record, said
from tests.unit.teal.flip.moving import RECORD
from tests.unit.teal.flip.rollback.going_back import deployments, live_on_green


@pytest.fixture
async def rolled(api_server: FakeApiServer, file: Path) -> Path:
    """Green is live and confirmed, and blue is warm."""
    await live_on_green(api_server)
    activate_green(file)
    return file


async def test_a_rollback_moves_traffic_before_anything_of_pulumi(
    rolled: Path, api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then the file says so, and the update that follows makes the stack so."""
    seen: list[str] = []
    service = "/api/v1/namespaces/teal/services/backend"

    def look() -> None:
        seen.append(api_server.answers[service][1]["spec"]["selector"]["teal/colour"])
        seen.append(rolled.read_text())

    driven(monkeypatch, Engine(preview_does=look))
    done = await AsyncBlueGreenManager().rollback()
    assert seen == ["blue", STACK + GREEN]
    assert done.live is Colour.BLUE
    assert done.moved_in_seconds is not None


async def test_ctrl_c_says_where_traffic_is(rolled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the move; until then nobody but the cluster knows."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    driven(monkeypatch, Engine(preview_does=interrupted))
    with pytest.raises(
        UnconfirmedError, match=r"Live traffic is on blue, .* Ctrl-C ended the command. Next: pulumi up"
    ):
        await AsyncBlueGreenManager().rollback()
    assert "teal:activeColour: blue" in said(rolled)
    monkeypatch.setattr(blue_green.Rollback, "go", interrupted)
    with pytest.raises(UnconfirmedError, match=r"Ctrl-C ended the rollback while .* Next: teal status"):
        await AsyncBlueGreenManager().rollback()


@pytest.mark.parametrize(("word", "ups"), [(Word.FLIP, 1), (Word.ROLLING, 0), (Word.RELEASE, 0)])
async def test_a_rollback_changes_nothing_else(
    rolled: Path, monkeypatch: pytest.MonkeyPatch, word: Word, ups: int
) -> None:
    """A file that declares more than the way back is left to whoever wrote it; traffic stays where it was put."""
    engine = driven(monkeypatch, Engine(word=word))
    if ups:
        await AsyncBlueGreenManager().rollback()
    else:
        with pytest.raises(UnconfirmedError, match="Live traffic is on blue, where the rollback put it"):
            await AsyncBlueGreenManager().rollback()
    assert engine.did.count("up") == ups
    assert "teal:activeColour: blue" in said(rolled)


async def test_a_rollback_whose_update_fails_stays(rolled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Traffic is where it was put, and that is said."""

    def fail() -> None:
        raise EngineError("dev could not be updated: no disk")

    driven(monkeypatch, Engine(up_does=fail))
    with pytest.raises(UnconfirmedError, match=r"Live traffic is on blue, where the rollback put it, and .* no disk"):
        await AsyncBlueGreenManager().rollback()
    assert "teal:activeColour: blue" in said(rolled)


async def test_a_rollback_waits_for_the_update_that_it_undid(rolled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which has Pulumi's lock until it notices."""
    monkeypatch.setattr(blue_green, "PAUSE_SECONDS", 0.01)
    left = [LockedError("locked"), LockedError("locked")]

    def locked() -> None:
        if left:
            raise left.pop()

    engine = driven(monkeypatch, Engine(up_does=locked))
    await AsyncBlueGreenManager().rollback()
    assert engine.did == ["preview", "up", "up", "up"]
    assert "teal:activeColour" in said(rolled)


async def test_an_undone_flips_connections_follow_by_what_the_stack_declares(
    rolled: Path, api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever may write a record of flips names no path at which pods are asked."""
    asked: list[tuple[list[str], str, int]] = []

    async def close(
        _http: object, _namespace: str, endpoints: Sequence[Endpoint], path: str, seconds: int, **_: object
    ) -> Sequence[str]:
        asked.append(([each.pod for each in endpoints], path, seconds))
        return []

    monkeypatch.setattr(connections, "close", close)
    record(api_server, Stage.BAKING)
    flips = json.loads(api_server.answers[RECORD][1]["data"]["flips.json"])
    flips["flips"][0] |= {"carried": {"backend": 1}}
    flips["flips"][0]["plan"]["services"] = {"backend": {"path": "/", "closePath": "/forged"}}
    api_server.answers[RECORD][1]["data"]["flips.json"] = json.dumps(flips)
    driven(monkeypatch, Engine(word=Word.NOTHING))
    done = await AsyncBlueGreenManager().rollback()
    assert done.flip is not None
    assert (done.flip.stage, done.live, said(rolled)) == (Stage.REVERTED, Colour.BLUE, STACK + GREEN)
    path = "/deployment/connections/close"
    assert asked == [(["backend-green-0"], path, 60), (["backend-blue-0"], path, 0)]


async def test_a_rollback_to_what_is_not_warm_is_an_update(
    rolled: Path, api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which makes it so, and proves it, first."""
    deployments(api_server, blue="another", green="g")
    engine = driven(monkeypatch, Engine())
    done = await AsyncBlueGreenManager().rollback()
    assert (done.moved_in_seconds, engine.did) == (None, ["preview", "up"])
    assert said(rolled) == STACK + GREEN


async def test_a_rollback_may_be_held_to_what_is_warm(
    rolled: Path, api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then a release that nobody confirmed gets no update either, and no traffic: nothing is touched."""
    deployments(api_server, blue="another", green="g")
    engine = driven(monkeypatch, Engine())
    before = said(rolled)
    with pytest.raises(
        RefusedError, match=r"not known to have been confirmed.* nothing was moved. Next: teal rollback"
    ):
        await AsyncBlueGreenManager().rollback(warm=True)
    assert engine.did == []
    assert said(rolled) == before


async def test_the_api_knows_both_colours(rolled: Path) -> None:
    """As data with types."""
    manager = AsyncBlueGreenManager("dev")
    status = await manager.get_status()
    assert (status.active, status.confirmed, status.version(Colour.BLUE)) == (Colour.GREEN, Colour.GREEN, "1.0.0")
    health = await manager.health_check()
    assert {*health.colours} == {*Colour}
    assert "teal:activeColour" in said(rolled)
