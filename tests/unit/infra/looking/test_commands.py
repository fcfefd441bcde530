"""`teal report` and `teal ui`, as they are typed."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from teal.cli.app import app
from teal.cli.say import Exit
from teal.history.model import Flip, History
from tests.unit.conftest import FakeApiServer
from tests.unit.infra.looking.looks import REVERTED
from tests.unit.teal.standing import NAMESPACE, stack


@pytest.fixture
def where(api_server: FakeApiServer, tmp_path: Path) -> list[str]:
    """Options that name a stack, one flip of which was undone."""
    stack(api_server)
    data = {"flips.json": History(flips=(REVERTED,)).stored()}
    kept = {"metadata": {"name": "teal-history", "resourceVersion": "1"}, "data": data}
    api_server.answers[f"{NAMESPACE}/configmaps/teal-history"] = (200, kept)
    (tmp_path / "kubeconfig").write_text(api_server.kubeconfig)
    return ["--kubeconfig", str(tmp_path / "kubeconfig"), "--namespace", "teal"]


def teal(*args: str) -> int:
    """The exit status of a command."""
    with pytest.raises(SystemExit) as ended:
        app(args)
    return int(ended.value.code or 0)


def test_a_flip_becomes_a_file(where: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Or goes where it can be redirected; what is not remembered, or cannot be written, is said."""
    file = tmp_path / "flip.html"
    assert teal("report", "7", "--output", str(file), *where) == 0
    assert file.read_text().startswith("<!doctype html>")
    assert capsys.readouterr().out == f"{file} has the flip now\n"
    assert teal("report", *where) == 0
    assert "Flip 7 of teal was undone" in capsys.readouterr().out
    assert teal("report", "3", *where) == Exit.USAGE
    assert "no flip 3 is remembered" in capsys.readouterr().err
    assert teal("report", "-o", str(tmp_path / "no" / "flip.html"), *where) == Exit.FAILED
    assert "Next: teal report > flip.html" in capsys.readouterr().err


def test_a_report_can_be_read_by_programs(where: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where it was written, or else the flip itself; who is quiet goes by the exit status."""
    file = tmp_path / "flip.html"
    assert teal("report", "--output", str(file), "--json", *where) == 0
    assert json.loads(capsys.readouterr().out) == {"file": str(file), "flip": 7}
    assert teal("report", "--json", *where) == 0
    assert Flip.model_validate_json(capsys.readouterr().out) == REVERTED
    assert teal("report", "3", "--json", *where) == Exit.USAGE
    assert json.loads(capsys.readouterr().out)["exitStatus"] == Exit.USAGE
    assert teal("report", "--quiet", *where) == 0
    assert capsys.readouterr() == ("", "")


def test_a_port_that_is_taken_is_said(where: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """With the command that takes another one."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert teal("ui", "--port", port, *where) == Exit.FAILED
    assert f"port {port} of 127.0.0.1 cannot be had" in capsys.readouterr().err


@pytest.fixture
def page(where: list[str]) -> Iterator[str]:
    """The address that `teal ui` prints; Ctrl-C ends it, also while somebody looks."""
    with subprocess.Popen(
        [sys.executable, "-m", "teal", "ui", *where], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as ui:
        assert ui.stdout is not None
        assert ui.stderr is not None
        try:
            yield ui.stdout.readline().strip()
        finally:
            ui.send_signal(signal.SIGINT)
            assert (ui.wait(30), ui.stderr.read()) == (0, "")


def test_a_page_that_is_open_sees_traffic_move(page: str, api_server: FakeApiServer) -> None:
    """On loopback, at the address that was printed, with the form for whoever has its token."""
    assert page.startswith("http://127.0.0.1:")
    address, _, token = page.partition("?")
    with httpx2.Client(base_url=address, trust_env=False, timeout=60) as browser:
        assert "token=" not in browser.get("/").text
        assert f"approve?{token}" in browser.get(page).text
        with browser.stream("GET", f"/stream?{token}") as stream:
            for line in stream.iter_lines():
                if not line.startswith("data: "):
                    continue
                regions: dict[str, str] = json.loads(line.removeprefix("data: "))["regions"]
                if 'Live traffic of teal: <span class="word green">' in regions.get("headline", ""):
                    break
                if regions:
                    assert token in regions.get("approval", token)
                    api_server.service("backend", "green")
