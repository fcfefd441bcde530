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
from typing import ClassVar, Literal

from teal.gates import shares
from teal.gates.registration import Asked, Gate, Question, Skippable
from teal.model.colours import Colour
from teal.model.verdict import Outcome, Verdict

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
    deadline_seconds=60.0,  # beyond the time that scrapes are waited for: the test traffic, and the queries
    extends=True,
    skippable=Skippable(
        description="Why Prometheus is not asked.",
        wrong="nobody could say later why nobody looked",
        example="'Prometheus is down'",
    ),
    on_rollback=False,  # scrapes take a minute, and a Prometheus may be what is broken
    in_preview="asked, without test traffic",
)


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
    """PromQL. It holds `{pods}`, a regular expression for the ready pods that are meant, or `{colour}`, and is asked
    once a colour; or else its result carries the label `colour`. `{live}` is the colour that serves now."""
    unit: Unit = ""
    """`%` shows a share of 0 to 1 in per cent."""
    at_least: float | None = None
    below: float | None = None
    """The bound itself does not pass."""
    at_least_times_live: float | None = None
    at_most_times_live: float | None = None
    floor: float = 0.0
    """What live is taken for at least when `at_most_times_live` is judged."""
    share: bool = False
    """Whether it is a share of the requests: then it has to be told from its bounds by as many as there were."""

    def bound(self, live: float | None) -> float | None:
        """What a share must not exceed, 0 to 1; None where nothing of the kind is asked.

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
        """Whether live is needed to judge it."""
        return self.at_least_times_live is not None or self.at_most_times_live is not None

    @property
    def by_placeholder(self) -> bool:
        """Whether the query is told which colour is meant, so that its result need not say so."""
        return "{colour}" in self.query or "{pods}" in self.query


@dataclass(frozen=True, kw_only=True, slots=True)
class SyntheticTraffic:
    """Requests that are made where there are too few: GETs through the preview door."""

    paths: Sequence[str]
    """Asked in turn. They have to be ones that the service counts: probes, as a rule, it does not."""
    per_second: float


@dataclass(frozen=True, kw_only=True, slots=True)
class MetricsPlan(Asked):
    """What is asked of Prometheus about one service, and what for."""

    entry: ClassVar[Gate] = GATE

    up: str
    """PromQL: whether a pod is up, by pod; empty where nobody scrapes them. `{pods}` is as in a check's query."""
    counts: str
    """PromQL: requests in the window, by colour; empty where the service does not count them."""
    checks: Sequence[MetricCheck]
    samples: int
    """Requests in the window that the destination needs; and live, where something is compared with it.

    At least as many as tell a share of no error from its bounds (`teal.gates.shares`)."""
    window: str
    """As PromQL has it: `120s`."""
    traffic: SyntheticTraffic | None
    """None: what is missing is only waited for."""
    spare: int = 0
    """Requests that may be sent beyond `samples` where they do not tell: as many as the window has time for."""
    wait_seconds: float
    """For scrapes that are still to come."""

    @property
    def gates(self) -> frozenset[str]:
        """The names of all verdicts that come of it."""
        requests = {REQUESTS} if self.counts else set[str]()
        scraped = {AVAILABILITY} if self.up else set[str]()
        return frozenset({*scraped, *requests, *(each.gate for each in self.checks)})

    @property
    def deadline_seconds(self) -> float:
        """For scrapes that are still to come, and what is done meanwhile."""
        return self.wait_seconds + self.entry.deadline_seconds


@dataclass(frozen=True, slots=True)
class Lack:
    """Why there is no number, and what that means."""

    outcome: Outcome
    why: str


def number(queried: Queried, colour: Colour, *, told: bool = False) -> float | Lack:
    """The one finite number that was measured of a colour.

    Args:
        queried: what came back.
        colour: the colour.
        told: whether the query was about this colour alone. Where it was not, a result that does not say which colour
            it is of says nothing: both would be judged by one number.
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
    """One number of the destination keeps its bounds.

    Args:
        service: the service's name.
        destination: the colour that traffic is to move to.
        live: the colour that serves now; without one, the relative bounds do not apply.
        check: the number and its bounds.
        here: what was measured of the destination.
        there: what was measured of the live colour; for a result by colour, the same.
        count: requests of the destination that a share rests on.
    """
    asked = f"Prometheus for {check.title or check.query}"

    def verdict(outcome: Outcome, seen: str) -> Verdict:
        needed = _needed(check, live)
        return Verdict(gate=check.gate, service=service, outcome=outcome, seen=seen, needed=needed, asked=asked)

    value = number(here, destination, told=check.by_placeholder)
    if isinstance(value, Lack):
        return verdict(value.outcome, value.why)
    seen = f"{_shown(value, check.unit)} on {destination}"
    kept = (check.at_least is None or value >= check.at_least) and (check.below is None or value < check.below)
    if not check.relative or live is None:
        return verdict(*_told(check, value, None, count, seen, kept=kept))
    other = number(there, live, told=check.by_placeholder)
    if isinstance(other, Lack):
        return verdict(other.outcome if kept else Outcome.FAILED, f"{seen}; {other.why}")
    seen += f", {_shown(other, check.unit)} on {live}"
    if check.at_least_times_live is not None:
        kept = kept and value >= check.at_least_times_live * other
    if check.at_most_times_live is not None:
        kept = kept and value <= check.at_most_times_live * max(other, check.floor)
    return verdict(*_told(check, value, other, count, seen, kept=kept))


def _told(  # noqa: PLR0913 - a number, its bounds, what it rests on, and what is said of it
    check: MetricCheck, value: float, other: float | None, count: float, seen: str, *, kept: bool
) -> tuple[Outcome, str]:
    """Whether a number keeps its bounds; of a share, whether so few requests can tell."""
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
