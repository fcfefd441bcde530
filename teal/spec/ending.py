"""Whose pods the watch may end, as a stack declares it. Read by the watch in its environment, and by nobody else."""

from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from teal.model.colours import Colour

DECLARED = "TEAL_ENDINGS"
"""Environment variable of the watch: `Endings` in JSON."""


class Endings(BaseModel):
    """When the pods of the idle colour end although no update is there to end them."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)

    after_seconds: int | None = None
    """From a flip's confirmation until the pods of the colour that it left end; None where they stay."""
    refused: bool = False
    """Whether the pods of a release end that was refused, or undone."""
    slots: Mapping[Colour, str] = Field(default_factory=dict[Colour, str])
    """Digest of each slot that is to run: the release that traffic left is known by it, whatever changes around it."""
    releases: Mapping[Colour, str] = Field(default_factory=dict[Colour, str])
    """Digest of all that each of them runs with: by it the release is known that was refused."""
    settle_seconds: int = 0
    """How long routers have to follow, once traffic has left a colour."""
    services: Sequence[str] = ()
    """Those of which both colours have pods of the stack's own."""
