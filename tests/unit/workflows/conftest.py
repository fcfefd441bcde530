"""The world of each test that runs a step."""

import re
import sys
from pathlib import Path

import pytest

from teal.plans.render import MARKER
from tests.unit.workflows.reading import ROOT
from tests.unit.workflows.world import OWN, STAND_IN, World


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A stack whose file says green."""
    for folder in ("bin", "stacks", ".venv"):
        (tmp_path / folder).mkdir()
    (tmp_path / ".venv" / "ready").touch()
    (tmp_path / OWN).write_text("config:\n  teal:activeColour: green\n")
    makefile = ROOT / "Makefile"
    settings = [line for line in makefile.read_text().splitlines() if re.match(r"\.?SHELL", line)]
    own = [f"PYTHON := {sys.executable}", "TEAL ?= teal", f"include {ROOT / '.github' / 'delivery.mk'}"]
    (tmp_path / "Makefile").write_text("\n".join([*settings, *own, ""]))
    for name in ("pulumi", "teal", "gh", "docker", "git", "curl"):
        command = tmp_path / "bin" / name
        command.write_text(STAND_IN.format(python=sys.executable, marker=MARKER))
        command.chmod(0o755)
    return World(tmp_path)
