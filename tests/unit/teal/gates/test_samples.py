"""Metrics: the canary analysis' bounds, from both sides, and everything that is no number."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teal.gates.requests import enough
from teal.gates.samples import AVAILABILITY, REQUESTS, MetricCheck, MetricsPlan, Queried, Series, metric
from teal.gates.scraped import availability
from teal.model.colours import Colour
from teal.model.verdict import Outcome, Verdict

GREEN, BLUE = Colour.GREEN, Colour.BLUE
PASSED, FAILED, INCONCLUSIVE, ERROR = Outcome
ERRORS = MetricCheck(name="errors", query="e", unit="%", below=0.05, at_most_times_live=2, floor=0.005)
P95 = MetricCheck(name="p95", query="p", unit="s", below=2, at_most_times_live=1.5, floor=0.1)
ORDERS = MetricCheck(name="orders", query="o{colour}", at_least=1, at_least_times_live=0.5)
PLAN = MetricsPlan(
    up="up",
    counts="counts",
    checks=(ERRORS, P95),
    samples=50,
    window="120s",
    traffic=None,
    wait_seconds=0,
)


def vector(**values: float) -> Queried:
    """An instant vector by colour."""
    return Queried(series=[Series(labels={"colour": colour}, value=value) for colour, value in values.items()])


def judge(check: MetricCheck, measured: Queried, *, live: Colour | None = BLUE) -> Verdict:
    """The verdict on a number by colour."""
    return metric("backend", GREEN, live=live, check=check, here=measured, there=measured)


@pytest.mark.parametrize(
    ("check", "green", "blue", "outcome"),
    [
        # Below 5 %, whatever live has.
        (ERRORS, 0.0499, 0.03, PASSED),
        (ERRORS, 0.05, 0.03, FAILED),
        (ERRORS, 0.0501, 0.03, FAILED),
        # At most twice live's.
        (ERRORS, 0.0199, 0.01, PASSED),
        (ERRORS, 0.02, 0.01, PASSED),
        (ERRORS, 0.0201, 0.01, FAILED),
        # Live has none, or next to none: it is taken for 0.5 %, so 1 % passes.
        (ERRORS, 0.0, 0.0, PASSED),
        (ERRORS, 0.0099, 0.0, PASSED),
        (ERRORS, 0.01, 0.0, PASSED),
        (ERRORS, 0.0101, 0.0, FAILED),
        (ERRORS, 0.01, 0.0001, PASSED),
        (ERRORS, 0.0101, 0.0001, FAILED),
        # The floor itself changes nothing.
        (ERRORS, 0.01, 0.005, PASSED),
        (ERRORS, 0.0101, 0.005, FAILED),
        # Below 2 s, whatever live takes.
        (P95, 1.999, 1.9, PASSED),
        (P95, 2.0, 1.9, FAILED),
        (P95, 2.001, 1.9, FAILED),
        # At most 1.5 times live's.
        (P95, 0.599, 0.4, PASSED),
        (P95, 0.6, 0.4, PASSED),
        (P95, 0.601, 0.4, FAILED),
        # Live takes milliseconds: it is taken for 0.1 s.
        (P95, 0.15, 0.004, PASSED),
        (P95, 0.151, 0.004, FAILED),
        # At least 1, and at least half of live's.
        (ORDERS, 0.99, 1, FAILED),
        (ORDERS, 1, 1, PASSED),
        (ORDERS, 1.01, 1, PASSED),
        (ORDERS, 4.99, 10, FAILED),
        (ORDERS, 5, 10, PASSED),
        (ORDERS, 5.01, 10, PASSED),
        (ORDERS, 1, 0, PASSED),
    ],
)
def test_a_number_keeps_its_bounds(check: MetricCheck, green: float, blue: float, outcome: Outcome) -> None:
    """`below` excludes its bound, the others include it."""
    assert judge(check, vector(green=green, blue=blue)).outcome is outcome


def test_without_a_floor_any_error_is_more_than_none() -> None:
    """The guide's rule to the letter, for those who want it."""
    strict = replace(ERRORS, floor=0.0)
    assert judge(strict, vector(green=0.0001, blue=0)).outcome is FAILED
    assert judge(strict, vector(green=0, blue=0)).outcome is PASSED


@pytest.mark.parametrize(
    ("measured", "outcome", "seen"),
    [
        (Queried(), INCONCLUSIVE, "no data of green"),
        (vector(blue=0.01), INCONCLUSIVE, "no data of green"),
        (vector(green=math.nan, blue=0.01), INCONCLUSIVE, "nan of green"),  # 0/0: no request at all
        (vector(green=math.inf, blue=0.01), INCONCLUSIVE, "inf of green"),
        (vector(green=-math.inf, blue=0.01), INCONCLUSIVE, "inf of green"),
        (vector(green=0.01), INCONCLUSIVE, "1 % on green; no data of blue"),
        (vector(green=0.01, blue=math.nan), INCONCLUSIVE, "nan of blue"),
        (vector(green=0.06), FAILED, "6 % on green; no data of blue"),  # too many, whatever live has
        (Queried(error="Prometheus did not answer within 5 s"), ERROR, "did not answer within 5 s"),
        (Queried(series=[*vector(green=0.01).series] * 2), ERROR, "2 series of green where one was expected"),
        (
            Queried(series=[*vector(green=0.01).series, *vector(blue=0.01).series, *vector(blue=0.02).series]),
            ERROR,
            "2 series of blue where one was expected",
        ),
        (
            Queried(series=[Series(labels={"colour": "green", "pod": str(pod)}, value=0.0) for pod in range(3)]),
            ERROR,
            "3 series of green",
        ),
    ],
)
def test_what_is_no_number_does_not_pass(measured: Queried, outcome: Outcome, seen: str) -> None:
    """No data may still come; two series, or nobody to ask, will not become one answer by waiting."""
    verdict = judge(ERRORS, measured)
    assert verdict.outcome is outcome
    assert seen in verdict.seen


SHARE = replace(ERRORS, share=True)


@pytest.mark.parametrize(
    ("failed", "count", "live", "outcome"),
    [
        (1, 20, None, INCONCLUSIVE),  # the demo's release that errs 10 %, seen once: 5 % of what it rests on
        (0, 51, None, INCONCLUSIVE),
        (0, 52, None, PASSED),  # told from 5 %
        (0, 267, 0.0, INCONCLUSIVE),
        (0, 268, 0.0, PASSED),  # told from the floor's 1 %
        (1, 268, 0.0, INCONCLUSIVE),
        (29, 295, 0.0, FAILED),
        (29, 295, None, FAILED),
        (15, 295, None, INCONCLUSIVE),  # 5.1 %: a hair above the bound is not above it
        (20, 20, None, FAILED),
        (0, 0, None, INCONCLUSIVE),
    ],
)
def test_a_share_is_told_from_its_bounds_or_is_not_known(
    failed: int, count: int, live: float | None, outcome: Outcome
) -> None:
    """Neither a pass nor a refusal rests on one request more or less."""
    measured = vector(green=failed / count if count else 0.0, **({"blue": live} if live is not None else {}))
    colour = BLUE if live is not None else None
    verdict = metric("backend", GREEN, live=colour, check=SHARE, here=measured, there=measured, count=count)
    assert verdict.outcome is outcome
    assert f"of {count} requests, so between" in verdict.seen
    assert ("would tell it from" in verdict.seen) is (outcome is INCONCLUSIVE)


def test_without_a_live_colour_nothing_is_compared() -> None:
    """The first release of all keeps the fixed bounds alone."""
    assert judge(P95, vector(green=1.9), live=None).outcome is PASSED
    assert judge(P95, vector(green=2), live=None).outcome is FAILED
    assert "times" not in judge(P95, vector(green=2), live=None).needed


@pytest.mark.parametrize(
    ("series", "outcome"),
    [
        ([Series(labels={}, value=3)], PASSED),
        ([Series(labels={"shop": "a"}, value=3)], PASSED),
        ([Series(labels={}, value=0)], FAILED),
        ([], INCONCLUSIVE),
        ([Series(labels={"shop": "a"}, value=3), Series(labels={"shop": "b"}, value=3)], ERROR),
    ],
)
def test_a_number_without_a_colour_is_a_single_series(series: list[Series], outcome: Outcome) -> None:
    """Of a query that says itself which colour it is about; two series say that it is about something else."""
    check = MetricCheck(name="orders", query="sum(orders{slot='{colour}'})", at_least=1)
    assert metric("backend", GREEN, live=BLUE, check=check, here=Queried(series=series), there=Queried()).outcome is (
        outcome
    )


def test_a_result_that_does_not_say_its_colour_is_no_answer() -> None:
    """A stock library has no such label: both colours would be judged by one number, which is that of neither."""
    check = MetricCheck(name="orders", query="sum by (colour) (rate(orders_total[2m]))", at_least=1)
    verdict = judge(check, Queried(series=[Series(labels={}, value=3)]))
    assert verdict.outcome is INCONCLUSIVE
    assert "does not say which colour" in verdict.seen


def test_the_two_colours_may_come_from_two_queries() -> None:
    """Where the text names the colour, each is asked for itself."""
    here, there = (Queried(series=[Series(labels={}, value=value)]) for value in (4.0, 10.0))
    assert metric("backend", GREEN, live=BLUE, check=ORDERS, here=here, there=there).outcome is FAILED
    assert metric("backend", GREEN, live=BLUE, check=ORDERS, here=there, there=here).outcome is PASSED


def test_the_evidence_has_both_numbers_and_all_bounds() -> None:
    """With their units, in the words of who has to act on it."""
    verdict = judge(ERRORS, vector(green=0.102, blue=0.004))
    assert (verdict.gate, verdict.seen) == ("metrics.errors", "10.2 % on green, 0.4 % on blue")
    assert verdict.needed == "below 5 % and at most 2 times that of blue (taken for at least 0.5 %)"


def by_pod(**values: float) -> Queried:
    """Whether pods are up."""
    return Queried(series=[Series(labels={"pod": pod}, value=value) for pod, value in values.items()])


@pytest.mark.parametrize(
    ("up", "outcome", "seen"),
    [
        (by_pod(a=1, b=1), PASSED, "2 of 2 ready pods are scraped, 2 are up"),
        (by_pod(a=1, b=1, old=0), PASSED, "2 are up"),  # of the release before, on its way out
        (by_pod(a=1, b=0), FAILED, "2 of 2 ready pods are scraped, 1 are up, b is not"),
        (by_pod(a=0, b=0), FAILED, "0 are up"),
        (by_pod(a=math.nan, b=1), FAILED, "1 are up, a is not"),
        (by_pod(a=0), FAILED, "1 of 2 ready pods are scraped, 0 are up"),
        (by_pod(a=1), INCONCLUSIVE, "1 of 2 ready pods are scraped"),  # the other is not found yet
        (by_pod(a=1, old=1), INCONCLUSIVE, "1 of 2 ready pods are scraped"),
        (Queried(), INCONCLUSIVE, "0 of 2 ready pods are scraped"),
        (vector(green=1), INCONCLUSIVE, "0 of 2 ready pods are scraped"),
        (Queried(error="down"), ERROR, "down"),
        (Queried(series=[*by_pod(a=1, b=1).series, *by_pod(a=0).series]), ERROR, "several series of a pod"),
    ],
)
def test_every_ready_pod_is_scraped_and_up(up: Queried, outcome: Outcome, seen: str) -> None:
    """Each by its name; one that Prometheus does not know has not been seen to be well."""
    verdict = availability("backend", GREEN, ready=["a", "b"], up=up)
    assert (verdict.gate, verdict.outcome) == (AVAILABILITY, outcome)
    assert seen in verdict.seen


def test_no_pod_at_all_is_not_available() -> None:
    """Nothing out of nothing is no proof."""
    assert availability("backend", GREEN, ready=[], up=Queried()).outcome is INCONCLUSIVE


@pytest.mark.parametrize(
    ("counts", "outcome", "seen"),
    [
        (vector(green=49, blue=50), INCONCLUSIVE, "49 requests to green, 50 requests to blue"),
        (vector(green=50, blue=50), PASSED, "50 requests to green"),
        (vector(green=51, blue=51), PASSED, "51 requests to green"),
        (vector(green=50, blue=49), INCONCLUSIVE, "49 requests to blue"),
        (vector(green=50), INCONCLUSIVE, "0 requests to blue"),
        (Queried(), INCONCLUSIVE, "0 requests to green"),
        (Queried(error="down"), ERROR, "down"),
        (Queried(series=[*vector(green=50).series] * 2), ERROR, "2 series of green"),
    ],
)
def test_numbers_need_requests_to_rest_on(counts: Queried, outcome: Outcome, seen: str) -> None:
    """Both colours', where they are compared."""
    verdict = enough("backend", [GREEN, BLUE], plan=PLAN, counts=counts)
    assert (verdict.gate, verdict.outcome) == (REQUESTS, outcome)
    assert seen in verdict.seen


def test_live_needs_no_requests_where_nothing_is_compared_with_it() -> None:
    """A night without customers forbids no flip then."""
    assert enough("backend", [GREEN], plan=PLAN, counts=vector(green=50)).outcome is PASSED


def test_what_was_sent_is_in_the_evidence() -> None:
    """Else nobody knew that these were not customers."""
    verdict = enough("backend", [GREEN], plan=PLAN, counts=vector(green=55), sent="55 sent")
    assert verdict.seen == "55 requests to green (55 sent)"


def test_a_plan_names_all_of_its_verdicts() -> None:
    """A verdict that does not come back is missed by its name."""
    assert PLAN.gates == {"metrics.availability", "metrics.requests", "metrics.errors", "metrics.p95"}


@given(
    green=st.floats(allow_nan=True, allow_infinity=True),
    blue=st.floats(allow_nan=True, allow_infinity=True),
    check=st.sampled_from([ERRORS, P95, ORDERS]),
)
def test_only_finite_numbers_within_all_bounds_pass(green: float, blue: float, check: MetricCheck) -> None:
    """Whatever Prometheus answers."""
    if judge(check, vector(green=green, blue=blue)).outcome is not PASSED:
        return
    assert math.isfinite(green)
    assert math.isfinite(blue)
    assert check.below is None or green < check.below
    assert check.at_least is None or green >= check.at_least


@given(green=st.floats(0, 0.04), better=st.floats(0, 0.04), blue=st.floats(0, 1))
def test_fewer_errors_never_turn_a_pass_into_a_refusal(green: float, better: float, blue: float) -> None:
    """The gate is monotone, through the floor as well."""
    low, high = sorted((green, better))
    if judge(ERRORS, vector(green=high, blue=blue)).outcome is PASSED:
        assert judge(ERRORS, vector(green=low, blue=blue)).outcome is PASSED
