"""Plays the people who are told of flips: slowly, and some never answer."""

import asyncio
from collections.abc import Mapping

from teal.adapters.receivers import SECONDS, Message
from tests.simulation.cluster.world import chance

SILENT = 0.2
"""The share of messages that nobody takes until their time is over."""
SLOWEST = 2.0
"""The most virtual seconds until the others are taken."""


class People:
    """The people, who note what they are told."""

    def __init__(self, seed: int) -> None:
        """Begin with nothing told."""
        self.told: list[tuple[int, str]] = []
        self._seed = seed

    async def tell(self, message: Message, people: Mapping[str, str], machines: Mapping[str, str]) -> frozenset[str]:
        """Take a message, or let its time pass; it stands in for `teal.adapters.receivers.tell`."""
        draw = chance(self._seed, message.event["id"])
        await asyncio.sleep(SECONDS if draw < SILENT else draw * SLOWEST)
        self.told.append((message.event["data"]["number"], str(message.event["data"]["stage"])))
        return frozenset({*people, *machines}) if draw >= SILENT else frozenset()
