"""What a person reads of a gate that asks Prometheus: what was seen, what was needed, and who was asked."""

import math

import pytest

from teal.gates.requests import enough
from teal.gates.samples import MetricCheck, Queried, Series, metric
from teal.gates.scraped import availability
from teal.gates.series import series
from teal.model.colours import Colour
from teal.model.verdict import Outcome, Verdict
from tests.unit.teal.gates.evidence_cases import (
    BLUE,
    ERROR,
    FAILED,
    GREEN,
    INCONCLUSIVE,
    METRICS,
    PASSED,
    SERIES,
    spoken,
)

SCRAPED = {"needed": "all 2 ready pods of green scraped and up", "asked": "Prometheus for up"}
WANTED = {
    "needed": "series of http_requests_total with the label code, in either colour",
    "asked": "Prometheus for the series that the bake needs",
}
SOME = Queried(series=[Series(labels={"colour": "green"}, value=3)])
NAMES = "backend had no request, or its metrics have other names"
KEY = "teal:services.backend.requestMetrics"
WOULD = "would tell it from 2 %"
ERRORS = MetricCheck(
    name="errors",
    title="the error share",
    query="{pods}",
    unit="%",
    below=0.05,
    at_most_times_live=2,
    floor=0.01,
    share=True,
)
DOWN = Queried(error="Prometheus is down")


def told(value: float, colour: Colour = GREEN) -> Queried:
    """One number of a colour."""
    return Queried(series=[Series(labels={"colour": colour}, value=value)])


def judged(check: MetricCheck, value: float, *, live: float | None = None, count: float = math.inf) -> Verdict:
    """A number of green beside blue's."""
    there = Queried() if live is None else told(live, BLUE)
    return metric(
        "backend", GREEN, live=None if live is None else BLUE, check=check, here=told(value), there=there, count=count
    )


@pytest.mark.parametrize(
    ("up", "outcome", "seen"),
    [
        (DOWN, ERROR, "Prometheus is down"),
        (Queried(series=[Series(labels={}, value=1)]), INCONCLUSIVE, "0 of 2 ready pods are scraped, 0 are up"),
        (
            Queried(series=[Series(labels={"pod": "a"}, value=1)] * 2),
            ERROR,
            "several series of a pod where one was expected",
        ),
        (
            Queried(series=[Series(labels={"pod": "a"}, value=1), Series(labels={"pod": "b"}, value=0)]),
            FAILED,
            "2 of 2 ready pods are scraped, 1 are up, b is not",
        ),
    ],
)
def test_availability(up: Queried, outcome: Outcome, seen: str) -> None:
    """Which pod is down."""
    found = availability("backend", GREEN, ready=["a", "b"], up=up)
    assert spoken(found) == (outcome, seen, SCRAPED["needed"], SCRAPED["asked"])


def test_of_no_pod_at_least_one_has_to_be_scraped() -> None:
    """A series that says nothing of any pod is none of one without a name."""
    found = availability("backend", GREEN, ready=[], up=Queried(series=[Series(labels={}, value=1)]))
    assert (found.outcome, found.needed) == (INCONCLUSIVE, "all 1 ready pods of green scraped and up")


@pytest.mark.parametrize(
    ("live", "every", "having", "others", "outcome", "seen"),
    [
        (BLUE, DOWN, SOME, {}, ERROR, "Prometheus is down"),
        (BLUE, SOME, DOWN, {}, ERROR, "Prometheus is down"),
        (None, Queried(), Queried(), {}, PASSED, "no colour was live yet, so nobody had a request"),
        (BLUE, SOME, SOME, {}, PASSED, "3 such series"),
        (
            BLUE,
            SOME,
            Queried(),
            {"django": SOME, "flask": Queried()},
            INCONCLUSIVE,
            f"http_requests_total has no label code; set {KEY}.status, or {KEY}.preset to django",
        ),
        (
            BLUE,
            Queried(),
            Queried(),
            {"django": SOME, "flask": SOME},
            INCONCLUSIVE,
            f"no series of http_requests_total: {NAMES}; set {KEY}.preset to django or flask",
        ),
        (
            BLUE,
            Queried(),
            Queried(),
            {},
            INCONCLUSIVE,
            (
                f"no series of http_requests_total: {NAMES}; set {KEY}.preset to the library that counts its requests, "
                "or to none"
            ),
        ),
    ],
)
def test_series(  # noqa: PLR0913, PLR0917 - one answer each, and what comes of them
    live: Colour | None, every: Queried, having: Queried, others: dict[str, Queried], outcome: Outcome, seen: str
) -> None:
    """What is missing, and which setting mends it."""
    found = series("backend", SERIES, live=live, every=every, with_status=having, others=others)
    assert spoken(found) == (outcome, seen, WANTED["needed"], WANTED["asked"])


@pytest.mark.parametrize(
    ("counts", "sent", "outcome", "seen"),
    [
        (told(20), "", INCONCLUSIVE, "20 requests to green, 0 requests to blue"),
        (told(20), "9 were sent", INCONCLUSIVE, "20 requests to green, 0 requests to blue (9 were sent)"),
        (DOWN, "", ERROR, "Prometheus is down"),
    ],
)
def test_requests(counts: Queried, sent: str, outcome: Outcome, seen: str) -> None:
    """How many there were of each."""
    found = enough("backend", [GREEN, BLUE], plan=METRICS, counts=counts, sent=sent)
    assert spoken(found) == (
        outcome,
        seen,
        "20 to green and to blue within 60s",
        "Prometheus for the requests by colour",
    )


def test_a_number_whose_colour_nobody_says() -> None:
    """With how to ask so that it does."""
    check = MetricCheck(name="own", query="up", at_least=1)
    found = metric(
        "backend", GREEN, live=None, check=check, here=Queried(series=[Series(labels={}, value=1)]), there=DOWN
    )
    seen = "a result that does not say which colour it is of; with {pods} in its query, it is asked once a colour"
    assert spoken(found) == (INCONCLUSIVE, seen, "at least 1", "Prometheus for up")


@pytest.mark.parametrize(
    ("check", "live", "needed"),
    [
        (MetricCheck(name="a", query="a"), None, "a number"),
        (MetricCheck(name="a", query="a", unit="s", at_least=1, below=2), None, "at least 1 s and below 2 s"),
        (MetricCheck(name="a", query="a", at_least_times_live=0.5), 1, "at least 0.5 times that of blue"),
        (MetricCheck(name="a", query="a", at_least_times_live=0.5), None, "a number"),
        (MetricCheck(name="a", query="a", at_most_times_live=2), 1, "at most 2 times that of blue"),
        (ERRORS, 0.01, "below 5 % and at most 2 times that of blue (taken for at least 1 %)"),
    ],
)
def test_bounds(check: MetricCheck, live: float | None, needed: str) -> None:
    """Each in its unit, and those relative to live only where there is one."""
    assert judged(check, 1.5, live=live).needed == needed


@pytest.mark.parametrize(
    ("value", "live", "count", "outcome", "seen"),
    [
        (0.0, 0.0, 500, PASSED, "0 % on green, 0 % on blue of 500 requests, so between 0 % and 0.5383 %"),
        (0.5, 0.0, 100, FAILED, "50 % on green, 0 % on blue of 100 requests, so between 41.88 % and 58.12 %"),
        (
            0.0,
            0.0,
            20,
            INCONCLUSIVE,
            "0 % on green, 0 % on blue of 20 requests, so between 0 % and 11.92 %: about 133 would tell it from 2 %",
        ),
        (
            0.03,
            0.0,
            100,
            INCONCLUSIVE,
            f"3 % on green, 0 % on blue of 100 requests, so between 1.205 % and 7.272 %: about 531 {WOULD}",
        ),
        (1.5, 0.0, 20, FAILED, "150 % on green, 0 % on blue"),  # no share: nothing is told of an interval
        (0.5, 0.0, math.inf, FAILED, "50 % on green, 0 % on blue"),
    ],
)
def test_a_share_is_told_from_its_bound(value: float, live: float, count: float, outcome: Outcome, seen: str) -> None:
    """By as many requests as there were, or it says how many it takes."""
    found = judged(ERRORS, value, live=live, count=count)
    assert (found.outcome, found.seen, found.asked) == (outcome, seen, "Prometheus for the error share")


def test_a_number_that_is_no_share_rests_on_no_requests() -> None:
    """Few requests say nothing of it."""
    check = MetricCheck(name="a", query="{pods}", below=0.5)
    assert spoken(judged(check, 0.1, count=3)) == (PASSED, "0.1 on green", "below 0.5", "Prometheus for {pods}")
