"""Saying what is being done, how far it is and how long it has taken: live on a terminal, in lines elsewhere.

Always on standard error: standard output is for results.
"""

import sys
import threading
import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn


class Steps:
    """Steps one after another, each with an optional count; the last one is finished by leaving the `with` block."""

    def __init__(self, console: Console | None = None, *, line_every_s: float = 10.0) -> None:
        """Write to `console`, by default standard error; where it is no terminal, a line every `line_every_s`."""
        self._line_every_s = line_every_s
        self._console = console or Console(stderr=True, highlight=False)
        self._begun = time.monotonic()
        self._live: Progress | None = None
        self._task: TaskID | None = None
        self._title = self._detail = ""
        self._step_begun = self._begun
        self._ended = threading.Event()
        self._ticker = threading.Thread(target=self._tick, daemon=True)
        if self._console.is_terminal:
            self._live = Progress(
                SpinnerColumn(),
                TextColumn("{task.description}"),
                BarColumn(bar_width=24),
                TextColumn("{task.fields[detail]}"),
                TimeElapsedColumn(),
                console=self._console,
            )

    def __enter__(self) -> Self:
        """Begin to draw."""
        (self._live or self._ticker).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Finish the last step; a failed one is not called done."""
        self._finish(failed=kind is not None)
        self._ended.set()
        if self._live:
            self._live.stop()
        else:
            self._ticker.join()

    def step(self, title: str) -> None:
        """Begin the step `title`; the one before it is done."""
        self._finish()
        self._title, self._detail = title, ""
        self._step_begun = time.monotonic()
        if self._live:
            self._task = self._live.add_task(title, total=None, detail="")
        else:
            self._line("...")

    def update(self, detail: str, done: int | None = None, total: int | None = None) -> None:
        """Say how far the step is: `detail` in words, `done` of `total` for the bar."""
        self._detail = detail
        if self._live and self._task is not None:
            self._live.update(self._task, detail=detail, completed=done, total=total)

    def say(self, text: str) -> None:
        """A line that stays."""
        self._console.print(text, markup=False)

    def _finish(self, *, failed: bool = False) -> None:
        if not self._title:
            return
        took = time.monotonic() - self._step_begun
        if self._live and self._task is not None:
            self._live.remove_task(self._task)
        if not failed:
            self._line(f"done in {took:.1f} s")
        self._title, self._task = "", None

    def _tick(self) -> None:
        """Where nobody draws, say now and then what is being done: a compiler may be silent for a minute."""
        while not self._ended.wait(self._line_every_s):
            if self._title:
                self._line(f"{self._detail or 'at it'} ({time.monotonic() - self._step_begun:.0f} s)")

    def _line(self, text: str) -> None:
        elapsed = time.monotonic() - self._begun
        self._console.print(f"[{elapsed:6.1f} s] {self._title}: {text}", markup=False, soft_wrap=True)


def console() -> Console:
    """Standard output, for results."""
    return Console(file=sys.stdout, highlight=False, soft_wrap=True)
