"""Which revision of a schema comes after which: as the stack declares it, never by how a name looks. No I/O.

Alembic's revisions are hashes, Django's and Flyway's are names, and others are
numbers or dates: what looks like an order may be none. So it is taken from
what is said: a service's list of its revisions, and the direction that each
release gives (`down` before `expand` before `contract`). What follows from
neither is unknown, and whoever asks is told so.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Protocol

MOVING = frozenset(("head", "heads", "latest"))
"""What tools call the last revision that an image has: in each image it is another one."""


class Said(Protocol):
    """What one release says of the schema: `teal.schema.migrations.Schema`, and the setting of that name."""

    @property
    def expand(self) -> str:
        """From where on it works."""
        ...

    @property
    def contract(self) -> str | None:
        """The revision up to which the release does without what migrations drop."""
        ...

    @property
    def down(self) -> str | None:
        """The revision to which the schema is taken back."""
        ...


def moving(revision: str) -> bool:
    """Whether a revision is whatever comes last in an image; Alembic's `billing@head` is."""
    return revision.rpartition("@")[2] in MOVING


class Order:
    """What is known of which revision comes after which."""

    def __init__(self, listed: Sequence[str], said: Iterable[Said]) -> None:
        """Take it from a list of revisions, oldest first, and from what releases say."""
        self._after: dict[str, set[str]] = {}
        for chain in (listed, *((each.down, each.expand, each.contract) for each in said)):
            for before, after in pairwise(each for each in chain if each and not moving(each)):
                self._after.setdefault(before, set()).add(after)

    def reaches(self, revision: str, other: str) -> bool | None:
        """Whether a schema at `revision` has all that `other` has; None where nothing says so."""
        if moving(revision) or moving(other):
            return None
        if revision == other or revision in self._later(other):
            return True
        return False if other in self._later(revision) else None

    @property
    def contradiction(self) -> str:
        """A revision that comes after itself, by what is said; empty where there is none."""
        return next((each for each in self._after if each in self._later(each)), "")

    def _later(self, revision: str) -> set[str]:
        """All revisions that come after one."""
        found: set[str] = set()
        left = [*self._after.get(revision, ())]
        while left:
            each = left.pop()
            if each not in found:
                found.add(each)
                left.extend(self._after.get(each, ()))
        return found
