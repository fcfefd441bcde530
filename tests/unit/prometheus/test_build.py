"""Compiling Prometheus' commands: once, whole or not at all. A script stands in for the compiler."""

import os
from pathlib import Path

import pytest
from rich.console import Console

from sandbox.cluster.errors import BuildError
from sandbox.cluster.progress import Steps
from sandbox.prometheus import build as compiling

_GO = """\
#!/bin/sh
echo "$*" >> "{calls}"
[ "$1" = env ] && echo go1.26.6 && exit
while [ "$1" != -o ]; do shift; done
echo binary > "$2"
exit {status}
"""


class _Machine:
    """A machine with a `go` on PATH and an empty cache."""

    def __init__(self, folder: Path) -> None:
        self.cache = folder / "cache"
        self.bin = folder / "bin"
        self.calls = folder / "calls"
        self.bin.mkdir()

    def has_go(self, status: int = 0) -> None:
        go = self.bin / "go"
        go.write_text(_GO.format(calls=self.calls, status=status))
        go.chmod(0o755)

    def build(self, command: compiling.Command) -> Path:
        with (self.bin / "output").open("a") as file, Steps(Console(file=file)) as steps:
            return compiling.build(self.cache, command, steps)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> _Machine:
    """The machine the tests build on."""
    machine = _Machine(tmp_path)
    monkeypatch.setenv("PATH", f"{machine.bin}{os.pathsep}/usr/bin{os.pathsep}/bin")
    return machine


def test_a_command_is_compiled_once(machine: _Machine) -> None:
    """What is there by its hash is used as it is; the other command is another build."""
    machine.has_go()
    path = machine.build("promtool")
    assert path.read_text() == "binary\n"
    calls = machine.calls.read_text()
    assert machine.build("promtool") == path == compiling.built(machine.cache, "promtool")
    assert machine.calls.read_text() == calls
    assert compiling.built(machine.cache, "prometheus") is None


def test_what_is_compiled_is_what_is_pinned(machine: _Machine) -> None:
    """The tool-only module decides the version; nothing is fetched by name."""
    machine.has_go()
    machine.build("promtool")
    (command,) = [line for line in machine.calls.read_text().splitlines() if " build " in line]
    assert f"-C {Path(compiling.__file__).parent / 'tools'} " in command
    assert command.endswith("github.com/prometheus/prometheus/cmd/promtool")
    assert f"Version={compiling.version()}" in command


def test_a_failed_build_leaves_nothing_and_says_why(machine: _Machine) -> None:
    """No half-written command is ever taken for a whole one."""
    machine.has_go(status=2)
    with pytest.raises(BuildError, match=r"promtool v0\.\d+\.\d+ is not compiled(.|\n)*exited with 2(.|\n)*GOPROXY"):
        machine.build("promtool")
    assert compiling.built(machine.cache, "promtool") is None
    assert [path for path in (machine.cache / "bin").rglob("*") if path.is_file()] == []
