"""The providers of one deployment: who serves a package, and the provider resources that configure them.

A stand-in is served in this process, on a thread, through gRPC on loopback: no process to start, and no short cut
around the protocol. Not here: what a provider is asked (`plugin.py`) and when (`planner.py`, `executor.py`).
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import os
import shutil
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from sandbox.engine import urns
from sandbox.engine.children import start_child
from sandbox.engine.errors import EngineError
from sandbox.engine.operations import Check, Live, Wish
from sandbox.engine.plugin import PluginClient
from sandbox.engine.protocol import CHANNEL_OPTIONS
from sandbox.engine.values import UNKNOWN, Properties

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.engine.model import Difference
    from sandbox.engine.state import ResourceState

_STAND_INS: Final = "sandbox.providers"
_PROVIDER_THREADS: Final = 32
"""Calls one stand-in serves at a time; awaits hold a thread each, and the engine runs at most 16 operations."""


class Registry:
    """Starts providers and keeps them by the reference of the resource that configures them (`urn::id`)."""

    def __init__(self, root: str, environ: Mapping[str, str]) -> None:
        """Start nothing yet. `root` is the project's folder."""
        self._root = root
        self._environ = environ
        self._clients: dict[str, PluginClient] = {}
        self._starting: dict[str, asyncio.Task[PluginClient]] = {}
        self._servers: list[grpc.Server] = []
        self._children: list[asyncio.subprocess.Process] = []
        self.engine_address = ""

    def preload(self, packages: set[str]) -> None:
        """Import stand-ins while the program starts: both take their time, on a core each."""
        for package in packages:
            if importlib.util.find_spec(_STAND_INS) and importlib.util.find_spec(f"{_STAND_INS}.{package}"):
                importlib.import_module(f"{_STAND_INS}.{package}.provider")

    def get(self, reference: str) -> PluginClient | None:
        """The provider configured by this provider resource, if there is one yet."""
        return self._clients.get(reference)

    async def ensure(self, state: ResourceState) -> PluginClient:
        """The provider configured by a provider resource that is in the state; started on first use."""
        reference = urns.reference(state.urn, state.id)
        if (client := self._clients.get(reference)) is not None:
            return client
        return await self.configure(state.urn, state.id, state.inputs)

    async def configure(self, urn: str, id_: str, inputs: Properties) -> PluginClient:
        """Configure a provider and make it known under its reference."""
        client = await self.started(urn)
        self._starting.pop(urn, None)
        await client.configure(urn, inputs)
        self._clients[urns.reference(urn, id_)] = client
        return client

    async def started(self, urn: str) -> PluginClient:
        """A started provider for a provider resource that is not configured yet."""
        if urn not in self._starting:
            self._starting[urn] = asyncio.create_task(self._start(urns.package_of(urns.type_of(urn))))
        return await self._starting[urn]

    async def _start(self, package: str) -> PluginClient:
        address = await self._address(package)
        client = PluginClient(grpc.aio.insecure_channel(address, options=CHANNEL_OPTIONS), package)
        await client.start(self.engine_address, self._root)
        return client

    async def _address(self, package: str) -> str:
        for entry in self._environ.get("PULUMI_DEBUG_PROVIDERS", "").split(","):
            name, _, port = entry.partition(":")
            if name == package:
                return f"127.0.0.1:{port}"
        if importlib.util.find_spec(_STAND_INS) and importlib.util.find_spec(f"{_STAND_INS}.{package}"):
            return await asyncio.to_thread(self._serve, package)
        if binary := shutil.which(f"pulumi-resource-{package}", path=self._environ.get("PATH")):
            return await self._spawn(binary)
        raise EngineError(
            f"package {package!r} has no stand-in in the embedded engine and no pulumi-resource-{package} is on PATH; "
            "nothing of it was touched; use Pulumi's own engine for this"
        )

    def _serve(self, package: str) -> str:
        module = importlib.import_module(f"{_STAND_INS}.{package}.provider")
        servicer: Any = getattr(module, f"{package.capitalize()}Provider")()
        server = grpc.server(ThreadPoolExecutor(_PROVIDER_THREADS), options=CHANNEL_OPTIONS)
        provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        self._servers.append(server)  # an unreferenced server stops serving
        return f"127.0.0.1:{port}"

    async def _spawn(self, binary: str) -> str:
        child = await start_child([binary, self.engine_address], env={**os.environ, **self._environ})
        self._children.append(child.process)
        return f"127.0.0.1:{await child.first_line()}"

    async def cancel(self) -> None:
        """Ask every provider to give up what it is doing."""
        await asyncio.gather(*(client.cancel() for client in self._clients.values()))

    async def close(self) -> None:
        """Stop everything this registry started."""
        for task in self._starting.values():
            task.cancel()
        for client in {id(client): client for client in self._clients.values()}.values():
            await client.close()
        for server in self._servers:
            server.stop(grace=None)
        for child in self._children:
            if child.returncode is None:
                child.kill()
                await child.wait()


class ProviderResources:
    """The operations on provider resources themselves: they live in the engine, not in a cloud."""

    def __init__(self, registry: Registry) -> None:
        """Configure providers of this registry."""
        self._registry = registry

    async def check(self, urn: str, olds: Properties | None, news: Properties, /) -> Check:
        """Let the provider validate its configuration. What the engine itself put there is kept from it."""
        client = await self._registry.started(urn)
        own = {key: value for key, value in news.items() if key in _ENGINE_KEYS}
        given = {key: value for key, value in news.items() if key not in _ENGINE_KEYS}
        old = {key: value for key, value in (olds or {}).items() if key not in _ENGINE_KEYS}
        checked = await client.check_config(urn, old, given)
        return Check({**checked.inputs, **own}, checked.failures)

    async def diff(self, urn: str, old: Live, wish: Wish, /) -> Difference:
        """Let the provider compare configurations; an unchanged one is configured at once, as it stays."""
        client = await self._registry.started(urn)
        difference = await client.diff_config(urn, old.inputs, wish.inputs)
        if not difference.changed:
            await self._registry.configure(urn, old.id, wish.inputs)
        return difference

    async def create(self, urn: str, wish: Wish, /) -> Live:
        """Configure; the id is ours to choose."""
        id_ = UNKNOWN if wish.preview else str(uuid.uuid4())
        await self._registry.configure(urn, id_, wish.inputs)
        return Live(id_, wish.inputs, dict(wish.inputs))

    async def update(self, urn: str, old: Live, wish: Wish, /) -> Properties:
        """Configure anew, under the same id."""
        await self._registry.configure(urn, old.id, wish.inputs)
        return dict(wish.inputs)

    async def delete(self, urn: str, old: Live, seconds: float, /) -> None:
        """Nothing is left behind by a provider."""

    async def read(self, _urn: str, old: Live, /) -> Live | None:
        """A provider is what the state says."""
        return old


_ENGINE_KEYS: Final = frozenset(("version", "__internal"))
