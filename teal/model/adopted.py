"""Pods that a stack did not make and that stand in the place of a colour: what runs already, or what is to run after.

Which they are is said by the active Service itself, so that whoever puts traffic back needs no stack config. Pure.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from pydantic import TypeAdapter, ValidationError

from teal.model.colours import Colour, colour_of
from teal.model.labels import ADOPTED, COLOUR_LABEL, NAME_LABEL

_SAID = TypeAdapter(dict[Colour, dict[str, str]])


@dataclass(frozen=True, slots=True)
class Adopted:
    """A colour that has no pods of the stack's own."""

    colour: Colour
    """In whose place the pods stand."""
    selector: Mapping[str, str]
    """Labels by which a Service finds them."""

    @classmethod
    def of(cls, annotations: Mapping[str, str]) -> Self | None:
        """What an active Service's annotations say; None where they say nothing, or nothing that can be read."""
        try:
            said = _SAID.validate_json(annotations.get(ADOPTED, "{}"))
        except ValidationError:
            return None
        return next((cls(colour, selector) for colour, selector in said.items() if selector), None)

    @property
    def annotation(self) -> Mapping[str, str]:
        """The same, as an active Service is annotated with."""
        return {ADOPTED: json.dumps({self.colour: dict(self.selector)}, sort_keys=True)}


def led_to(selector: Mapping[str, str], annotations: Mapping[str, str]) -> Colour | None:
    """The colour that an active Service's selector finds the pods of; None where it is none that teal knows."""
    adopted = Adopted.of(annotations)
    if adopted is not None and dict(selector) == dict(adopted.selector):
        return adopted.colour
    return colour_of(selector.get(COLOUR_LABEL))


def patch(
    service: str, selector: Mapping[str, str], annotations: Mapping[str, str], colour: Colour
) -> Mapping[str, Any]:
    """What a JSON merge patch says of a selector to lead it to a colour: what it does not name stays.

    Args:
        service: the active Service's name.
        selector: where it leads.
        annotations: of the Service.
        colour: where it is to lead.
    """
    adopted = Adopted.of(annotations)
    if adopted is None:
        return {COLOUR_LABEL: colour}
    own = {NAME_LABEL: service, COLOUR_LABEL: str(colour)}
    return {**dict.fromkeys(selector), **(adopted.selector if adopted.colour is colour else own)}
