"""Servers on loopback that answer as a test tells them to, for better or worse."""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeAlias, cast

from tests.unit.listening import stop

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable


Behaviour: TypeAlias = "Callable[[Exchange], None]"


class Exchange(asyncio.Protocol):
    """One connection of the server; a request without a body is whole when its empty line has come."""

    def __init__(self, server: Server) -> None:
        """Belong to `server`."""
        self.server = server
        self.served = 0  # requests on this connection
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let the test see the connection."""
        self.transport = cast("asyncio.Transport", transport)
        self.server.connections.append(self)

    def data_received(self, data: bytes) -> None:
        """Behave once per whole request."""
        self._received += data
        while b"\r\n\r\n" in self._received:
            _, _, self._received = self._received.partition(b"\r\n\r\n")
            self.served += 1
            self.server.requests += 1
            self.server.first_request.set()
            self.server.behave(self)

    def answer(self, *, status: int = 200, headers: str = "", body: bytes = b"{}") -> None:
        """Answer completely, as blue 1.0.0."""
        head = (
            f"HTTP/1.1 {status} -\r\nX-Colour: blue\r\nX-Version: 1.0.0\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
        )
        self.transport.write(head.encode() + body)

    def raw(self, data: bytes) -> None:
        """Write `data` and close with a FIN."""
        self.transport.write(data)
        self.transport.close()

    def reset(self) -> None:
        """Close with a RST."""
        sock = cast("socket.socket", self.transport.get_extra_info("socket"))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()


class Server:
    """What a test may know of the server's side."""

    def __init__(self, behave: Behaviour) -> None:
        """Answer with `behave`."""
        self.behave = behave
        self.requests = 0
        self.connections: list[Exchange] = []
        self.first_request = asyncio.Event()
        self.url = ""


@asynccontextmanager
async def serving(behave: Behaviour) -> AsyncGenerator[Server]:
    """Serve on a free port; `behave` is called for every whole request."""
    server = Server(behave)
    listener = await asyncio.get_running_loop().create_server(lambda: Exchange(server), "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/pricing"
    try:
        yield server
    finally:
        await stop(listener)
        for connection in server.connections:
            connection.transport.abort()
