"""Offers the verbs to a program that has an event loop of its own."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from teal.model.colours import Colour
from teal.status import health, look
from teal.status.health import Health
from teal.status.look import Status
from teal_infra.manager.blue_green import BlueGreenManager
from teal_infra.manager.results import Done, Teller


class AsyncBlueGreenManager:
    """`BlueGreenManager` with coroutines: each verb runs in a thread beside the loop."""

    def __init__(self, stack: str | None = None, *, folder: Path | None = None, teller: Teller | None = None) -> None:
        """Find the stack; arguments and errors as those of `BlueGreenManager`."""
        self._verbs = BlueGreenManager(stack, folder=folder, teller=teller)
        self.project = self._verbs.project

    async def get_status(self) -> Status:
        """Return where traffic goes, and what both colours run."""
        return await look.look(self.project.access)

    async def health_check(self) -> Health:
        """Ask every service of both colours whether it is well."""
        return await health.check(self.project.access)

    async def deploy_new_version(self, *release: str, steps: Sequence[int] = ()) -> Done:
        """Give the idle colour a release, and move live traffic to it once it is proven."""
        return await asyncio.to_thread(self._verbs.deploy_new_version, *release, steps=steps)

    async def switch_traffic(self, colour: Colour | str) -> Done:
        """Move live traffic to a colour, once it is proven."""
        return await asyncio.to_thread(self._verbs.switch_traffic, colour)

    async def rollback(self, version: str | None = None, *, warm: bool = False) -> Done:
        """Move live traffic back."""
        return await asyncio.to_thread(self._verbs.rollback, version, warm=warm)

    async def start(self, colour: Colour | str) -> Done:
        """Let a colour run."""
        return await asyncio.to_thread(self._verbs.start, colour)

    async def stop(self, colour: Colour | str) -> Done:
        """End the pods of the idle colour at once."""
        return await asyncio.to_thread(self._verbs.stop, colour)

    async def retire(self, colour: Colour | str) -> Done:
        """End the pods of the idle colour, once the other one is confirmed and has settled."""
        return await asyncio.to_thread(self._verbs.retire, colour)

    async def scale(self, colour: Colour | str, pods: int, services: Sequence[str] = ()) -> Done:
        """Give a colour at least so many pods."""
        return await asyncio.to_thread(self._verbs.scale, colour, pods, services)
