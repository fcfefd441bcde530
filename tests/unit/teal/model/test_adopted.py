"""Pods in the place of a colour are known by the active Service's own word, and by nothing less."""

import json

import pytest

from teal.model.adopted import Adopted, led_to, patch
from teal.model.colours import Colour

APP = {"app": "shop"}
SAID = Adopted(Colour.GREEN, APP).annotation
OWN = {"app.kubernetes.io/name": "shop", "teal/colour": "blue"}


def test_what_a_service_says_is_read_back() -> None:
    """Colour and labels."""
    assert Adopted.of(SAID) == Adopted(Colour.GREEN, APP)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"red": {"app": "shop"}}', '{"green": {}}', '{"green": "app"}'])
def test_what_cannot_be_read_says_nothing(text: str) -> None:
    """Whoever wrote it: no selector is taken for a colour by a guess."""
    assert Adopted.of({"teal/adopted": text}) is None
    assert led_to(APP, {"teal/adopted": text}) is None


@pytest.mark.parametrize(
    ("selector", "colour"),
    [(APP, Colour.GREEN), (OWN, Colour.BLUE), ({**APP, "tier": "web"}, None), ({}, None)],
)
def test_a_selector_leads_to_the_colour_whose_pods_it_finds(selector: dict[str, str], colour: Colour | None) -> None:
    """All of its labels, and no other, where they are not teal's."""
    assert led_to(selector, SAID) is colour


@pytest.mark.parametrize(("before", "to", "after"), [(OWN, Colour.GREEN, APP), (APP, Colour.BLUE, OWN)])
def test_a_way_back_leaves_nothing_of_the_other_selector(
    before: dict[str, str], to: Colour, after: dict[str, str]
) -> None:
    """A merge patch keeps what it does not name: one label more would find no pod."""
    written = json.loads(json.dumps(patch("shop", before, SAID, to)))
    merged = {key: value for key, value in {**before, **written}.items() if value is not None}
    assert merged == after


def test_a_service_of_two_slots_of_the_stack_is_written_as_ever() -> None:
    """One field."""
    assert patch("shop", OWN, {}, Colour.GREEN) == {"teal/colour": "green"}
