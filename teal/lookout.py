"""What a bake sees: asks the front doors, the live traffic's own numbers and the router's alarms. Judges nothing."""

import asyncio

from teal import doors
from teal.bake import Bake
from teal.errors import UnreachableError
from teal.kube import Cluster
from teal.routers import Router
from teal.witness import Witness

LOOK_SECONDS = 1.0
"""Between two questions to Prometheus; it scrapes no oftener."""

LISTEN_SECONDS = 10.0
"""Between two looks at a router's alarms, which decide once a minute; CloudWatch takes nine such requests a second."""

HEAR_SECONDS = 8.0
"""For the alarms of all services: less than a lease."""


class Lookout:
    """Looks on behalf of one bake, and writes into it what there is to see."""

    def __init__(self, cluster: Cluster, witness: Witness | None, router: Router, bake: Bake) -> None:
        """Prepare to look; `witness` is None where the stack has no Prometheus."""
        self._cluster = cluster
        self._witness = witness
        self._router = router
        self._bake = bake

    async def ask(self) -> None:
        """Ask every front door once."""
        await asyncio.gather(*(self._ask(name, each.path) for name, each in self._bake.plan.services.items()))

    async def look(self) -> None:
        """Ask everybody else once."""
        await asyncio.gather(self._hear(), self._look_at_all())

    async def _look_at_all(self) -> None:
        await asyncio.gather(*(self._look(name) for name in self._bake.plan.services))

    async def watch(self) -> None:
        """Ask the witness from time to time, beside the front doors."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await self._look_at_all()

    async def listen(self) -> None:
        """Ask for the router's alarms from time to time, beside the front doors."""
        while True:
            await self._hear()
            await asyncio.sleep(LISTEN_SECONDS)

    async def _hear(self) -> None:
        rings, deaf = dict[str, str](), ""
        try:
            async with asyncio.timeout(HEAR_SECONDS):
                rings = await self._router.ringing(self._bake.plan.services, self._bake.colour)
        except UnreachableError as error:
            deaf = str(error)
        except TimeoutError:
            deaf = f"the router's alarms: no answer within {HEAR_SECONDS:g} s"
        for name, seen in self._bake.observed.items():
            seen.ringing, seen.deaf = rings.get(name, ""), deaf

    async def _ask(self, service: str, path: str) -> None:
        seen = self._bake.observed[service]
        answer = await self._knock(service, path)
        seen.blind = answer.blind
        if answer.blind:
            return
        seen.asked += 1
        if answer.failure:
            seen.failed += 1
            seen.failure = seen.failure or answer.failure

    async def _knock(self, service: str, path: str) -> doors.Knock:
        """Ask the router's own door, where it has one that can be asked; else what it leads to, through the cluster."""
        plan = self._bake.plan
        route = plan.routes.get(service)
        if route is not None and plan.knock:
            return await doors.knock_at(route.door + path, plan.services[service].host)
        door = self._router.door(service, self._bake.colour)
        return await doors.knock(self._cluster.http, self._cluster.namespace, door, path)

    async def _look(self, service: str) -> None:
        seen, colour = self._bake.observed[service], self._bake.colour
        if self._witness is None:
            return
        try:
            ready = await self._cluster.ready_endpoints(f"{service}-{colour}")
            seen.error_share, seen.requests = await self._witness.traffic(
                service, colour, self._bake.plan.window, (each.pod for each in ready)
            )
        except UnreachableError as error:
            seen.unseen = str(error)
        else:
            seen.unseen = ""
