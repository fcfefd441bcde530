"""Asks pods to close their kept-alive connections, through a forwarded port.

A router moves new connections only; a client that keeps one stays with the old colour for as long as both sides like.
Pods take this request from localhost only (docs/contract.md), since otherwise anybody at the front door could send it.
A port that the API server forwards arrives there.
"""

import asyncio
import ssl
from collections.abc import Sequence
from contextlib import nullcontext
from http import HTTPStatus
from typing import Protocol

import httpx2
from httpx2.websockets import AsyncWebSocketSession, HTTPXWSException

from teal.adapters import certificates
from teal.model.errors import in_words
from teal.model.live import Endpoint

DEADLINE_SECONDS = 5.0
"""How long one pod may take. A pod that does not answer keeps its connections until it closes them itself."""

_DATA = b"\x00"
_ERROR = 1
_RECORD_BYTES = 16384  # the most that TLS puts into one record
_PORT_BYTES = 2  # the kubelet begins each channel with the port's number


async def close(  # noqa: PLR0913 - whom, where, and for how long
    http: httpx2.AsyncClient,
    namespace: str,
    endpoints: Sequence[Endpoint],
    path: str,
    seconds: int,
    *,
    tls: bool = False,
    turn: asyncio.Semaphore | None = None,
) -> Sequence[str]:
    """Ask every pod to close each kept-alive connection with its next answer, for a number of seconds; 0 ends that.

    Args:
        http: the client, whose base URL is the API server's.
        namespace: the pods' namespace.
        endpoints: the pods, and the port that each answers on.
        path: the path that takes the POST of `{"seconds": N}`.
        seconds: for how long; 0 for a pod that is to serve again.
        tls: whether the pods speak TLS on that port.
        turn: limits the requests at a time; None sends all at once.

    Returns:
        One text for each pod that did not agree; empty where all did. Nothing is raised: new connections have moved
        already, whatever becomes of the kept-alive ones.
    """

    async def ask(endpoint: Endpoint) -> str:
        async with turn or nullcontext():
            return await _ask(http, namespace, endpoint, request, tls=tls)

    body = f'{{"seconds": {seconds}}}'
    head = f"POST {path} HTTP/1.0\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
    request = (head + body).encode()
    asked = await asyncio.gather(*(ask(each) for each in endpoints))
    return [f"{each.pod}: {wrong}" for each, wrong in zip(endpoints, asked, strict=True) if wrong]


async def _ask(http: httpx2.AsyncClient, namespace: str, endpoint: Endpoint, request: bytes, *, tls: bool) -> str:
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
            return await _send(http, namespace, endpoint, request, tls=tls)
    except TimeoutError:
        return f"did not answer within {DEADLINE_SECONDS:.0f} s"
    except (httpx2.HTTPError, HTTPXWSException) as error:
        return in_words(error)


async def _send(http: httpx2.AsyncClient, namespace: str, endpoint: Endpoint, request: bytes, *, tls: bool) -> str:
    """Send one HTTP request through a forwarded port, and return what went wrong."""
    url = f"/api/v1/namespaces/{namespace}/pods/{endpoint.pod}/portforward"
    async with http.websocket(
        http.base_url.join(url), params={"ports": str(endpoint.port)}, subprotocols=["v4.channel.k8s.io"]
    ) as forwarded:
        port = _Port(forwarded)
        try:
            status = await _status(_Sealed(port) if tls else port, request)
        except (HTTPXWSException, ValueError, ssl.SSLError) as error:  # outside the session it would be in a group
            return in_words(error)
    return "" if status == HTTPStatus.OK else f"answered {status}"


class _Stream(Protocol):
    """A connection to a pod. Both methods raise the errors that `_status` names."""

    async def send(self, content: bytes) -> None: ...

    async def receive(self) -> bytes: ...


async def _status(stream: _Stream, request: bytes) -> int:
    """Send a request, and return the status of the answer.

    Raises:
        ValueError: the kubelet reported an error, or the answer is no HTTP.
        HTTPXWSException: the connection was closed.
        ssl.SSLError: the pod does not speak TLS as it should.
    """
    await stream.send(request)
    answer = b""
    while b"\r\n" not in answer:
        answer += await stream.receive()
    return int(answer.split(maxsplit=2)[1])


class _Port:
    """A port of a pod, as the kubelet forwards it."""

    def __init__(self, forwarded: AsyncWebSocketSession) -> None:
        self._forwarded = forwarded
        self._begun: set[int] = set()

    async def send(self, content: bytes) -> None:
        await self._forwarded.send_bytes(_DATA + content)

    async def receive(self) -> bytes:
        message = await self._forwarded.receive_bytes()
        channel, content = message[0], message[1:]
        if channel not in self._begun:
            self._begun.add(channel)
            content = content[_PORT_BYTES:]
        if channel == _ERROR and content:
            raise ValueError(content.decode(errors="replace"))
        return content


class _Sealed:
    """TLS over such a port."""

    def __init__(self, port: _Port) -> None:
        self._port = port
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = certificates.anything().wrap_bio(self._in, self._out, server_hostname="localhost")

    async def send(self, content: bytes) -> None:
        while True:
            try:
                self._tls.write(content)
            except ssl.SSLWantReadError:  # of the handshake
                await self._hear()
            else:
                return await self._port.send(self._out.read())

    async def receive(self) -> bytes:
        while True:
            try:
                content = self._tls.read(_RECORD_BYTES)
            except ssl.SSLWantReadError:
                await self._hear()
            else:
                if not content:
                    raise ValueError("the pod ended the connection without an answer")
                return content

    async def _hear(self) -> None:
        if said := self._out.read():
            await self._port.send(said)
        self._in.write(await self._port.receive())
