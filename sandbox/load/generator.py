"""The schedule of an open-loop load: requests leave at fixed instants, whatever the answers do.

A closed loop waits for slow answers and so asks less while the service is at its worst (coordinated omission); here
latency counts from the scheduled instant. A generator that is late itself says so, request by request.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import h11

from sandbox.load.connection import Answer, ClosedError, Connection, IncompleteError, MalformedError
from sandbox.load.records import End, Header, Mode, Outcome, Record, Writer

if TYPE_CHECKING:
    from collections.abc import Callable

_LOOPBACK: Final = IPv4Network("127.0.0.0/8")
_MAX_SECONDS: Final = 1800
_MAX_REQUESTS: Final = 1_000_000
# A new connection occupies one of Linux's 28,232 local ports for 60 s after its end.
_MAX_RATE: Final = {Mode.NEW_CONNECTIONS: 400, Mode.KEPT_ALIVE: 2000}
_LATE_MS: Final = 50.0  # a fifth of a picture's smallest visible gap; an idle generator is late by about 1 ms
_FLUSH_SECONDS: Final = 0.2
_SERVER_ERROR: Final = 500
_OUTCOMES: Final = (  # the first that fits: what follows MALFORMED are kinds of OSError
    (ClosedError, Outcome.CLOSED),
    (IncompleteError, Outcome.INCOMPLETE),
    (MalformedError, Outcome.MALFORMED),
    (TimeoutError, Outcome.TIMEOUT),
    (ConnectionRefusedError, Outcome.REFUSED),
    (ConnectionError, Outcome.RESET),  # reset, aborted, broken pipe
    (OSError, Outcome.UNREACHABLE),
)


class LoadError(Exception):
    """The load that was asked for is refused; nothing was sent."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A load within its bounds: at most 30 minutes, a million requests, and loopback only."""

    url: str
    mode: Mode
    rate: int  # requests per second
    connections: int  # kept-alive connections to hold; more are opened while all are busy
    seconds: float
    timeout_seconds: float = 5.0
    host: str = ""  # named to a door that several services share; empty names the URL's

    def __post_init__(self) -> None:
        """Refuse what is out of bounds.

        Raises:
            LoadError: names the value, the bound and its reason.
        """
        parts = urlsplit(self.url)
        if parts.scheme != "http" or not _is_loopback(parts.hostname):
            raise LoadError(
                f"--url is {self.url!r}: load goes to http on an address of {_LOOPBACK} only, so that it cannot reach "
                "anything but the sandbox; nothing was sent. Give --url http://127.0.0.1:PORT/PATH"
            )
        if not 0 < self.seconds <= _MAX_SECONDS:
            raise LoadError(f"--seconds is {self.seconds:g}: a load lasts at most {_MAX_SECONDS} s. Give fewer seconds")
        if not 0 < self.rate <= _MAX_RATE[self.mode]:
            raise LoadError(
                f"--rate is {self.rate}: {self.mode} goes from 1 to {_MAX_RATE[self.mode]} requests per second, "
                "beyond that the generator would measure itself. Give a rate within"
            )
        if self.requests > _MAX_REQUESTS:
            raise LoadError(
                f"--rate times --seconds is {self.requests}: a load sends at most {_MAX_REQUESTS}. Lower either"
            )
        if not 0 < self.connections <= self.rate * self.timeout_seconds:
            raise LoadError(f"--connections is {self.connections}: give 1 to {int(self.rate * self.timeout_seconds)}")

    @property
    def requests(self) -> int:
        """How many requests the whole schedule holds."""
        return int(self.rate * self.seconds)

    @property
    def address(self) -> tuple[str, int]:
        """Host and port to connect to."""
        parts = urlsplit(self.url)
        return parts.hostname or "", parts.port or 80

    def header(self) -> Header:
        """Return the first line of the load's file."""
        return Header(
            mode=self.mode,
            url=self.url,
            rate=self.rate,
            connections=self.connections,
            seconds=self.seconds,
            timeout_seconds=self.timeout_seconds,
            wall_offset_ns=time.time_ns() - time.monotonic_ns(),
        )

    def request(self) -> h11.Request:
        """Return the one request this load repeats."""
        parts = urlsplit(self.url)
        headers = [("Host", self.host or parts.netloc), ("User-Agent", "teal-load")]
        if self.mode is Mode.NEW_CONNECTIONS:
            headers.append(("Connection", "close"))
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return h11.Request(method="GET", target=target, headers=headers)


def _is_loopback(host: str | None) -> bool:
    try:
        return host is not None and IPv4Address(host) in _LOOPBACK
    except ValueError:
        return False


class Generator:
    """Sends one plan's requests and records each."""

    def __init__(self, plan: Plan, write: Callable[[Record], None]) -> None:
        """Prepare `plan`; `write` is called once per request, when it is over."""
        self._plan = plan
        self._write = write
        self._request = plan.request()
        self._idle: deque[Connection] = deque()
        self._pool: set[int] = set()  # numbers of the connections that are kept, busy or idle
        self._connections = 0
        self._in_flight: set[asyncio.Task[None]] = set()
        self._requests = self._lost = self._late = self._max_lag_us = 0

    async def run(self, stop: asyncio.Event) -> End:
        """Send the schedule until its end or `stop`, wait for what is in flight, and say how it went."""
        schedule = asyncio.create_task(self._schedule())
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait((schedule, stopped), return_when=asyncio.FIRST_COMPLETED)
        by_signal = not schedule.done()
        for task in (schedule, stopped):
            task.cancel()
        if not by_signal:
            schedule.result()  # a fault of the generator itself is not to pass for an end
        if self._in_flight:
            await asyncio.wait(self._in_flight)
        for connection in self._idle:
            connection.abandon()
        return End(
            reason="signal" if by_signal else "schedule",
            requests=self._requests,
            lost=self._lost,
            late=self._late,
            late_ms=_LATE_MS,
            max_lag_ms=self._max_lag_us / 1000,
        )

    async def _schedule(self) -> None:
        start = time.monotonic_ns()
        for n in range(self._plan.requests):
            due = start + n * 1_000_000_000 // self._plan.rate
            await asyncio.sleep(max(0, due - time.monotonic_ns()) / 1e9)
            task = asyncio.create_task(self._one(due))
            self._in_flight.add(task)
            task.add_done_callback(self._in_flight.discard)

    async def _one(self, due: int) -> None:
        started = time.monotonic_ns()
        sent: int | None = None
        connection: Connection | None = None
        answer: Answer | None = None
        try:
            async with asyncio.timeout_at(due / 1e9 + self._plan.timeout_seconds):
                connection = self._reuse() or await self._connect()
                reply = connection.send(self._request)
                sent = time.monotonic_ns()
                answer = await reply
            outcome = Outcome.SERVER_ERROR if answer.status >= _SERVER_ERROR else Outcome.ANSWERED
        except (OSError, ClosedError, IncompleteError, MalformedError) as error:
            outcome = _outcome(error)
        finished = time.monotonic_ns()
        if connection is not None:
            self._give_back(connection, answered=answer is not None)
        self._record(
            Record(
                due,
                (started - due) // 1000,
                None if sent is None else (sent - due) // 1000,
                (finished - due) // 1000,
                outcome,
                answer.status if answer else None,
                answer.colour if answer else "",
                answer.version if answer else "",
                connection.number if connection else None,
                answer.backend_colour if answer else "",
            )
        )

    def _reuse(self) -> Connection | None:
        """Return an idle connection that still stands, once the pool is full; its members take turns."""
        while self._idle and len(self._pool) == self._plan.connections:
            connection = self._idle.popleft()
            if connection.reusable:
                return connection
            self._drop(connection)
        return None

    async def _connect(self) -> Connection:
        """Open a connection: a member of the pool while it is not full, else one that serves this request only."""
        self._connections += 1
        number = self._connections
        pooled = self._plan.mode is Mode.KEPT_ALIVE and len(self._pool) < self._plan.connections
        if pooled:
            self._pool.add(number)
        try:
            _, connection = await asyncio.get_running_loop().create_connection(
                lambda: Connection(number), *self._plan.address
            )
        except BaseException:
            self._pool.discard(number)
            raise
        return connection

    def _give_back(self, connection: Connection, *, answered: bool) -> None:
        if answered and connection.number in self._pool and connection.reusable:
            self._idle.append(connection)
        else:
            self._drop(connection)

    def _drop(self, connection: Connection) -> None:
        self._pool.discard(connection.number)
        connection.abandon()

    def _record(self, record: Record) -> None:
        self._requests += 1
        self._lost += record.outcome.lost
        self._late += record.started_us > _LATE_MS * 1000
        self._max_lag_us = max(self._max_lag_us, record.started_us)
        self._write(record)


def _outcome(error: Exception) -> Outcome:
    return next(outcome for kind, outcome in _OUTCOMES if isinstance(error, kind))


async def flush_regularly(writer: Writer) -> None:
    """Flush until cancelled, so that a reader sees at most 0.2 s of delay."""
    while True:
        await asyncio.sleep(_FLUSH_SECONDS)
        writer.flush()
