"""What a plan says of feature flags: a change of what is live, and no release."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from teal_infra.planning import plan

from teal.plans.model import Plan, Word
from tests.unit.infra.worlds import BASE, edited, settings, settled

RAW = edited(
    BASE,
    {
        "flags": {
            "flags": {
                "checkout": {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "off"},
                "prices": {"state": "ENABLED", "variants": {"high": 2, "low": 1}},
            }
        }
    },
)
CHECKOUT = "flags.flags.checkout"


def planned(changes: Mapping[str, Any], live: str | None = None) -> Plan:
    """What an update comes to after one to `RAW`."""
    settled_flags = settings(RAW).flags
    assert settled_flags
    found = replace(settled(RAW), flags=settled_flags.text if live is None else live)
    return plan.make(settings(edited(RAW, changes)), found)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({f"{CHECKOUT}.defaultVariant": "on"}, "checkout (defaultVariant off → on)"),
        ({f"{CHECKOUT}.state": "DISABLED"}, "checkout (state ENABLED → DISABLED)"),
        ({f"{CHECKOUT}.targeting": {"fractional": [["on", 10], ["off", 90]]}}, "checkout (targeting)"),
        ({CHECKOUT: None}, "checkout (goes)"),
        ({"flags.flags.search": {"state": "ENABLED", "variants": {"on": True}}}, "search (is new)"),
        ({"flags.$evaluators": {"staff": {"ends_with": [{"var": "email"}, "@a"]}}}, "$evaluators"),
        ({CHECKOUT: None, "flags.flags.prices": None}, "checkout (goes); prices (goes)"),
    ],
)
def test_a_change_of_flags_is_one_of_what_is_live(changes: Mapping[str, Any], said: str) -> None:
    """No pod is made anew for it, no traffic moves, no gate is asked."""
    found = planned(changes)
    assert found.word is Word.ROLLING
    assert found.reasons == (f"feature flags change under the pods of both colours, without a restart: {said}",)
    slots = found.services["backend"].slots.values()
    assert not any(each.changes for each in slots)
    assert found.proof.asked == ()


def test_the_same_flags_are_nothing() -> None:
    """Whatever the order in which they are written."""
    variants = {"off": False, "on": True}
    assert planned({f"{CHECKOUT}.variants": variants}).word is Word.NOTHING


def test_beside_a_move_of_traffic_they_are_told_and_the_word_is_the_moves() -> None:
    """The gates are asked with the flags as they will be."""
    found = planned({f"{CHECKOUT}.defaultVariant": "on", "activeColour": "green"})
    assert found.word is Word.FLIP
    assert any("feature flags change" in each for each in found.reasons)


@pytest.mark.parametrize("text", ["no JSON", "[]", '{"flags": []}'])
def test_what_somebody_else_wrote_is_overwritten_and_told(text: str) -> None:
    """Also where it cannot be read."""
    found = planned({}, live=text)
    assert found.word is Word.ROLLING
    assert "checkout (is new); prices (is new)" in found.reasons[0]
