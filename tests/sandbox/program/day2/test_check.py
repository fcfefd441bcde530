"""`teal check` on a cluster: both colours are looked at from all sides, and nothing of them changes."""

import json
import shlex
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from sandbox.cluster.environment import Sandbox
from teal.cli.say import Exit
from tests.sandbox.program.stacks import WORK_TREE, Stack
from tests.sandbox.program.terminal import Terminal

pytestmark = pytest.mark.timeout(300)

NAME = "test-check"
WATCH = "localhost/teal/watch:1"
SETTINGS = {
    "prometheus": {"url": "http://127.0.0.1:9090"},
    # There is no cluster DNS here, so pods reach what they need by its address: the API server stands for that.
    "backing": {
        "model": {
            "kind": "ollama",
            "url": "http://192.0.2.10:6443",
            "network": {"cidrs": ["192.0.2.10/32"], "ports": [6443]},
        }
    },
    "services.backend.backing": ["model"],
    "services.backend.network.dns": None,
    "services.backend.probePath": "/pricing",
    "services.backend.gates.contract": {},
}
SOON_SECONDS = 60
"""For Prometheus and the metrics API to have measured new pods, which they do every 15 s or so."""


def check(of: Terminal, *args: str) -> subprocess.CompletedProcess[str]:
    """Check the stack, however it ends."""
    return of.run(shlex.join(["teal", "check", *args, "--stack", NAME]), status=None)


@pytest.fixture(scope="module")
def checked(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory, node_port: int) -> Iterator[Terminal]:
    """Blue live, green warm."""
    folder = tmp_path_factory.mktemp("check")
    stack = Stack.create(sandbox, NAME, folder, node_port)
    for key, value in SETTINGS.items():
        stack.write(key, value)
    stack.up()
    yield Terminal.of(stack, folder)
    stack.kubectl("delete", "namespace", NAME, "--ignore-not-found", "--wait=false")


def test_a_warm_colour_passes_whatever_is_asked(checked: Terminal, tmp_path: Path) -> None:
    """Policies, network and load included; pods and traffic stay as they are."""
    give_up = time.monotonic() + SOON_SECONDS
    while (
        done := check(checked, "green", "--load", "2s", "--skip", "security", "--skip", "reach")
    ).returncode != Exit.OK:
        assert time.monotonic() < give_up, done.stdout + done.stderr
        time.sleep(3)
    before = checked.stack.versions()
    junit = tmp_path / "check.xml"
    load = "--load", "3s", "--rate", "20"
    policies = "--policies", str(WORK_TREE / "policies")
    done = check(checked, "green", *load, *policies, "--image", WATCH, "--junit", str(junit), "--json")
    assert done.returncode in {Exit.OK, Exit.UNKNOWN}, done.stdout + done.stderr
    found = json.loads(done.stdout)
    passed = {each["gate"] for each in found["verdicts"] if each["outcome"] == "PASSED"}
    assert {"capacity", "paths", "metrics.availability", "reach.model", "usage", "load"} <= passed
    # A policy may have advice: what it could not judge before an update.
    unknown = [each["gate"] for each in found["verdicts"] if each["outcome"] != "PASSED"]
    assert [each for each in unknown if not each.startswith("security.")] == []
    assert found["load"]["backend"]["succeeded"] == found["load"]["backend"]["requests"] > 0
    (suite,) = ET.parse(junit).getroot()  # noqa: S314 - our own
    assert (suite.attrib["failures"], int(suite.attrib["errors"])) == ("0", len(unknown))
    assert checked.stack.versions() == before
    assert checked.stack.live() == "blue"


def test_what_is_gone_is_found(checked: Terminal) -> None:
    """On the live colour as well, whose other checks pass."""
    checked.stack.kubectl("delete", "poddisruptionbudget", "backend-blue")
    done = check(checked, "blue", "--skip", "security", "--skip", "reach")
    assert done.returncode == Exit.UNWELL, done.stdout + done.stderr
    (failed,) = [line for line in done.stdout.splitlines() if line.startswith("FAILED")]
    assert "resources.budget of backend: backend-blue: it is not there" in failed
