"""Listens, turns signals into a drain, and ends the process when the drain is over.

uvicorn by itself stops accepting at the first SIGTERM. In a cluster that loses requests: endpoints and load
balancers go on sending for a while. So the signal only begins a drain here, and uvicorn's own shutdown (close the
listeners, finish what is in flight) comes last.
"""

import asyncio
import logging
import math
import os
import socket
from types import FrameType
from typing import TYPE_CHECKING

import uvicorn

from workload.pricing.lifecycle import Lifecycle
from workload.pricing.settings import Settings

if TYPE_CHECKING:
    from starlette.types import ASGIApp

KEEP_ALIVE_SECONDS = 75
"""How long an idle connection stays open: longer than the 60 s of an AWS Application Load Balancer, so that it is the
client that closes first and no request meets a closing connection."""

_log = logging.getLogger("pricing")


class Server(uvicorn.Server):
    """A uvicorn server whose end is the end of a drain."""

    def __init__(self, app: "ASGIApp", settings: Settings, lifecycle: Lifecycle) -> None:
        """Prepare to serve `app`; nothing is opened yet."""
        super().__init__(
            uvicorn.Config(
                app,
                host=settings.host,
                port=settings.port,
                loop="uvloop",
                http="httptools",
                ws="none",
                lifespan="off",
                interface="asgi3",
                log_config=None,
                access_log=False,
                proxy_headers=False,  # the caller's address decides who may drain: nobody may write it
                server_header=False,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
            )
        )
        self._settings = settings
        self._lifecycle = lifecycle
        self._signalled = False
        self._drain_was_said = False

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and arm the fault that crashes."""
        await super().startup(sockets)
        after = self._settings.fault_crash_after_seconds
        if after is not None:
            asyncio.get_running_loop().call_later(after, _crash, after)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn's signature
        """Begin a drain at the first SIGTERM or SIGINT; end at once at the second."""
        if self._signalled:
            self.should_exit = self.force_exit = True
        self._signalled = True
        self._lifecycle.begin_drain(self._settings.drain_timeout_seconds, exits=True)

    async def on_tick(self, counter: int) -> bool:
        """Called ten times a second: say that a drain began, end when it is over."""
        if self._lifecycle.drain is not None and not self._drain_was_said:
            self._drain_was_said = True
            _log.info("drain began: at most %d s, new requests are still served", self._lifecycle.drain.timeout_seconds)
        return await super().on_tick(counter) or self._lifecycle.over

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close the listeners and finish what is in flight.

        A request that arrived in the last instant still has what is left of the drain's time. Those that have used
        theirs up are cancelled, which they notice as a 500; a second is given to write that.
        """
        self.config.timeout_graceful_shutdown = max(1, math.ceil(self._lifecycle.remaining_seconds))
        _log.info("ending with %d requests in flight", self._lifecycle.active_requests)
        await super().shutdown(sockets)


def _crash(after: float) -> None:
    _log.error("FAULT_CRASH_AFTER_SECONDS=%g: crashing", after)
    os._exit(1)
