"""What is measured of a service before it gets traffic, as its stack declares it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

from teal.gates.endpoints import GATE as CAPACITY
from teal.gates.identity import ImagePlan, VersionPlan
from teal.gates.registration import Asked
from teal.model.workers import Worker


@dataclass(frozen=True, kw_only=True, slots=True)
class GatePlan:
    """What is measured of one service of the destination, and by which bounds."""

    version: str
    """What its pods are declared to be."""
    version_path: str | None
    """Path at which a pod says what it is (docs/contract.md); None where it cannot be asked."""
    image: str = ""
    """What its pods are declared to run."""
    asked: Sequence[Asked] = ()
    """What the stack's settings ask beside capacity and version."""
    identified: bool = True
    """Whether its pods have to prove what they are: of pods that the stack did not make, it does not know."""
    router: frozenset[str] = frozenset()
    """Names of the gates that the router itself has."""
    worker: Worker | None = None
    """None for a service that is asked for something."""

    @property
    def late(self) -> bool:
        """Whether there is nothing to measure before it is live: a worker whose idle colour does not run."""
        return self.worker is not None and self.worker.idles

    @property
    def measured(self) -> Sequence[Asked]:
        """All that is asked once it is known who serves and who could."""
        if not self.identified or self.cron:
            return self.asked
        identity = (
            ImagePlan(version=self.version, image=self.image)
            if self.version_path is None
            else VersionPlan(version=self.version, path=self.version_path)
        )
        return (identity, *self.asked)

    @property
    def gates(self) -> frozenset[str]:
        """The names of all verdicts that have to come back."""
        always = set[str]() if self.cron else {CAPACITY.name}
        return self.router.union(always, *(each.gates for each in self.measured))

    @property
    def cron(self) -> bool:
        """Whether it has no pods that could be counted or asked: it is a cron job."""
        return self.worker is not None and self.worker.cron

    def for_rollback(self) -> Self:
        """What is asked of a release that was confirmed before: that it is there, is what it was, and answers.

        What it was worth was measured when it was confirmed.
        """
        return replace(self, asked=tuple(each for each in self.asked if each.entry.on_rollback))
