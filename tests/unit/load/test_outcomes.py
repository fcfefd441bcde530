"""Every way in which an answer can fail to come is told apart and counted once."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import pytest

from sandbox.load.generator import Generator, Plan
from sandbox.load.records import End, Mode, Outcome, Record

from .servers import Exchange, serving

if TYPE_CHECKING:
    from .servers import Behaviour


SOON = 0.3
"""Seconds after which a request that nobody answers is given up; an answer of a busy machine may take longer."""


async def load(  # noqa: PLR0913 - a plan's
    url: str,
    *,
    mode: Mode = Mode.NEW_CONNECTIONS,
    rate: int = 50,
    seconds: float = 0.1,
    connections: int = 1,
    timeout_seconds: float = 5,
) -> tuple[list[Record], End]:
    """Run a short load: five requests, if nothing else is said."""
    plan = Plan(
        url=url, mode=mode, rate=rate, connections=connections, seconds=seconds, timeout_seconds=timeout_seconds
    )
    records: list[Record] = []
    end = await Generator(plan, records.append).run(asyncio.Event())
    return sorted(records), end


def chunked(exchange: Exchange) -> None:
    """Answer in chunks."""
    exchange.raw(b"HTTP/1.1 200 OK\r\nX-Colour: blue\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n")


BEHAVIOURS: list[tuple[str, Behaviour, Outcome]] = [
    ("whole", lambda e: e.answer(), Outcome.ANSWERED),
    ("chunked", chunked, Outcome.ANSWERED),
    ("until the close", lambda e: e.raw(b"HTTP/1.1 200 OK\r\nX-Colour: blue\r\n\r\n{}"), Outcome.ANSWERED),
    ("not found", lambda e: e.answer(status=404), Outcome.ANSWERED),
    ("500", lambda e: e.answer(status=500), Outcome.SERVER_ERROR),
    ("503", lambda e: e.answer(status=503), Outcome.SERVER_ERROR),
    ("reset", lambda e: e.reset(), Outcome.RESET),
    ("hangs", lambda _: None, Outcome.TIMEOUT),
    ("closes without a byte", lambda e: e.raw(b""), Outcome.CLOSED),
    ("cut in the head", lambda e: e.raw(b"HTTP/1.1 200 OK\r\nX-Col"), Outcome.INCOMPLETE),
    ("cut in the body", lambda e: e.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"), Outcome.INCOMPLETE),
    (
        "cut in a chunk",
        lambda e: e.raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{"),
        Outcome.INCOMPLETE,
    ),
    ("no HTTP", lambda e: e.raw(b"SSH-2.0-dropbear\r\n\r\n"), Outcome.MALFORMED),
]


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize(("behaviour", "outcome"), [b[1:] for b in BEHAVIOURS], ids=[b[0] for b in BEHAVIOURS])
async def test_outcome(mode: Mode, behaviour: Behaviour, outcome: Outcome) -> None:
    """The server receives each request once, and each is recorded as what became of it."""
    async with serving(behaviour) as server:
        records, end = await load(server.url, mode=mode, timeout_seconds=SOON if outcome is Outcome.TIMEOUT else 5)
    assert [record.outcome for record in records] == [outcome] * 5
    assert server.requests == 5
    assert end.lost == (0 if outcome is Outcome.ANSWERED else 5)


async def test_refused() -> None:
    """A port nobody listens on refuses: no connection, nothing sent."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        records, end = await load(f"http://127.0.0.1:{free.getsockname()[1]}/")
    assert [(r.outcome, r.sent_us, r.connection) for r in records] == [(Outcome.REFUSED, None, None)] * 5
    assert end.lost == 5


async def test_the_answering_colour_is_recorded() -> None:
    """A record says which colour and version answered, with what status, and which backend a frontend asked."""
    for headers, backend in (("", ""), ("X-Backend-Colour: green\r\n", "green")):
        async with serving(lambda e, headers=headers: e.answer(status=404, headers=headers)) as server:
            records, _ = await load(server.url)
        said = {(r.status, r.colour, r.version, r.backend_colour) for r in records}
        assert said == {(404, "blue", "1.0.0", backend)}


async def test_a_timeout_counts_from_the_scheduled_instant() -> None:
    """After 0.3 s the request is given up, and not much later."""
    async with serving(lambda _: None) as server:
        records, _ = await load(server.url, timeout_seconds=SOON)
    assert all(300_000 <= record.finished_us < 2_000_000 for record in records)


async def test_a_reset_within_the_answer_is_a_reset() -> None:
    """Half an answer and a RST count as reset, not as incomplete."""

    def behave(exchange: Exchange) -> None:
        exchange.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{")
        asyncio.get_running_loop().call_later(0.02, exchange.reset)

    async with serving(behave) as server:
        records, _ = await load(server.url)
    assert {record.outcome for record in records} == {Outcome.RESET}
