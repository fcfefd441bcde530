"""Declares whose pods the watch may end. Only the watch reads it, from its environment."""

from collections.abc import Mapping, Sequence

from pydantic import Field

from teal.model.colours import Colour
from teal.model.stored import Model

DECLARED = "TEAL_ENDINGS"
"""The watch's environment variable that holds `Endings` in JSON."""


class Endings(Model):
    """When the watch ends the pods of the idle colour without an update."""

    after_seconds: int | None = None
    """How long after a flip's confirmation the pods of the colour that it left end; None where they stay."""
    refused: bool = False
    """Whether the pods of a release end that was refused or undone."""
    slots: Mapping[Colour, str] = Field(default_factory=dict[Colour, str])
    """The digest of each slot that is to run: it identifies what traffic left, whatever changes around it."""
    releases: Mapping[Colour, str] = Field(default_factory=dict[Colour, str])
    """The digest of all that each of them runs with: it identifies the release that was refused."""
    settle_seconds: int = 0
    """How long routers have to follow once traffic has left a colour."""
    services: Sequence[str] = ()
    """The services of which both colours have pods of the stack's own."""
