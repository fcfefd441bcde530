"""What a person sees of a demo: steps and live answers per colour on standard error, then the summary on the other."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Self, TypeAlias

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from sandbox.cluster.progress import console
from sandbox.load.records import Mode
from sandbox.report.model import Step
from sandbox.report.page import BARE, behind, clock, engine, known, milliseconds, ran, release, title, undone
from sandbox.report.verdict import WORDS

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Generator
    from pathlib import Path

    from sandbox.report.model import Report, Revert

_STYLES: Final = {"blue": "dodger_blue1", "green": "green3", "lost": "bold red"}
_BAR_CELLS: Final = 28
_REFRESHES_PER_SECOND: Final = 5
_COLUMN: Final = 11  # the longest of the words; the table fits 80 columns

Counts: TypeAlias = "dict[tuple[str, Mode], Counter[str]]"


class Screen:
    """Announces steps and, on a terminal, draws the answers of the last second below the present one."""

    def __init__(self) -> None:
        """Draw on standard error."""
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._counts: Callable[[], Counts] = dict
        self._begun = self._step_begun = time.monotonic()
        self._name = ""
        self._spinner = Spinner("dots")
        self.finished: list[Step] = []
        self._live = Live(
            console=self._console,
            get_renderable=self._render,
            refresh_per_second=_REFRESHES_PER_SECOND,
            transient=True,
        )

    def __enter__(self) -> Self:
        """Begin to draw."""
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End drawing."""
        self._live.stop()

    def live(self, counts: Callable[[], Counts]) -> None:
        """Draw `counts` from now on: each load's outcomes of the last second."""
        self._counts = counts

    @contextmanager
    def step(self, name: str) -> Generator[None]:
        """Announce a step, and say how long it took and who answers now; also if it failed."""
        self._name, self._step_begun = name, time.monotonic()
        if not self._console.is_terminal:
            self._line(f"{name} ...")
        outcome = "failed after"
        try:
            yield
            outcome = "done in"
        finally:
            took = time.monotonic() - self._step_begun
            self.finished.append(Step(name=name, seconds=round(took, 2)))
            now = "; ".join(
                f"{service} {_words(found)}"
                for (service, mode), found in self._counts().items()
                if mode is Mode.NEW_CONNECTIONS
            )
            self._line(f"{name}: {outcome} {took:.1f} s" + (f"   [{now}]" if now else ""))
            self._name = ""

    def say(self, text: str) -> None:
        """Print a line that stays."""
        self._console.print(f"           {text}", markup=False)

    def _line(self, text: str) -> None:
        self._console.print(f"[{time.monotonic() - self._begun:6.1f} s] {text}", markup=False)

    def _render(self) -> Table:
        table = Table.grid(padding=(0, 2))
        if self._name:
            table.add_row(self._spinner, f"{self._name}  {time.monotonic() - self._step_begun:.0f} s")
        for (service, mode), found in self._counts().items():
            bar = Text(f"{f'{service}, {WORDS[mode]}':32} ").append_text(_bar(found)).append(f" {_words(found)}")
            table.add_row("", bar)
        return table


def _words(found: Counter[str]) -> str:
    return ", ".join(f"{what} {count}/s" for what, count in sorted(found.items())) or "no answer"


def _bar(found: Counter[str]) -> Text:
    total = max(1, found.total())
    bar = Text()
    for what, count in sorted(found.items()):
        bar.append("█" * max(1, round(_BAR_CELLS * count / total)), style=_STYLES.get(what, "dim"))
    return bar


def summary(report: Report, folder: Path) -> None:
    """Print what came of it, on standard output."""
    out = console()
    out.print()
    out.print(_flips(report))
    if caveat := behind(report):
        out.print(caveat, markup=False)
    if report.migrations is not None:
        jobs = _table("\nMigrations", "", "", "Job ran", "its first pod", "answers meanwhile")
        for job in report.migrations.jobs:
            jobs.add_row(job.release, f"{job.phase} to {job.revision}", *ran(job))
        out.print(jobs)
        for why in report.migrations.waiting:
            out.print(why, markup=False)
    for refusal in report.refusals:
        by = ", ".join(refusal.by) if refusal.refused else "nobody"
        out.print(f"\nRefused by {by}: {release(refusal)}", style="bold")
        out.print(refusal.reason, markup=False)
    for revert in report.reverts:
        _undone(revert, out)
    out.print()
    for problem in report.problems:
        out.print(f"• {problem}", style="red", markup=False)
    style = "bold green" if report.verdict == "PASSED" else "bold red"
    out.print(
        f"{report.verdict}: {report.lost} of {report.requests} requests lost, {report.mixed} answers of two colours, "
        f"in {report.seconds:.0f} s (router: {report.router})",
        style=style,
        markup=False,
    )
    out.print(engine(report), markup=False)
    out.print(f"{folder / 'report.md'}, report.json, flips.png", markup=False)


def _flips(report: Report) -> Table:
    flips = _table("Flips", "", "")
    for mode in Mode:
        flips.add_column(f"last old answer, {WORDS[mode]}", max_width=_COLUMN)
    flips.add_column("lost")
    for flip in report.flips:
        services = flip.services.values()
        flips.add_row(
            f"{title(flip)}\nup {flip.up_seconds:.1f} s, writes {flip.writes_apart_ms:.0f} ms apart\n"
            f"write to bake {known(flip.write_to_bake_ms)}",
            "\n".join(flip.services),
            *("\n".join(milliseconds(each.write_to_last_old_ms.get(mode)) for each in services) for mode in Mode),
            "\n".join(str(sum(each.lost.values())) for each in services),
        )
    if report.floor is not None:
        bare = f"bare {BARE[report.router]}"
        flips.add_row(bare, "", milliseconds(report.floor_ms), "", str(report.floor.lost))
    return flips


def _undone(revert: Revert, out: Console) -> None:
    out.print(f"\nUndone: {release(revert)}: {undone(revert)}", style="bold")
    out.print(revert.reason, markup=False)
    out.print("After the write: " + "; ".join(f"{what}, {when}" for what, when in clock(revert)), markup=False)
    last = " and ".join(f"{milliseconds(quiet)} on {WORDS[mode]}" for mode, quiet in revert.quiet_ms.items())
    out.print(f"After the write back: its last answers, {last}", markup=False)


def _table(name: str, *heads: str) -> Table:
    table = Table(title=name, title_justify="left", box=None, pad_edge=False, padding=(0, 3, 0, 0))
    for head in heads:
        table.add_column(head)
    return table
