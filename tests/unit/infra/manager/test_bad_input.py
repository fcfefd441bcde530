"""What is typed at a stack that cannot do it: what is wrong, the next command, the exit status; nothing is written."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from teal.adapters.kubernetes import cluster
from teal.cli.say import Exit
from tests.unit.conftest import FakeApiServer
from tests.unit.infra.manager.projects import GREEN, STACK, confirm, teal
from tests.unit.infra.manager.test_engine import Script, scripted
from tests.unit.teal.flip.moving import RECORD
from tests.unit.teal.flip.rollback.going_back import deployments, live_on_green

__all__ = ["scripted"]

LOCKED = "error: the stack is currently locked by 1 lock(s).\n  file.json: created by ann@desk (pid 1) at noon"
UNFIT = (
    "error: The Pulumi CLI encountered a snapshot integrity error. This is a bug!\n\n"
    "Error:             snapshot integrity failure; refusing to use it: child resource a refers to missing parent b"
)

Spoil = Callable[[FakeApiServer, Path], None]


def as_it_is(_server: FakeApiServer, _folder: Path) -> None:
    """Spoil nothing."""


def one_slot(server: FakeApiServer, folder: Path) -> None:
    """Green has no release, neither declared nor running."""
    (folder / "shop/stacks/Pulumi.dev.yaml").write_text(STACK)
    deployments(server, blue="b")


def flipped(server: FakeApiServer, _folder: Path) -> None:
    """Green is live, and was confirmed."""
    asyncio.run(live_on_green(server))


def gone(_server: FakeApiServer, folder: Path) -> None:
    """Nobody listens where the API server was."""
    path = folder / "kubeconfig"
    known = json.loads(path.read_text())
    known["clusters"][0]["cluster"]["server"] = "http://127.0.0.9:9"
    path.write_text(json.dumps(known))


def edited(server: FakeApiServer, _folder: Path) -> None:
    """Somebody cut the record of flips."""
    flipped(server, _folder)
    server.answers[RECORD][1]["data"]["flips.json"] = '{"flips": [{'


@pytest.mark.parametrize(
    ("spoil", "stderr", "args", "status", "said", "remedy"),
    [
        (as_it_is, "", ("switch", "red"), Exit.USAGE, "red", "teal switch --help"),
        (one_slot, "", ("switch", "green"), Exit.USAGE, "green has no release in", "teal deploy VERSION"),
        (one_slot, "", ("health-check", "green"), Exit.USAGE, "green has no release", "teal status"),
        (flipped, "", ("rollback", "--to", "9.9.9"), Exit.USAGE, "9.9.9 was never deployed", "teal history"),
        (as_it_is, LOCKED, ("deploy",), Exit.LOCKED, "created by ann@desk (pid 1) at noon", "pulumi cancel --yes"),
        (gone, "", ("deploy",), Exit.UNREACHABLE, "127.0.0.9:9", "kubectl cluster-info"),
        (gone, "", ("rollback",), Exit.UNREACHABLE, "127.0.0.9:9", "kubectl cluster-info"),
        (gone, "", ("status",), Exit.UNREACHABLE, "127.0.0.9:9", "kubectl cluster-info"),
        (as_it_is, UNFIT, ("deploy",), Exit.FAILED, "a refers to missing parent b", "pulumi state repair --yes"),
        (edited, "", ("deploy",), Exit.UNREACHABLE, "is no history of flips", "teal history repair"),
        (edited, "", ("rollback",), Exit.UNREACHABLE, "is no history of flips", "teal history repair"),
        (edited, "", ("status",), Exit.UNREACHABLE, "is no history of flips", "teal history repair"),
    ],
)
def test_it_is_said_what_is_wrong_and_what_to_do(  # noqa: PLR0913 - a table's columns
    scripted: Script,
    api_server: FakeApiServer,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    *,
    spoil: Spoil,
    stderr: str,
    args: tuple[str, ...],
    status: Exit,
    said: str,
    remedy: str,
) -> None:
    """By Pulumi's own words, and the cluster's."""
    monkeypatch.setattr(cluster, "RETRY_SECONDS", 0.1)
    api_server.service("backend", "blue")
    confirm(api_server, "blue")
    deployments(api_server, blue="b", green="g")
    scripted(word=None, stderr=stderr)
    file = tmp_path / "shop/stacks/Pulumi.dev.yaml"
    assert file.read_text() == STACK + GREEN
    spoil(api_server, tmp_path)
    before = file.read_text()
    api_server.heard.clear()
    asks = args[0] in {"status", "health-check"}
    assert teal(*args, *(() if asks else ("--yes",))) == status
    told = " ".join(capsys.readouterr().err.split())
    assert said in told
    assert remedy in told.rpartition("Next: ")[2]
    wrote = [each for each in api_server.heard if not each.startswith("GET ") and "selfsubjectreviews" not in each]
    assert (file.read_text(), wrote) == (before, [])
