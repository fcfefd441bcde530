"""What is measured of a service before it gets traffic, as its stack declares it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

from teal.gates.documents import ContractPlan
from teal.gates.replies import SmokeCheck
from teal.gates.samples import MetricsPlan


@dataclass(frozen=True, kw_only=True, slots=True)
class GatePlan:
    """What is measured of one service of the destination, and by which bounds."""

    version: str
    """What its pods are declared to be."""
    version_path: str
    """Path at which a pod says what it is (docs/contract.md)."""
    smoke: Sequence[SmokeCheck] = ()
    contract: ContractPlan | None = None
    metrics: MetricsPlan | None = None
    router: frozenset[str] = frozenset()
    """Names of the gates that the router itself has."""

    @property
    def gates(self) -> frozenset[str]:
        """The names of all verdicts that have to come back."""
        asked = [each.gates for each in (self.contract, self.metrics) if each is not None]
        return frozenset({"capacity", "version"}).union(self.router, {each.gate for each in self.smoke}, *asked)

    def for_rollback(self) -> Self:
        """What is asked of a release that was confirmed before: that it is there, is what it was, and answers.

        Not the contract: of course it lacks what the newer release added. Not
        metrics: they need traffic and scrapes, which takes a minute, and a
        Prometheus, which may be what is broken. What it was worth was measured
        when it was confirmed.
        """
        return replace(self, contract=None, metrics=None)
