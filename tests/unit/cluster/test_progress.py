"""Progress: lines where nobody draws, drawn where somebody looks, and never a failure called done."""

import io
import threading

import pytest
from rich.console import Console

from sandbox.cluster.progress import Steps


def _console(*, terminal: bool) -> tuple[Console, io.StringIO]:
    file = io.StringIO()
    return Console(file=file, force_terminal=terminal, width=120), file


def test_without_a_terminal_each_step_is_two_lines() -> None:
    """When it began, and how long it took."""
    console, file = _console(terminal=False)
    with Steps(console) as steps:
        steps.step("first")
        steps.update("1 of 2", 1, 2)
        steps.step("second")
    lines = [line.partition("] ")[2] for line in file.getvalue().splitlines()]
    assert [line.rpartition(" in ")[0] or line for line in lines] == [
        "first: ...",
        "first: done",
        "second: ...",
        "second: done",
    ]


class _Heard(io.StringIO):
    """A file that tells when a text was written to it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.there = threading.Event()
        self._text = text

    def write(self, text: str, /) -> int:
        if self._text in text:
            self.there.set()
        return super().write(text)


def test_a_long_step_is_not_silent() -> None:
    """The compiler says nothing for a minute while it links."""
    file = _Heard("3 of 9 packages (0 s)")
    with Steps(Console(file=file, width=120), line_every_s=0.01) as steps:
        steps.step("compiling")
        steps.update("3 of 9 packages", 3, 9)
        assert file.there.wait(5)


@pytest.mark.parametrize("terminal", [True, False])
def test_a_failed_step_is_not_called_done(terminal: bool) -> None:  # noqa: FBT001 - pytest passes it by name
    """The error that follows would be doubted."""
    console, file = _console(terminal=terminal)

    def fail() -> None:
        with Steps(console) as steps:
            steps.step("first")
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fail()
    assert "done" not in file.getvalue()


def test_a_terminal_keeps_only_what_is_done() -> None:
    """Bars are drawn while a step lasts; its one line stays."""
    console, file = _console(terminal=True)
    with Steps(console) as steps:
        steps.step("compiling")
        steps.update("3 of 9 packages", 3, 9)
    assert "\x1b[?25l" in file.getvalue()  # the cursor is hidden: something was drawn
    assert "compiling: done in" in file.getvalue()
    assert "compiling: ..." not in file.getvalue()
