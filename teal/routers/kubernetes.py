"""What routers have in common that are objects of the cluster: who wrote them is known, and a write has a condition."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import httpx2

from teal.adapters.kubernetes.cluster import Cluster
from teal.adapters.kubernetes.watch import versions
from teal.model.colours import MANAGER, Colour
from teal.model.errors import ChangedError, UnreachableError
from teal.model.live import LiveService
from teal.model.verdict import Verdict


class KubernetesRouter:
    """The cluster's gates are all that is to be known of its targets."""

    pace = 1.0
    """One small read a service."""

    def __init__(self, cluster: Cluster, kind: str, parse: Callable[[Mapping[str, Any]], LiveService]) -> None:
        """Ask this cluster.

        Args:
            cluster: whose objects direct traffic.
            kind: path of their list.
            parse: reads one of them.
        """
        self.cluster = cluster
        self.kind = kind
        self._parse = parse

    def named(self, service: str) -> str:
        """The object that directs a service's traffic: by default it has the service's name."""
        return service

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

    async def between(
        self, before: Mapping[str, LiveService], now: Mapping[str, LiveService]
    ) -> Mapping[str, Sequence[LiveService]]:
        """The API server keeps them for minutes: it tells a watch of them."""

        async def one(name: str) -> Sequence[LiveService]:
            after, until = before[name].resource_version, now[name].resource_version
            found = await versions(self.cluster.http, self.kind, self.named(name), after=after, until=until)
            return [self._parse(each) for each in found]

        names = [*(before.keys() & now.keys())]
        return dict(zip(names, await asyncio.gather(*(one(name) for name in names)), strict=True))

    def stranger(self, live: LiveService) -> str:
        """The field manager that the API server names."""
        return live.writer

    async def each(
        self, names: Iterable[str], read: Callable[[str], Awaitable[LiveService | None]]
    ) -> Mapping[str, LiveService]:
        """Services one by one, by their names: whoever may get these need not be allowed to list all."""
        wanted = [*names]
        found = await asyncio.gather(*(read(name) for name in wanted))
        return {name: each for name, each in zip(wanted, found, strict=True) if each is not None}

    async def write(self, what: str, path: str, patch: Mapping[str, Any], *, live: LiveService, colour: Colour) -> None:
        """Write an object once, on the condition that it is as it was read. Who calls this tries again.

        Args:
            what: kind and name of the object, as kubectl takes them: `service backend`.
            path: of the object.
            patch: a JSON merge patch; the condition is added.
            live: as it was read.
            colour: where traffic is to go.

        Raises:
            ChangedError: the object was written by somebody else since it was read, or is gone.
            UnreachableError: the API server did not answer, or not with yes.
        """
        metadata = {**patch.get("metadata", {}), "resourceVersion": live.resource_version}
        try:
            response = await self.cluster.http.patch(
                path,
                params={"fieldManager": MANAGER},
                content=json.dumps({**patch, "metadata": metadata}),
                headers={"Content-Type": "application/merge-patch+json"},
            )
        except httpx2.TransportError as error:
            raise UnreachableError(
                f"it is not known whether {what} was put onto {colour}: the API server did not answer "
                f"({type(error).__name__}: {error})"
            ) from None
        if response.status_code in {HTTPStatus.CONFLICT, HTTPStatus.NOT_FOUND}:
            raise ChangedError(f"{what} is not as it was read: the API server answered {response.status_code}")
        if not response.is_success:
            raise UnreachableError(
                f"{what} was not put onto {colour}: the API server answered {response.status_code}. Next: kubectl -n "
                f"{self.cluster.namespace} auth can-i patch {what.partition(' ')[0]}s"
            )
