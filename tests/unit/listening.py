"""A server on loopback in the test's own event loop, of which nothing stays open when its block ends."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
"""Serves one connection."""


@asynccontextmanager
async def listening(serve: Serve, *, tls: ssl.SSLContext | None = None) -> AsyncGenerator[int]:
    """The port of a server, which speaks TLS if it is told how; when the block ends, what is still open is cut off."""
    served: set[asyncio.Task[None]] = set()

    async def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        served.add(task)
        try:
            await serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client gave up, or the test is over
        finally:
            writer.close()

    server = await asyncio.start_server(accepted, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        await stop(server)
        for task in served:
            task.cancel()
        await asyncio.gather(*served)


async def stop(server: asyncio.Server) -> None:
    """Accept nobody any more, and close the server when whoever was accepted is being served.

    A connection whose server is closed between the two is forgotten by asyncio, and its socket stays open.
    """
    for each in server.sockets:
        asyncio.get_running_loop().remove_reader(each.fileno())
    for _ in ("the transport is made", "the protocol is told", "the task that serves it begins"):
        await asyncio.sleep(0)
    server.close()
