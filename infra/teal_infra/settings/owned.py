"""Says what is teal's in objects that others may also set: labels, annotations, variables. Pure."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from teal.model.colours import Colour
from teal.model.plain import mapping
from teal_infra import labels
from teal_infra.settings.report.steps import Step, Where

IDENTITY = frozenset(
    (
        "AVAILABILITY_ZONE",
        "DEPLOYMENT_GROUP",
        "DEPLOYMENT_TIMESTAMP",
        "ENV",
        "INSTANCE_ID",
        "PORT",
        "REGION",
        "VERSION",
    )
)
"""The variables by which a pod knows its own identity (docs/contract.md)."""

_PORT = frozenset(("PORT",))

_SAID = {
    "ENV": "teal:environment says which one it is",
    "PORT": "where a sidecar listens on the service's port, it may be one of `ports`",
    "REGION": "teal:region says which one it is",
    "VERSION": "it is the slot's version",
}
"""Where the value of a variable comes from, for those that somebody may want to change."""

LABELS = frozenset(labels.coloured("", Colour.BLUE, ""))
"""The labels by which Services, budgets, policies and teal itself find what belongs to a service."""

_LEVEL = "pod-security.kubernetes.io/enforce"

_OURS = ("teal/", "pulumi.com/", _LEVEL)
"""The beginnings of keys that teal or the engine read as their own."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something that the config sets although it is teal's, or that does not go with the rest."""

    where: Where
    what: str
    consequence: str = ""
    """What it would have caused; empty where its field says so."""
    steps: tuple[Step, ...] = ()
    """What mends it; where there are none, the key is removed."""

    def below(self, *at: int | str) -> "Refusal":
        """Return the same with places that start further up."""
        steps = tuple(replace(each, where=(*at, *each.where)) for each in self.steps)
        return replace(self, where=(*at, *self.where), steps=steps)


def labelled(metadata: object, kinds: Sequence[str]) -> Iterator[Refusal]:
    """Yield labels and annotations that are teal's, and a null that replaces all of them."""
    given = mapping(metadata)
    for kind, each in given.items():
        if kind.startswith("$") or (kind in kinds and not isinstance(each, dict)):
            yield Refusal((kind,), "teal has labels and annotations there", "teal's own would be gone")
    for kind in kinds:
        for key in mapping(given.get(kind)):
            if key.startswith(("$", *_OURS)) or (kind == "labels" and key in LABELS):
                what = f"the {kind.removesuffix('s')} {key} is teal's"
                lost = "what belongs to a service or a colour would not be found any more"
                if key.startswith(_LEVEL):
                    what = f"{what}: for another level, name a namespace that exists already, with create: false"
                    lost = "pods would be let in that the level `restricted` keeps out"
                yield Refusal((kind, key), what, lost)


def identity(port: object) -> frozenset[str]:
    """Return the variables that teal sets in a pod which listens on this port; None for one that listens on none."""
    return IDENTITY - _PORT if port is None else IDENTITY


def variables(names: object, reserved: Collection[str] = IDENTITY) -> Iterator[Refusal]:
    """Yield the variables of a slot's service, or of a backing service, that are a pod's identity."""
    for name in mapping(names):
        if name in reserved:
            by = f": {_SAID[name]}" if name in _SAID else ""
            what = f"{name} says who a pod is (docs/contract.md), and teal sets it{by}"
            yield Refusal((name,), what, "it would have no effect")
