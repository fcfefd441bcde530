"""Asks pods to close their kept-alive connections, through a forwarded port.

A router moves new connections only; a client that keeps one stays with the old colour for as long as both sides like.
Pods take this request from localhost only (docs/contract.md), since otherwise anybody at the front door could send it.
A port that the API server forwards arrives there.
"""

import asyncio
from collections.abc import Sequence
from contextlib import nullcontext
from http import HTTPStatus

import httpx2
from httpx2.websockets import AsyncWebSocketSession, HTTPXWSException

from teal.model.errors import in_words
from teal.model.live import Endpoint

DEADLINE_SECONDS = 5.0
"""How long one pod may take. A pod that does not answer keeps its connections until it closes them itself."""

_DATA = b"\x00"
_ERROR = 1
_PORT_BYTES = 2  # the kubelet begins each channel with the port's number


async def close(  # noqa: PLR0913 - whom, where, and for how long
    http: httpx2.AsyncClient,
    namespace: str,
    endpoints: Sequence[Endpoint],
    path: str,
    seconds: int,
    *,
    turn: asyncio.Semaphore | None = None,
) -> Sequence[str]:
    """Ask every pod to close each kept-alive connection with its next answer, for a number of seconds; 0 ends that.

    Args:
        http: the client, whose base URL is the API server's.
        namespace: the pods' namespace.
        endpoints: the pods, and the port that each answers on.
        path: the path that takes the POST of `{"seconds": N}`.
        seconds: for how long; 0 for a pod that is to serve again.
        turn: limits the requests at a time; None sends all at once.

    Returns:
        One text for each pod that did not agree; empty where all did. Nothing is raised: new connections have moved
        already, whatever becomes of the kept-alive ones.
    """

    async def ask(endpoint: Endpoint) -> str:
        async with turn or nullcontext():
            return await _ask(http, namespace, endpoint, path, seconds)

    asked = await asyncio.gather(*(ask(each) for each in endpoints))
    return [f"{each.pod}: {wrong}" for each, wrong in zip(endpoints, asked, strict=True) if wrong]


async def _ask(http: httpx2.AsyncClient, namespace: str, endpoint: Endpoint, path: str, seconds: int) -> str:
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
            return await _post(http, namespace, endpoint, path, f'{{"seconds": {seconds}}}'.encode())
    except TimeoutError:
        return f"did not answer within {DEADLINE_SECONDS:.0f} s"
    except (httpx2.HTTPError, HTTPXWSException) as error:
        return in_words(error)


async def _post(http: httpx2.AsyncClient, namespace: str, endpoint: Endpoint, path: str, body: bytes) -> str:
    """Send one HTTP request through a forwarded port, and return what went wrong."""
    head = f"POST {path} HTTP/1.0\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
    url = f"/api/v1/namespaces/{namespace}/pods/{endpoint.pod}/portforward"
    async with http.websocket(
        http.base_url.join(url), params={"ports": str(endpoint.port)}, subprotocols=["v4.channel.k8s.io"]
    ) as forwarded:
        await forwarded.send_bytes(_DATA + head.encode() + body)
        try:
            status = await _status(forwarded)
        except (HTTPXWSException, ValueError) as error:  # outside the session it would be raised inside a group
            return in_words(error)
    return "" if status == HTTPStatus.OK else f"answered {status}"


async def _status(forwarded: AsyncWebSocketSession) -> int:
    """Return the status of the answer.

    Raises:
        ValueError: the kubelet reported an error, or the answer is no HTTP.
        HTTPXWSException: the connection was closed.
    """
    answer = b""
    begun: set[int] = set()
    while b"\r\n" not in answer:
        message = await forwarded.receive_bytes()
        channel, content = message[0], message[1:]
        if channel not in begun:
            begun.add(channel)
            content = content[_PORT_BYTES:]
        if channel == _ERROR and content:
            raise ValueError(content.decode(errors="replace"))
        answer += content
    return int(answer.split(maxsplit=2)[1])
