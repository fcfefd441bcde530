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
    """What is measured of one service of the destination, and within which bounds."""

    version: str
    """The version that its pods are declared to have."""
    version_path: str | None
    """The path at which a pod reports its version (docs/contract.md); None where it cannot be asked."""
    tls: bool = False
    """Whether they speak TLS on the service's port."""
    image: str = ""
    """The image that its pods are declared to run."""
    asked: Sequence[Asked] = ()
    """What the stack's settings ask for beside capacity and version."""
    identified: bool = True
    """Whether its pods have to prove their version, which is unknown of pods that the stack did not make."""
    router: frozenset[str] = frozenset()
    """The names of the router's own gates."""
    keeps: bool = False
    """Whether this update has asked the live colour's autoscaler to keep its pods until the flip is confirmed."""
    worker: Worker | None = None
    """How it works, if it is a worker; None for a service that takes requests."""

    @property
    def late(self) -> bool:
        """Whether nothing can be measured before it is live, as of a worker whose idle colour does not run."""
        return self.worker is not None and self.worker.idles

    @property
    def measured(self) -> Sequence[Asked]:
        """Everything that is asked once its endpoints are known."""
        if not self.identified or self.cron:
            return self.asked
        identity = (
            ImagePlan(version=self.version, image=self.image)
            if self.version_path is None
            else VersionPlan(version=self.version, path=self.version_path, tls=self.tls)
        )
        return (identity, *self.asked)

    @property
    def gates(self) -> frozenset[str]:
        """The names of all verdicts that are needed."""
        always = set[str]() if self.cron else {CAPACITY.name}
        return self.router.union(always, *(each.gates for each in self.measured))

    @property
    def cron(self) -> bool:
        """Whether it has no pods that could be counted or asked: it is a cron job."""
        return self.worker is not None and self.worker.cron

    def for_rollback(self) -> Self:
        """Return the gates for a release that was confirmed before: that it exists, is what it was, and answers.

        Its quality was measured when it was confirmed.
        """
        return replace(self, asked=tuple(each for each in self.asked if each.entry.on_rollback))
