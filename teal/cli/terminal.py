"""Shows the progress of a verb in a terminal: what happens, gates as they decide, and a bar for the bake.

A rollback shows its first line at once: what shows a plan or a bar is imported only when there is one.
"""

import re
from typing import TYPE_CHECKING

from teal.cli.say import Lines, confirmed

if TYPE_CHECKING:
    from rich.progress import Progress

    from teal.plans.model import Plan

_BAKE = re.compile(r"bake of (?P<colour>\w+): (?P<now>\d+) of (?P<whole>\d+) s, (?P<answers>.*)")
"""The progress of a bake, as `teal.flip.watching.bake` says it."""

STYLES = {"PASSED": "green", "FAILED": "red", "INCONCLUSIVE": "yellow", "ERROR": "yellow"}
"""The style in which each outcome is shown."""
_OUTCOME = re.compile("|".join(STYLES))


class Terminal:
    """Shows progress on standard error, since standard output has the result."""

    def __init__(self, *, quiet: bool, yes: bool) -> None:
        """Prepare to show progress.

        Args:
            quiet: show nothing but a question.
            yes: ask nobody.
        """
        self._console = Lines(stderr=True, quiet=quiet)
        self._yes = yes
        self._bar: Progress | None = None

    def line(self, text: str) -> None:
        """Show what happened; a bake's progress moves its bar, in a terminal."""
        found = _BAKE.fullmatch(text)
        if found is not None and self._console.is_terminal:
            return self._bake(found)
        self.end()
        for each in text.splitlines():
            word = _OUTCOME.search(each)
            self._console.print(each, markup=False, style=STYLES.get(word[0]) if word else None)
        return None

    def plan(self, plan: "Plan") -> None:
        """Show what the update will do."""
        from teal.plans import render  # noqa: PLC0415 - see above

        self._console.print(render.text(plan), markup=False)

    def agrees(self, plan: "Plan") -> bool:
        """Ask whether to go on, unless that was answered already."""
        return self._yes or confirmed(f"{plan.word}: go on")

    def end(self) -> None:
        """Remove the bar, and let go of the terminal."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _bake(self, found: re.Match[str]) -> None:
        from rich.progress import (  # noqa: PLC0415 - see above
            BarColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        now, whole = float(found["now"]), float(found["whole"])
        if self._bar is None:
            columns = (
                TextColumn("{task.description}"),
                BarColumn(),
                TimeRemainingColumn(),
                TextColumn("{task.fields[said]}"),
            )
            self._bar = Progress(*columns, console=self._console, transient=True)
            self._bar.add_task(f"bake of {found['colour']}", total=whole, said="")
            self._bar.start()
        self._bar.update(self._bar.task_ids[0], completed=now, said=found["answers"])
