"""Notes what happens in a seed, line by line, and tells whoever waits for a first time of it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from teal.history.model import Flip, Stage
from teal.history.store import CONFIRMED, NAME
from tests.simulation.checks.seen import Seen
from tests.simulation.checks.workers import NAME as WORKER
from tests.simulation.checks.workers import is_record
from tests.simulation.checks.writes import DOORS
from tests.simulation.cluster.faults import Faults
from tests.simulation.cluster.scraping import Scraper
from tests.simulation.cluster.store import Written
from tests.simulation.cluster.wire import Actor
from tests.simulation.cluster.world import World
from tests.simulation.scenarios.scenario import Scenario


def _events() -> Mapping[str, asyncio.Event]:
    return {each: asyncio.Event() for each in ("proof", "bake", "death", "half", "way back")}


@dataclass(frozen=True, kw_only=True, slots=True)
class Script:
    """What has happened, and when."""

    scenario: Scenario
    world: World
    faults: Faults
    scraper: Scraper | None
    actors: Mapping[str, Actor]
    seen: Seen
    lines: list[tuple[float, str]] = field(default_factory=list[tuple[float, str]])
    since: Mapping[str, asyncio.Event] = field(default_factory=_events)
    """The events that other things wait for, each set by the first of its kind."""

    def written(self, write: Written) -> None:
        """Note a write, and who waits for what it comes to."""
        if is_record(write):
            self.note(f"{write.by.actor} writes worker {WORKER}: {write.after['data']['colour']}")
        if write.kind == "deployments" and write.name.startswith(WORKER):
            self.note(f"{write.by.actor} asks for {write.after['spec']['replicas']} pods of {write.name}")
        if write.kind in DOORS:
            actor = self.actors.get(write.by.actor)
            if actor is not None and actor.dead:
                self.left()
            canary, share = self.world.canaries.get(write.name, ("", 0))
            beside = f", {share} % on {canary}" if share else ""
            self.note(f"{write.by.actor} writes {write.name}: {self.world.leads(write.name, late=False)}{beside}")
        if write.name == NAME and (last := self.seen.history.last) is not None:
            self._reached(last, write.by.actor)
        if write.name == CONFIRMED:
            self.note(f"{write.by.actor} records {write.after['data']['colour']} as confirmed")

    def _reached(self, flip: Flip, by: str) -> None:
        """Note that a flip is at another step; the first of some steps are what other things wait for."""
        if flip.stage is Stage.PROVEN:
            self.since["proof"].set()
        if flip.stage is Stage.BAKING and not self.since["bake"].is_set():
            self.faults.anchor, self.faults.owner = self.world.loop.time(), by
            self.since["bake"].set()
            self._stall()
        if flip.stage is Stage.REVERTING and not self.since["way back"].is_set():
            self.since["way back"].set()
            self._pause(self.actors[by])
        self.note(f"{by} records flip {flip.number} {flip.stage} (kept by {flip.owner or 'nobody'})")

    def left(self) -> None:
        """See whether a process that died has left half of a flip set moved."""
        there = {self.world.leads(name, late=False).rpartition("-")[2] for name in self.scenario.services}
        if len(there) > 1:
            self.since["half"].set()

    def _pause(self, actor: Actor) -> None:
        pause = self.scenario.pause

        def begin() -> None:
            if pause and self.faults.happens(f"pause of {actor.name}", f"stands still for {pause.seconds} s"):
                actor.still_until = self.world.loop.time() + pause.seconds

        if pause is not None:
            self.world.loop.call_later(pause.after, begin)

    def _stall(self) -> None:
        def begin() -> None:
            if self.faults.calm or scraper is None:
                return
            if self.faults.happens("stall of Prometheus", f"it scrapes nothing for {seconds} s"):
                scraper.away_until = self.world.loop.time() + seconds

        scraper, (after, seconds) = self.scraper, self.scenario.stall
        if seconds:
            self.world.loop.call_later(after, begin)

    def note(self, what: str) -> None:
        """Note something that happens, once."""
        if not self.lines or self.lines[-1][1] != what:
            self.lines.append((self.world.loop.time(), what))
