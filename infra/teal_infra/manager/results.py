"""What a verb comes to, and whom it tells on the way."""

from typing import Protocol

from teal.history.model import Flip, Model
from teal.model.colours import Colour
from teal.plans.model import Plan, Word


class Done(Model):
    """A verb that came to its end."""

    verb: str
    stack: str
    file: str
    """The stack's file."""
    wrote: tuple[str, ...] = ()
    """What was changed in it, in words."""
    word: Word = Word.NOTHING
    """Of the plan."""
    live: Colour | None = None
    """Where live traffic goes now; None where that is no single colour."""
    confirmed: Colour | None = None
    version: str = ""
    """What is live."""
    flip: Flip | None = None
    """That the verb brought about; None where no traffic moved."""
    moved_in_seconds: float | None = None
    """From the beginning of a rollback to traffic on the other colour, where it moved without an engine."""

    def __str__(self) -> str:
        """In a sentence."""
        live = f"live traffic is on {self.live} {self.version}".rstrip() if self.live else "nothing is live"
        kept = ", confirmed" if self.live and self.live is self.confirmed else ""
        return f"{self.verb}: {self.word}; {live}{kept}"


class Teller(Protocol):
    """Who is told of a verb's progress, and asked before anything is done."""

    def line(self, text: str) -> None:
        """Something that happened."""
        ...

    def plan(self, plan: Plan) -> None:
        """What the update will do."""
        ...

    def agrees(self, plan: Plan) -> bool:
        """Whether to go on."""
        ...


class Quiet:
    """Is told nothing, and agrees to all that is not refused."""

    def line(self, text: str) -> None:
        """Nobody reads it."""

    def plan(self, plan: Plan) -> None:
        """Nobody reads it."""

    def agrees(self, plan: Plan) -> bool:
        """Go on."""
        del plan
        return True
