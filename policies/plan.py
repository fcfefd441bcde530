"""The plan as the program tells it: what was live when it was read, and what this update would do. Plain values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from policies.kinds import PLAN
from policies.model import Graph, Properties, part, parts
from teal.colours import Colour


@dataclass(frozen=True, kw_only=True, slots=True)
class Slot:
    """One colour of one service."""

    ready: int
    """Pods that were ready when it was read."""
    replicas: int
    """Pods it was asked for when it was read; 0 where it had none."""
    exists: bool
    planned: Mapping[str, Any] | None
    """None where the colour has no release."""
    changes: Sequence[str]
    """What of its pods would change in place."""

    @property
    def state(self) -> str:
        """What the colour is to do: running, retired, stopped, or gone."""
        return str(self.planned["state"]) if self.planned else "gone"

    @property
    def kept(self) -> int:
        """Pods that it is to have at least."""
        return int(self.planned["replicas"]) if self.planned and self.state == "running" else 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Service:
    """One service of the flip set."""

    name: str
    word: str
    reasons: Sequence[str]
    live: str | None
    """The colour that traffic went to."""
    slots: Mapping[str, Slot]


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What an update would do to the flip set."""

    word: str
    reasons: Sequence[str]
    active: str
    confirmed: str | None
    namespace: str
    services: Sequence[Service]

    @property
    def idle(self) -> str:
        """The colour that is not declared active."""
        return Colour(self.active).other


def read(inputs: Properties) -> Plan:
    """The plan of a plan resource's properties.

    Raises:
        KeyError, TypeError, ValueError: it is not of the shape that this pack knows.
    """
    return Plan(
        word=inputs["word"],
        reasons=inputs["reasons"],
        active=Colour(inputs["activeColour"]),
        confirmed=inputs.get("confirmedColour"),
        namespace=inputs["namespace"],
        services=[_service(name, each) for name, each in inputs["services"].items()],
    )


def _service(name: str, inputs: Properties) -> Service:
    return Service(
        name=name,
        word=inputs["word"],
        reasons=inputs["reasons"],
        live=inputs.get("liveColour"),
        slots={colour: _slot(part(inputs, "slots", colour)) for colour in Colour},
    )


def _slot(inputs: Properties) -> Slot:
    now = inputs.get("now")
    return Slot(
        ready=int(now["ready"]) if now else 0,
        replicas=int(now["replicas"]) if now else 0,
        exists=now is not None,
        planned=inputs.get("planned"),
        changes=parts(inputs, "changes"),
    )


def of(graph: Graph) -> Plan | None:
    """The plan in a graph; None where it has none, or not one that could be read: `nothing-escapes` refuses that."""
    resources = list(graph.of(PLAN))
    try:
        return read(resources[0].properties) if len(resources) == 1 else None
    except (KeyError, TypeError, ValueError):
        return None
