"""A record that cannot be read is made readable: what can be is kept, and all of it is in a file."""

import json
from pathlib import Path

import pytest

from teal.cli.app import app
from teal.cli.say import Exit
from teal.history.model import History, Stage
from tests.unit.conftest import FakeApiServer
from tests.unit.teal.cli.test_app import flip

RECORD = "/api/v1/namespaces/teal/configmaps/teal-history"
GOOD = History(flips=(flip(Stage.CONFIRMED),)).model_dump(mode="json", by_alias=True)["flips"][0]


def teal(server: FakeApiServer, folder: Path, *args: str) -> int:
    """The exit status of a command."""
    (folder / "kubeconfig").write_text(server.kubeconfig)
    with pytest.raises(SystemExit) as ended:
        app([*args, "--kubeconfig", str(folder / "kubeconfig"), "--namespace", "teal"])
    return int(ended.value.code or 0)


def keep(server: FakeApiServer, text: str) -> None:
    """The record."""
    server.answers[RECORD] = (
        200,
        {"metadata": {"name": "teal-history", "resourceVersion": "7"}, "data": {"flips.json": text}},
    )


def kept(server: FakeApiServer) -> History:
    """The record as it is now."""
    return History.model_validate_json(server.answers[RECORD][1]["data"]["flips.json"])


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("{", []),
        ("[1]", []),
        (json.dumps({"flips": "none"}), []),
        (json.dumps({"flips": [GOOD, {"number": 2}]}), [1]),
        (json.dumps({"flips": [{**GOOD, "number": 2, "stage": "LOST"}, {**GOOD, "number": 3}, GOOD]}), [1, 3]),
    ],
)
def test_what_can_be_read_is_kept(
    api_server: FakeApiServer, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, numbers: list[int]
) -> None:
    """By the command that every other one names, which works."""
    keep(api_server, text)
    assert teal(api_server, tmp_path, "history") == Exit.UNREACHABLE
    assert "Next: teal history repair --namespace teal" in " ".join(capsys.readouterr().err.split())
    copy = tmp_path / "copy"
    assert teal(api_server, tmp_path, "history", "repair", "--yes", "--copy", str(copy)) == Exit.OK
    assert [each.number for each in kept(api_server).flips] == numbers
    assert copy.read_text() == text
    assert teal(api_server, tmp_path, "history") == Exit.OK


def test_what_came_of_it_can_be_read_by_programs(
    api_server: FakeApiServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a line beside it; a refusal is JSON, too."""
    keep(api_server, json.dumps({"flips": [GOOD, {"number": 2}]}))
    copy = str(tmp_path / "copy")
    assert teal(api_server, tmp_path, "history", "repair", "--json", "--copy", copy) == Exit.DECLINED
    assert json.loads(capsys.readouterr().out)["exitStatus"] == Exit.DECLINED
    assert teal(api_server, tmp_path, "history", "repair", "--json", "--yes", "--copy", copy) == Exit.OK
    assert json.loads(capsys.readouterr().out) == {"flips": [1], "lost": 1, "copy": copy}
    assert teal(api_server, tmp_path, "history", "repair", "--quiet") == Exit.OK
    assert capsys.readouterr() == ("", "")


def test_a_record_that_can_be_read_is_left(api_server: FakeApiServer, tmp_path: Path) -> None:
    """And so is one that is not there."""
    assert teal(api_server, tmp_path, "history", "repair") == Exit.OK
    keep(api_server, json.dumps({"flips": [GOOD]}))
    assert teal(api_server, tmp_path, "history", "repair") == Exit.OK
    assert api_server.written == []


def test_nothing_is_written_without_a_yes_or_a_copy(api_server: FakeApiServer, tmp_path: Path) -> None:
    """Nor over what somebody else wrote meanwhile."""
    keep(api_server, "{")
    copy = tmp_path / "copy"
    assert teal(api_server, tmp_path, "history", "repair", "--copy", str(copy)) == Exit.DECLINED
    copy.write_text("of another day")
    assert teal(api_server, tmp_path, "history", "repair", "--yes", "--copy", str(copy)) == Exit.FAILED
    assert copy.read_text() == "of another day"
    assert api_server.written == []
    api_server.fault = lambda method, path: 409 if (method, path) == ("PUT", RECORD) else None
    other = str(tmp_path / "other")
    assert teal(api_server, tmp_path, "history", "repair", "--yes", "--copy", other) == Exit.UNREACHABLE
