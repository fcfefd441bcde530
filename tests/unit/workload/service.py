"""The reference service for tests: its application alone, or on loopback behind its real server.

Both run in the test's own event loop.
"""

import asyncio
import os
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx2

from workload.pricing.app import create_app
from workload.pricing.lifecycle import Lifecycle
from workload.pricing.server import Server
from workload.pricing.settings import Settings


@asynccontextmanager
async def asking(*, caller: str = "127.0.0.1", **environment: str) -> AsyncGenerator[httpx2.AsyncClient]:
    """A client of an instance with this environment that calls from `caller`; nothing listens."""
    settings = Settings.from_environment({"DEPLOYMENT_GROUP": "green"} | environment)
    app = create_app(settings, Lifecycle(linger_seconds=0))
    transport = httpx2.ASGITransport(app, client=(caller, 1234))
    async with httpx2.AsyncClient(transport=transport, base_url="http://service") as client:
        yield client


@dataclass(frozen=True)
class Service:
    """A running instance and a client of it whose connections are kept alive."""

    port: int
    client: httpx2.AsyncClient
    lifecycle: Lifecycle
    ended: asyncio.Task[None]

    def terminate(self) -> None:
        """Send SIGTERM; the instance runs in the test's process."""
        os.kill(os.getpid(), signal.SIGTERM)


@asynccontextmanager
async def serving(**environment: str) -> AsyncGenerator[Service]:
    """Start an instance with this environment; without `DRAIN_LINGER_SECONDS` it does not linger."""
    settings = Settings.from_environment(
        {"HOST": "127.0.0.1", "PORT": "0", "DRAIN_LINGER_SECONDS": "0", "DEPLOYMENT_GROUP": "green"} | environment
    )
    lifecycle = Lifecycle(linger_seconds=settings.drain_linger_seconds)
    server = Listening(create_app(settings, lifecycle), settings, lifecycle)
    ended = asyncio.create_task(server.serve())
    try:
        await server.listening.wait()
        port = server.servers[0].sockets[0].getsockname()[1]
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            yield Service(port, client, lifecycle, ended)
    finally:
        server.should_exit = server.force_exit = True
        await ended


class Listening(Server):
    """The service's server, which also says when it listens."""

    def __init__(self, *args: object) -> None:
        """As the service's server."""
        super().__init__(*args)  # pyright: ignore[reportArgumentType] - passed on as they came
        self.listening = asyncio.Event()

    async def startup(self, sockets: object = None) -> None:
        """Listen and say so."""
        await super().startup(sockets)  # pyright: ignore[reportArgumentType] - passed on as it came
        self.listening.set()
