"""What routers have in common that are objects of the cluster: who wrote them is known, and a write has a condition."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import httpx2

from teal.colours import MANAGER, Colour
from teal.errors import RefusedError, UnreachableError
from teal.kube import Cluster
from teal.live import LiveService
from teal.verdict import Verdict

_TRIES = 3


class KubernetesRouter:
    """The cluster's gates are all that is to be known of its targets."""

    def __init__(self, cluster: Cluster) -> None:
        """Ask this cluster."""
        self.cluster = cluster

    async def prove(self, services: Iterable[str], destination: Colour, *, share: int, wait: bool) -> Sequence[Verdict]:
        """Nothing beside the EndpointSlices, which the capacity gate reads."""
        del services, destination, share, wait
        return ()

    async def capacity(self, carried: Mapping[str, int], back: Colour) -> Sequence[Verdict]:
        """Nothing beside the EndpointSlices."""
        del carried, back
        return ()

    async def ringing(self, services: Iterable[str], colour: Colour) -> Mapping[str, str]:
        """It has no alarms of its own."""
        del services, colour
        return {}

    async def each(
        self, names: Iterable[str], read: Callable[[str], Awaitable[LiveService | None]]
    ) -> Mapping[str, LiveService]:
        """Services one by one, by their names: whoever may get these need not be allowed to list all."""
        wanted = [*names]
        found = await asyncio.gather(*(read(name) for name in wanted))
        return {name: each for name, each in zip(wanted, found, strict=True) if each is not None}

    async def write(  # noqa: PLR0913 - which object, what of it, and on which condition
        self,
        kind: str,
        path: str,
        patch: Mapping[str, Any],
        read: Callable[[], Awaitable[LiveService | None]],
        *,
        live: LiveService,
        colour: Colour,
    ) -> None:
        """Write an object on the condition that it is as it was read.

        Args:
            kind: and name of the object, as kubectl takes them: `service backend`.
            path: of the object.
            patch: a JSON merge patch; the condition is added.
            read: reads the object again.
            live: as it was read.
            colour: where traffic is to go.

        Raises:
            RefusedError: the object was written by somebody else since it was read.
            UnreachableError: the API server did not answer.
        """
        metadata = {**patch.get("metadata", {}), "resourceVersion": live.resource_version}
        response: httpx2.Response | None = None
        for _ in range(_TRIES):
            try:
                response = await self.cluster.http.patch(
                    path,
                    params={"fieldManager": MANAGER},
                    content=json.dumps({**patch, "metadata": metadata}),
                    headers={"Content-Type": "application/merge-patch+json"},
                )
            except httpx2.TransportError:
                now = await read()  # waits for the API server; a write whose answer was lost shows
                if now is not None and now.colour is colour:
                    return
                continue
            break
        if response is None or response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise UnreachableError(
                f"{kind} could not be put back onto {colour}: the API server "
                f"{'answered ' + str(response.status_code) if response is not None else 'did not answer'}. Traffic "
                f"stays on {live.colour}. Next: kubectl cluster-info, then pulumi up"
            )
        if response.status_code == HTTPStatus.CONFLICT:
            raise RefusedError(
                f"{kind} was written by somebody else while {live.colour} was watched: it was not put back onto "
                f"{colour}. Next: kubectl -n {self.cluster.namespace} get {kind} --show-managed-fields -o yaml"
            )
        if not response.is_success:
            raise UnreachableError(
                f"{kind} could not be put back onto {colour}: the API server answered {response.status_code}. Traffic "
                f"stays on {live.colour}. Next: kubectl -n {self.cluster.namespace} auth can-i patch "
                f"{kind.partition(' ')[0]}s"
            )
