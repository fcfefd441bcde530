"""Asks pods and Services over HTTP through the API server's proxy, which needs no network path from this machine.

Errors are returned in the answer and not raised: they are evidence. An answer of the API server itself (the service has
no endpoint, or the credentials lack a right) is told from the service's answer by its form: a `Status` object.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import httpx2
import stamina
from pydantic import ValidationError

from teal.adapters.kubernetes import objects
from teal.gates.identity import Answer
from teal.gates.replies import SAFE, Reply, Request
from teal.model.errors import in_words

RETRY_SECONDS = 10.0
"""How long all attempts of one request may take: an API server that restarts is back in it (measured: 3-6 s)."""

CONNECT_SECONDS = 2.0
"""How long one connection may take: an API server that has just come back may accept it and say nothing."""

MOST_BYTES = 4 * 1024 * 1024
"""How much of an answer's body is read: enough for an OpenAPI document of thousands of operations."""


async def ask(  # noqa: PLR0913 - where the pod is
    http: httpx2.AsyncClient, namespace: str, pod: str, port: int, path: str, *, tls: bool = False
) -> Answer:
    """Ask one pod for its version and colour.

    The path answers JSON with `version` and `deployment_group` (docs/contract.md).
    """
    url = f"/api/v1/namespaces/{namespace}/pods/{named(pod, port, tls=tls)}/proxy{path}"
    try:
        response = await _patiently()(_AWAY, http.get, url)
        if not response.is_success:
            own = _own_words(response, response.content)
            return Answer(endpoint=pod, error=f"{path}: {own}" if own else f"{path} answered {response.status_code}")
        said = objects.Identity.model_validate_json(response.content)
    except ValidationError as error:
        missing = ", ".join(".".join(map(str, problem["loc"])) or problem["type"] for problem in error.errors())
        return Answer(endpoint=pod, error=f"{path} answered without a usable {missing}")
    except httpx2.HTTPError as error:
        return Answer(endpoint=pod, error=f"{path}: {in_words(error)}")
    return Answer(endpoint=pod, version=said.version, colour=said.deployment_group)


def named(of: str, port: str | int, *, tls: bool) -> str:
    """Return the name of a Service or a pod, as the API server's proxy and its rights have it."""
    return f"{'https:' if tls else ''}{of}:{port}"


async def request(http: httpx2.AsyncClient, namespace: str, service: str, wanted: Request, *, within: float) -> Reply:
    """Send one request to a Service's port `http`.

    The request is repeated while the API server is away, unless it may have reached the service and changed something.

    Args:
        http: the client, whose base URL is the API server's.
        namespace: the Service's namespace.
        service: the Service's name.
        wanted: the request.
        within: how many seconds to wait for the answer.
    """
    if not wanted.contained:
        return Reply(error="its path leaves the service for the API server's own")
    door = named(service, "http", tls=wanted.tls)
    url = f"/api/v1/namespaces/{namespace}/services/{door}/proxy{quote(wanted.path, safe=_AS_IT_IS)}"
    # A request that was never sent, or that changes nothing, may be repeated.
    again = _AWAY if wanted.method in SAFE else _UNREACHED
    try:
        return await _patiently()(again, send, http, url, wanted, within)
    except (httpx2.ReadTimeout, httpx2.WriteTimeout):
        return Reply(late=True)
    except httpx2.HTTPError as error:
        return Reply(error=f"API server {http.base_url}: {in_words(error)}")


_UNREACHED = (httpx2.ConnectError, httpx2.ConnectTimeout)
_AWAY = (*_UNREACHED, httpx2.NetworkError, httpx2.RemoteProtocolError)

_AS_IT_IS = "/?&=%:@!$'()*+,;~-._"  # the characters that a path with a query may hold unquoted (RFC 3986)


def _patiently() -> stamina.AsyncRetryingCaller:
    return stamina.AsyncRetryingCaller(timeout=RETRY_SECONDS, attempts=None)


async def send(http: httpx2.AsyncClient, url: str, wanted: Request, within: float) -> Reply:
    """Send a request once; where the API server answers for itself, the reply holds its words as an error.

    `within` counts from the moment that there is a connection, since nobody was asked before.

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
"""The header of every answer that comes from an API server or through it (k8s.io/apiserver, audit_init.go)."""

SHED = b"Too many requests, please try again later."
"""The body of the API server's own 429, which is no `Status` (k8s.io/apiserver, priority-and-fairness.go)."""

_BETWEEN = {429, 502, 503, 504}
"""The statuses that a load balancer or a proxy before an API server answers itself."""


def _own_words(response: httpx2.Response, body: bytes) -> str | None:
    """Return what the API server, or a proxy before it, says for itself; None where the answer is the service's."""
    status = response.status_code
    if status < 400:  # noqa: PLR2004 - HTTP: an error from here on
        return None
    with suppress(ValidationError):
        return f"the API server says {status}: {objects.Status.model_validate_json(body).message}"
    if status == 429 and body.strip() == SHED:  # noqa: PLR2004 - HTTP: too many requests
        return f"the API server says {status}: {SHED.decode()}"
    if status in _BETWEEN and AUDIT not in response.headers:
        return f"a proxy before the API server says {status}"
    return None
