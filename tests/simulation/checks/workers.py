"""Checks workers: whose pods take work, and when both colours do."""

from collections.abc import Iterator
from dataclasses import dataclass

from teal.history.model import Flip, Stage
from teal.model.colours import MANAGER, Colour
from teal.model.workers import Overlap, record
from tests.simulation.cluster.store import Written
from tests.simulation.cluster.world import World

NAME = "mailer"
"""The name of the worker that a stack may have."""


@dataclass(kw_only=True, slots=True)
class Workers:
    """Watches one worker."""

    world: World
    overlap: Overlap | None
    """When both colours may take work; None where there is no worker."""

    @property
    def live(self) -> str:
        """The colour that may run, by the worker's record."""
        return self.world.leads(NAME, late=False).rpartition("-")[2]

    def twice(self) -> Iterator[str]:
        """Yield what is wrong at any moment: two colours have pods that must not have them at once."""
        there = {each.slot for each in self.world.pods if each.slot.startswith(f"{NAME}-")}
        if self.overlap is Overlap.FORBIDDEN and len(there) > 1:
            yield f"{' and '.join(sorted(there))} take work at once"

    def started(self, write: Written, flip: Flip | None) -> Iterator[str]:
        """Yield what is wrong at a write of a Deployment.

        The idle colour starts in a way back, or where somebody goes on with a flip to it whose update died: the record
        follows there, and before an engine starts pods it has been written.
        """
        service, _, colour = write.name.rpartition("-")
        if service != NAME or self.overlap in {None, Overlap.ALLOWED}:
            return
        before, after = (each["spec"]["replicas"] if each else 0 for each in (write.before, write.after))
        back = flip is not None and flip.stage is Stage.REVERTING and flip.origin == colour
        onward = flip is not None and flip.to == colour and write.by.manager == MANAGER
        if after > before and colour != self.live and not back and not onward:
            yield f"{write.by.actor} starts {write.name}, and {self.live or 'nothing'} is live: {flip}"

    def shrinks(self, write: Written, flip: Flip | None) -> bool:
        """Return whether a worker's pods may end where no other service's may: not to overlap, or on a way back."""
        service, _, colour = write.name.rpartition("-")
        if service != NAME or flip is None:
            return False
        back = flip.stage is Stage.REVERTING and flip.to == colour
        return self.overlap is Overlap.FORBIDDEN or (back and self.overlap is Overlap.FLIP)

    def followed(self, colour: Colour | str) -> Iterator[str]:
        """Yield what is wrong when traffic of another service moves: the worker of its colour runs already."""
        ready = [each for each in self.world.of(f"{NAME}-{colour}") if each.ready(self.world.loop.time())]
        if self.overlap is not None and (self.live != colour or not ready):
            yield f"traffic moves to {colour}; {NAME} is live on {self.live}, and {len(ready)} of {colour} are ready"

    def left(self) -> Iterator[str]:
        """Yield what is wrong at rest: only the live colour has pods."""
        idle = [each.slot for each in self.world.pods if each.ends is None and each.slot.startswith(f"{NAME}-")]
        if self.overlap not in {None, Overlap.ALLOWED} and {*idle} - {f"{NAME}-{self.live}"}:
            yield f"pods of {sorted({*idle})} are there at rest, and {self.live} is live"


def is_record(write: Written) -> bool:
    """Return whether a write is of the record of which colour may run."""
    return write.kind == "configmaps" and write.name == record(NAME)
