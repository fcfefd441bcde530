"""What becomes of a release that was refused or undone, where the stack says that it is to stop."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from teal_infra.planning import plan
from teal_infra.planning.live import Live

from teal.history.model import Stage
from teal.model.colours import Colour
from teal.model.verdict import Outcome, Verdict
from tests.unit.infra.worlds import BASE, edited, flip, service, settings, settled

STOP = edited(BASE, {"onRefusal": "stop"})
GREEN = edited(STOP, {"activeColour": "green"})


def said(gate: str, outcome: Outcome) -> Verdict:
    """One verdict."""
    return Verdict(gate=gate, service="backend", outcome=outcome, seen="?", needed="!")


def after(stage: Stage, *verdicts: Verdict, told: Mapping[str, Any] = GREEN) -> Live:
    """Blue is live, and a flip to green ended so."""
    live = settled(STOP)
    return replace(live, history=live.history.with_flip(flip(settings(told), live, stage, verdicts=verdicts)))


REFUSED = after(Stage.REFUSED, said("capacity", Outcome.FAILED))


@pytest.mark.parametrize(
    "live", [REFUSED, after(Stage.REVERTED, said("bake", Outcome.FAILED), said("bake-pods", Outcome.PASSED))]
)
def test_a_release_that_failed_is_stopped(live: Live) -> None:
    """Once its colour is idle again; the plan says so."""
    declared = settings(STOP)
    failed = refused.refused(declared, live)
    assert failed is not None
    stopped = refused.stopped(declared, failed.to)
    slot = plan.make(stopped, live).services["backend"].slots[Colour.GREEN].planned
    assert slot is not None
    assert (slot.state, slot.replicas) == ("stopped", 0)
    assert refused.refused(stopped, live) is None


KEPT: Mapping[str, tuple[Mapping[str, Any], Live]] = {
    "the stack does not ask for it": (edited(STOP, {"onRefusal": None}), REFUSED),
    "it is to be tried again": (GREEN, REFUSED),
    "it was mended": (edited(STOP, {"green.backend.env": {"MENDED": "true"}}), REFUSED),
    "it has a share of live traffic": (
        edited(STOP, {"router": "gateway", "gateway.name": "shop", "canaryWeight": 5}),
        REFUSED,
    ),
    "it could not be judged": (STOP, after(Stage.REFUSED, said("metrics.errors", Outcome.ERROR))),
    "nobody has approved it yet": (STOP, after(Stage.REFUSED, said("approval", Outcome.FAILED))),
    "it was confirmed since": (STOP, after(Stage.CONFIRMED, said("capacity", Outcome.FAILED))),
    "it has live traffic": (STOP, replace(REFUSED, services={"backend": service("green")})),
    "a flip is under way": (
        STOP,
        replace(REFUSED, history=REFUSED.history.with_flip(flip(settings(GREEN), REFUSED, Stage.BAKING))),
    ),
    "another release was refused": (STOP, after(Stage.REFUSED, said("capacity", Outcome.FAILED), told=STOP)),
}


@pytest.mark.parametrize("why", KEPT)
def test_its_pods_stay(why: str) -> None:
    """For each reason of its own."""
    raw, live = KEPT[why]
    assert refused.refused(settings(raw), live) is None


def test_a_stack_without_that_colour_stays_as_it_is() -> None:
    """There is nothing to stop."""
    declared = settings(edited(STOP, {"green": None}))
    assert refused.refused(declared, REFUSED) is None
    assert refused.stopped(declared, Colour.GREEN) is declared
