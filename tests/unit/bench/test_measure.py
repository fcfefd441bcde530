"""Running a command: what it took, and what becomes of one that fails."""

import os
import sys
from pathlib import Path

import pytest

from bench.__main__ import main
from bench.measure import Took, run
from sandbox.cluster.errors import ExitCode, SandboxError


def python(code: str, log: Path) -> Took:
    """Run a line of Python."""
    return run([sys.executable, "-c", code], log=log, environ=os.environ, cwd=log.parent)


def test_children_count(tmp_path: Path) -> None:
    """CPU time and memory are those of all that the command started, not of itself alone."""
    work = "x = bytearray(300 << 20)\nfor _ in range(3_000_000): pass"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {work!r}])"
    took = python(code, tmp_path / "log")
    assert took.peak_mib > 300
    assert took.cpu_seconds > 0
    assert took.cpu_seconds > python("pass", tmp_path / "log").cpu_seconds


def test_a_failure_says_what_was_printed(tmp_path: Path) -> None:
    """A command that failed is no measurement: its last words, its status and where to read on."""
    log = tmp_path / "log"
    with pytest.raises(SandboxError, match=r"(?s)exit status 3.*no such stack.*" + str(log)):
        python("import sys; print('no such stack', file=sys.stderr); sys.exit(3)", log)


def test_lines_come_with_their_time(tmp_path: Path) -> None:
    """Every line of standard output, in order, and in the log as well."""
    seen: list[tuple[str, float]] = []
    run(
        [sys.executable, "-c", "print('one'); print('two')"],
        log=tmp_path / "log",
        environ=os.environ,
        cwd=tmp_path,
        each_line=lambda line, seconds: seen.append((line, seconds)),
    )
    assert [line for line, _ in seen] == ["one\n", "two\n"]
    assert 0 < seen[0][1] <= seen[1][1]
    assert "one\ntwo\n" in (tmp_path / "log").read_text()


@pytest.mark.parametrize(
    "arguments", [["--services", "1,x"], ["--services", "0"], ["--services", "101"], ["--runs", "0"]]
)
def test_what_cannot_be_measured_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Before anything is started, with the argument and one that would do."""
    assert main(["growth", *arguments]) == ExitCode.USAGE
    said = capsys.readouterr().err
    assert arguments[1] in said
    assert "Say" in said
