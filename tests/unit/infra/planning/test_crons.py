"""The plan of an update with a cron job: its word, and whose schedule runs."""

from dataclasses import replace
from typing import Any

import pytest
from teal_infra.planning import plan
from teal_infra.planning.live import Live

from teal.model.colours import Colour
from teal.plans.model import Plan, Word
from tests.unit.infra.worlds import BASE, edited, settings, settled

STACK = edited(
    BASE,
    {
        "services.mailer": {"kind": "cron", "cron": {"schedule": "@daily"}},
        "blue.mailer": {"image": "registry.example/mailer:1.0.0"},
        "green.mailer": {"image": "registry.example/mailer:1.1.0"},
    },
)


def at_rest(**changes: Any) -> Live:  # noqa: ANN401 - any JSON
    """The cluster after an update to the stack: both live on blue."""
    found = settled(edited(STACK, changes))
    its = replace(found.services["mailer"], worker=True, cron=True)
    slots = {key: replace(each, cron=True) if key[0] == "mailer" else each for key, each in found.slots.items()}
    return replace(found, services={**found.services, "mailer": its}, slots=slots)


def made(changes: dict[str, Any], found: Live | None = None) -> Plan:
    """The plan of a change."""
    return plan.make(settings(edited(STACK, changes)), found or at_rest())


def test_at_rest_nothing_is_to_do_and_nobody_idle_costs_anything() -> None:
    """One of the schedules runs."""
    said = made({})
    assert said.word is Word.NOTHING, said.reasons
    slots = said.services["mailer"].slots
    assert [(each.planned.replicas, each.planned.state) for each in slots.values() if each.planned] == [
        (1, "running"),
        (0, "idle"),
    ]
    assert said.services["mailer"].idle_cost.pods == 0


def test_a_flip_says_what_becomes_of_both_schedules() -> None:
    """And nothing of pods that come or go."""
    said = made({"activeColour": "green"}).services["mailer"]
    assert said.word is Word.FLIP
    goes = "the schedule of blue 1.0.0 goes to green 1.1.0"
    assert said.reasons == (
        f"{goes}: blue 1.0.0 is suspended first, and a job of its that runs goes on to its end",
        "blue 1.0.0 is idle: its schedule ends, right after the move",
    )


def test_a_schedule_that_a_way_back_has_suspended_is_started_again() -> None:
    """What was declared of it has not changed, and yet it is written: no gate is told to refuse it."""
    found, key = at_rest(), ("mailer", Colour.GREEN)
    undone = replace(at_rest(activeColour="green").slots[key], replicas=0, ready=0)
    said = made({"activeColour": "green"}, replace(found, slots={**found.slots, key: undone})).services["mailer"]
    assert (planned := said.slots[Colour.GREEN].planned)
    assert planned.replicas == 1
    assert not [each for each in said.reasons if "will refuse" in each]


def test_a_release_that_is_prepared_and_flipped_at_once_has_no_number_of_pods() -> None:
    """It has a schedule."""
    said = made({"activeColour": "green", "green.mailer.image": "registry.example/mailer:2.0.0"}).services["mailer"]
    assert said.word is Word.RELEASE
    assert said.reasons[0].startswith("green changes: image; then the schedule of blue 1.0.0 goes to green 1.1.0")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"blue.mailer.image": "registry.example/mailer:1.0.1"},
            "jobs of blue, which is live, are others from the next one on: image",
        ),
        ({"services.mailer.cron.schedule": "@hourly"}, "of its live schedule changes: cron"),
    ],
)
def test_a_change_of_what_is_live_is_one_in_place(change: dict[str, Any], said: str) -> None:
    """Of its pods, or of its schedule."""
    found = made(change)
    assert (found.word, found.services["mailer"].reasons) == (Word.ROLLING, (said,))


@pytest.mark.parametrize(("kind", "was"), [("worker", "cron"), ("service", "cron")])
def test_what_has_a_time_for_its_work_does_not_become_another_kind(kind: str, was: str) -> None:
    """What makes it live would go."""
    said = made({"services.mailer": {"kind": kind}})
    assert said.word is Word.UNSAFE
    assert f"mailer is live as a {was}, and teal:services.mailer.kind is {kind}" in said.reasons[0]


def test_a_slot_that_ends_takes_its_schedule_with_it() -> None:
    """The idle one, which does not run."""
    said = made({"green": None})
    assert said.word is Word.RETIRE
    assert said.services["mailer"].slots[Colour.GREEN].planned is None
    assert "green 1.1.0 has no release any more: its schedule ends" in said.services["mailer"].reasons
