"""Writes Kubernetes events on a Service, for readers of `kubectl describe service`. They are kept for an hour."""

import json
import re
from dataclasses import dataclass
from http import HTTPStatus

import httpx2
from pydantic import AliasPath, BaseModel, Field

from teal.model.colours import MANAGER
from teal.model.errors import UnreachableError

MESSAGE = 1024
"""How many characters the API server accepts in a message."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Happening:
    """Something that happened to a Service."""

    key: str
    """The same key each time the same thing is reported, so that no second event is made."""
    reason: str
    """One word, as Kubernetes wants it."""
    message: str
    at: str
    """The time in RFC 3339, in UTC."""
    warning: bool


class _Named(BaseModel):
    uid: str = Field(validation_alias=AliasPath("metadata", "uid"))


async def record(http: httpx2.AsyncClient, namespace: str, service: str, happening: Happening) -> None:
    """Write an event on a Service.

    Raises:
        UnreachableError: the API server did not answer, or refused; the message says which.
    """
    base = f"/api/v1/namespaces/{namespace}"
    found = await _request(http, "GET", f"{base}/services/{service}")
    key = re.sub(r"[^a-z0-9]+", "-", happening.key.lower()).strip("-")
    at = f"{happening.at[:19]}Z"  # an event's time has no fraction of a second
    about = {"apiVersion": "v1", "kind": "Service", "namespace": namespace, "name": service}
    body = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{service}.{key}", "namespace": namespace},
        # `kubectl describe` selects a Service's events by its uid.
        "involvedObject": {**about, "uid": _Named.model_validate_json(found.content).uid},
        "reason": happening.reason,
        "message": happening.message[:MESSAGE],
        "type": "Warning" if happening.warning else "Normal",
        "firstTimestamp": at,
        "lastTimestamp": at,
        "count": 1,
        "source": {"component": MANAGER},
        "reportingComponent": MANAGER,
    }
    await _request(http, "POST", f"{base}/events", json.dumps(body))


async def _request(http: httpx2.AsyncClient, method: str, path: str, body: str | None = None) -> httpx2.Response:
    try:
        response = await http.request(
            method, path, content=body, headers={"Content-Type": "application/json"} if body else None
        )
    except httpx2.TransportError as error:
        raise UnreachableError(f"{method} {path}: {type(error).__name__}") from None
    if not response.is_success and response.status_code != HTTPStatus.CONFLICT:  # it was reported before
        raise UnreachableError(f"{method} {path}: the API server answered {response.status_code}")
    return response
