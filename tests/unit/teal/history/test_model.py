"""What is remembered of flips: bounded, in order, and never two of them open."""

import pytest

from teal.history.model import KEPT, KEPT_BYTES, Flip, History, Stage
from teal.model.colours import Colour
from teal.model.verdict import Outcome, Verdict
from teal.spec.bake import BakePlan, ServiceBake

PLAN = BakePlan(services={"backend": ServiceBake(path="/")}, seconds=1, error_percent=5, samples=0, window=10)


def flip(number: int, stage: Stage = Stage.CONFIRMED) -> Flip:
    """A flip to green."""
    return Flip(
        number=number,
        origin=Colour.BLUE,
        to=Colour.GREEN,
        version="1.1.0",
        by="somebody",
        begun="2026-01-01T00:00:00+00:00",
        stage=stage,
        plan=PLAN,
    )


def verdict(outcome: Outcome, seen: str = "something") -> Verdict:
    """Of the capacity gate."""
    return Verdict(gate="capacity", service="backend", outcome=outcome, seen=seen, needed="2")


def test_the_oldest_is_forgotten_and_numbers_go_on() -> None:
    """A bounded list; the number of the next flip does not begin anew."""
    history = History()
    for number in range(1, KEPT + 4):
        history = history.with_flip(flip(number))
    assert [each.number for each in history.flips] == list(range(4, KEPT + 4))
    assert history.next_number == KEPT + 4


def measured(number: int, services: int, *, stage: Stage = Stage.CONFIRMED, failing: int = 0) -> Flip:
    """A flip of many services, each with a dozen verdicts whose texts are not ASCII; the first `failing` failed."""
    verdicts = [
        Verdict(
            gate=f"metrics.query-{gate}",
            service=f"service-{service}",
            outcome=Outcome.FAILED if service < failing else Outcome.PASSED,
            seen="zéro % d'erreurs, « très bien » " * 4,
            needed="à moins de 5 %",
        )
        for service in range(services)
        for gate in range(12)
    ]
    plan = PLAN.model_copy(update={"services": {f"service-{each}": ServiceBake(path="/") for each in range(services)}})
    return flip(number).model_copy(update={"plan": plan}).at(stage, "", *verdicts)


def full(flips: int, services: int, *, failing: int = 0) -> History:
    """So many flips of so many services."""
    history = History()
    for number in range(1, flips + 1):
        history = history.with_flip(measured(number, services, failing=failing))
    return history


def test_the_bound_is_of_the_bytes_that_are_stored() -> None:
    """Of fifty services, in whatever letters: what the ConfigMap holds is counted, not another rendering of it."""
    stored = full(KEPT, 50).stored().encode()
    assert len(stored) <= KEPT_BYTES
    assert len(stored) > KEPT_BYTES / 2, "no more is forgotten than has to be"


def test_old_evidence_goes_before_old_flips_and_what_failed_stays() -> None:
    """Who flipped what, and why it was refused, is remembered longest."""
    history = full(KEPT, 50, failing=1)
    assert len(history.flips) == KEPT
    first, last = history.flips[0], history.flips[-1]
    assert {each.outcome for each in first.verdicts} == {Outcome.FAILED}
    assert (first.thinned, len(first.verdicts)) == (49 * 12, 12)
    assert (last.thinned, len(last.verdicts)) == (0, 50 * 12)


@pytest.mark.parametrize("stage", [Stage.BAKING, Stage.REFUSED])
def test_one_flip_that_is_too_long_by_itself_is_stored_all_the_same(stage: Stage) -> None:
    """Of a thousand services: its plan is kept, by which it is gone on with, and its evidence is not."""
    huge = measured(7, 1000, stage=stage, failing=1000)
    history = full(3, 50).with_flip(huge.model_copy(update={"reason": "é" * KEPT_BYTES}))
    assert len(history.stored().encode()) <= KEPT_BYTES
    kept = history.find(7)
    assert kept is not None
    assert (kept.stage, len(kept.plan.services), kept.thinned) == (stage, 1000, 12000)


def test_the_evidence_of_an_approval_is_never_thinned() -> None:
    """By it an approval that was used is known."""
    given = Verdict(gate="approval", service="the flip set", outcome=Outcome.PASSED, seen="ann", needed="a yes")
    history = History().with_flip(measured(1, 1).at(Stage.CONFIRMED, "", given))
    for number in range(2, KEPT):
        history = history.with_flip(measured(number, 60))
    first = history.find(1)
    assert first is not None
    assert (first.verdicts, first.thinned) == ((given,), 12)


@pytest.mark.parametrize("stage", [stage for stage in Stage if stage.open])
def test_a_flip_that_is_overtaken_is_no_longer_open(stage: Stage) -> None:
    """Only the last flip is gone on with."""
    history = History().with_flip(flip(1, stage)).with_flip(flip(2, Stage.PROVEN))
    assert [each.stage for each in history.flips] == [Stage.ABANDONED, Stage.PROVEN]


@pytest.mark.parametrize("stage", [stage for stage in Stage if stage.open])
def test_a_flip_is_open_again_where_what_overtook_it_moved_nothing(stage: Stage) -> None:
    """Traffic is still where it has sent it, so somebody has to go on with it; a third flip is not meant."""
    first = flip(1, stage).at(stage, "so far")
    overtaken = History().with_flip(first).with_flip(flip(2, Stage.PROVEN))
    assert overtaken.with_flip(flip(2, Stage.REFUSED)).open == first
    abandoned = overtaken.with_flip(flip(2, Stage.ABANDONED))
    assert abandoned.open == abandoned.with_flip(flip(2, Stage.ABANDONED)).open == first
    assert overtaken.with_flip(flip(2)).open is None
    assert overtaken.with_flip(flip(2)).with_flip(flip(3, Stage.REFUSED)).open is None


def test_a_flip_that_was_put_back_after_another_died_left_traffic_where_it_came_from() -> None:
    """The second one was to bring it back, and died before it moved anything, so the first was open again."""
    first = flip(1, Stage.REVERTING)
    second = flip(2, Stage.PROVEN).model_copy(update={"origin": Colour.GREEN, "to": Colour.BLUE})
    history = History().with_flip(first).with_flip(second).with_flip(second.at(Stage.ABANDONED, ""))
    assert history.open == first
    assert Colour.BLUE in history.with_flip(first.at(Stage.REVERTED, "")).left


@pytest.mark.parametrize("stage", [stage for stage in Stage if not stage.open])
def test_how_a_flip_ended_is_not_rewritten(stage: Stage) -> None:
    """The next one changes nothing of it."""
    history = History().with_flip(flip(1, stage)).with_flip(flip(2))
    assert history.flips[0].stage is stage


def test_a_gate_that_is_measured_again_replaces_what_it_said() -> None:
    """A bake that is repeated for an hour does not grow the record."""
    first = flip(1).at(Stage.UNPROVEN, "", verdict(Outcome.ERROR), verdict(Outcome.ERROR))
    again = first.at(Stage.CONFIRMED, "", verdict(Outcome.PASSED, "2 of 2"))
    assert [each.seen for each in again.verdicts] == ["2 of 2"]


def test_it_survives_its_way_through_json() -> None:
    """What another machine reads is what this one wrote."""
    history = History().with_flip(flip(1).at(Stage.STUCK, "why", verdict(Outcome.FAILED)))
    assert History.model_validate_json(history.model_dump_json(by_alias=True)) == history


@pytest.mark.parametrize(("stage", "ended"), [(Stage.BAKING, False), (Stage.STUCK, False), (Stage.REVERTED, True)])
def test_what_is_over_says_when(stage: Stage, *, ended: bool) -> None:
    """An open flip has no end, and what has ended keeps the time that it was recorded with."""
    recorded = History().with_flip(flip(1).at(stage)).dated("2026-01-01T00:00:00+00:00")
    found = recorded.dated("2026-01-02T00:00:00+00:00").find(1)
    assert found is not None
    assert found.ended == ("2026-01-01T00:00:00+00:00" if ended else "")


def test_a_refusal_leaves_the_open_flip_open() -> None:
    """Nothing moved, so traffic is still where the open one sent it, and somebody has to go on with that."""
    history = History().with_flip(flip(1, Stage.BAKING)).with_flip(flip(2, Stage.REFUSED))
    assert history.open is not None
    assert (history.open.number, history.next_number) == (1, 3)
    ended = history.with_flip(history.open.at(Stage.CONFIRMED))
    assert [(each.number, each.stage) for each in ended.flips] == [(1, Stage.CONFIRMED), (2, Stage.REFUSED)]
    assert (ended.open, ended.next_number) == (None, 3)


def test_no_number_of_refusals_hides_the_open_flip() -> None:
    """Whoever tries again and again moves nothing: traffic is still where the open one sent it."""
    history = History().with_flip(flip(1, Stage.BAKING))
    for number in range(2, KEPT + 10):
        history = history.with_flip(flip(number, Stage.REFUSED))
    assert history.open is not None
    assert (history.open.number, len(history.flips)) == (1, KEPT)
    ended = history.with_flip(history.open.at(Stage.CONFIRMED)).find(1)
    assert ended is not None
    assert ended.stage is Stage.CONFIRMED
