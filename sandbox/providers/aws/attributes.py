"""Attributes of load balancers and target groups: AWS has them as a list of texts, Pulumi as inputs with types."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.providers.properties import Map, map_at


@dataclass(frozen=True)
class Attribute:
    """What AWS calls an input, and what it is when nobody says otherwise; the default tells the type, too."""

    name: str
    default: bool | int | str

    def read(self, text: str) -> bool | int | str:
        """The value of AWS's text."""
        if isinstance(self.default, bool):
            return text == "true"
        return int(text) if isinstance(self.default, int) else text


def as_text(value: Any) -> str:  # noqa: ANN401 - a switch, a number or a text
    """A value as AWS writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def written(table: Mapping[str, Attribute], inputs: Map, old: Map) -> list[Map]:
    """The attributes to set: those given in `inputs` that are not so in `old`; keys are paths (`stickiness.type`)."""
    found: list[Map] = []
    for path, attribute in table.items():
        *parents, key = path.split(".")
        value = map_at(inputs, *parents).get(key)
        if value is not None and map_at(old, *parents).get(key) != value:
            found.append({"Key": attribute.name, "Value": as_text(value)})
    return found


def read(table: Mapping[str, Attribute], live: list[Map]) -> Map:
    """Outputs by path, from what AWS lists; what it does not list is at its default."""
    texts = {str(each["Key"]): str(each["Value"]) for each in live}
    found: Map = {}
    for path, attribute in table.items():
        *parents, key = path.split(".")
        place = found
        for parent in parents:
            place = place.setdefault(parent, {})
        place[key] = attribute.read(texts[attribute.name]) if attribute.name in texts else attribute.default
    return found
