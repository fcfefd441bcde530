"""What becomes of a release that was refused or undone, or left by a flip, where the stack says that it is to end."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from teal_infra.planning import ending, plan, slots
from teal_infra.planning.live import Live

from teal.history.model import Ending, Stage
from teal.model.colours import Colour
from teal.model.labels import STARTED_AT
from teal.model.verdict import Outcome, Verdict
from teal.plans.model import Word
from tests.unit.infra.declaring import CALLERS
from tests.unit.infra.worlds import BASE, NOW, edited, flip, scaled, service, settings, settled

STOP = edited(BASE, {"onRefusal": "stop"})
GREEN = edited(STOP, {"activeColour": "green"})


def said(gate: str, outcome: Outcome) -> Verdict:
    """One verdict."""
    return Verdict(gate=gate, service="backend", outcome=outcome, seen="?", needed="!")


def after(stage: Stage, *verdicts: Verdict, told: Mapping[str, Any] = GREEN, ended: str = "") -> Live:
    """Blue is live, and a flip to green ended so."""
    live = settled(STOP)
    moved = flip(settings(told), live, stage, verdicts=verdicts, ended=ended)
    return replace(live, history=live.history.with_flip(moved))


REFUSED = after(Stage.REFUSED, said("capacity", Outcome.FAILED))


def test_a_release_that_was_undone_keeps_its_pods_until_routers_have_followed() -> None:
    """One that was refused had no traffic; what the watch has ended by its own clock stays so."""
    failed = said("bake", Outcome.FAILED)
    late = after(Stage.REVERTED, failed, ended="2026-01-01T11:59:30+00:00")
    assert ending.ended(settings(STOP), late) is None
    assert ending.ended(settings(edited(STOP, {"settleSeconds": 20})), late) is not None
    assert ending.ended(settings(STOP), after(Stage.REFUSED, failed, ended=NOW)) is not None
    its = Ending(colour=Colour.GREEN, flip=2, at="2026-01-01T12:00:31+00:00", done=True)
    known = late.history.model_copy(update={"ending": its})
    assert ending.ended(settings(STOP), replace(late, history=known)) is not None


@pytest.mark.parametrize(
    "live", [REFUSED, after(Stage.REVERTED, said("bake", Outcome.FAILED), said("bake-pods", Outcome.PASSED))]
)
def test_a_release_that_failed_is_stopped(live: Live) -> None:
    """Once its colour is idle again; the plan says so."""
    declared = settings(STOP)
    failed = ending.ended(declared, live)
    assert failed is not None
    assert failed.said.startswith(f"green 1.1.0 is stopped (teal:onRefusal): flip {failed.flip.number} to it was ")
    slot = plan.make(failed.settings, live).services["backend"].slots[Colour.GREEN].planned
    assert slot is not None
    assert (slot.state, slot.replicas) == ("stopped", 0)
    assert ending.ended(failed.settings, live) is None


def rolled_back(stage: Stage) -> Live:
    """Green was confirmed, then blue, and a flip back to green ended so."""
    live, failed = after(Stage.CONFIRMED), said("capacity", Outcome.FAILED)
    for colour, ended in (("blue", Stage.CONFIRMED), ("green", stage)):
        told = settings(edited(STOP, {"activeColour": colour}))
        moved = flip(told, live, ended, verdicts=[failed] if ended is stage else [])
        live = replace(live, history=live.history.with_flip(moved))
    return live


def test_a_release_that_was_confirmed_is_stopped_where_it_failed_since() -> None:
    """It had traffic again."""
    assert ending.ended(settings(STOP), rolled_back(Stage.REVERTED)) is not None


KEPT: Mapping[str, tuple[Mapping[str, Any], Live]] = {
    "the stack does not ask for it": (edited(STOP, {"onRefusal": None}), REFUSED),
    "it is to be tried again": (GREEN, REFUSED),
    "it was mended": (edited(STOP, {"green.backend.env": {"MENDED": "true"}}), REFUSED),
    "it has a share of live traffic": (
        edited(
            STOP,
            {
                "router": "gateway",
                "gateway.name": "shop",
                "canaryWeight": 5,
                "services.backend.network": CALLERS["network"],
            },
        ),
        REFUSED,
    ),
    "it could not be judged": (STOP, after(Stage.REFUSED, said("metrics.errors", Outcome.ERROR))),
    "nobody has approved it yet": (STOP, after(Stage.REFUSED, said("approval", Outcome.FAILED))),
    "it was confirmed before, and is the way back": (STOP, rolled_back(Stage.REFUSED)),
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
    assert ending.ended(settings(raw), live) is None


def test_a_stack_without_that_colour_stays_as_it_is() -> None:
    """There is nothing to stop."""
    declared = settings(edited(STOP, {"green": None}))
    assert ending.ended(declared, REFUSED) is None


WATCH = {"image": "registry.example/teal:1", "egress": {"api": {"cidrs": ["192.0.2.10/32"], "ports": [6443]}}}
RETIRE = edited(BASE, {"retireAfterMinutes": 30, "watch": WATCH})
ON_GREEN = edited(RETIRE, {"activeColour": "green"})


def left(told: Mapping[str, Any] = ON_GREEN, stage: Stage = Stage.CONFIRMED, **more: Any) -> Live:  # noqa: ANN401
    """Blue was live, and a flip to green ended half an hour ago; blue is warm still."""
    before = settled(RETIRE)
    moved = flip(settings(told), before, stage, origin=Colour.BLUE, ended="2026-01-01T11:30:00+00:00", **more)
    return replace(settled(told), history=before.history.with_flip(moved))


def by_the_watch(live: Live, *, number: int = 2) -> Live:
    """The same, once the watch has ended blue."""
    known = live.history.model_copy(update={"ending": Ending(colour=Colour.BLUE, flip=number, at=NOW, done=True)})
    return replace(scaled(live, "blue", 0), history=known)


def test_what_a_flip_has_left_is_retired_by_whatever_update_comes_next() -> None:
    """Whether or not the watch has ended its pods by then; the plan says so, and that its way back is cold."""
    for live in (left(), by_the_watch(left())):
        found = ending.ended(settings(ON_GREEN), live)
        assert found is not None
        assert found.said == (
            "blue 1.0.0 is retired (teal:retireAfterMinutes): flip 2 to green was confirmed at "
            "2026-01-01T11:30:00+00:00. A flip back starts and proves it first. Next, to have it warm again: pulumi "
            "config rm teal:retireAfterMinutes"
        )
        said = plan.make(found.settings, live)
        slot = said.services["backend"].slots[Colour.BLUE].planned
        assert slot is not None
        assert (slot.state, slot.replicas) == ("retired", 0)
        assert said.word is (Word.RETIRE if live.slots["backend", Colour.BLUE].replicas else Word.NOTHING)
        assert not said.rollback.warm
        assert "it is retired, so its pods are started first" in said.rollback.how


STAYS: Mapping[str, tuple[Mapping[str, Any], Live]] = {
    "the time has not come": (ON_GREEN, replace(left(), at="2026-01-01T11:59:59+00:00")),
    "routers have longer to follow": (edited(ON_GREEN, {"settleSeconds": 1801}), left()),
    "nobody asks for it": (edited(ON_GREEN, {"retireAfterMinutes": None}), left()),
    "another release was prepared since": (edited(ON_GREEN, {"blue.version": "1.2.0"}), left()),
    "traffic came back": (RETIRE, left(RETIRE, Stage.REVERTED)),
    "the flip was not confirmed": (ON_GREEN, left(stage=Stage.OVERTAKEN)),
    "it is the way back now": (RETIRE, left()),
    "green is confirmed only since now": (ON_GREEN, replace(left(), record={"colour": "green", "since": NOW})),
    "not all pods of the live colour are ready": (ON_GREEN, scaled(left(), "green", 2, ready=1)),
    "the live colour has no pods": (ON_GREEN, scaled(left(), "green", 0)),
    "the live colour's pods are being replaced": (
        ON_GREEN,
        replace(left(), slots={key: replace(slot, outdated=1) for key, slot in left().slots.items()}),
    ),
    "chosen clients have it": (ON_GREEN, replace(left(), record={**left().record, "chosen": "x"})),
    "its pods are not the stack's": (
        edited(
            ON_GREEN,
            {
                "blue.backend": {"adopt": {"deployment": "old", "selector": {"app": "old"}}},
                "namespace": {"name": "teal", "create": False},
            },
        ),
        left(),
    ),
}


@pytest.mark.parametrize("why", STAYS)
def test_what_a_flip_has_left_stays(why: str) -> None:
    """For each reason of its own."""
    raw, live = STAYS[why]
    assert ending.ended(settings(raw), live) is None


def test_it_stays_retired_whatever_changes_around_it_and_whatever_the_time_of_the_machine() -> None:
    """Its slot is what it was; of two clocks one is behind."""
    around = edited(ON_GREEN, {"services.backend.probes": {"readiness": {"path": "/other"}}})
    late = replace(by_the_watch(left()), at="2026-01-01T11:40:00+00:00")
    found = ending.ended(settings(around), late)
    assert found is not None
    assert found.settings.blue is not None
    assert found.settings.blue.state == "retired"


def test_what_has_ended_stays_so_where_the_live_colour_is_ill() -> None:
    """It is no way back any more."""
    assert ending.ended(settings(ON_GREEN), scaled(by_the_watch(left()), "green", 2, ready=1)) is not None


@pytest.mark.parametrize("scaling", [{}, {"enabled": False}])
def test_a_flip_back_starts_its_pods_first(scaling: Mapping[str, Any]) -> None:
    """As many as live has, although its Deployment was asked for the same by the last update."""
    raw = edited(RETIRE, {"services.backend.autoscaling": scaling, "services.backend.replicas": 3 if scaling else None})
    live = by_the_watch(left(edited(raw, {"activeColour": "green"})))
    said = plan.make(settings(raw), live)
    assert said.word is Word.ROLLBACK
    assert "blue 1.0.0, which was confirmed before, whose pods are started first" in said.reasons[0]
    planned = said.services["backend"].slots[Colour.BLUE].planned
    assert planned is not None
    assert planned.replicas == 3
    marks = slots.started(settings(raw), live, "backend", Colour.BLUE)
    assert marks == {STARTED_AT: NOW}
    assert slots.started(settings(raw), scaled(live, "blue", 3), "backend", Colour.BLUE) == {}


def test_the_preview_of_a_flip_says_when_the_colour_that_it_leaves_ends() -> None:
    """In minutes before the flip, as a time after it."""
    how = plan.make(settings(ON_GREEN), settled(RETIRE)).rollback.how
    assert how.endswith(
        "; its pods end 30 minutes after green is confirmed (teal:retireAfterMinutes), and from then on they are "
        "started first"
    )
    after = replace(left(), at="2026-01-01T11:40:00+00:00")
    assert "its pods end at 2026-01-01T12:00:00+00:00 (" in plan.make(settings(ON_GREEN), after).rollback.how
    assert "pods end" not in plan.make(settings(edited(ON_GREEN, {"retireAfterMinutes": None})), after).rollback.how
