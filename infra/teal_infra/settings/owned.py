"""What is teal's to say of objects that others may say something of, too: labels, annotations, variables. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from teal.model.colours import Colour
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
"""The variables by which a pod knows who it is (docs/contract.md)."""

LABELS = frozenset(labels.coloured("", Colour.BLUE, ""))
"""By these, Services, budgets, policies and teal itself find what is a service's."""

_OURS = ("teal/", "pulumi.com/", "pod-security.kubernetes.io/enforce")
"""What keys begin with that teal or the engine read as their own."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something that the config says, and that is not its to say, or that does not go with the rest."""

    where: Where
    what: str
    consequence: str = ""
    """Empty where its field says it."""
    steps: tuple[Step, ...] = ()
    """What mends it; without any, the key goes."""

    def below(self, *at: int | str) -> "Refusal":
        """The same, seen from further up."""
        return replace(self, where=(*at, *self.where))


def labelled(metadata: object, kinds: Sequence[str]) -> Iterator[Refusal]:
    """Labels and annotations that are teal's, and a null in place of all of them."""
    given = mapping(metadata)
    for kind, each in given.items():
        if kind.startswith("$") or (kind in kinds and not isinstance(each, dict)):
            yield Refusal((kind,), "teal has labels and annotations there", "teal's own would be gone")
    for kind in kinds:
        for key in mapping(given.get(kind)):
            if key.startswith(("$", *_OURS)) or (kind == "labels" and key in LABELS):
                what = f"the {kind.removesuffix('s')} {key} is teal's"
                yield Refusal((kind, key), what, "what belongs to a service or a colour would not be found any more")


def variables(names: object) -> Iterator[Refusal]:
    """Variables of a slot's service that say who a pod is."""
    for name in mapping(names):
        if name in IDENTITY:
            what = f"{name} says who a pod is (docs/contract.md), and teal sets it"
            yield Refusal((name,), what, "it would have no effect")


def mapping(value: object) -> Mapping[str, Any]:
    """Raw config as a mapping; empty where it is something else, which is the models' to refuse."""
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}
