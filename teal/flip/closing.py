"""Asks the pods of one colour to close their kept-alive connections, or to keep them again, beside everything else."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from teal.adapters.kubernetes.cluster import Cluster
from teal.model.colours import Colour
from teal.model.errors import UnreachableError
from teal.model.live import Endpoint
from teal.spec.bake import BakePlan, ServiceBake

LAST_SECONDS = 5.0
"""How long to wait for requests that are still under way when all else is done: nothing else depends on them."""

BREAK_SECONDS = 1.0
"""How long to wait for a cancelled request to end."""

HEAD_START_SECONDS = 1.0
"""How long the pods that traffic has left are asked before the others. Until they close their connections, the old
release answers their clients."""

FORWARDS = 16
"""Forwarded ports at a time. Each is a connection through the API server and a kubelet."""


class Closing:
    """Asks the pods of all services at once, so that pods which do not answer delay no others."""

    def __init__(self, cluster: Cluster, say: Callable[[str], None]) -> None:
        """Ask the pods of this cluster; a refusal is reported through `say`, and stops nothing."""
        self._cluster = cluster
        self._say = say
        self._turn = asyncio.Semaphore(FORWARDS)
        self._asking: asyncio.Task[None] | None = None

    def follow(self, plan: BakePlan, *, left: Colour | None, taken: Colour) -> None:
        """Start to move connections after traffic: the colour that was left closes them, the other keeps them again.

        This comes after the write, never before it, since a pod that does not answer takes seconds. Requests of an
        earlier call are cancelled.

        Args:
            plan: names the path at which pods are asked.
            left: the colour that traffic has left; None where there was none.
            taken: the colour that has traffic now; its pods may still be closing connections, since it was left before.
        """
        if any(each.close_path for each in plan.services.values()):
            self._asking = asyncio.create_task(self._follow(plan, left, taken, self._asking))

    async def over(self) -> None:
        """Wait at most `LAST_SECONDS` for requests that are still under way, then cancel them."""
        asking, self._asking = self._asking, None
        if asking is not None:
            await asyncio.wait({asking}, timeout=LAST_SECONDS)
            await self._broken_off(asking)

    async def _follow(
        self, plan: BakePlan, left: Colour | None, taken: Colour, before: asyncio.Task[None] | None
    ) -> None:
        if before is not None:
            await self._broken_off(before)
        try:
            ready: Mapping[str, Sequence[Endpoint]] = await self._cluster.endpoints()
        except UnreachableError as error:
            self._say(f"kept-alive connections stay where they are until their clients end them: {error}")
            return
        closed = {name: each for name, each in plan.services.items() if each.close_path}
        async with asyncio.TaskGroup() as asking:
            if left is not None:
                ending = [
                    asking.create_task(self._ask(name, each, left, ready, begin=True)) for name, each in closed.items()
                ]
                await asyncio.wait(ending, timeout=HEAD_START_SECONDS)
            for name, each in closed.items():
                asking.create_task(self._ask(name, each, taken, ready, begin=False))

    async def _ask(
        self, name: str, service: ServiceBake, colour: Colour, ready: Mapping[str, Sequence[Endpoint]], *, begin: bool
    ) -> None:
        from teal.adapters.kubernetes import connections  # noqa: PLC0415 - it takes 0.1 s, and most updates move nothing

        endpoints = ready.get(f"{name}-{colour}", ())
        wrong = await connections.close(
            self._cluster.http,
            self._cluster.namespace,
            endpoints,
            service.close_path,
            service.close_seconds if begin else 0,
            tls=service.tls,
            turn=self._turn,
        )
        if wrong:
            until = "until their clients end them" if begin else "no longer than until their next answer"
            self._say(
                f"kept-alive connections of {name} stay with {colour} {until}: {len(wrong)} of {len(endpoints)} pods "
                f"did not take {service.close_path} ({wrong[0]})"
            )

    async def _broken_off(self, asking: asyncio.Task[None]) -> None:
        asking.cancel()
        await asyncio.wait({asking}, timeout=BREAK_SECONDS)
        if asking.done() and not asking.cancelled() and (error := asking.exception()) is not None:
            self._say(f"kept-alive connections stay where they are until their clients end them: {error!r}")
