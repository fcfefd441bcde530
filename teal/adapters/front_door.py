"""Asks a front door as a client does: until the new release answers, and while a flip is watched.

A write that the API server has accepted has not moved traffic yet. The data path follows later (measured: usually
within 0.1 s, but more than 8 s when the API server has just restarted).
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType

import httpx2
from pydantic import ValidationError

from teal.adapters import certificates
from teal.adapters.kubernetes import proxy
from teal.adapters.kubernetes.objects import Identity
from teal.adapters.patience import busy
from teal.gates.replies import Request
from teal.model.colours import Colour
from teal.model.errors import RefusedError, in_words

DEADLINE_SECONDS = 30.0
"""How long the data path may take to follow a write: over three times the slowest that was measured."""

IN_A_ROW = 5
"""How many answers in a row are needed, each on a new connection, since nodes change their rules one by one."""

PAUSE_SECONDS = 0.02

ANSWER_SECONDS = 5.0
"""How long one answer may take, to its last byte. A later one is of no use to a client."""

CONTROL_SECONDS = 2.0
"""How long the API server may take to answer for itself, after a service's answer did not come through it."""


async def await_version(  # noqa: PLR0913 - the door, and what it has to answer
    url: str, path: str, version: str, destination: Colour, *, host: str = "", of_pods: bool = False
) -> None:
    """Probe a front door until it answers with the declared version and colour, on new connections.

    Args:
        url: the front door, without a path.
        path: where the service tells its version and colour.
        version: the version that has to answer.
        destination: the colour that has to answer.
        host: the name that the door knows the service by, if it differs from the URL's.
        of_pods: whether the door's certificate is that of the pods behind it, which may be any.

    Raises:
        RefusedError: the door did not answer so within `DEADLINE_SECONDS`.
    """
    seen = "nothing"
    in_a_row = 0
    try:
        async with (
            asyncio.timeout(DEADLINE_SECONDS),
            _client(url, of_pods=of_pods) as http,
        ):
            while in_a_row < IN_A_ROW:
                seen = await _ask(http, url + path, host)
                in_a_row = in_a_row + 1 if seen == f"version {version} of {destination}" else 0
                await asyncio.sleep(PAUSE_SECONDS)
    except TimeoutError:
        raise RefusedError(
            f"{DEADLINE_SECONDS:.0f} s after the write the front door {url} answers "
            f"{seen}, needed: version {version} of {destination}, {IN_A_ROW} times in a row. The router was "
            f"told, its data path has not followed. Next: kubectl get endpointslices, then pulumi up again"
        ) from None


async def await_connections(url: str) -> None:
    """Connect to a front door, whatever it speaks, until it accepts `IN_A_ROW` connections in a row.

    Args:
        url: the front door; its scheme only tells the port where the URL has none.

    Raises:
        RefusedError: the door did not accept them within `DEADLINE_SECONDS`.
    """
    door = httpx2.URL(url)
    port = door.port or (443 if door.scheme == "https" else 80)
    seen = "nobody was asked"
    in_a_row = 0
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
            while in_a_row < IN_A_ROW:
                try:
                    async with asyncio.timeout(ANSWER_SECONDS):
                        _, writer = await asyncio.open_connection(door.host, port)
                    writer.close()
                    in_a_row += 1
                except (OSError, TimeoutError) as error:
                    in_a_row, seen = 0, in_words(error)
                await asyncio.sleep(PAUSE_SECONDS)
    except TimeoutError:
        raise RefusedError(
            f"{DEADLINE_SECONDS:.0f} s after the write the front door {url} takes no {IN_A_ROW} connections in a row "
            f"({seen}). The router was told, its data path has not followed. Next: kubectl get endpointslices, then "
            "pulumi up again"
        ) from None


@dataclass(frozen=True, kw_only=True, slots=True)
class Probe:
    """The result of one request to an active Service."""

    failure: str = ""
    """What was wrong with the answer, or why there was none; empty where the answer was good."""
    error: str = ""
    """Why the service could not be asked, which says nothing about it; empty where it could."""


async def probe(http: httpx2.AsyncClient, namespace: str, service: str, wanted: Request, port: str = "http") -> Probe:
    """Ask an active Service for a path through the API server's proxy, so that no network path to the door is needed.

    Args:
        http: the client, whose base URL is the API server's.
        namespace: the Service's namespace.
        service: the Service's name.
        wanted: the request, which a healthy service answers with a status below 400.
        port: the Service's port, by name or number.
    """
    path = wanted.path
    url = f"/api/v1/namespaces/{namespace}/services/{proxy.named(service, port, tls=wanted.tls)}/proxy{path}"
    try:
        reply = await proxy.send(http, url, wanted, ANSWER_SECONDS)
    except (httpx2.ReadTimeout, httpx2.WriteTimeout):
        return await _late(http, path)
    except httpx2.HTTPError as error:
        return Probe(error=f"API server: {in_words(error)}")
    if reply.late:
        return await _late(http, path)
    if reply.error is not None:  # the API server's own words
        absent = reply.status == HTTPStatus.SERVICE_UNAVAILABLE and any(each in reply.error for each in _ABSENT)
        return Probe(failure=reply.error) if absent else Probe(error=f"API server: {reply.error}")
    if reply.status < HTTPStatus.BAD_REQUEST:
        return Probe()
    return Probe(failure=f"{path} answered {reply.status}")


_ABSENT = ("no endpoints", "error trying")
"""What the API server says of a service without endpoints, or with one that refuses connections."""


async def _late(http: httpx2.AsyncClient, path: str) -> Probe:
    """Judge a request without an answer: the service failed, unless the API server itself does not answer."""
    try:
        async with asyncio.timeout(CONTROL_SECONDS):
            own = await http.get("/version")
    except (httpx2.HTTPError, TimeoutError) as error:
        return Probe(error=f"API server: no answer through it, nor its own ({type(error).__name__})")
    if busy(own):
        return Probe(error=f"API server: no answer through it; its own was {own.status_code}")
    return Probe(failure=f"{path} did not answer within {ANSWER_SECONDS:g} s")


async def probe_at(url: str, host: str = "", headers: Mapping[str, str] = MappingProxyType({})) -> Probe:
    """Ask a front door directly, as a client does, on a new connection.

    Args:
        url: the URL to request.
        host: the name that the door knows the service by, if it differs from the URL's.
        headers: the headers that are sent as well.
    """
    late = Probe(failure=f"{url} did not answer within {ANSWER_SECONDS:g} s")
    try:
        async with (
            asyncio.timeout(2 * ANSWER_SECONDS),  # connecting may take the first half of it
            _client(url) as http,
        ):
            response = await _get(http, url, host, headers)
    except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
        return Probe(error=f"{url}: {error or type(error).__name__}")
    except (httpx2.ReadTimeout, httpx2.WriteTimeout, TimeoutError):
        return late
    except httpx2.HTTPError as error:
        return Probe(failure=f"{url}: {in_words(error)}")
    return (
        Probe()
        if response.status_code < HTTPStatus.BAD_REQUEST
        else Probe(failure=f"{url} answered {response.status_code}")
    )


def _client(url: str, *, of_pods: bool = False) -> httpx2.AsyncClient:
    """Return a client that opens a new connection for every request; without TLS no authorities are read."""
    verify = certificates.authorities() if url.startswith("https:") and not of_pods else certificates.anything()
    close = {"Connection": "close"}
    return httpx2.AsyncClient(timeout=ANSWER_SECONDS, headers=close, trust_env=False, verify=verify)


async def _get(
    http: httpx2.AsyncClient, url: str, host: str, headers: Mapping[str, str] = MappingProxyType({})
) -> httpx2.Response:
    """Request a URL under a given host name, to which the door's certificate belongs."""
    named = {"Host": host} if host else {}
    return await http.get(url, headers={**headers, **named}, extensions={"sni_hostname": host} if host else {})


async def _ask(http: httpx2.AsyncClient, url: str, host: str) -> str:
    try:
        said = Identity.model_validate_json((await _get(http, url, host)).content)
    except httpx2.HTTPError as error:
        return in_words(error)
    except ValidationError:
        return "without saying what it is"
    return f"version {said.version} of {said.deployment_group}"
