"""What goes wrong in running oasdiff passes nothing, and it is not run where nothing has changed."""

import asyncio
import copy
import os
from pathlib import Path

import pytest

from sandbox.tools import OASDIFF
from teal.model.verdict import Outcome
from teal.proof import contract
from tests.unit.teal.proof.contract.doors import Document, Doors, command, measure


@pytest.mark.parametrize("missing", ["backend-blue", "backend-green"])
async def test_without_both_documents_nothing_is_compared(document: Document, missing: str) -> None:
    """That is no pass, whichever is missing."""
    doors = Doors(document, document)
    doors.documents[missing] = None
    found = await measure(doors)
    assert found["changes"].outcome is Outcome.INCONCLUSIVE
    assert f"/openapi.json of {missing.removeprefix('backend-')} answered 404" in found["changes"].seen
    green_is_there = missing == "backend-blue"
    assert found["deprecations"].outcome is (Outcome.PASSED if green_is_there else Outcome.INCONCLUSIVE)


async def test_without_the_tool_nothing_is_compared(
    document: Document, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The message has the command that installs it, at the version that the sandbox compiles."""
    monkeypatch.setenv("PATH", str(tmp_path))
    found = (await measure(Doors(document, document)))["changes"]
    assert found.outcome is Outcome.ERROR
    assert f"no oasdiff on PATH to compare with. Next: go install {OASDIFF.module}@{OASDIFF.version}" in found.seen


@pytest.mark.parametrize(
    ("script", "seen"),
    [
        ("echo cannot >&2; exit 102", "oasdiff exited with 102: cannot"),
        ("echo '[]'; exit 1", "oasdiff exited with 1"),
        ("echo nonsense", "oasdiff exited with 0"),
        ("echo '{}'", "oasdiff exited with 0"),
        ("echo '[{\"id\": 1}]'", "oasdiff exited with 0"),
        ("", "oasdiff exited with 0"),
        ("kill -9 $$", "oasdiff exited with -9"),
    ],
)
async def test_a_tool_that_fails_is_an_error(
    document: Document, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str, seen: str
) -> None:
    """It compared nothing, whatever it printed."""
    command(monkeypatch, tmp_path, script)
    found = (await measure(Doors(document, {**document, "tags": []})))["changes"]
    assert found.outcome is Outcome.ERROR
    assert seen in found.seen


async def test_the_same_document_is_not_compared(
    document: Document, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Most releases change nothing but their version; a process each would take longer than all other gates."""
    command(monkeypatch, tmp_path, "exit 1")
    new = {**document, "info": {**document["info"], "version": "9"}}
    assert (await measure(Doors(document, new)))["changes"].outcome is Outcome.PASSED


def said(path: Path) -> str:
    """What a script wrote."""
    return path.read_text().strip()


async def test_a_tool_that_hangs_is_ended(document: Document, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With its process."""
    monkeypatch.setattr(contract, "COMPARE_SECONDS", 0.2)
    command(monkeypatch, tmp_path, f"echo $$ > {tmp_path}/pid; exec /bin/sleep 60")
    async with asyncio.timeout(20):
        found = (await measure(Doors(document, {**document, "tags": []})))["changes"]
    assert found.outcome is Outcome.ERROR
    assert "did not end within" in found.seen
    with pytest.raises(ProcessLookupError):
        os.kill(int(said(tmp_path / "pid")), 0)


async def test_the_tool_sees_nothing_of_the_environment(
    document: Document, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The update's credentials are none of its business, nor a configuration that lies about."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "SECRET")
    monkeypatch.setenv("OASDIFF_CONFIG", "elsewhere")
    command(monkeypatch, tmp_path, f"export -p > {tmp_path}/environ; pwd > {tmp_path}/folder; echo '[]'")
    assert (await measure(Doors(document, {**document, "tags": []})))["changes"].outcome is Outcome.PASSED
    environ = said(tmp_path / "environ")
    assert "SECRET" not in environ
    assert "OASDIFF" not in environ
    with pytest.raises(FileNotFoundError):
        said(Path(said(tmp_path / "folder"), "live.json"))


async def test_no_more_is_tried_than_is_bearable(
    document: Document, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Of a thousand deprecated operations some are asked, the others counted."""
    command(monkeypatch, tmp_path, "echo '[]'")
    new = copy.deepcopy(document)
    new["paths"] |= {f"/old-{each}": {"get": {"deprecated": True}} for each in range(100)}
    doors = Doors(document, new)
    found = (await measure(doors))["deprecations"]
    assert len([each for each in doors.asked if "openapi" not in each]) == contract.MOST_TRIED
    assert f"{contract.MOST_TRIED} of 101 deprecated operations say so, 81 were not tried" in found.seen
