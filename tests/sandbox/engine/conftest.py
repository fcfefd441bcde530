"""The compiled engine, and a project for each test."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from sandbox.cluster.building import engine
from sandbox.cluster.building.compiling import build_all
from sandbox.cluster.cache import cache_folder
from sandbox.cluster.progress import Steps
from sandbox.tools import LANGUAGE_HOST, PULUMI
from tests.sandbox.engine.tiny import STACK, Tiny, environ


@pytest.fixture(scope="package")
def commands() -> Sequence[Path]:
    """Folders with the engine and the language host, and with uv."""
    if engine.installed():
        pytest.skip("the machine's own pulumi is used, which has a language host of its own")
    with Steps() as steps:
        return [*build_all([PULUMI, LANGUAGE_HOST], cache_folder(), steps), cache_folder() / "uv" / "bin"]


@pytest.fixture
def tiny(commands: Sequence[Path], tmp_path: Path) -> Tiny:
    """A project with a stack that exports a text."""
    home = tmp_path / "home"
    home.mkdir()
    made = Tiny(folder=tmp_path / "tiny", environ=environ(commands, home))
    made.folder.mkdir()
    made.program("pulumi.export('said', 'well')")
    made.pulumi("stack", "init", STACK)
    return made
