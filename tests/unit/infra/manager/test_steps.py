"""`teal deploy --steps`: shares of live traffic one after the other, and what becomes of them where one fails."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from teal_infra.manager import AsyncBlueGreenManager, BlueGreenManager

from teal.cli.say import Exit
from teal.history.model import Flip, History, Stage
from teal.model.colours import Colour
from teal.model.errors import EngineError, LockedError, RefusedError
from teal.model.routes import RouterKind
from tests.unit.conftest import FakeApiServer
from tests.unit.infra.manager.projects import GREEN, PLAN, STACK, Engine, driven, teal
from tests.unit.teal.flip.moving import RECORD

ROUTES = "/apis/gateway.networking.k8s.io/v1/namespaces/teal/httproutes"
SPLIT = STACK.replace(
    "  teal:namespace: teal\n", "  teal:namespace: teal\n  teal:router: gateway\n  teal:gateway: {name: public}\n"
).replace("contract: true}", "contract: true, network: {policies: false}}")
FLIPPED = (SPLIT + GREEN).replace("teal:activeColour: blue", "teal:activeColour: green")


Fails = Callable[[int], Exception | None]


class World:
    """A stack behind a gateway, and an engine that makes its route what the file says."""

    def __init__(self, file: Path, server: FakeApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
        """Blue has all live traffic."""
        self.file, self._server = file, server
        self.fails: Fails = lambda _: None
        """What an update ends with, by its number, the first of which is 1; traffic moves before it does."""
        self.refuses = False
        """Whether it moves no traffic then."""
        self.seen: list[tuple[str, int]] = []
        """The active colour and the share of the other one, as each update has made them."""
        file.write_text(SPLIT + GREEN)
        flip = Flip(
            number=1,
            origin=None,
            to=Colour.BLUE,
            version="1.0.0",
            by="somebody",
            begun="2026-01-01T00:00:00+00:00",
            stage=Stage.CONFIRMED,
            plan=PLAN.model_copy(update={"router": RouterKind.GATEWAY}),
        )
        data = {"flips.json": History(flips=(flip,)).model_dump_json(by_alias=True)}
        server.answers[RECORD] = (200, {"metadata": {"name": "teal-history", "resourceVersion": "1"}, "data": data})
        self.lead("blue", 0)
        self.engine = driven(monkeypatch, Engine(up_does=self.up))

    def lead(self, active: str, share: int) -> None:
        """Share out live traffic."""
        weights = {active: 100 - share, Colour(active).other: share}
        refs = [{"name": f"backend-{colour}", "weight": weight} for colour, weight in weights.items()]
        metadata = {"name": "backend", "resourceVersion": "1", "annotations": {"teal/active": active}}
        self._server.answers[ROUTES] = (
            200,
            {"items": [{"metadata": metadata, "spec": {"rules": [{"backendRefs": refs}]}}]},
        )

    def up(self) -> None:
        """An update."""
        config = yaml.safe_load(self.file.read_text())["config"]
        number = len(self.seen) + 1
        error = self.fails(number)
        if error is None or not self.refuses:
            self.lead(config["teal:activeColour"], config.get("teal:canaryWeight", 0))
        self.seen.append((config["teal:activeColour"], config.get("teal:canaryWeight", 0)))
        if error is not None:
            raise error


@pytest.fixture
def world(file: Path, api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch) -> World:
    """As above."""
    return World(file, api_server, monkeypatch)


def test_each_step_is_an_update_and_the_flip_is_the_last(world: World) -> None:
    """The release is prepared first; in the end the idle colour has no share."""
    assert teal("deploy", "1.2.0", "--steps", "10,50", "--yes") == Exit.OK
    assert world.seen == [("blue", 0), ("blue", 10), ("blue", 50), ("green", 0)]
    assert world.file.read_text() == FLIPPED.replace("1.1.0", "1.2.0") + "  teal:canaryWeight: 0\n"


async def test_from_python_too(world: World) -> None:
    """With what was written, in order."""
    done = await AsyncBlueGreenManager().deploy_new_version(steps=(25,))
    assert world.seen == [("blue", 0), ("blue", 25), ("green", 0)]
    assert done.wrote == ("teal:canaryWeight: 25", "teal:activeColour: green", "teal:canaryWeight: 0")
    assert done.live is Colour.GREEN


@pytest.mark.parametrize(("step", "refuses"), [(2, False), (3, False), (3, True), (4, True)])
def test_a_step_that_fails_takes_the_share_away(world: World, *, step: int, refuses: bool) -> None:
    """Whether it was refused or failed after that; and the file says what is."""
    world.refuses = refuses
    world.fails = lambda number: EngineError("dev could not be updated") if number == step else None
    with pytest.raises(EngineError, match="dev could not be updated") as failed:
        BlueGreenManager().deploy_new_version("1.2.0", steps=(10, 50))
    assert world.file.read_text() == (SPLIT + GREEN).replace("1.1.0", "1.2.0") + "  teal:canaryWeight: 0\n"
    assert (world.seen[-1], len(world.seen)) == (("blue", 0), step + 1)
    assert str(failed.value).endswith("was taken away: all of it is on blue again")


def test_a_share_that_its_bake_took_away_needs_no_update(world: World) -> None:
    """The file says what is, at once."""

    def fail(number: int) -> Exception | None:
        world.lead("blue", 0)
        return EngineError("10 % of live traffic on green did not pass its bake") if number == 2 else None

    world.fails, world.refuses = fail, True
    assert teal("deploy", "--steps", "10,50", "--yes") == Exit.FAILED
    assert world.seen == [("blue", 0), ("blue", 10)]
    assert world.file.read_text() == SPLIT + GREEN + "  teal:canaryWeight: 0\n"


def test_a_share_that_cannot_be_taken_away_is_told(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """With the command that takes it away, which works."""
    world.fails = lambda number: EngineError("no disk") if number > 1 else None
    assert teal("deploy", "--steps", "10,50", "--yes") == Exit.FAILED
    assert "was not taken away: no disk" in capsys.readouterr().err
    world.fails = lambda _: None
    world.lead("blue", 10)
    assert teal("switch", "blue", "--yes") == Exit.OK
    assert world.seen[-1] == ("blue", 0)
    assert world.file.read_text() == SPLIT + GREEN + "  teal:canaryWeight: 0\n"


@pytest.mark.parametrize(
    ("at", "error", "status"),
    [("up", LockedError("locked"), Exit.LOCKED), ("preview", RefusedError("no"), Exit.REFUSED)],
)
def test_who_holds_the_stack_is_not_come_between(world: World, at: str, error: Exception, status: Exit) -> None:
    """A step of a locked stack is not written, and its share stays; one that is refused loses it."""
    asked = world.engine.did

    def fail() -> None:
        if asked.count("preview") == 3:
            raise error
        if at == "up":
            world.up()

    setattr(world.engine, f"{at}_does", fail)
    assert teal("deploy", "--steps", "10,50", "--yes") == status
    kept = 10 if status is Exit.LOCKED else 0
    assert world.seen[-1] == ("blue", kept)
    assert world.file.read_text() == SPLIT + GREEN + f"  teal:canaryWeight: {kept}\n"


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ("50,10", "Next: teal deploy --steps 10,50"),
        ("10,10", "Next: teal deploy --steps 10"),
        ("0,10,100", "Next: teal deploy --steps 10"),
        ("ten", "ten is no percentage"),
        ("10,", "nothing is no percentage"),
    ],
)
def test_what_are_no_steps(world: World, capsys: pytest.CaptureFixture[str], steps: str, said: str) -> None:
    """Nothing is written."""
    assert teal("deploy", "--steps", steps, "--yes") == Exit.USAGE
    assert said in capsys.readouterr().err
    assert (world.file.read_text(), world.engine.did) == (SPLIT + GREEN, [])


def test_what_is_live_already_gets_no_share(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """The idle slot keeps what the way back leads to."""
    assert teal("deploy", "1.0.0", "--steps", "10", "--yes") == Exit.USAGE
    assert "1.0.0 is live already, on blue" in capsys.readouterr().err
    assert (world.file.read_text(), world.engine.did) == (SPLIT + GREEN, [])


def test_a_router_that_shares_nothing_out(file: Path, engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    """It is said which ones do."""
    assert teal("deploy", "--steps", "10,50", "--yes") == Exit.USAGE
    assert "in a stack whose teal:router is alb or gateway" in capsys.readouterr().err
    assert (file.read_text(), engine.did) == (STACK + GREEN, [])
