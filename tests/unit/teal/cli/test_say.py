"""What is printed is whole, and nobody has to read it to its end."""

import os
import subprocess
import sys

import pytest
from rich.text import Text

from teal.cli import say
from teal.cli.say import Lines, columns


def test_whoever_reads_no_further_ends_no_command() -> None:
    """`teal deploy | head -1`: what was begun comes to its end, in silence."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as gone:
        lines = Lines()
        lines.file = gone
        lines.print("one")
        lines.print("another")
        assert lines.quiet


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
