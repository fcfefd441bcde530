"""What is printed is whole, and nobody has to read it to its end."""

import os
import subprocess
import sys

import pytest
from rich.text import Text

from teal.cli import say
from teal.cli.say import Lines, columns


@pytest.mark.parametrize("stderr", [False, True])
def test_whoever_reads_no_further_ends_no_command(monkeypatch: pytest.MonkeyPatch, *, stderr: bool) -> None:
    """`teal deploy | head -1`: what was begun comes to its end, in silence."""
    monkeypatch.setattr(Lines, "unread", False)
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as gone:
        lines = Lines(stderr=stderr)
        lines.file = gone
        lines.print("one")
        lines.print("another")
        assert lines.quiet
    assert Lines.unread is stderr


def test_nobody_says_yes_to_a_question_that_nobody_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    """And nobody waits for an answer: standard error was a pipe whose reader is gone."""
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(sys.stdin, "readline", lambda: "y\n")
    assert say.confirmed("FLIP: go on")
    monkeypatch.setattr(Lines, "unread", True)
    assert not say.confirmed("FLIP: go on")


def test_columns_cut_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """However narrow the terminal is; nor is a text taken for markup."""
    monkeypatch.setenv("COLUMNS", "20")
    shown = columns([("flip", "why"), ("1", "a reason that is longer than that"), ("12", Text("[red]"))])
    lines = Lines()
    with lines.capture() as captured:
        lines.print(shown)
    assert captured.get().splitlines() == ["flip  why", "1     a reason that is longer than that", "12    [red]"]


def test_ctrl_c_is_no_yes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether or not the question was shown by then."""

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(Lines, "print", interrupted)
    assert not say.confirmed("FLIP: go on")


def test_ctrl_c_before_a_command_has_begun() -> None:
    """Nobody sees Python's own words."""
    program = (
        "import teal.cli.app as a\ndef app(): raise KeyboardInterrupt\na.app = app\nfrom teal.cli import main\nmain()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
