"""What a person sees of a demo: steps and live answers per colour on standard error, then the summary on the other."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Self

from rich.console import Console
from rich.table import Table

from sandbox.cluster.progress import Steps, console
from sandbox.load.records import Mode
from sandbox.report.model import Report, Step
from sandbox.report.page import milliseconds
from sandbox.report.verdict import WORDS

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Generator
    from pathlib import Path

_STYLES: Final = {"blue": "dodger_blue1", "green": "green3", "lost": "bold red"}
_BAR_CELLS: Final = 16
_REFRESH_SECONDS: Final = 0.2


class Screen:
    """Announces steps and draws the answers of the last second beside them."""

    def __init__(self) -> None:
        """Draw on standard error."""
        self._console = Console(stderr=True, highlight=False)
        self._steps = Steps(self._console)
        self._done = threading.Event()
        self._ticker: threading.Thread | None = None
        self.finished: list[Step] = []

    def __enter__(self) -> Self:
        """Begin to draw."""
        self._steps.__enter__()
        return self

    def __exit__(self, *raised: object) -> None:
        """End drawing."""
        self._done.set()
        if self._ticker:
            self._ticker.join()
        self._steps.__exit__(*raised)  # pyright: ignore[reportArgumentType] - the three of the protocol, passed on

    def live(self, counts: Callable[[], dict[Mode, Counter[str]]]) -> None:
        """Draw `counts` from now on: each mode's outcomes of the last second."""

        def tick() -> None:
            while not self._done.wait(_REFRESH_SECONDS):
                self._steps.update(self._detail(counts()))

        self._ticker = threading.Thread(target=tick, daemon=True)
        self._ticker.start()

    @contextmanager
    def step(self, name: str) -> Generator[None]:
        """Announce a step, and say how long it took, also if it failed."""
        self._steps.step(name)
        begun = time.monotonic()
        try:
            yield
        finally:
            self.finished.append(Step(name=name, seconds=round(time.monotonic() - begun, 2)))

    def say(self, text: str) -> None:
        """Print a line that stays."""
        self._steps.say(text)

    def _detail(self, counts: dict[Mode, Counter[str]]) -> str:
        return "   ".join(f"{WORDS[mode]} {self._bar(found)}" for mode, found in counts.items())

    def _bar(self, found: Counter[str]) -> str:
        words = ", ".join(f"{what} {count}/s" for what, count in sorted(found.items())) or "no answer"
        if not self._console.is_terminal:
            return words
        total = max(1, found.total())
        bar = "".join(
            f"[{_STYLES.get(what, 'dim')}]{'█' * max(1, round(_BAR_CELLS * count / total))}[/]"
            for what, count in sorted(found.items())
        )
        return f"{bar} {words}"


def summary(report: Report, folder: Path) -> None:
    """Print what came of it, on standard output."""
    out = console()
    flips = Table(title="Flips", title_justify="left", box=None, pad_edge=False, padding=(0, 3, 0, 0))
    for head in ("", *(f"last old answer,\n{WORDS[mode]}" for mode in Mode), "pulumi up", "lost"):
        flips.add_column(head)
    for flip in report.flips:
        flips.add_row(
            f"{flip.from_} → {flip.to} {flip.version}",
            *(milliseconds(flip.write_to_last_old_ms.get(mode)) for mode in Mode),
            f"{flip.up_seconds:.1f} s",
            str(sum(flip.lost.values())),
        )
    if report.floor is not None:
        flips.add_row("bare kubectl patch", milliseconds(report.floor_ms), "", "", str(report.floor.lost))
    out.print()
    out.print(flips)
    for refusal in report.refusals:
        out.print(f"\nRefused: {refusal.to} {refusal.version}", style="bold")
        out.print(refusal.reason, markup=False)
    out.print()
    for problem in report.problems:
        out.print(f"• {problem}", style="red", markup=False)
    style = "bold green" if report.verdict == "PASSED" else "bold red"
    out.print(
        f"{report.verdict}: {report.lost} of {report.requests} requests lost in {report.seconds:.0f} s "
        f"(engine: {report.engine})",
        style=style,
        markup=False,
    )
    out.print(f"{folder / 'report.md'}, report.json, flips.png", markup=False)
