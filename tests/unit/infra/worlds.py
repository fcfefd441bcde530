"""A cluster as an update left it, in the shape in which the program reads it: for tests of plans and rules."""

import json
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from typing import Any

from teal_infra.components import fingerprint
from teal_infra.planning import slots
from teal_infra.planning.live import Live
from teal_infra.planning.move import move_of
from teal_infra.settings import Settings
from teal_infra.settings.load import load
from teal_infra.settings.slot import State

from teal.history.model import Flip, Stage
from teal.model.colours import Colour
from teal.model.labels import PARTS
from teal.model.live import LiveAutoscaler, LiveService, LiveSlot

NOW = "2026-01-01T12:00:00+00:00"
LONG_AGO = "2026-01-01T00:00:00+00:00"
OURS = "pulumi-kubernetes-1"

BASE: Mapping[str, Any] = {
    "activeColour": "blue",
    "services": {
        "backend": {
            "port": 8000,
            "contract": True,
            "resources": {"requests": {"cpu": "500m", "memory": "512Mi"}},
        }
    },
    "blue": {"version": "1.0.0", "backend": {"image": "registry.example/backend:1.0.0"}},
    "green": {"version": "1.1.0", "backend": {"image": "registry.example/backend:1.1.0"}},
}
"""Two colours of one service: three pods at least, by an autoscaler."""


def edited(raw: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A config with some of its keys set, by their paths; None takes a key away."""
    new = deepcopy(dict(raw))
    for path, value in changes.items():
        *parents, last = path.split(".")
        place = new
        for part in parents:
            place = place.setdefault(part, {})
        if value is None:
            place.pop(last, None)
        else:
            place[last] = value
    return new


def settings(raw: Mapping[str, Any]) -> Settings:
    """As the program reads it."""
    objects = {key: value if isinstance(value, str) else json.dumps(value) for key, value in raw.items()}
    return load(objects, stack="dev")


def settled(raw: Mapping[str, Any], *, before: Live | None = None) -> Live:
    """The cluster after a successful update to this config: traffic confirmed long ago, and remembered."""
    declared = settings(raw)
    found = before or Live(at=NOW)
    planned = slots.compared(declared, found)
    active = declared.active_colour
    return Live(
        services={name: service(active) for name in declared.services},
        slots={
            (name, colour): deployment(declared, name, colour, slot.planned.replicas)
            for (name, colour), slot in planned.items()
            if slot.planned
        },
        autoscalers={
            f"{name}-{colour}": LiveAutoscaler(annotations={}, minimum=slot.planned.replicas)
            for (name, colour), slot in planned.items()
            if slot.planned and slot.planned.running and declared.services[name].autoscaling.enabled
        },
        record={"colour": active, "version": declared.active_slot.version, "since": LONG_AGO},
        history=found.history.with_flip(flip(declared, found)),
        at=NOW,
    )


def deployment(declared: Settings, name: str, colour: Colour, replicas: int) -> LiveSlot:
    """A colour as this config makes it, all of its pods ready."""
    slot = declared.slot(colour)
    made = slots.fingerprint_of(declared, name, colour)
    assert slot is not None
    assert made is not None
    if slot.state is not State.RUNNING:
        replicas = 0
    annotations = fingerprint.annotations_of(made, {}, LONG_AGO)
    return LiveSlot(annotations=annotations, replicas=replicas, ready=replicas, version=slot.version)


def service(colour: Colour | str | None, writer: str = OURS) -> LiveService:
    """An active Service that leads to a colour."""
    return LiveService(
        colour=Colour(colour) if colour else None, selector={}, annotations={}, resource_version="1", writer=writer
    )


def flip(declared: Settings, live: Live, stage: Stage = Stage.CONFIRMED, **more: Any) -> Flip:  # noqa: ANN401 - fields of a flip
    """The flip that made what is declared live."""
    move = move_of(declared, live)
    told: dict[str, Any] = {"origin": None, "by": "somebody@example", "begun": LONG_AGO, "plan": move.bake, **more}
    number = live.history.next_number
    told = {"release": move.release, "slots": move.slots, **told}
    return Flip(number=number, to=move.to, version=move.version, stage=stage, **told)


def scaled(live: Live, colour: str, replicas: int, *, ready: int | None = None, name: str = "backend") -> Live:
    """The same with another number of pods."""
    key = (name, Colour(colour))
    slot = replace(live.slots[key], replicas=replicas, ready=replicas if ready is None else ready)
    return replace(live, slots={**live.slots, key: slot})


def unstamped(live: Live, names: Sequence[str] = (PARTS,)) -> Live:
    """The same, made by a teal that kept no parts."""
    return replace(
        live,
        slots={
            key: replace(slot, annotations={each: text for each, text in slot.annotations.items() if each not in names})
            for key, slot in live.slots.items()
        },
    )
