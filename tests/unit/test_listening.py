"""The tests' own servers leave no connection open, which pytest would blame on whatever test comes next."""

import asyncio
import gc
import socket
from urllib.parse import urlsplit

import pytest

from tests.unit.listening import listening
from tests.unit.load import servers


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Serve without an end."""
    del reader, writer
    await asyncio.Event().wait()


@pytest.mark.filterwarnings("error:unclosed transport:ResourceWarning")
@pytest.mark.filterwarnings("error:Exception ignored:pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("cycles", range(8))
def test_a_connection_that_is_accepted_as_the_block_ends_is_closed(cycles: int) -> None:
    """Whether it waits, is accepted, or is served by then; a transport that is left open warns, and fails this."""

    async def connect() -> None:
        async with listening(_serve) as port:
            await _connected(port, cycles)
        async with servers.serving(lambda _: None) as server:
            await _connected(urlsplit(server.url).port or 0, cycles)

    asyncio.run(connect())
    gc.collect()


async def _connected(port: int, cycles: int) -> None:
    with socket.create_connection(("127.0.0.1", port), 5):
        for _ in range(cycles):
            await asyncio.sleep(0)
