"""Asks pods and Services over HTTP through the API server's proxy, which needs no network path from this machine.

What goes wrong is in the answer, not raised: it is evidence. An answer of the
API server's own (the service has no endpoint, the credentials may not ask) is
told from the service's by its form: a `Status` object.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, TypeVar
from urllib.parse import quote

import httpx2
import stamina
from pydantic import ValidationError

from teal.adapters.kubernetes import objects
from teal.gates.identity import Answer
from teal.gates.replies import Reply, Request

RETRY_SECONDS = 10.0
"""For all tries of one question: an API server that restarts is back within it (measured: 3-6 s)."""

CONNECT_SECONDS = 2.0
"""For one connection: an API server that has just come back may accept it and say nothing."""

MOST_BYTES = 4 * 1024 * 1024
"""Of an answer's body: an OpenAPI document of thousands of operations; more is not read."""

_Answered = TypeVar("_Answered")


async def ask(http: httpx2.AsyncClient, namespace: str, pod: str, port: int, path: str) -> Answer:
    """Ask one pod what it is.

    The path answers JSON with `version` and `deployment_group` (docs/contract.md).
    """
    url = f"/api/v1/namespaces/{namespace}/pods/{pod}:{port}/proxy{path}"
    try:
        response = await _patiently(_AWAY, lambda: http.get(url))
        if not response.is_success:
            return Answer(endpoint=pod, error=f"{path} answered {response.status_code}")
        said = objects.Identity.model_validate_json(response.content)
    except ValidationError as error:
        missing = ", ".join(".".join(map(str, problem["loc"])) or problem["type"] for problem in error.errors())
        return Answer(endpoint=pod, error=f"{path} answered without a usable {missing}")
    except httpx2.HTTPError as error:
        return Answer(endpoint=pod, error=f"{path}: {_said(error)}")
    return Answer(endpoint=pod, version=said.version, colour=said.deployment_group)


async def request(http: httpx2.AsyncClient, namespace: str, service: str, wanted: Request, *, within: float) -> Reply:
    """Send one request to a Service's port `http`.

    Sent again while the API server is away, unless it may have reached the service
    and is no mere read.

    Args:
        http: whose base URL is the API server's.
        namespace: the Service's.
        service: its name.
        wanted: the request.
        within: seconds after which an answer is not waited for any longer.
    """
    if not wanted.contained:
        return Reply(error="its path leaves the service for the API server's own")
    url = f"/api/v1/namespaces/{namespace}/services/{service}:http/proxy{quote(wanted.path, safe=_AS_IT_IS)}"
    # What never left, or changes nothing, may be sent again.
    again = _AWAY if wanted.method in _SAFE else _UNREACHED
    try:
        return await _patiently(again, lambda: send(http, url, wanted, within))
    except (httpx2.ReadTimeout, httpx2.WriteTimeout):
        return Reply(late=True)
    except httpx2.HTTPError as error:
        return Reply(error=f"API server {http.base_url}: {_said(error)}")


_UNREACHED = (httpx2.ConnectError, httpx2.ConnectTimeout)
_AWAY = (*_UNREACHED, httpx2.NetworkError, httpx2.RemoteProtocolError)
_SAFE = {"GET", "HEAD"}
_AS_IT_IS = "/?&=%:@!$'()*+,;~-._"  # what a path with a query may hold unquoted (RFC 3986)


async def _patiently(on: tuple[type[Exception], ...], ask: Callable[[], Awaitable[_Answered]]) -> _Answered:
    """What comes of asking, again and again as long as it fails so; then it is raised."""
    async for attempt in stamina.retry_context(on=on, timeout=RETRY_SECONDS, attempts=None):
        with attempt:
            return await ask()
    raise AssertionError("the last attempt returns or raises")


async def send(http: httpx2.AsyncClient, url: str, wanted: Request, within: float) -> Reply:
    """One attempt; what the API server says for itself is in the reply.

    The time runs from the moment that there is a connection: until then nobody was asked.

    Raises:
        httpx2.HTTPError: the API server did not answer.
    """
    loop = asyncio.get_running_loop()
    body = bytearray()
    begun = loop.time()

    async def trace(event: str, _: Mapping[str, Any]) -> None:
        nonlocal begun
        if event.endswith(".send_request_headers.started"):
            begun = loop.time()
            deadline.reschedule(begun + within)

    try:
        async with (
            asyncio.timeout(None) as deadline,
            http.stream(
                wanted.method,
                url,
                headers={"User-Agent": "teal", **wanted.headers},
                content=wanted.body.encode() if wanted.body is not None else None,
                timeout=httpx2.Timeout(within, connect=CONNECT_SECONDS, pool=CONNECT_SECONDS),
                extensions={"trace": trace},
            ) as response,
        ):
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > MOST_BYTES:
                    break
    except TimeoutError:
        return Reply(late=True)
    own = _own_words(response, bytes(body))
    if own is not None:
        return Reply(status=response.status_code, error=own)
    return Reply(
        status=response.status_code,
        headers={name.lower(): value for name, value in response.headers.items()},
        body=bytes(body[:MOST_BYTES]),
        whole=len(body) <= MOST_BYTES,
        seconds=loop.time() - begun,
    )


AUDIT = "Audit-Id"
"""Header of every answer that comes from an API server or through it (k8s.io/apiserver, audit_init.go)."""

SHED = b"Too many requests, please try again later."
"""Body of the API server's own 429, which is no `Status` (k8s.io/apiserver, priority-and-fairness.go)."""

_BETWEEN = {429, 502, 503, 504}
"""What a load balancer or a proxy before an API server answers of its own."""


def _own_words(response: httpx2.Response, body: bytes) -> str | None:
    """What the API server, or what stands before it, says for itself, where the answer is not the service's."""
    status = response.status_code
    if status < 400:  # noqa: PLR2004 - HTTP: an error from here on
        return None
    with suppress(ValidationError):
        return f"the API server says {status}: {objects.Status.model_validate_json(body).message}"
    if status == 429 and body.strip() == SHED:  # noqa: PLR2004 - HTTP: too many requests
        return f"the API server says {status}: {SHED.decode()}"
    if status in _BETWEEN and AUDIT not in response.headers:
        return f"what stands before the API server says {status}"
    return None


def _said(error: Exception) -> str:
    return f"{type(error).__name__} {error}".strip()
