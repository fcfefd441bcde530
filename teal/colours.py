"""The two colours, and the labels by which a cluster knows them. No I/O."""

from enum import StrEnum

COLOUR_LABEL = "teal/colour"
"""Label of every object that belongs to one colour, and key of the active Service's selector."""

NAME_LABEL = "app.kubernetes.io/name"
"""Label that holds the service's name (Kubernetes' recommended labels)."""

VERSION_LABEL = "app.kubernetes.io/version"
"""Label that holds a slot's version (Kubernetes' recommended labels)."""

PART_OF_LABEL = "app.kubernetes.io/part-of"
PART_OF = "teal"
"""Label of everything that a stack makes."""

MANAGER = "teal"
"""Field manager of teal's own writes, beside the engine's."""

MOVED_FROM = "teal/moved-from"
"""Annotation of an active Service: the colour that was live before the last move, and the resource version then."""


class Colour(StrEnum):
    """One of the two places where a release of the service can run."""

    BLUE = "blue"
    GREEN = "green"

    @property
    def other(self) -> "Colour":
        """The colour that this one is not."""
        return Colour.GREEN if self is Colour.BLUE else Colour.BLUE


def colour_of(text: str | None) -> Colour | None:
    """The colour that a label or a field names; None where it names none."""
    return Colour(text) if text in set(Colour) else None
