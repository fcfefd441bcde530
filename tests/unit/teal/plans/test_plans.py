"""The plan of a router that splits traffic: what a share of it does to the word."""

from dataclasses import replace

import pytest

from teal.history.model import History
from teal.model.colours import Colour
from teal.plans.decide import decide
from teal.plans.facts import Facts, ServiceFacts
from teal.plans.model import Now, Planned, SlotPlan, Word
from teal.spec.bake import BakePlan
from teal.spec.gates import GatePlan
from teal.spec.move import Move

GATES = GatePlan(version="1.1.0", version_path="/deployment/metadata")


def slot(version: str, *changes: str) -> SlotPlan:
    """A warm colour."""
    return SlotPlan(
        now=Now(version=version, replicas=3, ready=3),
        planned=Planned(version=version, replicas=3, state="running", digest="d"),
        changes=changes,
    )


def facts(declared: int, now: int, *changes: str) -> Facts:
    """Blue is live and confirmed; green has a share of its traffic, and is to have another."""
    bake = BakePlan(services={}, seconds=300, error_percent=5, samples=0, window=10)
    move = Move(
        to=Colour.BLUE,
        versions={Colour.BLUE: "1.0.0", Colour.GREEN: "1.1.0"},
        release="digest",
        confirmed=Colour.BLUE,
        flip_set={"backend": GATES},
        bake=bake,
        share=declared,
        canary={"backend": GATES},
    )
    slots = {Colour.BLUE: slot("1.0.0"), Colour.GREEN: slot("1.1.0", *changes)}
    backend = ServiceFacts(live=Colour.BLUE, share=now, slots=slots)
    return Facts(namespace="teal", move=move, history=History(), releases={}, services={"backend": backend})


@pytest.mark.parametrize(
    ("declared", "now", "changes", "word", "said"),
    [
        (0, 0, (), Word.NOTHING, []),
        (10, 10, (), Word.NOTHING, []),
        (10, 0, (), Word.FLIP, ["green 1.1.0 gets 10 % of live traffic; now it has 0 %"]),
        (50, 10, (), Word.FLIP, ["green 1.1.0 gets 50 % of live traffic; now it has 10 %"]),
        (0, 10, (), Word.ROLLBACK, ["green 1.1.0 gets 0 % of live traffic; now it has 10 %"]),
        (0, 0, ("env",), Word.PREPARE, ["green changes: env"]),
        (10, 10, ("env",), Word.ROLLING, ["pods of green, which has 10 % of live traffic, are replaced in place: env"]),
    ],
)
def test_a_share_of_live_traffic_is_live_traffic(
    declared: int, now: int, changes: tuple[str, ...], word: Word, said: list[str]
) -> None:
    """More of it is a move, less of it the way back; what has some of it changes under traffic."""
    found = decide(facts(declared, now, *changes))
    assert found.word is word
    assert list(found.reasons)[: len(said)] == said


@pytest.mark.parametrize(("declared", "now", "asked"), [(10, 0, True), (0, 10, False), (10, 10, False)])
def test_only_more_of_it_is_asked_for_gates(declared: int, now: int, *, asked: bool) -> None:
    """Those of the canary; nobody has to approve."""
    found = decide(facts(declared, now))
    assert bool(found.services["backend"].proof.asked) is asked
    assert ("loses that where its bake fails" in found.traffic) is asked
    assert found.proof.asked == ()


def test_a_flip_leaves_no_share_unsaid() -> None:
    """All of it moves, whatever the destination had of it before."""
    before = facts(0, 10)
    move = replace(before.move, to=Colour.GREEN)
    found = decide(replace(before, move=move))
    assert found.word is Word.FLIP
    assert found.reasons == ("live traffic goes from blue 1.0.0 to green 1.1.0",)
