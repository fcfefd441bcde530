"""Checks that no pods end that are needed, and that those end which nobody needs."""

from collections.abc import Iterator
from dataclasses import dataclass

from teal_infra.planning.ending import endings
from teal_infra.settings import Settings

from teal.history.model import Stage
from teal.model.workers import Overlap
from tests.simulation.checks.approvals import ROUNDED
from tests.simulation.checks.seen import Seen
from tests.simulation.checks.workers import NAME as WORKER
from tests.simulation.checks.workers import Workers
from tests.simulation.checks.writes import colour_of
from tests.simulation.cluster.store import Written
from tests.simulation.cluster.world import World

EARLY, IDLE = "nothing_shrinks_early", "the_watch_ends_what_is_idle"
"""The names of the invariants."""
ARRIVES = 12.0
"""The seconds in which somebody else may move traffic unseen, while a request of the watch's is on its way."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pods:
    """Watches how many pods each slot is asked to have."""

    world: World
    workers: Workers
    seen: Seen

    def shrunk(self, write: Written) -> Iterator[tuple[str, str]]:
        """Yield the invariant that a write of a Deployment violates, and what is wrong."""
        before, after = (
            (each or {"spec": {"replicas": 0}})["spec"]["replicas"] for each in (write.before, write.after)
        )
        if after >= before:
            return
        service, _, colour = write.name.rpartition("-")
        flip, who = self.seen.history.open, write.by.actor
        if who.startswith("watch") and (service != WORKER or self.workers.overlap is Overlap.ALLOWED):
            yield from self._by_the_watch(write, service)
            return
        if self.workers.shrinks(write, flip):
            return
        asked = self.seen.scaled.get(write.name) if who == "autoscaler" else None
        passed = max(self.seen.proven.values(), default=0)
        if asked is not None and asked.at > passed and asked.by.actor != self.seen.owner(write.at):
            return  # another engine has written its minimum since the gates passed: docs/invariants.md, assumptions
        moved = flip is not None and any(
            colour_of(each.after) == flip.to and each.name == service for each in self.seen.moves
        )
        if flip is not None and flip.origin == colour and moved and flip.stage is not Stage.PROVEN:
            yield EARLY, f"{who} takes {write.name} from {before} to {after} pods: {flip}"
        if after == 0 and who in self.seen.settling and self.seen.history.last_move:
            settled = write.at - self.seen.ended.get(self.seen.history.last_move.number, -self.seen.settling[who])
            if settled < self.seen.settling[who] - ROUNDED:
                yield EARLY, f"{who} retires {write.name} {settled:.1f} s after its flip"
        elif who != "autoscaler" and write.name in self.world.serving(service):
            yield EARLY, f"{who} takes {write.name}, which is live, from {before} to {after}"

    def _by_the_watch(self, write: Written, service: str) -> Iterator[tuple[str, str]]:
        """Yield what is wrong where traffic reaches the ended pods, or may: a flip is under way."""
        self.seen.asleep.append(write)
        strange = any(each.at > write.by.sent - ARRIVES for each in self.seen.strangers())  # nobody can see them coming
        reached = write.name in {self.world.leads(service, late=late) for late in (True, False)}
        if (reached and not strange) or self.seen.history.open is not None:
            why = f"traffic reaches it, and {self.seen.history.open or 'no flip'} is under way"
            yield IDLE, f"{write.by.actor} ends {write.name}: {why}"

    def retired(self, declared: Settings) -> Iterator[tuple[str, str]]:
        """Yield what a confirmed flip has left and is there after a while, where nothing is ill."""
        last = self.seen.history.last_move
        if last is None or last.stage is not Stage.CONFIRMED or last.origin is None or self.seen.strangers():
            return
        yield from ((IDLE, each) for each in self.workers.left())
        if not declared.ends_idle or self.world.flapped:
            return
        if declared.active_colour is not last.to or last.slots[last.origin] != endings(declared).slots.get(last.origin):
            return
        left = [f"{name}-{last.origin}" for name in last.plan.services if name in endings(declared).services]
        if alive := [each for each in left if [*self.world.of(each)]]:
            yield IDLE, f"{alive} have pods still, long after {last}"
