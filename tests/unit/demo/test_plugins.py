"""Which providers the report names: the versions are the plugins' own words, not those of the SDK."""

from __future__ import annotations

import os
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING

import pytest

from sandbox.cluster.building.engine import write_stand_in
from sandbox.demo.plugins import providers

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """An engine's, which finds no plugin."""
    (tmp_path / "bin").mkdir()
    return {**os.environ, "PATH": str(tmp_path / "bin"), "PULUMI_HOME": str(tmp_path / "home")}


def test_a_plugin_on_the_path_says_which_version_it_is(environ: dict[str, str], tmp_path: Path) -> None:
    """The aws stand-in calls itself one; whatever the SDK asks for."""
    write_stand_in(tmp_path / "bin")
    (found,) = providers(environ, "kubernetes", "aws")
    assert (found.name, found.stand_in) == ("aws", True)
    assert found.version.endswith("+stand-in")


def test_what_is_not_on_the_path_is_of_the_sdks_version(environ: dict[str, str], tmp_path: Path) -> None:
    """An engine takes no other of those that are installed."""
    wanted = version("pulumi-kubernetes")
    (tmp_path / "home" / "plugins" / "resource-kubernetes-v0.0.1").mkdir(parents=True)
    assert providers(environ, "kubernetes") == []
    (tmp_path / "home" / "plugins" / f"resource-kubernetes-v{wanted}").mkdir()
    (found,) = providers(environ, "kubernetes")
    assert (found.version, found.stand_in) == (wanted, False)


def test_a_plugin_that_does_not_answer_has_no_version(environ: dict[str, str], tmp_path: Path) -> None:
    """It is named all the same."""
    plugin = tmp_path / "bin" / "pulumi-resource-kubernetes"
    plugin.write_text(f"#!{sys.executable}\nprint(1)\n")
    plugin.chmod(0o755)
    (found,) = providers(environ, "kubernetes")
    assert found.version == "of unknown version"
