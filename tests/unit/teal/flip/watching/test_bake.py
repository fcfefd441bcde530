"""What a bake decides over what it saw: both sides of each bound, and what it could not see."""

import math

import pytest

from teal.flip.watching.bake import ENOUGH_PROBES, Bake, Observed
from teal.model.colours import Colour
from teal.model.verdict import Outcome, Verdict
from teal.spec.bake import BakePlan, ServiceBake

DOOR = BakePlan(services={"backend": ServiceBake(path="/pricing")}, seconds=300, error_percent=5, samples=10, window=60)
BOTH = DOOR.model_copy(update={"prometheus": "http://prometheus.example"})


def bake(seen: Observed, plan: BakePlan = DOOR) -> Bake:
    """A bake of green that saw this of its only service."""
    return Bake(plan=plan, colour=Colour.GREEN, observed={"backend": seen})


def said(gate: str, seen: Observed, plan: BakePlan = DOOR) -> Verdict:
    """What one gate of such a bake says in the end."""
    return next(each for each in bake(seen, plan).verdicts() if each.gate == gate)


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
    verdict = said("bake", Observed(asked=asked, failed=failed, failure="/pricing answered 500"))
    assert verdict.outcome is outcome


@pytest.mark.parametrize(("asked", "share"), [(11, "100 % (11 of 11)"), (1000, "1.1 % (11 of 1000)")])
def test_the_share_is_told_as_a_person_writes_it(asked: int, share: str) -> None:
    """All of them are not 1e+02 %."""
    assert said("bake", Observed(asked=asked, failed=11)).seen.startswith(share)


def test_a_door_that_could_not_be_asked_is_an_error() -> None:
    """An API server that is away says nothing of the service."""
    verdict = said("bake", Observed(door_error="API server: ConnectError"))
    assert (verdict.outcome, "ConnectError" in verdict.seen) == (Outcome.ERROR, True)


def test_what_was_seen_before_the_api_server_went_away_still_counts() -> None:
    """A short absence does not spoil a bake that has its answers."""
    verdict = said("bake", Observed(asked=100, door_error="API server: ConnectError"))
    assert verdict.outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("door_errors", "failed", "outcome"),
    [
        (25, 0, Outcome.PASSED),  # at the bound: 25 of 125
        (26, 0, Outcome.ERROR),
        (26, 6, Outcome.FAILED),  # what was answered suffices
    ],
)
def test_too_many_looks_that_came_to_nothing_are_no_pass(door_errors: int, failed: int, outcome: Outcome) -> None:
    """Who saw a part of the bake alone has not seen it pass."""
    assert said("bake", Observed(asked=100, failed=failed, door_errors=door_errors)).outcome is outcome


@pytest.mark.parametrize(
    ("seen", "loss"),
    [
        (Observed(), 0.0),
        (Observed(asked=10, failed=3), 0.3),
        (Observed(asked=10, failed=3, standing={"a", "b"}, fallen={"a"}), 0.5),
        (Observed(asked=10, error_share=0.7, requests=10), 0.7),
        (Observed(asked=10, error_share=0.7, requests=9), 0.0),  # too few to be believed
        (Observed(asked=10, error_share=math.nan, requests=10), 0.0),
    ],
)
def test_the_loss_is_what_the_worst_witness_says(seen: Observed, loss: float) -> None:
    """The larger the share that fails now, the less the old colour has to have to be better."""
    assert bake(seen).loss() == loss


@pytest.mark.parametrize(
    ("asked", "early"), [(ENOUGH_PROBES - 1, False), (ENOUGH_PROBES, True)], ids=["too few", "enough"]
)
def test_a_bake_ends_early_once_enough_answers_failed(asked: int, *, early: bool) -> None:
    """Two lost answers of ten are no rate yet."""
    assert bool(bake(Observed(asked=asked, failed=asked)).failed()) is early


@pytest.mark.parametrize(
    ("asked", "failed", "early", "late"),
    [
        (20, 1, False, Outcome.PASSED),
        (20, 2, False, Outcome.FAILED),  # 10 %, or 3: so few answers cannot tell
        (20, 3, True, Outcome.FAILED),
        (100, 8, False, Outcome.FAILED),
        (100, 9, True, Outcome.FAILED),
    ],
)
def test_a_share_that_may_be_chance_waits_for_the_end(asked: int, failed: int, late: Outcome, *, early: bool) -> None:
    """By Wilson's interval: of 20 answers two say nothing of a bound of 5 %, and three do."""
    door, live = Observed(asked=asked, failed=failed), Observed(error_share=failed / asked, requests=asked)
    assert bool(bake(door).failed()) is bool(bake(live, BOTH).failed()) is early
    assert said("bake", door).outcome is late
    assert said("bake-metrics", live, BOTH).outcome is late


@pytest.mark.parametrize(("errs", "undone"), [(0.01, 0.2), (0.03, 5.4), (0.10, 98.6), (0.20, 100)])
def test_a_release_within_the_bound_is_hardly_undone_by_chance(errs: float, undone: float) -> None:
    """The percent of bakes that end early within 300 answers, all ways to get there added up; the bound is 5 %."""
    ended, going = 0.0, {0: 1.0}
    for asked in range(1, 301):
        reached = dict[int, float]()
        for failed, chance in going.items():
            reached[failed] = reached.get(failed, 0) + chance * (1 - errs)
            reached[failed + 1] = reached.get(failed + 1, 0) + chance * errs
        over = {failed for failed in reached if bake(Observed(asked=asked, failed=failed)).failed()}
        ended += sum(reached[failed] for failed in over)
        going = {failed: chance for failed, chance in reached.items() if failed not in over}
    assert round(100 * ended, 1) == undone


@pytest.mark.parametrize(
    ("share", "requests", "metrics_error", "outcome"),
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
    share: float | None, requests: float, metrics_error: str, outcome: Outcome
) -> None:
    """No data is inconclusive, a Prometheus that is down an error, and only a number within the bound passes."""
    seen = Observed(asked=100, error_share=share, requests=requests, metrics_error=metrics_error)
    assert said("bake-metrics", seen, BOTH).outcome is outcome
    assert said("bake", seen, BOTH).outcome is Outcome.PASSED


def test_which_answers_of_live_traffic_are_errors_is_the_services_word() -> None:
    """A service may count by other values than 5xx (`requestMetrics.errors`), so the verdict names none."""
    assert (
        said("bake-metrics", Observed(error_share=0.06, requests=100), BOTH).seen
        == "6 % of 100 requests of green failed"
    )


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
    assert said("bake-metrics", seen, plan).outcome is outcome
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
    """Nobody knows of it; the front door is the live_metrics. Where there is traffic enough, it counts."""
    bake = Bake.begin(BOTH, Colour.GREEN, first=True)
    bake.observed["backend"] = Observed(asked=100, error_share=share, requests=requests)
    outcomes = {each.gate: each.outcome for each in bake.verdicts()}
    assert (outcomes["bake"], outcomes["bake-metrics"]) == (Outcome.PASSED, outcome)


def test_without_a_prometheus_the_door_and_the_pods_are_the_witnesses() -> None:
    """Nothing is said of traffic that nobody measures."""
    assert [each.gate for each in bake(Observed(asked=100)).verdicts()] == ["bake", "bake-pods"]


@pytest.mark.parametrize(
    ("standing", "fallen", "pods_error", "outcome"),
    [
        (2, 0, "", Outcome.PASSED),
        (2, 1, "", Outcome.FAILED),
        (20, 1, "", Outcome.PASSED),  # at the bound
        (20, 2, "", Outcome.FAILED),
        (0, 0, "", Outcome.INCONCLUSIVE),
        (2, 0, "API server: ConnectError", Outcome.ERROR),
    ],
)
def test_pods_that_turned_unready_are_judged_by_their_share(
    standing: int, fallen: int, pods_error: str, outcome: Outcome
) -> None:
    """As answers are, and at once: one of two is half of what carries the traffic. Those that fell are named."""
    names = [f"backend-green-{number}" for number in range(standing)]
    seen = Observed(asked=100, standing={*names}, fallen={*names[:fallen]}, pods_error=pods_error)
    verdict = said("bake-pods", seen)
    assert verdict.outcome is outcome
    assert all(name in verdict.seen for name in names[:fallen])
    assert [each.gate for each in bake(seen).failed()] == (["bake-pods"] if outcome is Outcome.FAILED else [])
