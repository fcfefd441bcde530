"""Live copies of what TargetGroupBindings depend on: listed, then watched. Judging what is seen is not done here."""

# lightkube says plain `dict` without saying of what.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Final, Self

from lightkube import AsyncClient
from lightkube.generic_resource import create_namespaced_resource
from lightkube.resources.core_v1 import Pod, Service
from lightkube.resources.discovery_v1 import EndpointSlice

from sandbox.providers.properties import Map

_KINDS: Final[dict[str, Any]] = {
    "bindings": create_namespaced_resource("elbv2.k8s.aws", "v1beta1", "TargetGroupBinding", "targetgroupbindings"),
    "services": Service,
    "slices": EndpointSlice,
    "pods": Pod,
}


class Following:
    """All objects of these kinds, in all namespaces, as they are now."""

    def __init__(self, client: AsyncClient) -> None:
        """Follow nothing yet."""
        self._client = client
        self._seen: dict[str, dict[str, Map]] = {}
        self._changed = asyncio.Event()

    @classmethod
    @asynccontextmanager
    async def of(cls, client: AsyncClient) -> AsyncGenerator[Self]:
        """Follow a cluster.

        Raises:
            ExceptionGroup: a kind can no longer be followed (`httpx2.HTTPError`); the block ends with it.
        """
        following = cls(client)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(following._follow(role)) for role in _KINDS]
            yield following
            for task in tasks:
                task.cancel()

    @property
    def complete(self) -> bool:
        """True once all kinds were listed."""
        return self._seen.keys() == _KINDS.keys()

    def seen(self, role: str) -> tuple[Map, ...]:
        """Return the objects of a kind as last seen."""
        return tuple(self._seen.get(role, {}).values())

    async def change(self, seconds: float) -> None:
        """Wait for a change, or so many seconds."""
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return
        self._changed.clear()

    async def _follow(self, role: str) -> None:
        kind = _KINDS[role]
        listed = self._client.list(kind, namespace="*")
        store = self._seen[role] = {item.metadata.uid: item.to_dict() async for item in listed}
        self._changed.set()
        # From there: a watch from nowhere waits in vain on an API server whose etcd is 3.4.
        async for event, item in self._client.watch(kind, namespace="*", resource_version=listed.resourceVersion):
            if event == "DELETED":
                store.pop(item.metadata.uid, None)
            else:
                store[item.metadata.uid] = item.to_dict()
            self._changed.set()
