"""The Python that programs run in: what is said of it, and where there is none yet."""

import json
import shutil
from importlib.metadata import version
from typing import Any

import pytest

from sandbox.cluster.environment import WORK_TREE
from tests.sandbox.engine.tiny import Tiny


def about(tiny: Tiny) -> dict[str, Any]:
    """`pulumi about`, behind its warnings."""
    said = tiny.pulumi("about", "--json").stdout
    return json.loads(said[said.index("{") :])


def test_about_says_which_python_runs_the_program(tiny: Tiny) -> None:
    """And by which toolchain."""
    python = about(tiny)["runtime"]
    assert python["executable"] == str(WORK_TREE / ".venv/bin/python")
    assert python["toolchain"] == "Uv"


@pytest.mark.timeout(180)
def test_an_environment_that_is_missing_is_made(tiny: Tiny) -> None:
    """From the lock file, as a fresh checkout has it; `pulumi about` then lists what is in it."""
    for name in ("pyproject.toml", "uv.lock", "README.md"):
        shutil.copy(WORK_TREE / name, tiny.folder)
    tiny.program("pulumi.export('made', __import__('sys').prefix)", virtualenv=".venv")
    tiny.up()
    assert tiny.pulumi("stack", "output", "made").stdout.strip() == str(tiny.folder / ".venv")
    assert {"name": "pulumi", "version": version("pulumi")} in about(tiny)["dependencies"]
