"""The metrics gates: what Prometheus has of the destination, against fixed bounds and against the live colour.

The delivery guide's canary analysis is three of them (availability, errors,
p95); a stack adds its own. Each measures one number by colour.

- No series, or a value that is not a number (0/0: no request), is no data:
  `INCONCLUSIVE`. So is what cannot be compared because live has no data.
- Two series where one was expected prove nothing either, and will not by
  waiting: `ERROR`, as where Prometheus could not be asked.
- Where live is 0 or next to it, no multiple of it means anything: the smallest
  difference would be infinitely many times more. So a relative upper bound
  takes live for at least `floor`.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from teal.colours import Colour
from teal.verdict import Outcome, Verdict

Unit = Literal["", "%", "s"]

AVAILABILITY = "metrics.availability"
REQUESTS = "metrics.requests"


@dataclass(frozen=True, kw_only=True, slots=True)
class Series:
    """One element of an instant vector; a scalar is one without labels."""

    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Queried:
    """What one query came to."""

    series: Sequence[Series] = ()
    error: str | None = None
    """Why there is no answer, if there is none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MetricCheck:
    """A number by colour, and its bounds; all that are given hold."""

    name: str
    title: str = ""
    """What it is, for the evidence; default: the query."""
    query: str
    """PromQL. Its result carries the label `colour`; or it holds `{colour}`, is asked once a colour, and its result is
    a single series. `{pods}` is a regular expression for the ready pods that are meant: an idle colour had others a
    moment ago, of another release. `{live}` is the colour that serves now."""
    unit: Unit = ""
    """`%` shows a share of 0 to 1 in per cent."""
    at_least: float | None = None
    below: float | None = None
    """The bound itself does not pass."""
    at_least_times_live: float | None = None
    at_most_times_live: float | None = None
    floor: float = 0.0
    """What live is taken for at least when `at_most_times_live` is judged."""

    @property
    def gate(self) -> str:
        """The name of its verdict."""
        return f"metrics.{self.name}"

    @property
    def relative(self) -> bool:
        """Whether live is needed to judge it."""
        return self.at_least_times_live is not None or self.at_most_times_live is not None

    @property
    def by_placeholder(self) -> bool:
        """Whether the query has to be told the colour, instead of naming it in its result."""
        return "{colour}" in self.query


@dataclass(frozen=True, kw_only=True, slots=True)
class SyntheticTraffic:
    """Requests that are made where there are too few: GETs through the preview door."""

    paths: Sequence[str]
    """Asked in turn. They have to be ones that the service counts: probes, as a rule, it does not."""
    per_second: float


@dataclass(frozen=True, kw_only=True, slots=True)
class MetricsPlan:
    """What is asked of Prometheus about one service, and what for."""

    up: str
    """PromQL: whether a pod is up, by pod. `{pods}` in it and in `counts` is as in a check's query."""
    counts: str
    """PromQL: requests in the window, by colour."""
    checks: Sequence[MetricCheck]
    samples: int
    """Requests in the window that the destination needs; and live, where something is compared with it."""
    window: str
    """As PromQL has it: `120s`."""
    traffic: SyntheticTraffic | None
    """None: what is missing is only waited for."""
    wait_seconds: float
    """For scrapes that are still to come."""

    @property
    def gates(self) -> frozenset[str]:
        """The names of all verdicts that come of it."""
        return frozenset({AVAILABILITY, REQUESTS, *(each.gate for each in self.checks)})


@dataclass(frozen=True, slots=True)
class Lack:
    """Why there is no number, and what that means."""

    outcome: Outcome
    why: str


def number(queried: Queried, colour: Colour) -> float | Lack:
    """The one finite number that was measured of a colour."""
    if queried.error is not None:
        return Lack(Outcome.ERROR, queried.error)
    by_colour = any("colour" in each.labels for each in queried.series)
    found = [each for each in queried.series if not by_colour or each.labels.get("colour") == colour]
    if not found:
        return Lack(Outcome.INCONCLUSIVE, f"no data of {colour}")
    if len(found) > 1:
        return Lack(Outcome.ERROR, f"{len(found)} series of {colour} where one was expected")
    value = found[0].value
    if not math.isfinite(value):
        return Lack(Outcome.INCONCLUSIVE, f"{value} of {colour}, which is no number")
    return value


def metric(  # noqa: PLR0913 - what is judged, by which bounds, and what was measured: nothing of it goes together
    service: str, destination: Colour, *, live: Colour | None, check: MetricCheck, here: Queried, there: Queried
) -> Verdict:
    """One number of the destination keeps its bounds.

    Args:
        service: the service's name.
        destination: the colour that traffic is to move to.
        live: the colour that serves now; without one, the relative bounds do not apply.
        check: the number and its bounds.
        here: what was measured of the destination.
        there: what was measured of the live colour; for a result by colour, the same.
    """
    asked = f"Prometheus for {check.title or check.query}"

    def verdict(outcome: Outcome, seen: str) -> Verdict:
        needed = _needed(check, live)
        return Verdict(gate=check.gate, service=service, outcome=outcome, seen=seen, needed=needed, asked=asked)

    value = number(here, destination)
    if isinstance(value, Lack):
        return verdict(value.outcome, value.why)
    seen = f"{_shown(value, check.unit)} on {destination}"
    kept = (check.at_least is None or value >= check.at_least) and (check.below is None or value < check.below)
    if not check.relative or live is None:
        return verdict(Outcome.PASSED if kept else Outcome.FAILED, seen)
    other = number(there, live)
    if isinstance(other, Lack):
        return verdict(other.outcome if kept else Outcome.FAILED, f"{seen}; {other.why}")
    seen += f", {_shown(other, check.unit)} on {live}"
    if check.at_least_times_live is not None:
        kept = kept and value >= check.at_least_times_live * other
    if check.at_most_times_live is not None:
        kept = kept and value <= check.at_most_times_live * max(other, check.floor)
    return verdict(Outcome.PASSED if kept else Outcome.FAILED, seen)


def availability(service: str, destination: Colour, *, ready: Sequence[str], up: Queried) -> Verdict:
    """Every ready pod of the destination is scraped, and up.

    Args:
        service: the service's name.
        destination: the colour that traffic is to move to.
        ready: names of its ready pods.
        up: whether a pod is, by pod. Pods that are not ready (those of the release before, on their way out) do not
            count.
    """

    def verdict(outcome: Outcome, seen: str) -> Verdict:
        return Verdict(
            gate=AVAILABILITY,
            service=service,
            outcome=outcome,
            seen=seen,
            needed=f"all {max(1, len(ready))} ready pods of {destination} scraped and up",
            asked="Prometheus for up",
        )

    if up.error is not None:
        return verdict(Outcome.ERROR, up.error)
    found = {each.labels.get("pod", ""): each.value for each in up.series}
    if len(found) < len(up.series):
        return verdict(Outcome.ERROR, "several series of a pod where one was expected")
    scraped = [pod for pod in ready if pod in found]
    down = [pod for pod in scraped if found[pod] != 1]
    seen = f"{len(scraped)} of {len(ready)} ready pods are scraped, {len(scraped) - len(down)} are up"
    if down:
        return verdict(Outcome.FAILED, f"{seen}, {down[0]} is not")
    return verdict(Outcome.PASSED if ready and len(scraped) == len(ready) else Outcome.INCONCLUSIVE, seen)


def enough(service: str, colours: Sequence[Colour], *, plan: MetricsPlan, counts: Queried, sent: str = "") -> Verdict:
    """There were enough requests for the other numbers to mean something.

    Args:
        service: the service's name.
        colours: those that need them: the destination first, and live where something is compared with it.
        plan: how many each needs, and in which window.
        counts: requests in the window, by colour.
        sent: what test traffic was sent, in words; empty where none was.
    """
    counted = {colour: number(counts, colour) for colour in colours}
    errors = [each for each in counted.values() if isinstance(each, Lack) and each.outcome is Outcome.ERROR]
    if errors:
        outcome, seen = Outcome.ERROR, errors[0].why
    else:
        # A colour that nobody asked has no series: that is none, not unknown.
        have = {colour: 0.0 if isinstance(each, Lack) else each for colour, each in counted.items()}
        outcome = Outcome.PASSED if all(each >= plan.samples for each in have.values()) else Outcome.INCONCLUSIVE
        seen = ", ".join(f"{each:.0f} requests to {colour}" for colour, each in have.items())
    return Verdict(
        gate=REQUESTS,
        service=service,
        outcome=outcome,
        seen=seen + (f" ({sent})" if sent else ""),
        needed=f"{plan.samples} to {' and to '.join(colours)} within {plan.window}",
        asked="Prometheus for the requests by colour",
    )


def _needed(check: MetricCheck, live: Colour | None) -> str:
    bounds: list[str] = []
    if check.at_least is not None:
        bounds.append(f"at least {_shown(check.at_least, check.unit)}")
    if check.below is not None:
        bounds.append(f"below {_shown(check.below, check.unit)}")
    if live is not None and check.at_least_times_live is not None:
        bounds.append(f"at least {check.at_least_times_live:g} times that of {live}")
    if live is not None and check.at_most_times_live is not None:
        floor = f" (taken for at least {_shown(check.floor, check.unit)})" if check.floor else ""
        bounds.append(f"at most {check.at_most_times_live:g} times that of {live}{floor}")
    return " and ".join(bounds) or "a number"


def _shown(value: float, unit: Unit) -> str:
    return f"{100 * value:.4g} %" if unit == "%" else f"{value:.4g} {unit}".strip()
