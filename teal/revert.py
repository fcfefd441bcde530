"""Puts traffic back without an engine: the one write to a router that is not `pulumi up`'s.

A bake fails inside an engine's hook, where no resource can be declared, or in
the cluster, where there is no engine at all.
"""

import asyncio
from collections.abc import Mapping, Sequence

from teal import gates
from teal.colours import Colour
from teal.kube import Cluster
from teal.live import LiveService
from teal.routers.base import Router
from teal.verdict import Verdict


async def capacity(cluster: Cluster, router: Router, carried: Mapping[str, int], *, back: Colour) -> Sequence[Verdict]:
    """The proof that a flip needs, the other way: the old colour can carry what the present one carries.

    With as many ready endpoints as the present one has, or as it carried the
    same traffic with a moment ago: a release that fails may have scaled out meanwhile.

    Args:
        cluster: to ask.
        router: whose own view of the old colour has to be the same.
        carried: ready endpoints that the old colour had when the flip began, by service.
        back: the old colour.

    Raises:
        UnreachableError: the cluster could not be asked.
    """

    async def one(service: str) -> Verdict:
        ready, live = await asyncio.gather(
            cluster.ready_endpoints(f"{service}-{back}"), cluster.ready_endpoints(f"{service}-{back.other}")
        )
        needed = min(len(live), carried[service])
        return gates.capacity(service, back, ready=len(ready), live=back.other, live_ready=needed)

    return [*await asyncio.gather(*(one(service) for service in carried)), *await router.capacity(carried, back)]


async def move(router: Router, services: Mapping[str, LiveService], *, back: Colour) -> None:
    """Write where those services' traffic goes that are not there yet, each on the condition that nobody else did.

    Raises:
        RefusedError: somebody else moved it since it was read.
        UnreachableError: the router could not be asked.
    """
    for name, live in services.items():
        if live.colour is not back or live.share:
            await router.move(name, live, back)
