"""What a command leaves behind: lines, and an exit status."""

import sys
from enum import IntEnum
from typing import NoReturn

from rich.console import Console


class Exit(IntEnum):
    """What the exit status means."""

    OK = 0
    FAILED = 1
    """Could not be done; standard error says why."""
    UNCONFIRMED = 3
    """`watch`: a flip was not confirmed. `status`: one is open, or traffic is where nobody confirmed it."""
    UNSAFE = 4
    """`plan`: the update is refused, or does what `--allow` does not name."""


def say(text: str) -> None:
    """Print it as it is: no line is broken, and nothing in it is taken for markup."""
    Console(soft_wrap=True, highlight=False, emoji=False).print(text.rstrip("\n"), markup=False)


def fail(text: str) -> NoReturn:
    """Print it to standard error in the same way, and end the command."""
    Console(stderr=True, soft_wrap=True, highlight=False, emoji=False).print(text, markup=False)
    sys.exit(Exit.FAILED)
