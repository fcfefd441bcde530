"""Defines the result of a verb, and the interface through which it reports progress and asks."""

from typing import Protocol

from teal.history.model import Flip
from teal.model.colours import Colour
from teal.model.stored import Model
from teal.plans.model import Plan, Word


class Done(Model):
    """The result of a verb that came to its end."""

    verb: str
    stack: str
    file: str
    """The stack's file."""
    wrote: tuple[str, ...] = ()
    """What was changed in the file, in words."""
    word: Word = Word.NOTHING
    """The word of the update's plan."""
    live: Colour | None = None
    """Where live traffic goes now; None where that is no single colour."""
    confirmed: Colour | None = None
    version: str = ""
    """The version that is live."""
    flip: Flip | None = None
    """The flip that the verb brought about; None where no traffic moved."""
    moved_in_seconds: float | None = None
    """The seconds from a rollback's beginning to traffic on the other colour, where no engine was needed to move it."""

    def __str__(self) -> str:
        """Return the result in a sentence."""
        live = f"live traffic is on {self.live} {self.version}".rstrip() if self.live else "nothing is live"
        kept = ", confirmed" if self.live and self.live is self.confirmed else ""
        return f"{self.verb}: {self.word}; {live}{kept}"


class Teller(Protocol):
    """Who is told of a verb's progress, and asked before anything is done."""

    def line(self, text: str) -> None:
        """Tell of something that happened."""
        ...

    def plan(self, plan: Plan) -> None:
        """Show what the update will do."""
        ...

    def agrees(self, plan: Plan) -> bool:
        """Return whether to go on."""
        ...


class Quiet:
    """A teller that shows nothing, and agrees to all that is not refused."""

    def line(self, text: str) -> None:
        """Show nothing."""

    def plan(self, plan: Plan) -> None:
        """Show nothing."""

    def agrees(self, plan: Plan) -> bool:
        """Go on."""
        del plan
        return True
