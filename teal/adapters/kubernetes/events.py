"""Events of Kubernetes on a Service, for whoever looks with `kubectl describe service`. They are kept for an hour."""

import json
import re
from dataclasses import dataclass
from http import HTTPStatus

import httpx2
from pydantic import BaseModel

from teal.model.colours import MANAGER
from teal.model.errors import UnreachableError

MESSAGE = 1024
"""Characters that the API server takes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Happening:
    """Something that became of a Service."""

    key: str
    """The same whenever the same thing is told again, which then makes no second event."""
    reason: str
    """One word."""
    message: str
    at: str
    """RFC 3339 in UTC."""
    warning: bool


class _Identity(BaseModel):
    uid: str


class _Named(BaseModel):
    metadata: _Identity


async def record(http: httpx2.AsyncClient, namespace: str, service: str, happening: Happening) -> None:
    """Let a Service have an event.

    Raises:
        UnreachableError: the API server did not answer, or refused; says what.
    """
    base = f"/api/v1/namespaces/{namespace}"
    found = await _request(http, "GET", f"{base}/services/{service}")
    key = re.sub(r"[^a-z0-9]+", "-", happening.key.lower()).strip("-")
    at = f"{happening.at[:19]}Z"  # its moments have no fraction of a second
    about = {"apiVersion": "v1", "kind": "Service", "namespace": namespace, "name": service}
    body = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{service}.{key}", "namespace": namespace},
        # Whoever describes a Service asks for the events of its very uid.
        "involvedObject": {**about, "uid": _Named.model_validate_json(found.content).metadata.uid},
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
    if not response.is_success and response.status_code != HTTPStatus.CONFLICT:  # there already: told before
        raise UnreachableError(f"{method} {path}: the API server answered {response.status_code}")
    return response
