"""The edge to a front door: asks it as a client does, until the new release answers, and while it is watched.

A write that the API server accepted has not moved traffic yet: the data path
follows in its own time (measured: usually within 0.1 s, and more than 8 s when
the API server has just been restarted).
"""

import asyncio
from dataclasses import dataclass
from http import HTTPStatus

import httpx2
from pydantic import ValidationError

from teal.colours import Colour
from teal.errors import RefusedError
from teal.kube_objects import Identity, Status

DEADLINE_SECONDS = 30.0
"""For the data path to follow a write: over three times the slowest seen."""

IN_A_ROW = 5
"""Answers in a row, each on a connection of its own: every node's rules may change at their own time."""

PAUSE_SECONDS = 0.02


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
            httpx2.AsyncClient(timeout=5, headers={"Connection": "close"}, trust_env=False) as http,
        ):
            while in_a_row < IN_A_ROW:
                seen = await _ask(http, url + path, host)
                in_a_row = in_a_row + 1 if seen == f"version {version} of {destination}" else 0
                await asyncio.sleep(PAUSE_SECONDS)
    except TimeoutError:
        raise RefusedError(
            f"{destination} is not confirmed: {DEADLINE_SECONDS:.0f} s after the write the front door {url} answers "
            f"{seen}, needed: version {version} of {destination}, {IN_A_ROW} times in a row. The router was "
            f"told, its data path has not followed. Next: kubectl get endpointslices, then pulumi up again"
        ) from None


@dataclass(frozen=True, kw_only=True, slots=True)
class Knock:
    """What one question to an active Service came to."""

    failure: str = ""
    """What was wrong with the answer, or why the service had none; empty where it answered well."""
    blind: str = ""
    """Why the service could not be asked, which says nothing of it; empty where it could."""


async def knock(http: httpx2.AsyncClient, namespace: str, service: str, path: str) -> Knock:
    """Ask an active Service for a path, through the API server's proxy: it needs no way from here to the door.

    Args:
        http: whose base URL is the API server's.
        namespace: the Service's.
        service: its name; its port is named `http`.
        path: answered with a status below 400 by a service that is well.
    """
    try:
        response = await http.get(f"/api/v1/namespaces/{namespace}/services/{service}:http/proxy{path}")
    except httpx2.HTTPError as error:
        return Knock(blind=f"API server: {type(error).__name__} {error}".strip())
    if response.status_code < HTTPStatus.BAD_REQUEST:
        return Knock()
    try:  # where the service did not answer, the API server says why, in its own words
        said = Status.model_validate_json(response.content)
    except ValidationError:
        return Knock(failure=f"{path} answered {response.status_code}")
    if said.reason == "ServiceUnavailable" and ("no endpoints" in said.message or "error trying" in said.message):
        return Knock(failure=said.message)
    return Knock(blind=f"API server: {response.status_code} {said.message}")


async def knock_at(url: str, host: str = "") -> Knock:
    """Ask a front door itself, as a client does, on a connection of its own.

    Args:
        url: what to ask for.
        host: the name that the door knows the service by, where that is not the URL's.
    """
    try:
        async with httpx2.AsyncClient(timeout=5, headers={"Connection": "close"}, trust_env=False) as http:
            response = await _get(http, url, host)
    except httpx2.ConnectError as error:
        return Knock(blind=f"{url}: {error or type(error).__name__}")
    except httpx2.HTTPError as error:
        return Knock(failure=f"{url}: {type(error).__name__} {error}".strip())
    return (
        Knock()
        if response.status_code < HTTPStatus.BAD_REQUEST
        else Knock(failure=f"{url} answered {response.status_code}")
    )


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
