"""`teal prepare` writes the idle slot, and nothing else; it asks nobody."""

import json
import shlex
from pathlib import Path

import pytest

from teal.cli import answer
from teal.cli.say import Exit
from tests.unit.infra.manager.projects import GREEN, STACK, Engine, teal

DIGEST = f"registry.example/backend@sha256:{'0' * 64}"
WEB = '    web: {image: "registry.example/web:1.0.0"}\n'


@pytest.fixture(autouse=True)
def _without_a_cluster(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kubeconfig names one that is not there."""
    monkeypatch.setenv("KUBECONFIG", str(file.parent / "none"))


def test_a_build_writes_its_digest_into_the_idle_slot(file: Path, engine: Engine) -> None:
    """The active colour stays, and no update is made."""
    assert teal("prepare", "1.2.0", f"backend={DIGEST}", "--yes") == Exit.OK
    assert file.read_text() == STACK + GREEN.replace("1.1.0", "1.2.0", 1).replace(
        "registry.example/backend:1.1.0", DIGEST
    )
    assert engine.did == []


def test_it_asks_before_it_writes(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the word of the update that would follow; where nobody can be asked, the command beside it does it."""
    before = file.read_bytes()
    assert teal("prepare", "1.2.0", f"backend={DIGEST}") == Exit.DECLINED
    said = capsys.readouterr().err
    assert said.endswith(f"is as it was. Next: teal prepare 1.2.0 backend={DIGEST} --yes\n")
    assert file.read_bytes() == before
    asked: list[str] = []

    def confirmed(question: str) -> bool:
        asked.append(question)
        return True

    monkeypatch.setattr(answer, "confirmed", confirmed)
    assert teal("prepare", "1.3.0", "--colour", "blue") == Exit.OK
    assert "Pulumi.dev.yaml: teal:blue.version: 1.3.0" in capsys.readouterr().err
    assert teal(*shlex.split(said.rpartition("Next: teal ")[2])) == Exit.OK
    assert teal("prepare", "1.4.0") == Exit.OK
    assert asked == ["ROLLING: write that", "PREPARE: write that"]


def test_the_slot_can_be_named(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A bake that was undone has left a file that names the colour which is not live."""
    assert teal("prepare", "1.2.0", "--colour", "blue", "--json", "--yes") == Exit.OK
    assert file.read_text() == STACK.replace("1.0.0", "1.2.0") + GREEN
    said = json.loads(capsys.readouterr().out)
    assert (said["colour"], said["version"], len(said["wrote"])) == ("blue", "1.2.0", 2)


def test_what_is_there_already_is_said(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A build that is run again proposes nothing."""
    before = file.read_bytes()
    assert teal("prepare", "1.1.0") == Exit.OK
    assert file.read_bytes() == before
    assert "green had 1.1.0" in capsys.readouterr().out


def test_services_that_are_not_named_keep_what_is_active(file: Path) -> None:
    """Not what the idle slot had, which may be older than live."""
    two = STACK.replace("teal:blue:", "teal:blue:\n" + WEB.rstrip("\n")).replace(
        "contract: true}", "contract: true}\n    web: {port: 8000, contract: true}"
    )
    green = f'  teal:green:\n    version: "0.9.0"\n    backend: {{image: "registry.example/backend:0.9.0"}}\n{WEB}'
    file.write_text(two + green.replace("web:1.0.0", "web:0.9.0"))
    assert teal("prepare", "1.2.0", f"backend={DIGEST}", "--yes") == Exit.OK
    assert file.read_text() == two + green.replace("0.9.0", "1.2.0", 1).replace(
        "registry.example/backend:0.9.0", DIGEST
    )


def test_a_stack_without_services_has_nothing_to_release(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody's image can be meant."""
    file.write_text(STACK.replace("  teal:services:\n    backend: {port: 8000, contract: true}\n", ""))
    before = file.read_bytes()
    assert teal("prepare", "1.2.0", "web=registry.example/web:1", "--yes") == Exit.USAGE
    assert "has no services (teal:services)" in " ".join(capsys.readouterr().err.split())
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ((), "Next: teal prepare VERSION"),
        (("web=registry.example/web:1",), "Next: teal prepare VERSION backend=registry.example/web:1"),
        (("1.2.0", "backend="), "backend= names no image: backend would have none"),
        (("no version", f"backend={DIGEST}"), "teal:green.version"),
    ],
)
def test_what_cannot_be_written_leaves_the_file(
    file: Path, args: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """And the message is about this verb."""
    before = file.read_bytes()
    assert teal("prepare", *args) == Exit.USAGE
    assert said in capsys.readouterr().err
    assert file.read_bytes() == before
