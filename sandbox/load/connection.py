"""One connection of a client that hides nothing: no retry, no redirect, no silent reconnect.

HTTP/1.1 is h11's business, the socket is asyncio's. What went wrong is told apart here, by exception, because a client
library that retries or reconnects on its own (aiohttp does) would turn a lost request into a slow one.
"""

from __future__ import annotations

import asyncio
import select
from typing import TYPE_CHECKING, Final, NamedTuple, cast

import h11

if TYPE_CHECKING:
    import socket


_WHO: Final = (b"x-colour", b"x-version", b"x-backend-colour")  # in the order of `Answer`


class ClosedError(Exception):
    """The server closed the connection without a byte of answer."""


class IncompleteError(Exception):
    """The server closed the connection within the answer."""


class MalformedError(Exception):
    """What came back is not HTTP."""


class Answer(NamedTuple):
    """A complete answer."""

    status: int
    colour: str  # header X-Colour, empty without one
    version: str  # header X-Version, empty without one
    backend_colour: str  # header X-Backend-Colour, empty without one


class Connection(asyncio.Protocol):
    """A TCP connection that carries one request at a time."""

    def __init__(self, number: int) -> None:
        """Prepare connection `number`; asyncio connects it."""
        self.number = number
        self._http = h11.Connection(h11.CLIENT)
        self._head: h11.Response | None = None
        self._answered = False  # whether a byte of the present answer has come
        self._waiting: asyncio.Future[Answer] | None = None
        self._transport: asyncio.Transport | None = None
        self._poll = select.poll()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport, and a poll on its socket (see `reusable`)."""
        self._transport = cast("asyncio.Transport", transport)
        sock = cast("socket.socket", transport.get_extra_info("socket"))
        self._poll.register(sock.fileno(), select.POLLIN)

    @property
    def reusable(self) -> bool:
        """Whether the next request may go out on this connection.

        Asks the socket itself, as every client does: the server's close may have arrived without asyncio having seen
        it yet. Only what arrives after the request is written is a loss.
        """
        return (
            self._transport is not None
            and not self._transport.is_closing()
            and self._http.our_state is h11.IDLE
            and not self._poll.poll(0)
        )

    def send(self, request: h11.Request) -> asyncio.Future[Answer]:
        """Write `request` now; the future holds the answer.

        The future raises OSError (reset and the like), ClosedError, IncompleteError or MalformedError.

        Raises:
            ConnectionResetError: the connection ended before there was anything to answer.
        """
        if self._transport is None or self._transport.is_closing():
            raise ConnectionResetError("the server ended the connection before the request could be written")
        self._waiting = asyncio.get_running_loop().create_future()
        self._head, self._answered = None, False
        self._transport.write((self._http.send(request) or b"") + (self._http.send(h11.EndOfMessage()) or b""))
        return self._waiting

    def data_received(self, data: bytes) -> None:
        """Feed the parser; bytes that no request asked for make the connection useless."""
        self._answered = True
        if self._waiting is None:
            self.abandon()
            return
        self._feed(data)

    def eof_received(self) -> None:
        """End an answer without a length; asyncio closes the transport, and `connection_lost` judges the rest."""
        if self._waiting is not None and self._answered:
            self._feed(b"")

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail the request in flight, if there is one."""
        self._fail(exc or ClosedError())

    def abandon(self) -> None:
        """Close at once, whatever is in flight."""
        if self._transport is not None:
            self._transport.abort()

    def _feed(self, data: bytes) -> None:
        try:
            self._http.receive_data(data)
            while (event := self._http.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
                if isinstance(event, h11.Response):
                    self._head = event
                elif isinstance(event, h11.EndOfMessage):
                    self._finish()
                    return
                elif isinstance(event, h11.ConnectionClosed):
                    break
        except h11.RemoteProtocolError as error:
            self._fail(MalformedError(str(error)) if data else IncompleteError())

    def _finish(self) -> None:
        head, waiting = self._head, self._waiting
        self._head = self._waiting = None
        if head is None or waiting is None or waiting.done():
            return
        headers = dict(head.headers)
        said = (headers.get(name, b"").decode("latin-1") for name in _WHO)
        waiting.set_result(Answer(head.status_code, *said))
        if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
            self._http.start_next_cycle()
        elif self._transport is not None:  # either side said `Connection: close`
            self._transport.close()

    def _fail(self, error: Exception) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None and not waiting.done():
            waiting.set_exception(error)
