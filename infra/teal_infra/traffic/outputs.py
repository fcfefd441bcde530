"""Exports the outputs of a stack: where live traffic goes, and the doors of its services."""

from collections.abc import Mapping

import pulumi

from teal.model.colours import Colour
from teal_infra.settings import Settings
from teal_infra.traffic import Traffic


def export(settings: Settings, traffic: Mapping[str, Traffic]) -> None:
    """Export the outputs. The first service's doors have outputs of their own, as most stacks have one service."""
    fronts = {name: traffic[name].front_door for name in settings.routed}
    previews = {name: traffic[name].preview_door for name in settings.routed}
    first = next(iter([*settings.routed, *settings.services]))
    pulumi.export("activeColour", settings.active_colour)
    pulumi.export("liveColour", traffic[first].live_colour)
    pulumi.export("frontDoor", fronts.get(first, ""))
    pulumi.export("previewDoor", previews.get(first, ""))
    pulumi.export("frontDoors", fronts)
    pulumi.export("previewDoors", previews)
    pulumi.export("versions", {colour: slot.version for colour in Colour if (slot := settings.slot(colour))})
