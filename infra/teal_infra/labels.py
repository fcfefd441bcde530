"""Names of what a stack declares, and the labels of each object; the labels themselves are `teal.model.labels`."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from teal.model.colours import Colour
from teal.model.labels import (
    COLOUR_LABEL,
    MANAGED_BY,
    MANAGED_BY_LABEL,
    NAME_LABEL,
    PART_OF,
    PART_OF_LABEL,
    VERSION_LABEL,
)

if TYPE_CHECKING:  # heavy at run time, needed for its types only: `teal validate` takes half as long without
    import pulumi
    from pulumi_kubernetes.meta.v1 import ObjectMetaArgsDict


def migrations(service: str) -> str:
    """Return the name of a service's migration pods, which differs from its own, so that no Service selects them."""
    return f"{service}-migrations"


def contracting(service: str) -> str:
    """Return the name of the ConfigMap with the revision to which a service's schema may have been contracted."""
    return f"{service}-contracting"


def contracted(service: str) -> str:
    """Return the name of the ConfigMap with the revision to which it has been, and by which release."""
    return f"{service}-contracted"


OURS: Mapping[str, str] = {PART_OF_LABEL: PART_OF, MANAGED_BY_LABEL: MANAGED_BY}
"""The labels of every object that the program declares; those of no service have no others."""


def selector(service: str, colour: Colour) -> Mapping[str, str]:
    """Return the labels by which a Deployment and a Service select; they never change once a Deployment exists."""
    return {NAME_LABEL: service, COLOUR_LABEL: colour}


def shared(service: str) -> Mapping[str, str]:
    """Return the labels of what both colours of a service share."""
    return {NAME_LABEL: service, **OURS}


def coloured(service: str, colour: Colour, version: str) -> Mapping[str, str]:
    """Return the labels of what belongs to one colour of a service."""
    return {**shared(service), COLOUR_LABEL: colour, VERSION_LABEL: version}


def short(service: str, colour: Colour) -> str:
    """Return a name with room for the suffix that makes it unique: a target group's has at most 32 characters."""
    most = 32 - len("-1234567") - len("-green")
    if len(service) > most:
        service = f"{service[: most - 5]}-{sha256(service.encode()).hexdigest()[:4]}"
    return f"{service}-{colour}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """One colour of one service, with the names, labels and selector of its objects."""

    service: str
    colour: Colour
    version: str
    namespace: "pulumi.Input[str]"

    @property
    def name(self) -> str:
        """The beginning of its objects' names."""
        return f"{self.service}-{self.colour}"

    @property
    def labels(self) -> Mapping[str, str]:
        """The labels of each of its objects."""
        return coloured(self.service, self.colour, self.version)

    @property
    def selector(self) -> Mapping[str, str]:
        """The labels that select its pods."""
        return selector(self.service, self.colour)

    def meta(self, name: str | None = None, annotations: Mapping[str, str] | None = None) -> "ObjectMetaArgsDict":
        """Return the metadata of one of its objects; by default, of the one with the colour's own name."""
        meta: ObjectMetaArgsDict = {
            "name": name or self.name,
            "namespace": self.namespace,
            "labels": dict(self.labels),
        }
        if annotations:
            meta["annotations"] = dict(annotations)
        return meta
