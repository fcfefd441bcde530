"""The edge to a front door: asks it as a client does, until the new release answers, and while it is watched.

A write that the API server accepted has not moved traffic yet: the data path
follows in its own time (measured: usually within 0.1 s, and more than 8 s when
the API server has just been restarted).
"""

import asyncio
import ssl
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus

import httpx2
from pydantic import ValidationError

from teal.adapters.kubernetes import proxy
from teal.adapters.kubernetes.objects import Identity
from teal.adapters.patience import busy
from teal.gates.replies import Request
from teal.model.colours import Colour
from teal.model.errors import RefusedError

DEADLINE_SECONDS = 30.0
"""For the data path to follow a write: over three times the slowest seen."""

IN_A_ROW = 5
"""Answers in a row, each on a connection of its own: every node's rules may change at their own time."""

PAUSE_SECONDS = 0.02

ANSWER_SECONDS = 5.0
"""For one answer, to its last byte: one that comes later is none to a client."""

CONTROL_SECONDS = 2.0
"""For the API server's own answer, where one of a service did not come through it."""


async def await_version(url: str, path: str, version: str, destination: Colour, *, host: str = "") -> None:
    """Probe a front door until it answers with the declared version and colour, on new connections.

    Args:
        url: of the front door, without a path.
        path: at which the service says what it is.
        version: what it is declared to be.
        destination: the colour that has to answer.
        host: the name that the door knows the service by, where that is not the URL's.

    Raises:
        RefusedError: it did not within `DEADLINE_SECONDS`.
    """
    seen = "nothing"
    in_a_row = 0
    try:
        async with (
            asyncio.timeout(DEADLINE_SECONDS),
            _client(url) as http,
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
    """Connect to a front door until it takes as many connections in a row, whatever it speaks.

    Args:
        url: of the front door; its scheme says no more than the port where it names none.

    Raises:
        RefusedError: it did not within `DEADLINE_SECONDS`.
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
                    in_a_row, seen = 0, f"{type(error).__name__} {error}".strip()
                await asyncio.sleep(PAUSE_SECONDS)
    except TimeoutError:
        raise RefusedError(
            f"{DEADLINE_SECONDS:.0f} s after the write the front door {url} takes no {IN_A_ROW} connections in a row "
            f"({seen}). The router was told, its data path has not followed. Next: kubectl get endpointslices, then "
            "pulumi up again"
        ) from None


@dataclass(frozen=True, kw_only=True, slots=True)
class Probe:
    """What one question to an active Service came to."""

    failure: str = ""
    """What was wrong with the answer, or why the service had none; empty where it answered well."""
    error: str = ""
    """Why the service could not be asked, which says nothing of it; empty where it could."""


async def probe(http: httpx2.AsyncClient, namespace: str, service: str, path: str, port: str = "http") -> Probe:
    """Ask an active Service for a path, through the API server's proxy: it needs no way from here to the door.

    Args:
        http: whose base URL is the API server's.
        namespace: the Service's.
        service: its name.
        path: answered with a status below 400 by a service that is well.
        port: of the Service: its name, or its number.
    """
    url = f"/api/v1/namespaces/{namespace}/services/{service}:{port}/proxy{path}"
    try:
        reply = await proxy.send(http, url, Request(path=path), ANSWER_SECONDS)
    except (httpx2.ReadTimeout, httpx2.WriteTimeout):
        return await _late(http, path)
    except httpx2.HTTPError as error:
        return Probe(error=f"API server: {type(error).__name__} {error}".strip())
    if reply.late:
        return await _late(http, path)
    if reply.error is not None:  # the API server's own words
        absent = reply.status == HTTPStatus.SERVICE_UNAVAILABLE and any(each in reply.error for each in _ABSENT)
        return Probe(failure=reply.error) if absent else Probe(error=f"API server: {reply.error}")
    if reply.status < HTTPStatus.BAD_REQUEST:
        return Probe()
    return Probe(failure=f"{path} answered {reply.status}")


_ABSENT = ("no endpoints", "error trying")
"""What the API server says of a service that is not there, or that lets nobody connect."""


async def _late(http: httpx2.AsyncClient, path: str) -> Probe:
    """A request was sent, and no answer came: the service's failure, unless the API server itself answers nothing."""
    try:
        async with asyncio.timeout(CONTROL_SECONDS):
            own = await http.get("/version")
    except (httpx2.HTTPError, TimeoutError) as error:
        return Probe(error=f"API server: no answer through it, nor its own ({type(error).__name__})")
    if busy(own):
        return Probe(error=f"API server: no answer through it; its own was {own.status_code}")
    return Probe(failure=f"{path} did not answer within {ANSWER_SECONDS:g} s")


async def probe_at(url: str, host: str = "") -> Probe:
    """Ask a front door itself, as a client does, on a connection of its own.

    Args:
        url: what to ask for.
        host: the name that the door knows the service by, where that is not the URL's.
    """
    late = Probe(failure=f"{url} did not answer within {ANSWER_SECONDS:g} s")
    try:
        async with (
            asyncio.timeout(2 * ANSWER_SECONDS),  # of which it may take the first half to connect
            _client(url) as http,
        ):
            response = await _get(http, url, host)
    except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
        return Probe(error=f"{url}: {error or type(error).__name__}")
    except (httpx2.ReadTimeout, httpx2.WriteTimeout, TimeoutError):
        return late
    except httpx2.HTTPError as error:
        return Probe(failure=f"{url}: {type(error).__name__} {error}".strip())
    return (
        Probe()
        if response.status_code < HTTPStatus.BAD_REQUEST
        else Probe(failure=f"{url} answered {response.status_code}")
    )


def _client(url: str) -> httpx2.AsyncClient:
    """A client whose every request has a connection of its own.

    To read the authorities that vouch for a certificate takes some 0.1 s, in which nothing else goes on: a bake that
    asks twenty times a second reads them once, and where there is no TLS never.
    """
    verify = _authorities() if url.startswith("https:") else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    close = {"Connection": "close"}
    return httpx2.AsyncClient(timeout=ANSWER_SECONDS, headers=close, trust_env=False, verify=verify)


@cache
def _authorities() -> ssl.SSLContext:
    return httpx2.create_ssl_context(trust_env=False)


async def _get(http: httpx2.AsyncClient, url: str, host: str) -> httpx2.Response:
    """Ask a door under a name of its own: its certificate is for that one."""
    named = {"Host": host} if host else {}
    return await http.get(url, headers=named, extensions={"sni_hostname": host} if host else {})


async def _ask(http: httpx2.AsyncClient, url: str, host: str) -> str:
    try:
        said = Identity.model_validate_json((await _get(http, url, host)).content)
    except httpx2.HTTPError as error:
        return f"{type(error).__name__} {error}".strip()
    except ValidationError:
        return "without saying what it is"
    return f"version {said.version} of {said.deployment_group}"
