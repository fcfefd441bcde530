"""The two colours, and the names under which teal and Pulumi's engine write. No I/O."""

from enum import StrEnum

MANAGER = "teal"
"""The field manager of teal's own writes, beside the engine's."""

ENGINE = "pulumi-kubernetes"
"""The prefix of the field managers under which Pulumi's Kubernetes provider writes."""


class Colour(StrEnum):
    """One of the two places where a release of the service can run."""

    BLUE = "blue"
    GREEN = "green"

    @property
    def other(self) -> "Colour":
        """The other colour."""
        return Colour.GREEN if self is Colour.BLUE else Colour.BLUE


def colour_of(text: str | None) -> Colour | None:
    """Return the colour that a label or a field names; None where it names none."""
    return Colour(text) if text in set(Colour) else None
