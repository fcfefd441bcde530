"""Asks pods to end their kept-alive connections, from within: by a forwarded port.

A router moves new connections only; who keeps one stays with the old colour for
as long as both sides please. Pods take such a request from their own machine
alone (docs/contract.md), or anybody at the front door could make them do it. A
port that the API server forwards arrives there.
"""

import asyncio
from collections.abc import Sequence
from contextlib import nullcontext
from http import HTTPStatus

import httpx2
from httpx2.websockets import AsyncWebSocketSession, HTTPXWSException

from teal.model.live import Endpoint

DEADLINE_SECONDS = 5.0
"""For one pod. It is a courtesy: a pod that does not answer keeps its connections until it ends them itself."""

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
    """Have every pod end each kept-alive connection with its next answer, for so many seconds; 0 ends that.

    Args:
        http: whose base URL is the API server's.
        namespace: the pods'.
        endpoints: the pods and the port that each answers on.
        path: where they are asked, by POST of `{"seconds": N}`.
        seconds: for how long; a pod that is to serve again is asked for 0.
        turn: bounds how many are asked at a time; None: all at once.

    Returns:
        What went wrong, a text a pod; empty where all of them agreed. Nothing is raised: the traffic of new
        connections has moved, whatever becomes of the kept-alive ones.
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
        return _said(error)


async def _post(http: httpx2.AsyncClient, namespace: str, endpoint: Endpoint, path: str, body: bytes) -> str:
    """One HTTP request by one forwarded port; what went wrong."""
    head = f"POST {path} HTTP/1.0\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
    url = f"/api/v1/namespaces/{namespace}/pods/{endpoint.pod}/portforward"
    async with http.websocket(
        http.base_url.join(url), params={"ports": str(endpoint.port)}, subprotocols=["v4.channel.k8s.io"]
    ) as forwarded:
        await forwarded.send_bytes(_DATA + head.encode() + body)
        try:
            status = await _status(forwarded)
        except (HTTPXWSException, ValueError) as error:  # outside of the session it would come as one of a group
            return _said(error)
    return "" if status == HTTPStatus.OK else f"answered {status}"


async def _status(forwarded: AsyncWebSocketSession) -> int:
    """The status of the answer.

    Raises:
        ValueError: the kubelet says why there is none, or it is no HTTP.
        HTTPXWSException: the connection ended.
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


def _said(error: Exception) -> str:
    return f"{type(error).__name__} {error}".strip()
