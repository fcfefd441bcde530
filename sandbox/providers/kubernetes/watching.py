"""Live copies of collections of objects: list, watch, list again when the connection ends.

So an await learns of a change when it happens, and a restart of the API server only delays it. Judging what is seen
is not done here.
"""

import asyncio
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self

from sandbox.providers.kubernetes.api import Api, Params, items
from sandbox.providers.kubernetes.errors import GoneError, KubernetesError
from sandbox.providers.properties import Map

# Seconds an API server may be away during an await: the object exists, so patience costs nothing but time.
AWAY_PATIENCE: Final = 60.0
# Seconds between a watch that ended and the next list, so that a server that ends each at once is not flooded.
_PAUSE: Final = 0.2


@dataclass(frozen=True, kw_only=True)
class Collection:
    """What to follow: a path, and a label or field selector."""

    role: str
    path: str
    params: Params


@dataclass
class Cancellation:
    """Ends every wait of a provider at once (Pulumi's `Cancel`)."""

    requested: bool = False
    signals: set[asyncio.Event] = field(default_factory=set[asyncio.Event])

    def request(self) -> None:
        """End all waits, and those that would begin later."""
        self.requested = True
        for signal in self.signals:
            signal.set()


class Watching:
    """Follows collections while it is entered."""

    def __init__(self, api: Api, collections: list[Collection], cancellation: Cancellation) -> None:
        """Follow `collections`; `cancellation` wakes whoever waits for a change."""
        self._api = api
        self._collections = collections
        self._cancellation = cancellation
        self._seen: dict[str, dict[str, Map]] = {}
        self._signal = asyncio.Event()
        self._failure: KubernetesError | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        """Begin to follow."""
        self._cancellation.signals.add(self._signal)
        self._tasks = [asyncio.create_task(self._follow(collection)) for collection in self._collections]
        return self

    async def __aexit__(self, _kind: type[BaseException] | None, _error: object, _trace: TracebackType | None) -> None:
        """End all watches."""
        self._cancellation.signals.discard(self._signal)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def complete(self) -> bool:
        """True once every collection was listed."""
        return len(self._seen) == len(self._collections)

    def seen(self, role: str) -> tuple[Map, ...]:
        """Return the objects of a collection as last seen."""
        return tuple(self._seen.get(role, {}).values())

    async def change(self, seconds: float) -> None:
        """Wait for a change, a cancellation, or so many seconds.

        Raises:
            KubernetesError: a collection can no longer be followed.
        """
        try:
            async with asyncio.timeout(seconds):
                await self._signal.wait()
        except TimeoutError:
            return
        self._signal.clear()
        if self._failure is not None:
            raise self._failure

    async def _follow(self, collection: Collection) -> None:
        try:
            while True:
                listing = await self._api.get(collection.path, collection.params, patience=AWAY_PATIENCE)
                store = {item["metadata"]["uid"]: item for item in items(listing)}
                for item in store.values():  # the items of a list do not say what they are
                    item.setdefault("apiVersion", listing["apiVersion"])
                    item.setdefault("kind", str(listing["kind"]).removesuffix("List"))
                self._seen[collection.role] = store
                self._signal.set()
                await self._watch(collection, store, since=listing["metadata"]["resourceVersion"])
                await asyncio.sleep(_PAUSE)
        except KubernetesError as error:
            self._failure = error
            self._signal.set()

    async def _watch(self, collection: Collection, store: dict[str, Map], *, since: str) -> None:
        try:
            async for kind, item in self._api.watch(collection.path, collection.params, since=since):
                if kind == "DELETED":
                    store.pop(item["metadata"]["uid"], None)
                elif kind != "BOOKMARK":
                    store[item["metadata"]["uid"]] = item
                self._signal.set()
        except GoneError:
            return  # too old a version: list again
