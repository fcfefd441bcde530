"""Waits for the data path to follow a write: an API server that accepted it has not moved traffic yet."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

from teal.adapters import front_door
from teal.adapters.kubernetes.cluster import Cluster
from teal.model.colours import Colour
from teal.model.errors import RefusedError, TealError, UnreachableError
from teal.model.live import Endpoint, LiveService
from teal.model.routes import RouterKind
from teal.spec.move import Move

PAUSE_SECONDS = 0.2
"""The time between two reads of all EndpointSlices."""


async def followed(cluster: Cluster, move: Move, live: Mapping[str, LiveService]) -> None:
    """Wait until the router's EndpointSlices and the front doors that can be asked have followed the write.

    Args:
        cluster: the stack's cluster.
        move: the move that is declared.
        live: the active Services as they were read after the write.

    Raises:
        RefusedError: they did not follow within `doors.DEADLINE_SECONDS`.
        UnreachableError: the cluster could not be asked.
    """
    if move.share:
        return  # both colours answer at a door that splits its traffic
    urls = dict(move.front_doors)
    if move.bake.reachable:
        urls = {name: each.route.door for name, each in live.items() if each.route is not None} | urls
    selected = move.bake.doors if move.bake.router is RouterKind.SERVICE else ()
    await asyncio.gather(
        *(_answers(move, name, url) for name, url in urls.items() if name in move.flip_set),
        _selected(cluster, selected, move.to),
    )


async def _answers(move: Move, service: str, url: str) -> None:
    """Wait until a door answers with the declared version, or accepts connections where no path tells the version."""
    path, asked = move.flip_set[service].version_path, move.bake.services[service]
    of_pods = asked.tls and move.bake.router is RouterKind.SERVICE  # of any other router it is the balancer's
    if path is None or not asked.path:
        await front_door.await_connections(url)
    else:
        await front_door.await_version(url, path, move.version, move.to, host=asked.host, of_pods=of_pods)


async def behind(cluster: Cluster, services: Collection[str], to: Colour) -> Mapping[str, set[str]]:
    """Return, by active Service, the pods of another colour that its EndpointSlices name; only where there are any.

    Raises:
        UnreachableError: the cluster could not be asked.
    """
    if not services:
        return {}
    ready = await cluster.endpoints()
    found = {name: _others(ready, name, to) for name in services}
    return {name: others for name, others in found.items() if others}


async def led(cluster: Cluster, services: Collection[str], to: Colour, *, within: float, pause: float) -> None:
    """Wait until the EndpointSlices of active Services name no pod of another colour, or until the time is over.

    Args:
        cluster: the stack's cluster.
        services: the names of the active Services.
        to: the colour that traffic was sent to.
        within: how many seconds to wait at most.
        pause: the seconds between two reads.
    """
    give_up = time.monotonic() + within
    while time.monotonic() < give_up:
        try:
            if not await behind(cluster, services, to):
                return
        except UnreachableError:
            pass  # probes of this time are not counted
        await asyncio.sleep(pause)


async def settled(settle: Callable[[], Awaitable[None]]) -> str:
    """Return what went wrong while something was waited for, in words; empty where nothing did."""
    try:
        await settle()
    except TealError as error:
        return str(error)
    return ""


async def _selected(cluster: Cluster, services: Collection[str], to: Colour) -> None:
    """Wait until the EndpointSlices of active Services name no pod of another colour, as a controller updates them.

    Whether the pods are ready does not matter here: the bake asks them all.
    """
    give_up = time.monotonic() + front_door.DEADLINE_SECONDS
    while late := await behind(cluster, services, to):
        if time.monotonic() > give_up:
            named = "; ".join(
                f"the EndpointSlices of Service {name} still name {', '.join(sorted(others))}"
                for name, others in late.items()
            )
            raise RefusedError(
                f"{front_door.DEADLINE_SECONDS:.0f} s after the write {named}, which {to} does not have: the selector "
                "was written, and no controller has followed. Next: kubectl get endpointslices, then pulumi up again"
            )
        await asyncio.sleep(PAUSE_SECONDS)


def _others(ready: Mapping[str, Sequence[Endpoint]], service: str, to: Colour) -> set[str]:
    """Return the pods behind an active Service that the colour's own Service does not have."""
    behind, own = (ready.get(name, ()) for name in (service, f"{service}-{to}"))
    return {each.pod for each in behind} - {each.pod for each in own}
