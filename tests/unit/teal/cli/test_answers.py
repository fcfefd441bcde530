"""Every command answers as it is told to, and what writes asks first."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from cyclopts import App

from teal.cli import answer
from teal.cli.app import app
from teal.cli.say import Exit
from tests.unit.conftest import FakeApiServer
from tests.unit.teal.standing import NAMESPACE, stack


def commands(of: App = app, *names: str) -> Iterator[tuple[str, set[str]]]:
    """Each command with its options."""
    for name in of:
        if name.startswith("-"):
            continue
        command, said = of[name], (*names, name)
        if command.default_command is not None:
            options = {each for argument in command.assemble_argument_collection() for each in argument.names}
            yield " ".join(said), options
        yield from commands(command, *said)


COMMANDS = dict(commands())
WRITE = {"deploy", "prepare", "switch", "rollback", "start", "stop", "retire", "scale", "approve"} | {
    "history repair",
    "migrations up",
    "migrations down",
}


def test_every_command_answers_as_json_or_not_at_all() -> None:
    """But those whose output is the thing itself, and a page that stays until Ctrl-C."""
    assert {name for name, options in COMMANDS.items() if "--json" not in options} == {"completion", "schema", "ui"}
    assert {name for name, options in COMMANDS.items() if "--quiet" not in options} == {"completion", "schema", "ui"}
    assert len(COMMANDS) > 20


def test_what_writes_asks() -> None:
    """And nothing else offers to answer a question that nobody asks."""
    assert {name for name, options in COMMANDS.items() if "--yes" in options} == WRITE


def test_no_option_says_that_something_is_empty() -> None:
    """Nobody would guess what `--empty-service` does."""
    assert [name for name, options in COMMANDS.items() if any(each.startswith("--empty") for each in options)] == []


@pytest.fixture
def where(api_server: FakeApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Options that name a stack in both colours."""
    stack(api_server)
    (tmp_path / "kubeconfig").write_text(api_server.kubeconfig)
    monkeypatch.delenv("TEAL_YES", raising=False)
    return ["--kubeconfig", str(tmp_path / "kubeconfig"), "--namespace", "teal"]


def teal(*args: str) -> int:
    """The exit status of a command."""
    with pytest.raises(SystemExit) as ended:
        app(args)
    return int(ended.value.code or 0)


def test_an_approval_asks(
    api_server: FakeApiServer, where: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What runs is named; nobody says yes where nobody can be asked."""
    approval = f"{NAMESPACE}/configmaps/teal-approval"
    assert teal("approve", "green", *where) == Exit.DECLINED
    typed = f"teal approve green --namespace teal {' '.join(where[:2])}"
    assert capsys.readouterr().err == f"nobody said yes: nothing was approved. Next: {typed} --yes\n"
    assert teal("approve", "green", "1.1.0", "--json", *where) == Exit.DECLINED
    assert json.loads(capsys.readouterr().out)["exitStatus"] == Exit.DECLINED
    assert approval not in api_server.answers
    asked: list[str] = []

    def confirmed(question: str) -> bool:
        asked.append(question)
        return True

    monkeypatch.setattr(answer, "confirmed", confirmed)
    assert teal("approve", "green", *where) == Exit.OK
    assert asked == ["FLIP: approve green of teal (backend 1.1.0)"]
    assert api_server.answers.pop(approval)[1]["data"]["by"] == "somebody@example"
    assert teal("approve", "green", "--yes", "--json", *where) == Exit.OK
    assert json.loads(capsys.readouterr().out.partition("\n")[2])["by"] == "somebody@example"
    assert len(asked) == 1
    assert approval in api_server.answers


def test_a_watch_answers_with_the_flip_that_ended(where: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Or with null; a history has every flip."""
    assert teal("watch", "--json", *where) == 0
    assert json.loads(capsys.readouterr().out) is None
    for command in ("watch", "history"):
        assert teal(command, "--quiet", *where) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("switch", "red"), 'Invalid value "red" for COLOUR. Choose from: "blue", "green"'),
        (("deploy", "--stpes", "10"), "Unknown option: --stpes"),
        (("scale", "green", "[/]"), 'unable to convert "[/]" into int'),
    ],
)
def test_what_cannot_be_understood_is_said_as_json_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, args: tuple[str, ...], said: str
) -> None:
    """And in one line, so that the next command can be copied."""
    monkeypatch.setenv("COLUMNS", "40")
    assert teal(*args, "--json") == Exit.USAGE
    shown = capsys.readouterr()
    known = json.loads(shown.out)
    assert said in known["error"]
    assert known["exitStatus"] == Exit.USAGE
    assert shown.err == f"{known['error']}\n"
    assert shown.err.endswith(f"Nothing was done. Next: teal {args[0]} --help\n")
