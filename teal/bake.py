"""The bake: what is watched after a flip, and what it says. Pure; `teal.keeper` looks.

Two witnesses a service: the front door, which is asked on every tick, and,
where the stack has a Prometheus, the live traffic's own error rate.
"""

import math
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from teal.colours import Colour
from teal.routes import AlbRoute, RouterKind
from teal.verdict import Outcome, Verdict

ENOUGH_PROBES = 20
"""Before which a bake does not fail: one lost answer of three is no rate."""


class ServiceBake(BaseModel):
    """What is asked of one service's front door."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)

    path: str
    """Answered with a status below 400 by a service that is well."""
    close_path: str = ""
    """Where a pod is asked to end its kept-alive connections; empty where it cannot be asked."""
    close_seconds: int = 60
    host: str = ""
    """Named to a router's own door, where several services share it."""


class BakePlan(BaseModel):
    """How a flip is watched. Kept with the flip: who goes on with it needs no stack config."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)

    services: dict[str, ServiceBake]
    router: RouterKind = RouterKind.SERVICE
    routes: dict[str, AlbRoute] = Field(default_factory=dict[str, AlbRoute])
    """What directs each service's traffic in AWS, once that is there."""
    alarms: bool = False
    """Whether the router has alarms of its own over each colour."""
    knock: bool = True
    """Whether a router's door is asked itself, where it has one; False asks the live colour through the API server."""
    seconds: Annotated[float, Field(ge=0)]
    error_percent: float
    """Above which traffic goes back."""
    prometheus: str = ""
    """Its URL; empty where there is none, and the front door is the only witness."""
    samples: int
    """Requests of live traffic that the error rate has to rest on."""
    window: int
    """Seconds over which the error rate is taken."""


@dataclass(kw_only=True, slots=True)
class Observed:
    """What one service's bake has seen so far."""

    asked: int = 0
    """Answers, and refusals to answer, at the front door; what never got there is in `blind`."""
    failed: int = 0
    failure: str = ""
    """The first of them."""
    blind: str = ""
    """Why the front door could not be asked the last time; empty where it could."""
    error_share: float | None = None
    """Of the live traffic over the window, 0 to 1; None where nobody asked or there is none."""
    requests: float = 0
    """That the share rests on."""
    unseen: str = ""
    """Why Prometheus did not say; empty where it did."""
    ringing: str = ""
    """Which of the router's own alarms ring, and why; empty where none does."""
    deaf: str = ""
    """Why they could not be asked the last time; empty where they could."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Bake:
    """The decisions over what a bake saw."""

    plan: BakePlan
    colour: Colour
    observed: dict[str, Observed] = field(default_factory=dict[str, Observed])
    first: bool = False
    """Whether there was no live traffic before: nobody knows of the service yet, so nobody has to have asked it."""

    @classmethod
    def begin(cls, plan: BakePlan, colour: Colour, *, first: bool = False) -> "Bake":
        """Nothing seen yet."""
        return cls(plan=plan, colour=colour, observed={service: Observed() for service in plan.services}, first=first)

    def failed(self) -> tuple[Verdict, ...]:
        """What already suffices to put traffic back."""
        verdicts = [self._door(name, each, ENOUGH_PROBES) for name, each in self.observed.items()]
        verdicts += [self._traffic(name, each) for name, each in self.observed.items() if self.plan.prometheus]
        verdicts += [_alarms(name, each) for name, each in self.observed.items()]
        return tuple(verdict for verdict in verdicts if verdict.outcome is Outcome.FAILED)

    def verdicts(self) -> tuple[Verdict, ...]:
        """All of them, once the time is over."""
        verdicts = [self._door(name, each, 1) for name, each in self.observed.items()]
        verdicts += [self._traffic(name, each) for name, each in self.observed.items() if self.plan.prometheus]
        if self.plan.alarms:
            verdicts += [_alarms(name, each) for name, each in self.observed.items()]
        return tuple(verdicts)

    def _door(self, service: str, seen: Observed, enough: int) -> Verdict:
        bound = self.plan.error_percent

        def verdict(outcome: Outcome, what: str) -> Verdict:
            needed = f"at most {bound:g} % of its answers failed"
            return Verdict(gate="bake", service=service, outcome=outcome, seen=what, needed=needed)

        if seen.asked < enough:
            if seen.blind:
                return verdict(Outcome.ERROR, f"the front door could not be asked: {seen.blind}")
            return verdict(Outcome.INCONCLUSIVE, f"{seen.asked} answers of the front door")
        percent = 100 * seen.failed / seen.asked
        first = f"; first: {seen.failure}" if seen.failure else ""
        what = f"{percent:.2g} % ({seen.failed} of {seen.asked}) of the front door's answers failed{first}"
        return verdict(Outcome.FAILED if percent > bound else Outcome.PASSED, what)

    def _traffic(self, service: str, seen: Observed) -> Verdict:
        bound, samples = self.plan.error_percent, 0 if self.first else self.plan.samples

        def verdict(outcome: Outcome, what: str) -> Verdict:
            needed = f"at most {bound:g} % over {self.plan.window} s, of at least {samples} requests"
            return Verdict(gate="bake-metrics", service=service, outcome=outcome, seen=what, needed=needed)

        if seen.unseen:
            return verdict(Outcome.ERROR, seen.unseen)
        if not seen.requests and not samples:
            return verdict(Outcome.PASSED, f"no request of {self.colour}")
        if seen.error_share is None or math.isnan(seen.error_share) or seen.requests < samples:
            return verdict(Outcome.INCONCLUSIVE, f"{seen.requests:.0f} requests of {self.colour}")
        percent = 100 * seen.error_share
        what = f"{percent:.2g} % of {seen.requests:.0f} requests of {self.colour} were answered 5xx"
        return verdict(Outcome.FAILED if percent > bound else Outcome.PASSED, what)


def _alarms(service: str, seen: Observed) -> Verdict:
    outcome = Outcome.FAILED if seen.ringing else Outcome.ERROR if seen.deaf else Outcome.PASSED
    what = seen.ringing or seen.deaf or "none rings"
    return Verdict(gate="bake-alarms", service=service, outcome=outcome, seen=what, needed="no alarm of its router")
