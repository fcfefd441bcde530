"""Which engine a sandbox has: the machine's own `pulumi` where it is new enough, else one that is compiled."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from sandbox.cluster.building import engine
from sandbox.cluster.progress import Steps
from sandbox.tools import KUBERNETES_PROVIDER, LANGUAGE_HOST, PULUMI

Wanted = Callable[[], tuple[list[str], str]]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is alone on PATH, and a home without plugins."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", os.pathsep.join([str(folder), "/bin"]))
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home"))
    return folder


@pytest.fixture
def wanted(tmp_path: Path) -> Wanted:
    """What has to be compiled, by name, and what is said of it."""

    def ask() -> tuple[list[str], str]:
        with (tmp_path / "said").open("w") as file, Steps(Console(file=file, width=300)) as steps:
            names = [each.name for each in engine.wanted(steps)]
        return names, (tmp_path / "said").read_text()

    return ask


def has(folder: Path, command: str, says: str = "") -> None:
    """Put a command that prints something onto the machine."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / command).write_text(f"#!/bin/sh\necho '{says}'\n")
    (folder / command).chmod(0o755)


@pytest.mark.usefixtures("machine")
def test_a_bare_machine_compiles_all_of_it(wanted: Wanted) -> None:
    """Engine, language host and provider."""
    assert wanted() == ([PULUMI.name, LANGUAGE_HOST.name, KUBERNETES_PROVIDER.name], "")


@pytest.mark.parametrize("version", ["v3.250.0", "v3.274.1", "v4.0.0", "v3.300.0-alpha.1"])
def test_the_machines_own_is_used(machine: Path, wanted: Wanted, version: str) -> None:
    """From the oldest version on whose hooks behave as the program expects."""
    has(machine, "pulumi", version)
    assert wanted() == ([KUBERNETES_PROVIDER.name], "")


@pytest.mark.parametrize("version", ["v3.249.9", "v2.300.0", "", "dev"])
def test_one_that_is_too_old_is_not_and_that_is_said(machine: Path, wanted: Wanted, version: str) -> None:
    """Nor one that does not say how old it is."""
    has(machine, "pulumi", version)
    names, said = wanted()
    assert names == [PULUMI.name, LANGUAGE_HOST.name, KUBERNETES_PROVIDER.name]
    assert f"{machine / 'pulumi'} is Pulumi {version or 'of no version'}, older than {engine.OLDEST}" in said


def test_a_provider_on_path_is_used(machine: Path, wanted: Wanted) -> None:
    """With it and `pulumi`, nothing at all is compiled."""
    has(machine, "pulumi", "v3.274.1")
    has(machine, "pulumi-resource-kubernetes")
    assert wanted() == ([], "")


def test_a_plugin_that_pulumi_installed_is_used(machine: Path, wanted: Wanted, tmp_path: Path) -> None:
    """Where Pulumi keeps its plugins."""
    has(machine, "pulumi", "v3.274.1")
    has(tmp_path / "home/plugins/resource-kubernetes-v4.34.2", "pulumi-resource-kubernetes")
    assert wanted() == ([], "")
