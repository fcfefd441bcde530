"""Checks what is decided of a release against what its live traffic met: it fails, or it does not."""

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from teal.history.model import Flip
from teal.model.verdict import Outcome
from tests.simulation.checks.seen import Seen
from tests.simulation.cluster.wire import Actor
from tests.simulation.cluster.world import Release, Served, World

CLEARLY = 0.4
"""The share of live requests failing from which no bake may take a release for well (its bound is 0.05)."""
ENOUGH = 40
"""The number of live requests that such a share rests on."""
SCRAPED = 4.0
"""The seconds of scrapes after which a bake may go by the numbers that it has."""
CLIENTS_ENOUGH = 8
"""The number of live requests, all answered well, by which a healthy release shows itself: two looks."""


@dataclass(kw_only=True, slots=True)
class Answers:
    """What clients were answered by each release."""

    world: World
    actors: Mapping[str, Actor]
    releases: Mapping[str, Release]
    seen: Seen

    def blamed(self, flip: Flip) -> Iterator[str]:
        """Yield what is wrong with a flip that was undone, where its release does not fail."""
        if self.releases[flip.version].failing or self.world.flapped:
            return
        seen = [each for name in flip.plan.services for each in self._met(name, flip)]
        asked, failed = sum(each.asked for each in seen), sum(each.failed for each in seen)
        blamed = [each for each in flip.verdicts if each.outcome is Outcome.FAILED and each.gate != "bake-route"]
        began = self.seen.baking.get(flip.number, (0.0, ""))[0]
        swallowed = sum(at >= began for actor in self.actors.values() for at in actor.swallowed)
        if asked >= CLIENTS_ENOUGH and not failed and any(_failures(each.seen) > swallowed for each in blamed):
            yield f"{flip}. {flip.reason[:200]}; all of {asked} live requests were well"

    def _met(self, service: str, flip: Flip) -> list[Served]:
        """Return what live traffic met since a flip bakes and its data path has followed."""
        now, began = self.world.loop.time(), self.seen.baking.get(flip.number, (0.0, ""))[0]
        return [each for each in self.world.served[service] if began + self.world.lag + 1 < each.at <= now]

    def failing(self, flip: Flip) -> Iterator[str]:
        """Yield what is wrong with a flip that was confirmed: its release clearly fails."""
        bad = self.releases[flip.version]
        for name in flip.plan.services:
            seen = self._met(name, flip)
            if bad.live and (bad.after or self._scraped_since(flip)):  # nobody knows what has not been scraped
                seen = [each for each in seen if each.at <= self.world.scraped]
            asked, failed = sum(each.asked for each in seen), sum(each.failed for each in seen)
            if asked >= ENOUGH and failed >= CLEARLY * asked:
                what = f"{failed} of {asked} requests of {name} failed (errors {bad.errors}, hangs {bad.hangs})"
                yield f"{flip}, and {what}"

    def _scraped_since(self, flip: Flip) -> bool:
        """Return whether a Prometheus has seen enough of a bake to take its word for the rest of it."""
        began = self.seen.baking.get(flip.number, (0.0, ""))[0]
        return self.world.scraped > began + self.world.lag + SCRAPED


def _failures(seen: str) -> int:
    """Return how many answers failed, or did not come, by a verdict over a front door."""
    found = re.search(r"\((\d+) of \d+\)", seen)
    return int(found[1]) if found else sys.maxsize
