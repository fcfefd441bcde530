"""Refuses encrypted values where teal keeps no secrets: pods, and the stack's state, would have them in plain text.

Only who reads the stack file can tell. The program gets all values decrypted, as Pulumi passes them.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from teal.model.colours import Colour
from teal_infra.settings.base import ENCRYPTED
from teal_infra.settings.owned import Refusal
from teal_infra.settings.reach.backing import VARIABLES
from teal_infra.settings.report.places import field_at, reset
from teal_infra.settings.report.steps import SECRET, Remove, Set, Step, Where, at, inside


def sealed(where: Where) -> bool:
    """Return whether teal keeps the value at a place secret, or does not know the place at all."""
    field, _ = field_at(where)
    return field is None or not field.repr or SECRET in (field.examples or [])


def moved(where: Where, data: Mapping[str, Any]) -> tuple[Step, ...]:
    """Return the steps that take a secret away from such a place, to the variables of a Secret where it is one."""
    match where:
        case (Colour() | "blue" | "green" | "backing", _, "env", str(variable)):
            pass
        case ("backing", _, str(field)) if variable := _variable(at(data, (*where[:-1], "kind")), field):
            pass
        case _:
            return (reset(where),)
    return Remove(where), Set((*where[:2], "secrets", variable), SECRET)


def refusals(data: Mapping[str, Any]) -> Iterator[Refusal]:
    """Yield each encrypted value that is kept where others can read it."""
    for where in _encrypted((), data):
        if not sealed(where):
            what = "it is encrypted, and teal keeps no secrets there"
            consequence = "pods and the stack's state would have it in plain text"
            yield Refusal(where, what, consequence, moved(where, data))


def _encrypted(where: Where, value: object) -> Iterator[Where]:
    for key, each in inside(value) or ():
        yield from _encrypted((*where, key), each)
    if value == ENCRYPTED:
        yield where


def _variable(kind: object, field: str) -> str | None:
    return VARIABLES.get(str(kind), {}).get(field)
