"""The metrics gates: the destination's numbers in Prometheus keep their bounds, fixed or relative to the live colour.

The delivery guide's canary analysis is three of them (availability, errors, p95); a stack adds its own. Each measures
one number by colour.

- No series, or a value that is not a number (0/0: no request), is no data: `INCONCLUSIVE`. So is a comparison for which
  live has no data.
- Two series where one was expected prove nothing either, and waiting does not help: `ERROR`, as where Prometheus could
  not be asked.
- Where live is 0 or close to it, no multiple of it means anything: the smallest difference is infinitely many times
  more. So a relative upper bound takes live for at least `floor`.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from teal.gates import shares
from teal.gates.registration import Asked, Gate, Question, Skippable
from teal.model.colours import Colour
from teal.model.verdict import Outcome, Verdict, judging

Unit = Literal["", "%", "s"]

AVAILABILITY = "metrics.availability"
REQUESTS = "metrics.requests"

GATE = Gate(
    name="metrics",
    questions=(
        Question(f"`{AVAILABILITY}`", "Prometheus", "every ready pod is scraped and up"),
        Question(
            f"`{REQUESTS}`",
            "Prometheus",
            "enough requests for the other numbers; test traffic is sent where they are missing",
        ),
        Question(
            "`metrics.errors`, `.p95`, `.NAME`",
            "Prometheus",
            "the number keeps its bounds, fixed and relative to live",
        ),
    ),
    deadline_seconds=60.0,  # beyond the time for scrapes: the test traffic, and the queries
    extends=True,
    skippable=Skippable(
        description="Why Prometheus is not asked.",
        wrong="nobody could say later why nobody looked",
        example="'Prometheus is down'",
    ),
    on_rollback=False,  # scrapes take a minute, and Prometheus may be what is broken
    in_preview="asked, without test traffic",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Series:
    """One element of an instant vector. A scalar is one without labels."""

    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Queried:
    """The result of one query."""

    series: Sequence[Series] = ()
    error: str | None = None
    """Why there is no answer; None where there is one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MetricCheck:
    """A number by colour and its bounds, all of which have to hold."""

    name: str
    title: str = ""
    """What the number is, for the evidence; default: the query."""
    query: str
    """PromQL. The query holds `{pods}`, a regular expression for the ready pods of a colour, or `{colour}`, and is
    asked once for each colour. Or else its result has the label `colour`. `{live}` is the colour that serves now."""
    unit: Unit = ""
    """The unit in which the number is shown; under `%` a share of 0 to 1 is shown in per cent."""
    at_least: float | None = None
    below: float | None = None
    """The number has to be smaller than this bound."""
    at_least_times_live: float | None = None
    at_most_times_live: float | None = None
    floor: float = 0.0
    """The least value that live is taken for when `at_most_times_live` is judged."""
    share: bool = False
    """Whether it is a share of the requests: then there have to be enough of them to tell it from its bounds."""

    def bound(self, live: float | None) -> float | None:
        """Return what a share must not exceed, 0 to 1; None where there is no such bound.

        Args:
            live: the live colour's share; None where there is nothing to compare with.
        """
        bounds = [self.below] if self.below is not None else []
        if live is not None and self.at_most_times_live is not None:
            bounds.append(self.at_most_times_live * max(live, self.floor))
        return min(bounds, default=None)

    @property
    def gate(self) -> str:
        """The name of its verdict."""
        return f"{GATE.name}.{self.name}"

    @property
    def relative(self) -> bool:
        """Whether the live colour's number is needed to judge it."""
        return self.at_least_times_live is not None or self.at_most_times_live is not None

    @property
    def by_placeholder(self) -> bool:
        """Whether the query names the colour, so that its result need not."""
        return "{colour}" in self.query or "{pods}" in self.query


@dataclass(frozen=True, kw_only=True, slots=True)
class SyntheticTraffic:
    """Requests that are made where there are too few: GET requests through the preview door."""

    paths: Sequence[str]
    """The paths, asked in turn. The service has to count requests to them, which it rarely does for its probes."""
    per_second: float
    tls: bool = False
    """Whether the service's port speaks TLS."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MetricsPlan(Asked):
    """What Prometheus is asked about one service, and with which bounds."""

    entry: ClassVar[Gate] = GATE

    up: str
    """PromQL: whether a pod is up, by pod; empty where nobody scrapes them. `{pods}` is as in a check's query."""
    counts: str
    """PromQL: the requests in the window, by colour; empty where the service does not count them."""
    checks: Sequence[MetricCheck]
    samples: int
    """The requests in the window that the destination needs, and live where it is compared with live. They suffice to
    tell a share without errors from its bounds (`teal.gates.shares`)."""
    window: str
    """The window in PromQL's notation: `120s`."""
    traffic: SyntheticTraffic | None
    """The test traffic; None where missing requests are only waited for."""
    spare: int = 0
    """Requests beyond `samples` that may be sent where these do not suffice: as many as the window has time for."""
    wait_seconds: float
    """How long to wait for scrapes, in seconds."""

    @property
    def gates(self) -> frozenset[str]:
        """The names of all verdicts that this plan leads to."""
        requests = {REQUESTS} if self.counts else set[str]()
        scraped = {AVAILABILITY} if self.up else set[str]()
        return frozenset({*scraped, *requests, *(each.gate for each in self.checks)})

    @property
    def deadline_seconds(self) -> float:
        """The time in seconds for scrapes that are still to come, and for the work after them."""
        return self.wait_seconds + self.entry.deadline_seconds


@dataclass(frozen=True, slots=True)
class Lack:
    """Why there is no number, and the outcome that this means."""

    outcome: Outcome
    why: str


def number(queried: Queried, colour: Colour, *, told: bool = False) -> float | Lack:
    """Return the one finite number that was measured of a colour, or why there is none.

    Args:
        queried: the result of the query.
        colour: the colour.
        told: whether the query asked for this colour alone. Where it did not, a result without the label `colour`
            cannot be used: both colours would be judged by one number.
    """
    if queried.error is not None:
        return Lack(Outcome.ERROR, queried.error)
    by_colour = any("colour" in each.labels for each in queried.series)
    if queried.series and not by_colour and not told:
        return Lack(
            Outcome.INCONCLUSIVE,
            "a result that does not say which colour it is of; with {pods} in its query, it is asked once a colour",
        )
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
    service: str,
    destination: Colour,
    *,
    live: Colour | None,
    check: MetricCheck,
    here: Queried,
    there: Queried,
    count: float = math.inf,
) -> Verdict:
    """Judge whether one number of the destination keeps its bounds.

    Args:
        service: the service's name.
        destination: the colour that traffic is to move to.
        live: the colour that serves now; None switches the relative bounds off.
        check: the number and its bounds.
        here: the destination's number.
        there: the live colour's number; the same result, where one query returns both colours.
        count: the destination's requests that a share is computed from.
    """
    asked = f"Prometheus for {check.title or check.query}"
    verdict = judging(check.gate, service, needed=_needed(check, live), asked=asked)
    value = number(here, destination, told=check.by_placeholder)
    if isinstance(value, Lack):
        return verdict(value.outcome, value.why)
    seen = f"{_shown(value, check.unit)} on {destination}"
    kept = (check.at_least is None or value >= check.at_least) and (check.below is None or value < check.below)
    if not check.relative or live is None:
        return verdict(*_judged(check, value, None, count, seen, kept=kept))
    other = number(there, live, told=check.by_placeholder)
    if isinstance(other, Lack):
        return verdict(other.outcome if kept else Outcome.FAILED, f"{seen}; {other.why}")
    seen += f", {_shown(other, check.unit)} on {live}"
    if check.at_least_times_live is not None:
        kept = kept and value >= check.at_least_times_live * other
    if check.at_most_times_live is not None:
        kept = kept and value <= check.at_most_times_live * max(other, check.floor)
    return verdict(*_judged(check, value, other, count, seen, kept=kept))


def _judged(  # noqa: PLR0913 - a number, its bounds, what it rests on, and what is said of it
    check: MetricCheck, value: float, other: float | None, count: float, seen: str, *, kept: bool
) -> tuple[Outcome, str]:
    """Judge a number by its bounds; a share that so few requests cannot tell from them is inconclusive."""
    bound = check.bound(other)
    if not check.share or bound is None or not math.isfinite(count) or not 0 <= value <= 1:
        return (Outcome.PASSED if kept else Outcome.FAILED), seen
    low, high = shares.interval(value, count)
    seen += f" of {count:.0f} requests, so between {_shown(low, check.unit)} and {_shown(high, check.unit)}"
    if kept and high < bound:
        return Outcome.PASSED, seen
    if not kept and low > bound:
        return Outcome.FAILED, seen
    return (
        Outcome.INCONCLUSIVE,
        f"{seen}: about {shares.needed(bound, value)} would tell it from {_shown(bound, check.unit)}",
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
