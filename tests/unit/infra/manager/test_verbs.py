"""What each verb writes, what becomes of the file where it comes to nothing, and with which status it ends."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from teal_infra.manager import AsyncBlueGreenManager, BlueGreenManager, blue_green

from teal.adapters.kubernetes import connections
from teal.cli.app import app
from teal.cli.say import Exit
from teal.history.model import Flip, History, Stage
from teal.model.colours import Colour
from teal.model.errors import EngineError, LockedError, RefusedError, UnconfirmedError, UnsafeError
from teal.model.live import Endpoint
from teal.plans.model import Word
from teal.spec.bake import BakePlan
from tests.unit.conftest import FakeApiServer
from tests.unit.infra.manager.projects import GREEN, STACK, Engine, driven, project
from tests.unit.teal.flip.test_rollback import CONFIRMED, RECORD, deployments, live_on_green

PLAN = BakePlan(services={}, seconds=1, error_percent=5, samples=0, window=10)


@pytest.fixture
def file(tmp_path: Path, api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of a stack with both slots, of which blue is live."""
    api_server.service("backend", "blue")
    confirm(api_server, "blue")
    deployments(api_server, blue="b", green="g")
    return project(tmp_path, api_server, monkeypatch)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    """One that does as it is told."""
    return driven(monkeypatch, Engine())


def confirm(server: FakeApiServer, colour: str) -> None:
    """The record of the confirmed colour."""
    server.answers[CONFIRMED] = (
        200,
        {"metadata": {"name": "teal-confirmed", "resourceVersion": "1"}, "data": {"colour": colour}},
    )


def record(server: FakeApiServer, *stages: Stage) -> None:
    """Flips from blue to green that came to these stages."""
    flips = tuple(
        Flip(
            number=number,
            origin=Colour.BLUE,
            to=Colour.GREEN,
            origin_version="1.0.0",
            version="1.1.0",
            by="somebody",
            begun="2026-01-01T00:00:00+00:00",
            stage=stage,
            plan=PLAN,
        )
        for number, stage in enumerate(stages, start=1)
    )
    data = {"flips.json": History(flips=flips).model_dump_json(by_alias=True)}
    server.answers[RECORD] = (200, {"metadata": {"name": "teal-history", "resourceVersion": "1"}, "data": data})


def teal(*args: str) -> int:
    """The exit status of a command."""
    with pytest.raises(SystemExit) as ended:
        app(args)
    return int(ended.value.code or 0)


@pytest.mark.parametrize(
    ("args", "changed"),
    [
        (("deploy",), {"teal:activeColour: blue": "teal:activeColour: green"}),
        (
            ("deploy", "1.2.0"),
            {
                "teal:activeColour: blue": "teal:activeColour: green",
                '"1.1.0"': '"1.2.0"',
                "backend:1.1.0": "backend:1.2.0",
            },
        ),
        (
            ("deploy", "other.example/backend:1.3.0"),
            {
                "teal:activeColour: blue": "teal:activeColour: green",
                '"1.1.0"': '"1.3.0"',
                "registry.example/backend:1.1.0": "other.example/backend:1.3.0",
            },
        ),
        (
            (
                "deploy",
                "1.4.0",
                "backend=registry.example/backend@sha256:0000000000000000000000000000000000000000000000000000000000000000",
            ),
            {
                "teal:activeColour: blue": "teal:activeColour: green",
                '"1.1.0"': '"1.4.0"',
                "backend:1.1.0": "backend@sha256:0000000000000000000000000000000000000000000000000000000000000000",
            },
        ),
        (("switch", "green"), {"teal:activeColour: blue": "teal:activeColour: green"}),
        (("start", "blue"), {}),
        (("stop", "green"), {'backend:1.1.0"}}': 'backend:1.1.0"}, state: stopped}'}),
        (("retire", "green"), {'backend:1.1.0"}}': 'backend:1.1.0"}, state: retired}'}),
        (
            ("scale", "blue", "6"),
            {"contract: true}": "contract: true, autoscaling: {minReplicas: 6}}"},
        ),
        (
            ("scale", "green", "2"),
            {"contract: true}": "contract: true, autoscaling: {idlePercent: 66}}"},
        ),
        (
            ("scale", "green", "30", "--service", "backend"),
            {"contract: true}": "contract: true, autoscaling: {idlePercent: 100, minReplicas: 30, maxReplicas: 30}}"},
        ),
    ],
)
def test_what_a_verb_writes(file: Path, engine: Engine, args: tuple[str, ...], changed: dict[str, str]) -> None:
    """And nothing else: the update is made from that file."""
    wanted = STACK + GREEN
    for old, new in changed.items():
        assert old in wanted
        wanted = wanted.replace(old, new)
    assert teal(*args, "--yes") == Exit.OK
    assert file.read_text() == wanted
    assert engine.did == ["preview", "up"]


def test_a_slot_that_is_not_there_begins_as_the_live_one(file: Path, engine: Engine) -> None:
    """With its environment, and its comments."""
    file.write_text(STACK)
    assert teal("deploy", "1.2.0", "--yes") == Exit.OK
    assert file.read_text() == STACK.replace("teal:activeColour: blue", "teal:activeColour: green") + (
        '  teal:green:\n    version: "1.2.0"\n'
        '    backend: {image: "registry.example/backend:1.2.0", env: {LEVEL: info}}\n'
    )
    assert engine.did == ["preview", "up"]


def test_verbs_begin_where_live_traffic_is(file: Path, engine: Engine, api_server: FakeApiServer) -> None:
    """A way back has left a file that names the other colour: nothing is flipped by starting something."""
    file.write_text(file.read_text().replace("teal:activeColour: blue", "teal:activeColour: green"))
    record(api_server, Stage.REVERTED)
    assert teal("start", "green", "--yes") == Exit.OK
    assert file.read_text() == STACK + GREEN
    assert engine.did == ["preview", "up"]


@pytest.mark.parametrize(
    ("args", "status", "said"),
    [
        (("switch", "red"), Exit.USAGE, "Next: teal switch --help"),
        (("scale", "blue", "0"), Exit.USAGE, "Next: teal scale --help"),
        (("scale", "blue", "3", "--service", "web"), Exit.USAGE, "web is no service of"),
        (("stop", "blue"), Exit.USAGE, "Next: teal switch green, then teal stop blue"),
        (("deploy", "1.0.0", "2.0.0"), Exit.USAGE, "2 versions (1.0.0, 2.0.0)"),
        (("deploy", "web=registry.example/web:1"), Exit.USAGE, "names the service web"),
        (
            (
                "deploy",
                "registry.example/backend@sha256:0000000000000000000000000000000000000000000000000000000000000000",
            ),
            Exit.USAGE,
            "which version is to be live",
        ),
        (("deploy", "not valid"), Exit.USAGE, "teal:green.version"),
        (("switch", "green", "--stack", "nobody"), Exit.USAGE, "Next: pulumi stack ls"),
        (("rollback",), Exit.USAGE, "no flip is remembered"),
    ],
)
def test_what_cannot_be_asked_for(  # noqa: PLR0913 - a table's columns
    file: Path,
    engine: Engine,
    capsys: pytest.CaptureFixture[str],
    *,
    args: tuple[str, ...],
    status: Exit,
    said: str,
) -> None:
    """It is said what is wrong and what to do, and nothing is written or asked of Pulumi."""
    assert teal(*args, "--yes") == status
    assert said in " ".join(capsys.readouterr().err.split())
    assert (file.read_text(), engine.did) == (STACK + GREEN, [])


def test_a_release_that_is_not_there(file: Path, engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is prepared: a version has to be named."""
    file.write_text(STACK)
    for args in (("deploy",), ("switch", "green"), ("stop", "green")):
        assert teal(*args, "--yes") == Exit.USAGE
        assert "Next: teal deploy VERSION" in capsys.readouterr().err
    assert (file.read_text(), engine.did) == (STACK, [])


def test_images_that_are_named_otherwise(file: Path, engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    """The next command names them."""
    text = (
        (STACK + GREEN)
        .replace("backend:1.0.0", "backend@sha256:0000000000000000000000000000000000000000000000000000000000000000")
        .replace("backend:1.1.0", "backend:latest")
    )
    file.write_text(text)
    assert teal("deploy", "1.2.0", "--yes") == Exit.USAGE
    assert "Next: teal deploy 1.2.0 backend=IMAGE" in capsys.readouterr().err
    assert (file.read_text(), engine.did) == (text, [])


def test_nobody_there_to_say_yes(file: Path, engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    """The file is as it was."""
    assert teal("deploy") == Exit.DECLINED
    assert "nobody said yes to deploy" in capsys.readouterr().err
    assert teal("rollback") == Exit.DECLINED
    assert (file.read_text(), engine.did) == (STACK + GREEN, ["preview"])


@pytest.mark.parametrize(
    ("error", "at", "status"),
    [
        (UnsafeError("plan: UNSAFE"), "preview", Exit.UNSAFE),
        (EngineError("it could not be previewed"), "preview", Exit.FAILED),
        (LockedError("created by ann@desk"), "preview", Exit.LOCKED),
        (LockedError("created by ann@desk"), "up", Exit.LOCKED),
    ],
)
def test_where_nothing_was_done_the_file_is_as_it_was(
    file: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, at: str, status: Exit
) -> None:
    """Byte for byte."""

    def fail() -> None:
        raise error

    setattr(driven(monkeypatch, Engine()), f"{at}_does", fail)
    assert teal("deploy", "1.2.0", "--yes") == status
    assert file.read_text() == STACK + GREEN


@pytest.mark.parametrize(
    ("live", "stage", "kind", "active"),
    [
        ("blue", Stage.REFUSED, RefusedError, "blue"),
        ("blue", Stage.REVERTED, UnconfirmedError, "blue"),
        ("green", Stage.UNPROVEN, UnconfirmedError, "green"),
        ("green", Stage.STUCK, UnconfirmedError, "green"),
        ("blue", None, EngineError, "blue"),
    ],
)
def test_after_an_update_that_failed_the_file_says_where_traffic_is(  # noqa: PLR0913 - a table's columns
    file: Path,
    api_server: FakeApiServer,
    monkeypatch: pytest.MonkeyPatch,
    *,
    live: str,
    stage: Stage | None,
    kind: type[Exception],
    active: str,
) -> None:
    """What was prepared stays declared: it is there."""

    def fail() -> None:
        api_server.service("backend", live)
        if stage is not None:
            record(api_server, stage)
        raise EngineError("dev could not be updated")

    driven(monkeypatch, Engine(up_does=fail))
    with pytest.raises(kind) as said:
        BlueGreenManager().deploy_new_version("1.2.0")
    assert type(said.value) is kind
    assert f"teal:activeColour: {active}" in file.read_text()
    assert '"1.2.0"' in file.read_text()
    assert ("is blue again, since live traffic is there" in str(said.value)) == (active == "blue")


def test_a_file_that_somebody_wrote_meanwhile_is_left(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not ours to put back."""

    def fail() -> None:
        file.write_text("config: {}\n")
        raise EngineError("no")

    driven(monkeypatch, Engine(preview_does=fail))
    assert teal("deploy", "1.2.0", "--yes") == Exit.FAILED
    assert file.read_text() == "config: {}\n"


def test_who_comes_between_a_flip_is_refused(file: Path, engine: Engine, api_server: FakeApiServer) -> None:
    """But for an update that goes on with it."""
    record(api_server, Stage.UNPROVEN)
    api_server.service("backend", "green")
    file.write_text(file.read_text().replace("teal:activeColour: blue", "teal:activeColour: green"))
    assert teal("switch", "blue", "--yes") == Exit.REFUSED
    assert engine.did == []
    assert teal("switch", "green", "--yes") == Exit.OK


@pytest.mark.parametrize("kubeconfig", [None, "{}", "[", "text"])
def test_a_cluster_that_is_gone(file: Path, engine: Engine, kubeconfig: str | None) -> None:
    """Nothing is written where nobody knows what is live."""
    path = file.parents[2] / "kubeconfig"
    path.unlink()
    if kubeconfig is not None:
        path.write_text(kubeconfig)
    for args in (("deploy", "--yes"), ("rollback", "--yes"), ("status",), ("health-check",), ("history",)):
        assert teal(*args) == Exit.UNREACHABLE
    assert (file.read_text(), engine.did) == (STACK + GREEN, [])


def test_what_came_of_it_as_json(file: Path, engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    """Alone on standard output; and what went wrong, in the same way."""
    assert teal("deploy", "--json", "--yes") == Exit.OK
    done = json.loads(capsys.readouterr().out)
    assert (done["verb"], done["word"], done["live"], done["wrote"]) == (
        "deploy",
        "FLIP",
        "blue",
        ["teal:activeColour: green"],
    )
    assert engine.did == ["preview", "up"]
    assert teal("stop", "green", "--json", "--stack", "nobody") == Exit.USAGE
    said = capsys.readouterr()
    assert json.loads(said.out)["exitStatus"] == Exit.USAGE
    assert "nobody" in said.err
    assert file.exists()


def activate_green(file: Path) -> None:
    """Declare it."""
    file.write_text(file.read_text().replace("teal:activeColour: blue", "teal:activeColour: green"))


def said(file: Path) -> str:
    """What a file says."""
    return file.read_text()


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
        _http: object, _namespace: str, endpoints: Sequence[Endpoint], path: str, seconds: int, *, turn: object
    ) -> Sequence[str]:
        del turn
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


async def test_the_api_knows_both_colours(rolled: Path) -> None:
    """As data with types."""
    manager = AsyncBlueGreenManager("dev")
    status = await manager.get_status()
    assert (status.active, status.confirmed, status.version(Colour.BLUE)) == (Colour.GREEN, Colour.GREEN, "1.0.0")
    health = await manager.health_check()
    assert {*health.colours} == {*Colour}
    assert "teal:activeColour" in said(rolled)
