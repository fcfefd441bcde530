"""Requests leave at their instants, kept-alive connections are kept, and nothing is sent twice."""

from __future__ import annotations

import asyncio
import socket
import time
from itertools import pairwise

import pytest

from sandbox.load.connection import Connection
from sandbox.load.generator import Generator, LoadError, Plan
from sandbox.load.records import Mode, Outcome

from .servers import Exchange, serving
from .test_outcomes import SOON, load


async def test_a_hanging_server_does_not_slow_the_load() -> None:
    """The schedule is kept whatever the answers do: no coordinated omission."""
    async with serving(lambda _: None) as server:
        records, _ = await load(
            server.url, mode=Mode.KEPT_ALIVE, rate=100, seconds=0.2, connections=2, timeout_seconds=SOON
        )
        assert server.requests == 20
    assert {b.scheduled_ns - a.scheduled_ns for a, b in pairwise(records)} == {10_000_000}
    assert max(record.sent_us or 0 for record in records) < SOON * 1_000_000  # none waited for the timeout of another


async def test_a_late_generator_says_so() -> None:
    """Latency counts from the scheduled instant, and what of it is the generator's own fault is recorded beside it."""

    def behave(exchange: Exchange) -> None:
        if exchange.server.requests == 1:
            time.sleep(0.1)  # holds up the generator: it runs in this very event loop
        exchange.answer()

    async with serving(behave) as server:
        records, end = await load(server.url)
    assert 50_000 < records[1].started_us < records[1].finished_us
    assert end.late >= 1
    assert end.max_lag_ms > 50


async def test_kept_alive_connections_take_turns() -> None:
    """A pool of three serves every request, each connection its share."""
    async with serving(lambda e: e.answer()) as server:
        records, _ = await load(server.url, mode=Mode.KEPT_ALIVE, seconds=0.24, connections=3)
    assert [record.connection for record in records] == [1, 2, 3] * 4


async def test_a_busy_pool_is_not_exchanged() -> None:
    """What is opened while the pool is busy serves once; the kept-alive connections stay who they are."""

    def behave(exchange: Exchange) -> None:
        if exchange.server.requests == 1:
            asyncio.get_running_loop().call_later(0.1, exchange.answer)
        else:
            exchange.answer()

    async with serving(behave) as server:
        records, _ = await load(server.url, mode=Mode.KEPT_ALIVE, seconds=0.3)
    assert records[1].connection == 2
    assert 1 in {each.connection for each in records[2:]}
    assert {connection.served for connection in server.connections[1:]} == {1}


async def test_new_connections_are_new() -> None:
    """In the other mode no connection serves twice."""
    async with serving(lambda e: e.answer()) as server:
        await load(server.url)
    assert [connection.served for connection in server.connections] == [1] * 5


@pytest.mark.parametrize("announced", [True, False], ids=["Connection: close", "a FIN while idle"])
async def test_a_polite_close_loses_nothing(*, announced: bool) -> None:
    """A connection closed before the request was written is replaced, as every client does."""

    def behave(exchange: Exchange) -> None:
        exchange.answer(headers="Connection: close\r\n" if announced else "")
        exchange.transport.close()

    async with serving(behave) as server:
        records, end = await load(server.url, mode=Mode.KEPT_ALIVE)
    assert end.lost == 0
    assert [record.connection for record in records] == [1, 2, 3, 4, 5]


async def test_a_close_that_nobody_has_seen_yet_is_noticed() -> None:
    """The socket itself is asked before a connection is used again, not only what asyncio has read of it."""
    async with serving(lambda e: e.answer()) as server:
        plan = Plan(url=server.url, mode=Mode.KEPT_ALIVE, rate=10, connections=1, seconds=1)
        _, connection = await asyncio.get_running_loop().create_connection(lambda: Connection(1), *plan.address)
        await connection.send(plan.request())
        assert connection.reusable
        server.connections[0].transport.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
        assert not connection.reusable  # without giving the event loop a chance to see it
        connection.abandon()


async def test_a_reset_on_a_used_connection_is_not_repeated() -> None:
    """The second request on each connection is reset: it is lost, and the server never sees it again."""

    def behave(exchange: Exchange) -> None:
        if exchange.served == 2:
            exchange.reset()
        else:
            exchange.answer()

    async with serving(behave) as server:
        records, end = await load(server.url, mode=Mode.KEPT_ALIVE, seconds=0.12)
        assert server.requests == 6
    assert [r.outcome for r in records] == [Outcome.ANSWERED, Outcome.RESET] * 3
    assert [r.connection for r in records] == [1, 1, 2, 2, 3, 3]
    assert end.lost == 3


async def test_stopping_waits_for_what_is_in_flight() -> None:
    """A load that is told to stop records every request it sent, and sends no more."""
    stop = asyncio.Event()

    def behave(exchange: Exchange) -> None:
        stop.set()
        asyncio.get_running_loop().call_later(0.05, exchange.answer)

    async with serving(behave) as server:
        plan = Plan(url=server.url, mode=Mode.NEW_CONNECTIONS, rate=10, connections=1, seconds=60)
        end = await Generator(plan, lambda _: None).run(stop)
    assert (end.reason, end.requests, end.lost) == ("signal", server.requests, 0)
    assert server.requests < 5


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"url": "http://192.0.2.10:30080/"}, "192.0.2.10"),
        ({"url": "http://localhost:30080/"}, "localhost"),
        ({"url": "https://127.0.0.1/"}, "https"),
        ({"seconds": 1801}, "1801"),
        ({"seconds": 0}, "--seconds is 0"),
        ({"rate": 401}, "401"),
        ({"rate": 0}, "--rate is 0"),
        ({"mode": Mode.KEPT_ALIVE, "rate": 2000, "seconds": 600}, "1200000"),
        ({"connections": 0}, "--connections is 0"),
    ],
)
def test_a_plan_out_of_bounds_is_refused(change: dict[str, object], named: str) -> None:
    """Load goes to loopback only, bounded in time and count; the message names the value."""
    within = {
        "url": "http://127.0.0.1:30080/",
        "mode": Mode.NEW_CONNECTIONS,
        "rate": 200,
        "connections": 16,
        "seconds": 5,
    }
    with pytest.raises(LoadError, match=named):
        Plan(**(within | change))  # pyright: ignore[reportArgumentType] - a table of any field's values
