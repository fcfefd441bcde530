"""Implements what all routers have in common whose traffic is directed by objects of the cluster.

The API server names who wrote such an object, and takes a write on the condition that the object is as it was read.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from teal.adapters.kubernetes.cluster import Cluster
from teal.adapters.kubernetes.merge_patch import merge_patch
from teal.adapters.kubernetes.objects import Items, why
from teal.adapters.kubernetes.watch import versions
from teal.model.colours import Colour
from teal.model.errors import ChangedError, UnreachableError
from teal.model.labels import PART_OF, PART_OF_LABEL
from teal.model.live import LiveService
from teal.model.verdict import Verdict


class KubernetesRouter:
    """A router whose traffic an object of the cluster directs; it knows no more of targets than the cluster's gates."""

    pace = 1.0
    """Each look takes one small read for each service."""

    def __init__(self, cluster: Cluster, kind: str, parse: Callable[[Mapping[str, Any]], LiveService]) -> None:
        """Prepare to ask this cluster.

        Args:
            cluster: the cluster whose objects direct traffic.
            kind: the path of their list.
            parse: reads one of them.
        """
        self.cluster = cluster
        self.kind = kind
        self._parse = parse

    def named(self, service: str) -> str:
        """Return the name of the object that directs a service's traffic; by default, the service's own."""
        return service

    async def others(self) -> Mapping[str, LiveService]:
        """Return where the objects of this kind lead that belong to no stack, by name."""
        found = await self.cluster.read(self.kind, Items, {"labelSelector": f"{PART_OF_LABEL}!={PART_OF}"})
        return {each["metadata"]["name"]: self._parse(each) for each in (found.items if found else ())}

    async def prove(self, services: Iterable[str], destination: Colour, *, share: int, wait: bool) -> Sequence[Verdict]:
        """Return nothing: the capacity gate reads the EndpointSlices already."""
        del services, destination, share, wait
        return ()

    async def capacity(self, carried: Mapping[str, int], back: Colour) -> Sequence[Verdict]:
        """Return nothing beside the EndpointSlices."""
        del carried, back
        return ()

    async def ringing(self, services: Iterable[str], colour: Colour) -> Mapping[str, str]:
        """Return nothing: the router has no alarms."""
        del services, colour
        return {}

    async def between(
        self, before: Mapping[str, LiveService], now: Mapping[str, LiveService]
    ) -> Mapping[str, Sequence[LiveService]]:
        """Return the versions from a watch; the API server keeps them for minutes."""

        async def one(name: str) -> Sequence[LiveService]:
            after, until = before[name].resource_version, now[name].resource_version
            found = await versions(self.cluster.http, self.kind, self.named(name), after=after, until=until)
            return [self._parse(each) for each in found]

        names = [*(before.keys() & now.keys())]
        return dict(zip(names, await asyncio.gather(*(one(name) for name in names)), strict=True))

    def stranger(self, live: LiveService) -> str:
        """Return the field manager that the API server names."""
        return live.writer

    async def each(
        self, names: Iterable[str], read: Callable[[str], Awaitable[LiveService | None]]
    ) -> Mapping[str, LiveService]:
        """Read services one by one, by their names: an account that may get these need not be allowed to list all."""
        wanted = [*names]
        found = await asyncio.gather(*(read(name) for name in wanted))
        return {name: each for name, each in zip(wanted, found, strict=True) if each is not None}

    async def write(self, what: str, path: str, patch: Mapping[str, Any], *, live: LiveService, colour: Colour) -> None:
        """Write an object once, on the condition that it is as it was read. The caller retries.

        Args:
            what: the kind and name of the object, as kubectl takes them: `service backend`.
            path: the object's path.
            patch: a JSON merge patch; the condition is added.
            live: the object as it was read.
            colour: the colour that traffic is to go to.

        Raises:
            ChangedError: somebody else wrote the object since it was read, or it is gone.
            UnreachableError: the API server did not answer, or refused.
        """
        metadata = {**patch.get("metadata", {}), "resourceVersion": live.resource_version}
        response = await merge_patch(
            self.cluster, path, {**patch, "metadata": metadata}, f"{what} was put onto {colour}"
        )
        if response.status_code in {HTTPStatus.CONFLICT, HTTPStatus.NOT_FOUND}:
            raise ChangedError(f"{what} is not as it was read: the API server answered {response.status_code}")
        if not response.is_success:
            raise UnreachableError(
                f"{what} was not put onto {colour}: the API server answered {response.status_code}"
                f"{why(response.content)}. Next: kubectl -n {self.cluster.namespace} auth can-i patch "
                f"{what.partition(' ')[0]}s"
            )
