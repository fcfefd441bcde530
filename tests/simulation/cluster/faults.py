"""Decides what goes wrong between a client and the API server, from the seed, for each request by its name and number.

A fault depends only on the request that it befalls, so that one can be left out and the others stay.
"""

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from tests.simulation.cluster.api import Asked
from tests.simulation.cluster.world import chance


class Trouble(StrEnum):
    """What may befall a request."""

    REFUSED = "refused connection"
    BUSY = "429 of the API server"
    AWAY = "503 of the API server"
    BROKEN = "500 of the API server"
    GATEWAY = "502 of what stands before the API server"
    CONFLICT = "409 of the API server"
    LOST = "answer lost, request taken"
    SLOW = "slow"
    SILENT = "request lost, no answer"


READS = (Trouble.REFUSED, Trouble.BUSY, Trouble.AWAY, Trouble.BROKEN, Trouble.GATEWAY, Trouble.SLOW, Trouble.SILENT)
WRITES = (*READS, Trouble.CONFLICT, Trouble.LOST)
SLOWEST = 9.0
KEEPER = "the first owner"
"""The name of whoever bakes first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """One thing that goes wrong with one request."""

    trouble: Trouble
    seconds: float = 0
    """The seconds until a slow request arrives."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outage:
    """A time in which every request of some clients has the same trouble."""

    begin: float
    end: float
    trouble: Trouble
    actor: str = ""
    """The client whose requests it befalls; empty for everybody's."""
    anchored: bool = False
    """Whether its time counts from the first bake."""

    def __str__(self) -> str:
        """Return it in words, for the script."""
        since = " of the first bake" if self.anchored else ""
        return f"{self.begin:.1f}-{self.end:.1f} s{since}: {self.trouble} for {self.actor or 'everybody'}"


@dataclass(kw_only=True, slots=True)
class Faults:
    """Decides over every request, and remembers what went wrong."""

    seed: int
    rate: float
    """The share of requests that something befalls."""
    clock: Callable[[], float]
    outages: tuple[Outage, ...] = ()
    left_out: frozenset[str] = frozenset()
    """The names of faults that do not happen, which shrinking leaves out."""
    calm: bool = False
    anchor: float = math.inf
    """When the first bake began."""
    owner: str = ""
    """The name of whoever began the first bake."""
    happened: list[tuple[float, str, str]] = field(default_factory=list[tuple[float, str, str]])
    """When each fault happened, its name, and what it was."""
    _numbers: Counter[str] = field(default_factory=Counter[str])

    def befalls(self, asked: Asked) -> Fault | None:
        """Return what goes wrong with a request; None where nothing does."""
        name = f"{asked.actor} {asked.what}"
        self._numbers[name] += 1
        if self.calm:
            return None
        found, name = self._drawn(asked, f"{name} #{self._numbers[name]}")
        if found is None or not self.happens(name, f"{found.trouble} {found.seconds or ''}".strip()):
            return None
        return found

    def happens(self, name: str, what: str) -> bool:
        """Return whether something that the scenario has in store happens, and note it."""
        if name in self.left_out:
            return False
        self.happened.append((self.clock(), name, what))
        return True

    def _meets(self, outage: Outage, asked: Asked) -> bool:
        return outage.actor in {"", asked.actor} or (outage.actor == KEEPER and asked.actor == self.owner)

    def _drawn(self, asked: Asked, name: str) -> tuple[Fault | None, str]:
        now = self.clock()
        for each in self.outages:
            since = now - self.anchor if each.anchored else now
            if each.begin <= since < each.end and self._meets(each, asked) and str(each) not in self.left_out:
                return Fault(trouble=each.trouble), f"{each}"
        draw = chance(self.seed, name)
        if draw >= self.rate:
            return None, name
        kinds = READS if asked.method == "GET" else WRITES
        trouble = kinds[int(draw / self.rate * len(kinds))]
        seconds = round(SLOWEST * chance(self.seed, name, "slow"), 1) if trouble is Trouble.SLOW else 0
        return Fault(trouble=trouble, seconds=seconds), name
