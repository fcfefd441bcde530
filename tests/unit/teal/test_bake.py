"""What a bake decides over what it saw: both sides of each bound, and what it could not see."""

import math

import pytest

from teal.bake import ENOUGH_PROBES, Bake, BakePlan, Observed, ServiceBake
from teal.colours import Colour
from teal.verdict import Outcome

DOOR = BakePlan(services={"backend": ServiceBake(path="/pricing")}, seconds=300, error_percent=5, samples=10, window=60)
BOTH = DOOR.model_copy(update={"prometheus": "http://prometheus.example"})


def bake(seen: Observed, plan: BakePlan = DOOR) -> Bake:
    """A bake of green that saw this of its only service."""
    return Bake(plan=plan, colour=Colour.GREEN, observed={"backend": seen})


@pytest.mark.parametrize(
    ("asked", "failed", "outcome"),
    [
        (100, 0, Outcome.PASSED),
        (100, 5, Outcome.PASSED),  # at the bound
        (100, 6, Outcome.FAILED),
        (1, 0, Outcome.PASSED),
        (1, 1, Outcome.FAILED),
        (0, 0, Outcome.INCONCLUSIVE),
    ],
)
def test_the_front_door_is_judged_by_its_share_of_failures(asked: int, failed: int, outcome: Outcome) -> None:
    """More than the bound fails, at the bound passes, and no answer at all is no data."""
    (verdict,) = bake(Observed(asked=asked, failed=failed, failure="/pricing answered 500")).verdicts()
    assert verdict.outcome is outcome


def test_a_door_that_could_not_be_asked_is_an_error() -> None:
    """An API server that is away says nothing of the service."""
    (verdict,) = bake(Observed(blind="API server: ConnectError")).verdicts()
    assert (verdict.outcome, "ConnectError" in verdict.seen) == (Outcome.ERROR, True)


def test_what_was_seen_before_the_api_server_went_away_still_counts() -> None:
    """A short absence does not spoil a bake that has its answers."""
    (verdict,) = bake(Observed(asked=100, blind="API server: ConnectError")).verdicts()
    assert verdict.outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("asked", "early"), [(ENOUGH_PROBES - 1, False), (ENOUGH_PROBES, True)], ids=["too few", "enough"]
)
def test_a_bake_ends_early_once_enough_answers_failed(asked: int, *, early: bool) -> None:
    """Two lost answers of ten are no rate yet."""
    assert bool(bake(Observed(asked=asked, failed=asked)).failed()) is early


@pytest.mark.parametrize(
    ("share", "requests", "unseen", "outcome"),
    [
        (0.0, 1000, "", Outcome.PASSED),
        (0.05, 1000, "", Outcome.PASSED),  # at the bound
        (0.0501, 1000, "", Outcome.FAILED),
        (1.0, 10, "", Outcome.FAILED),
        (1.0, 9, "", Outcome.INCONCLUSIVE),  # one below the samples needed
        (None, 1000, "", Outcome.INCONCLUSIVE),
        (math.nan, 1000, "", Outcome.INCONCLUSIVE),  # a share that is no number has not passed
        (0.0, 1000, "Prometheus did not answer within 5 s", Outcome.ERROR),
    ],
)
def test_live_traffic_is_judged_by_its_share_of_errors(
    share: float | None, requests: float, unseen: str, outcome: Outcome
) -> None:
    """No data is inconclusive, a Prometheus that is down an error, and only a number within the bound passes."""
    seen = Observed(asked=100, error_share=share, requests=requests, unseen=unseen)
    door, traffic = bake(seen, BOTH).verdicts()
    assert (door.outcome, traffic.outcome) == (Outcome.PASSED, outcome)


@pytest.mark.parametrize(
    ("share", "requests", "outcome"),
    [
        (None, 0, Outcome.PASSED),
        (math.nan, 0, Outcome.PASSED),
        (math.nan, 1, Outcome.INCONCLUSIVE),
        (1.0, 1, Outcome.FAILED),
    ],
)
def test_a_stack_may_say_that_it_needs_no_traffic(share: float | None, requests: float, outcome: Outcome) -> None:
    """With `samples: 0` silence passes, and whatever there is counts all the same."""
    plan = BOTH.model_copy(update={"samples": 0})
    seen = Observed(asked=100, error_share=share, requests=requests)
    assert bake(seen, plan).verdicts()[1].outcome is outcome
    assert bool(bake(seen, plan).failed()) is (outcome is Outcome.FAILED)


@pytest.mark.parametrize(
    ("share", "requests", "outcome"),
    [
        (None, 0, Outcome.PASSED),
        (0.0, 1, Outcome.PASSED),
        (1.0, 1, Outcome.FAILED),
        (math.nan, 1, Outcome.INCONCLUSIVE),
    ],
)
def test_a_first_release_need_not_have_been_asked(share: float | None, requests: float, outcome: Outcome) -> None:
    """Nobody knows of it; the front door is the witness. Where there is traffic enough, it counts."""
    bake = Bake.begin(BOTH, Colour.GREEN, first=True)
    bake.observed["backend"] = Observed(asked=100, error_share=share, requests=requests)
    assert {each.gate: each.outcome for each in bake.verdicts()} == {"bake": Outcome.PASSED, "bake-metrics": outcome}


def test_without_a_prometheus_the_door_is_the_only_witness() -> None:
    """Nothing is said of traffic that nobody measures."""
    assert [each.gate for each in bake(Observed(asked=100)).verdicts()] == ["bake"]
