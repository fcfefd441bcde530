"""The bake: what is watched after a flip, and how it is judged. Pure; `teal.flip.owner` runs it.

There are four sources of evidence for each service: the front door, which is asked on every tick where it has a path;
the cluster, for the pods that turned unready or crashed; a Prometheus, where the stack has one, for live traffic's
errors, its response times and the stack's own numbers; and the router, for its alarms and for where it leads.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from teal.flip.watching import checks
from teal.flip.watching.checks import Measured
from teal.gates.shares import interval
from teal.model.colours import Colour
from teal.model.verdict import Outcome, Verdict
from teal.spec.bake import BakePlan

LINES = 10
"""The most lines of progress that a bake says: it may take an hour, and people read its log."""

ENOUGH_PROBES = 20
"""How many answers are needed before a bake can fail: one lost answer of three is no rate."""


DOOR_ERROR_PERCENT = 20.0
"""The percentage of failed probes of a front door above which a bake is not judged. An API server that restarts, which
takes 3 to 6 s, is a fifth of a bake of 30 s."""


@dataclass(kw_only=True, slots=True)
class Observed:
    """What the bake of one service has seen so far."""

    asked: int = 0
    """Answers of the front door, and its refusals; probes that did not reach it are in `door_errors`."""
    failed: int = 0
    failure: str = ""
    """The first failure."""
    door_error: str = ""
    """Why the last probe did not reach the front door; empty where it did."""
    door_errors: int = 0
    """How many probes did not reach it."""
    error_share: float | None = None
    """The share of live requests in the window that failed, 0 to 1; None where nobody asked or there were none."""
    requests: float = 0
    """The number of requests that the share is computed from."""
    measured: dict[str, Measured] = field(default_factory=dict[str, Measured])
    """Prometheus's other numbers, by the name of their check."""
    metrics_error: str = ""
    """Why Prometheus gave no answer; empty where it did."""
    ringing: str = ""
    """The router's own alarms that ring, and why; empty where none does."""
    alarms_error: str = ""
    """Why the alarms could not be read the last time; empty where they could."""
    standing: set[str] = field(default_factory=set[str])
    """The colour's pods that were seen ready."""
    fallen: set[str] = field(default_factory=set[str])
    """The pods among them that turned unready since, although nobody asked them to end."""
    restarts: dict[str, int] = field(default_factory=dict[str, int])
    """How often the containers of each pod had restarted when it was seen first."""
    crashed: dict[str, str] = field(default_factory=dict[str, str])
    """The pods of which a container has restarted since, and how that one ended (for example `OOMKilled`)."""
    pods_error: str = ""
    """Why the last read of ready pods and of restarts failed; empty where it did not."""
    displaced: str = ""
    """Where somebody else sent traffic before the flip overwrote that, and who; empty where nobody did."""
    astray: str = ""
    """Where somebody else sent traffic since the flip, and who; empty while it goes where the flip sent it."""
    route_error: str = ""
    """Why the last read of the router failed; empty where it did not."""

    @property
    def down(self) -> set[str]:
        """The pods that turned unready or crashed, each once."""
        return self.fallen | (self.crashed.keys() & self.standing)

    def answer(self, failure: str, *, error: str) -> None:
        """Add the result of one probe of the front door: a failure of the service, or an error on the way."""
        self.door_error = error
        if error:
            self.door_errors += 1
            return
        self.asked += 1
        if failure:
            self.failed += 1
            self.failure = self.failure or failure

    def count(self, pods: Mapping[str, bool], restarts: Mapping[str, tuple[int, str]], *, error: str) -> None:
        """Add what the cluster reports of the colour's pods.

        Args:
            pods: whether each pod is ready.
            restarts: how often the containers of each pod restarted, and how the last one ended.
            error: why the cluster gave no answer; empty where it did.
        """
        self.standing |= {pod for pod, ready in pods.items() if ready}
        self.fallen |= {pod for pod, ready in pods.items() if not ready} & self.standing
        self.pods_error = error
        for pod, (times, how) in restarts.items():
            if times > self.restarts.setdefault(pod, times):
                self.crashed[pod] = how


@dataclass(frozen=True, kw_only=True, slots=True)
class Bake:
    """The decisions over what a bake has seen."""

    plan: BakePlan
    colour: Colour
    observed: dict[str, Observed] = field(default_factory=dict[str, Observed])
    left: Colour | None = None
    """The colour that traffic has left; None where that is unknown."""
    since: str = ""
    """When the flip's write was allowed; empty where that is unknown."""
    first: bool = False
    """Whether there was no live traffic before: then nobody knows the service yet, and a bake needs no requests."""

    @classmethod
    def begin(
        cls, plan: BakePlan, colour: Colour, *, first: bool = False, left: Colour | None = None, since: str = ""
    ) -> "Bake":
        """Return a bake that has seen nothing yet."""
        observed = {service: Observed() for service in plan.services}
        return cls(plan=plan, colour=colour, observed=observed, first=first, left=left, since=since)

    def failed(self) -> tuple[Verdict, ...]:
        """Return the failed verdicts that suffice to put traffic back before the time is over.

        A share of errors fails early only where enough requests tell it from the bound (Wilson's interval). By the bare
        share, 6.5 % of the flips to a release with 1 % of errors would be undone within 300 answers.
        """
        verdicts = [self._door(name, self.observed[name], early=True) for name in self.plan.asked]
        verdicts += [self._traffic(name, self.observed[name], early=True) for name in self.plan.counting]
        verdicts += self._measured()
        verdicts += [self._pods(name, each, early=True) for name, each in self._running.items()]
        verdicts += [_alarms(name, each) for name, each in self.observed.items()]
        return tuple(verdict for verdict in verdicts if verdict.outcome is Outcome.FAILED)

    def verdicts(self) -> tuple[Verdict, ...]:
        """Return all verdicts, once the time is over."""
        verdicts = [self._door(name, self.observed[name]) for name in self.plan.asked]
        verdicts += [self._traffic(name, self.observed[name]) for name in self.plan.counting]
        verdicts += self._measured()
        verdicts += [self._pods(name, each) for name, each in self._running.items()]
        if self.plan.alarms:
            verdicts += [_alarms(name, self.observed[name]) for name in self.plan.doors]
        return tuple(verdicts)

    def progress(self, seconds: float) -> str:
        """Return a line of progress after a number of seconds."""
        seen = self.observed.values()
        asked, failed = sum(each.asked for each in seen), sum(each.failed for each in seen)
        said = f"{failed} of {asked} answers failed" if self.plan.asked else "its pods are watched"
        return f"bake of {self.colour}: {seconds:.0f} of {self.plan.seconds:.0f} s, {said}"

    def routing(self) -> tuple[Verdict, ...]:
        """Judge whether traffic goes where the flip sent it, and nobody else wrote; no release is to blame if not."""
        return tuple(_route(name, each, self.colour) for name, each in self.observed.items())

    def astray(self) -> Mapping[str, str]:
        """Return the services whose traffic somebody else sent elsewhere: where, and who."""
        return {name: each.astray for name, each in self.observed.items() if each.astray}

    def loss(self) -> float:
        """Return the share of answers that fail, 0 to 1: the highest of all services and sources; 0 if none is known.

        Of pods that fell it is their share, since each had its part of the requests.
        """
        shares = [0.0]
        for seen in self.observed.values():
            shares += [seen.failed / seen.asked] if seen.asked else []
            shares += [len(seen.down) / len(seen.standing)] if seen.standing else []
            share = seen.error_share
            if share is not None and not math.isnan(share) and seen.requests >= max(1, self.plan.samples):
                shares.append(share)
        return max(shares)

    def _door(self, service: str, seen: Observed, *, early: bool = False) -> Verdict:
        bound, enough = self.plan.error_percent, ENOUGH_PROBES if early else 1

        def verdict(outcome: Outcome, what: str) -> Verdict:
            needed = f"at most {bound:g} % of its answers failed"
            return Verdict(gate="bake", service=service, outcome=outcome, seen=what, needed=needed)

        if seen.asked < enough:
            if seen.door_error:
                return verdict(Outcome.ERROR, f"the front door could not be asked: {seen.door_error}")
            return verdict(Outcome.INCONCLUSIVE, f"{seen.asked} answers of the front door")
        percent = 100 * seen.failed / seen.asked
        unasked = 100 * seen.door_errors / (seen.asked + seen.door_errors)
        if percent <= bound and unasked > DOOR_ERROR_PERCENT:
            looks = (
                f"{unasked:.3g} % ({seen.door_errors} of {seen.asked + seen.door_errors}) of the front door's probes"
            )
            why = f", the last: {seen.door_error}" if seen.door_error else ""
            return verdict(Outcome.ERROR, f"{looks} came to nothing; at most {DOOR_ERROR_PERCENT:g} % may{why}")
        first = f"; first: {seen.failure}" if seen.failure else ""
        what = f"{percent:.3g} % ({seen.failed} of {seen.asked}) of the front door's answers failed{first}"
        return verdict(_judged(percent, seen.asked, bound, early=early), what)

    def _traffic(self, service: str, seen: Observed, *, early: bool = False) -> Verdict:
        bound, samples = self.plan.error_percent, 0 if self.first else self.plan.samples

        def verdict(outcome: Outcome, what: str) -> Verdict:
            needed = f"at most {bound:g} % over {self.plan.window} s, of at least {samples} requests"
            return Verdict(gate="bake-metrics", service=service, outcome=outcome, seen=what, needed=needed)

        if seen.metrics_error:
            return verdict(Outcome.ERROR, seen.metrics_error)
        if not seen.requests and not samples:
            return verdict(Outcome.PASSED, f"no request of {self.colour}")
        if seen.error_share is None or math.isnan(seen.error_share) or seen.requests < samples:
            return verdict(
                Outcome.INCONCLUSIVE,
                f"Prometheus has counted {seen.requests:.0f} requests of {self.colour} in this bake",
            )
        percent = 100 * seen.error_share
        what = f"{percent:.3g} % of {seen.requests:.0f} requests of {self.colour} failed"
        return verdict(_judged(percent, seen.requests, bound, early=early), what)

    @property
    def _running(self) -> Mapping[str, Observed]:
        """Services that have pods all the time."""
        return {name: each for name, each in self.observed.items() if name not in self.plan.crons}

    def _measured(self) -> Iterator[Verdict]:
        for service, seen in self.observed.items():
            for name in self.plan.services[service].checks if self.plan.prometheus else ():
                measured = seen.measured.get(name)
                yield (
                    checks.unasked(service, name)
                    if measured is None
                    else checks.judged(service, self.colour, measured, left=self.left, requests=seen.requests)
                )

    def _pods(self, service: str, seen: Observed, *, early: bool = False) -> Verdict:
        bound = self.plan.error_percent

        def verdict(outcome: Outcome, what: str) -> Verdict:
            needed = f"at most {bound:g} % of the ready pods of {self.colour} turned unready, or crashed"
            return Verdict(gate="bake-pods", service=service, outcome=outcome, seen=what, needed=needed)

        if seen.pods_error:
            return verdict(Outcome.ERROR, seen.pods_error)
        if not seen.standing:
            # Only a worker's pods tell whether it is well; one that never started is not.
            failed = not early and service in self.plan.workers
            return verdict(Outcome.FAILED if failed else Outcome.INCONCLUSIVE, f"no ready pod of {self.colour}")
        percent = 100 * len(seen.down) / len(seen.standing)
        pods = [f"{pod} ({seen.crashed[pod]})" if pod in seen.crashed else pod for pod in sorted(seen.down)]
        named = f": {', '.join(pods)}" if pods else ""
        what = f"{len(pods)} of {len(seen.standing)} turned unready, or crashed{named}"
        return verdict(Outcome.FAILED if percent > bound else Outcome.PASSED, what)


def thinly(bake: Bake, say: Callable[[str], None]) -> Callable[[float], None]:
    """Return a function that says how far a bake is, given the seconds gone, at most `LINES` times in all."""
    said = 0.0

    def tell(seconds: float) -> None:
        nonlocal said
        if seconds - said >= bake.plan.seconds / LINES:
            said = seconds
            say(bake.progress(seconds))

    return tell


def _judged(percent: float, count: float, bound: float, *, early: bool) -> Outcome:
    """Judge a share of errors by itself once the time is over, and before that by the lower end of its interval."""
    least = 100 * interval(percent / 100, count)[0] if early else percent
    return Outcome.FAILED if least > bound else Outcome.PASSED


def _route(service: str, seen: Observed, colour: Colour) -> Verdict:
    what = f"leads to {seen.astray}" if seen.astray else seen.route_error or f"leads to {colour}"
    if seen.displaced:
        what = f"led to {seen.displaced}, between the proof and the write that overwrote it; {what}"
    outcome = Outcome.FAILED if seen.astray or seen.displaced else Outcome.ERROR if seen.route_error else Outcome.PASSED
    return Verdict(
        gate="bake-route", service=service, outcome=outcome, seen=what, needed=f"{colour}, and no writer but the flip"
    )


def _alarms(service: str, seen: Observed) -> Verdict:
    outcome = Outcome.FAILED if seen.ringing else Outcome.ERROR if seen.alarms_error else Outcome.PASSED
    what = seen.ringing or seen.alarms_error or "none rings"
    return Verdict(gate="bake-alarms", service=service, outcome=outcome, seen=what, needed="no alarm of its router")
