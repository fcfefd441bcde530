"""What is remembered of flips: bounded, in order, and never two of them open."""

import pytest

from teal.bake import BakePlan, ServiceBake
from teal.colours import Colour
from teal.history import KEPT, KEPT_BYTES, Flip, History, Stage
from teal.verdict import Outcome, Verdict

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


def test_evidence_is_bounded_in_bytes() -> None:
    """However much was seen, a ConfigMap of 1 MiB holds it, and the last flip is never what is forgotten."""
    history = History()
    for number in range(1, 11):
        history = history.with_flip(flip(number).at(Stage.REFUSED, "x" * (KEPT_BYTES // 4)))
    assert len(history.model_dump_json()) <= KEPT_BYTES
    assert history.last is not None
    assert history.last.number == 10


@pytest.mark.parametrize("stage", [stage for stage in Stage if stage.open])
def test_a_flip_that_is_overtaken_is_no_longer_open(stage: Stage) -> None:
    """Only the last flip is gone on with."""
    history = History().with_flip(flip(1, stage)).with_flip(flip(2, Stage.PROVEN))
    assert [each.stage for each in history.flips] == [Stage.ABANDONED, Stage.PROVEN]


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
    """An open flip has no end."""
    assert bool(flip(1).at(stage).ended) is ended


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
