"""Where a verb comes to nothing, its file says what is live, and its status says why."""

import json
from pathlib import Path

import pytest
from teal_infra.manager import BlueGreenManager

from teal.cli.say import Exit
from teal.history.model import Stage
from teal.model.errors import EngineError, LockedError, RefusedError, UnconfirmedError, UnsafeError
from tests.unit.conftest import FakeApiServer
from tests.unit.infra.manager.projects import GREEN, STACK, Engine, driven, record, teal


def test_nobody_there_to_say_yes(file: Path, engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    """The file is as it was."""
    for words in (
        "deploy",
        "deploy 1.2.0 --stack dev",
        "scale green 2 --service backend",
        "prepare 1.2.0 --colour green",
    ):
        assert teal(*words.split()) == Exit.DECLINED
        told = capsys.readouterr().err
        assert f"nobody said yes to {words.split()[0]}: " in told
        assert told.endswith(f"Next: teal {words} --yes\n")
    assert teal("rollback") == Exit.DECLINED
    assert (file.read_text(), engine.did) == (STACK + GREEN, ["preview"] * 3)


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
    assert ("it is not over. Next: pulumi up, which goes on with it" in str(said.value)) == (active == "green")
    assert ("says teal:activeColour: blue again, since live traffic is there" in str(said.value)) == (active == "blue")


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
