"""Describes pods that a stack did not make and that take the place of a colour (docs/adoption.md).

An annotation of the active Service names them, so that whoever puts traffic back needs no stack config. Pure.
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
    """A colour whose pods the stack did not make."""

    colour: Colour
    """The colour whose place the pods take."""
    selector: Mapping[str, str]
    """The labels by which a Service finds the pods."""

    @classmethod
    def of(cls, annotations: Mapping[str, str]) -> Self | None:
        """Read an active Service's annotations; None where they name no such pods, or cannot be read."""
        try:
            said = _SAID.validate_json(annotations.get(ADOPTED, "{}"))
        except ValidationError:
            return None
        return next((cls(colour, selector) for colour, selector in said.items() if selector), None)

    @property
    def annotation(self) -> Mapping[str, str]:
        """The annotation of an active Service that names these pods."""
        return {ADOPTED: json.dumps({self.colour: dict(self.selector)}, sort_keys=True)}


def led_to(selector: Mapping[str, str], annotations: Mapping[str, str]) -> Colour | None:
    """Return the colour whose pods an active Service's selector finds; None where it is not one that teal knows."""
    adopted = Adopted.of(annotations)
    if adopted is not None and dict(selector) == dict(adopted.selector):
        return adopted.colour
    return colour_of(selector.get(COLOUR_LABEL))


def patch(
    service: str, selector: Mapping[str, str], annotations: Mapping[str, str], colour: Colour
) -> Mapping[str, Any]:
    """Return the part of a JSON merge patch that changes a selector to a colour; what it does not name stays.

    Args:
        service: the active Service's name.
        selector: the present selector.
        annotations: the Service's annotations.
        colour: the colour to which the Service is to lead.
    """
    adopted = Adopted.of(annotations)
    if adopted is None:
        return {COLOUR_LABEL: colour}
    own = {NAME_LABEL: service, COLOUR_LABEL: str(colour)}
    return {**dict.fromkeys(selector), **(adopted.selector if adopted.colour is colour else own)}
