"""Ends a command: prints its lines, and sets its exit status."""

import os
import sys
from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import ClassVar, NoReturn

from rich.console import Console
from rich.text import Text

from teal.model.errors import (
    ConfigError,
    DeclinedError,
    ForeignChangeError,
    LockedError,
    NotThereError,
    RefusedError,
    TealError,
    UnconfirmedError,
    UnreachableError,
    UnsafeError,
)


class Exit(IntEnum):
    """What the exit status of each command means (docs/commands.md); a number never gets another meaning."""

    OK = 0
    """Done."""
    FAILED = 1
    """It could not be done; standard error says why."""
    USAGE = 2
    """It cannot be asked for: an unknown option, a colour without a release, a config that is wrong."""
    UNCONFIRMED = 3
    """Traffic moved, and the move was not confirmed. `status`: traffic is where nobody confirmed it. `migrations
    status`: something is to be migrated, or waits."""
    UNSAFE = 4
    """The update is refused before anything is touched, or does what was not allowed."""
    REFUSED = 5
    """It was measured and not proven, or somebody else moves this traffic: nothing moved. `migrations`: the schema is
    not as it should be, or a step would go past what has not run."""
    LOCKED = 6
    """Another update of the stack is under way, or died and left its lock."""
    UNREACHABLE = 7
    """The cluster, or the cloud, does not answer."""
    DECLINED = 8
    """Somebody was asked whether to go on, and did not say yes."""
    UNWELL = 9
    """`health-check`: the live colour, or the one that was asked for, is not well. `check`: something failed."""
    UNKNOWN = 10
    """`check`: nothing failed, and something could not be told."""


_OF: tuple[tuple[type[TealError], Exit], ...] = (
    (UnsafeError, Exit.UNSAFE),
    (RefusedError, Exit.REFUSED),
    (ForeignChangeError, Exit.REFUSED),
    (UnconfirmedError, Exit.UNCONFIRMED),
    (ConfigError, Exit.USAGE),
    (NotThereError, Exit.USAGE),
    (LockedError, Exit.LOCKED),
    (UnreachableError, Exit.UNREACHABLE),
    (DeclinedError, Exit.DECLINED),
)


def exit_of(error: TealError) -> Exit:
    """Return the exit status of an error."""
    return next((status for kind, status in _OF if isinstance(error, kind)), Exit.FAILED)


class Lines(Console):
    """Prints texts as they are: no line is broken or cut, and where nobody reads on, it is silent.

    A command that ended there, as Rich has it, would leave halfway what it has begun.
    """

    unread: ClassVar[bool] = False
    """Whether nobody reads standard error any more, where questions are asked."""

    def __init__(self, *, stderr: bool = False, quiet: bool = False) -> None:
        """Prepare to print."""
        super().__init__(stderr=stderr, quiet=quiet, soft_wrap=True, highlight=False, emoji=False)

    def on_broken_pipe(self) -> None:
        """Go on in silence."""
        self.quiet = True
        Lines.unread = Lines.unread or self.stderr
        os.dup2(os.open(os.devnull, os.O_WRONLY), self.file.fileno())


def columns(rows: Iterable[Sequence[str | Text]]) -> Text:
    """Return rows as lines in which cells stand below each other; a narrow terminal breaks them, and cuts nothing."""
    table = [[Text.assemble(cell) for cell in row] for row in rows]
    widths = [max(cell.cell_len for cell in column) for column in zip(*table, strict=True)]
    for row in table:
        for cell, width in zip(row[:-1], widths, strict=False):
            cell.pad_right(width - cell.cell_len)
    return Text("\n").join(Text("  ").join(row) for row in table)


def say(text: str) -> None:
    """Print a text as it is: no line is broken, and nothing in it is taken for markup."""
    Lines().print(text.rstrip("\n"), markup=False)


def fail(text: str | TealError, status: Exit | None = None) -> NoReturn:
    """Print a text to standard error in the same way, and end the command with this status, or else the error's own."""
    Lines(stderr=True).print(str(text), markup=False)
    sys.exit(status or (exit_of(text) if isinstance(text, TealError) else Exit.FAILED))


def confirmed(question: str) -> bool:
    """Ask somebody at a terminal; where there is none, or nobody reads the question, nobody says yes."""
    if not sys.stdin.isatty():
        return False
    try:
        Lines(stderr=True).print(f"{question}? [y/N] ", end="", markup=False)
        if Lines.unread:
            return False
        return sys.stdin.readline().strip().lower() in {"y", "yes"}
    except KeyboardInterrupt:
        return False
