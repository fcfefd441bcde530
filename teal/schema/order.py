"""Knows which revision of a schema comes after which, by what the stack declares and never by a name's look. No I/O.

Alembic's revisions are hashes, Django's and Flyway's are names, and others are numbers or dates: what looks like an
order may be none. So the order comes from a service's list of revisions, and from the direction that each release gives
(`down` before `expand` before `contract`). What follows from neither is unknown, and callers are told so.
"""

from collections.abc import Iterable
from itertools import pairwise

MOVING = frozenset(("head", "heads", "latest"))
"""What tools call the last revision in an image, which differs from image to image."""


def moving(revision: str) -> bool:
    """Return whether a revision means the last one of an image, as Alembic's `billing@head` does."""
    return revision.rpartition("@")[2] in MOVING


class Order:
    """What is known of the order of revisions."""

    def __init__(self, *chains: Iterable[str | None]) -> None:
        """Collect it from revisions in their order, the oldest first: a list, or what one release says."""
        self._after: dict[str, set[str]] = {}
        for chain in chains:
            for before, after in pairwise(each for each in chain if each and not moving(each)):
                self._after.setdefault(before, set()).add(after)

    def reaches(self, revision: str, other: str) -> bool | None:
        """Return whether a schema at `revision` has everything that `other` has; None where that is unknown."""
        if moving(revision) or moving(other):
            return None
        if revision == other or revision in self._later(other):
            return True
        return False if other in self._later(revision) else None

    @property
    def contradiction(self) -> str:
        """A revision that would come after itself; empty where there is none."""
        return next((each for each in self._after if each in self._later(each)), "")

    def _later(self, revision: str) -> set[str]:
        """Return all revisions that come after one."""
        found: set[str] = set()
        left = [*self._after.get(revision, ())]
        while left:
            each = left.pop()
            if each not in found:
                found.add(each)
                left.extend(self._after.get(each, ()))
        return found
