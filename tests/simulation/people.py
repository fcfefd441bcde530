"""Whoever is told of flips: slowly, and some never answer."""

import asyncio
from collections.abc import Mapping

from teal.adapters.receivers import SECONDS, Letter
from tests.simulation.world import chance

SILENT = 0.2
"""Share of letters that nobody takes until their time is over."""
SLOWEST = 2.0
"""Virtual seconds until the others are taken."""


class People:
    """Notes what it is told."""

    def __init__(self, seed: int) -> None:
        """Nothing was told yet."""
        self.told: list[tuple[int, str]] = []
        self._seed = seed

    async def tell(self, letter: Letter, people: Mapping[str, str], machines: Mapping[str, str]) -> frozenset[str]:
        """Take a letter, or let its time pass; as `teal.adapters.receivers.tell`."""
        draw = chance(self._seed, letter.event["id"])
        await asyncio.sleep(SECONDS if draw < SILENT else draw * SLOWEST)
        self.told.append((letter.event["data"]["number"], str(letter.event["data"]["stage"])))
        return frozenset({*people, *machines}) if draw >= SILENT else frozenset()
