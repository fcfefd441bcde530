"""The edge to what is remembered of flips: one ConfigMap, written with a precondition, never over somebody else.

Not declared by the program: a record that an engine could replace or delete
would not outlive what went wrong.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import httpx2
from pydantic import ValidationError

from teal import kube_objects as objects
from teal.colours import MANAGER
from teal.errors import UnreachableError
from teal.history import Flip, History

NAME = "teal-history"
"""Of the ConfigMap."""

CONFIRMED = "teal-confirmed"
"""Of the ConfigMap in which the program records whose bake passed last; what may shrink the other one waits for it."""

_KEY = "flips.json"
_PATIENCE_SECONDS = 15.0  # an API server that restarts is back within 6
_PAUSE_SECONDS = 0.3


class OvertakenError(Exception):
    """Somebody else wrote the record in between; what they wrote has to be read before anything else is done."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The history as read, and what makes a write of it safe."""

    history: History
    resource_version: str
    """Empty where there is no record yet."""

    def flip(self, number: int) -> Flip:
        """A flip that was just recorded.

        Raises:
            OvertakenError: it is not there any more: somebody began the history anew.
        """
        found = self.history.find(number)
        if found is None:
            raise OvertakenError(f"ConfigMap {NAME} has no flip {number}")
        return found


class Records:
    """Reads and writes a namespace's history."""

    def __init__(self, http: httpx2.AsyncClient, namespace: str) -> None:
        """Wrap an HTTP client whose base URL is the API server's."""
        self._http = http
        self._namespace = namespace
        self._url = f"/api/v1/namespaces/{namespace}/configmaps"

    async def load(self) -> Kept:
        """What is remembered; nothing where nothing ever was.

        Raises:
            UnreachableError: the API server did not answer, or what it holds is no history.
        """
        response = await self._request("GET", f"{self._url}/{NAME}")
        if response.status_code == HTTPStatus.NOT_FOUND:
            return Kept(History(), "")
        found = objects.ConfigMap.model_validate_json(_required(response).content)
        try:
            history = History.model_validate_json(found.data.get(_KEY, "{}"))
        except ValidationError as error:
            raise UnreachableError(
                f"ConfigMap {NAME} in namespace {self._namespace} is no history of flips "
                f"({error.error_count()} problems, the first: {error.errors()[0]['msg']}), so it is not known whether "
                "one is under way; nothing was changed. Next: python -m teal history, or, to begin anew, "
                f"kubectl -n {self._namespace} delete configmap {NAME}"
            ) from None
        return Kept(history, found.metadata.resource_version)

    async def save(self, kept: Kept, flip: Flip) -> Kept:
        """Put a flip into the history as read.

        Raises:
            OvertakenError: the record is not as it was read.
            UnreachableError: the API server did not answer.
        """
        history = kept.history.with_flip(flip)
        data = {_KEY: history.model_dump_json(by_alias=True, indent=1)}
        metadata: dict[str, Any] = {
            "name": NAME,
            "namespace": self._namespace,
            "labels": {"app.kubernetes.io/managed-by": "teal"},
        }
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
        if kept.resource_version:
            metadata["resourceVersion"] = kept.resource_version
            response = await self._request("PUT", f"{self._url}/{NAME}", body)
        else:
            response = await self._request("POST", self._url, body)
        if response.status_code in {HTTPStatus.CONFLICT, HTTPStatus.NOT_FOUND}:
            found = await self.load()
            if found.history == history:  # a write of ours whose answer was lost
                return found
            raise OvertakenError(f"ConfigMap {NAME}: {response.status_code}")
        written = objects.ConfigMap.model_validate_json(_required(response).content)
        return Kept(history, written.metadata.resource_version)

    async def whoami(self) -> str:
        """Whom the API server takes this process for.

        Raises:
            UnreachableError: the API server did not answer.
        """
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
        response = await self._request("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", body)
        return objects.SelfSubjectReview.model_validate_json(_required(response).content).status.user_info.username

    async def _request(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> httpx2.Response:
        """One request, until the API server answers: one that restarts refuses connections, then says 5xx.

        Raises:
            UnreachableError: it did not within `_PATIENCE_SECONDS`.
        """
        why = ""
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                while True:
                    try:
                        response = await self._http.request(
                            method,
                            path,
                            params={"fieldManager": MANAGER} if body else None,
                            content=json.dumps(body) if body else None,
                            headers={"Content-Type": "application/json"} if body else None,
                        )
                    except httpx2.TransportError as error:
                        why = f"{type(error).__name__} {error}".strip()
                    else:
                        if response.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
                            return response
                        why = f"answered {response.status_code}"
                    await asyncio.sleep(_PAUSE_SECONDS)
        except TimeoutError:
            raise UnreachableError(
                f"{method} {path} came to nothing within {_PATIENCE_SECONDS:.0f} s: the API server "
                f"{self._http.base_url}: {why or 'no answer'}. Next: kubectl cluster-info, then pulumi up again"
            ) from None


def _required(response: httpx2.Response) -> httpx2.Response:
    if response.is_success:
        return response
    raise UnreachableError(
        f"the API server answered {response.status_code} to {response.request.method} {response.request.url.path}, so "
        "what is known of flips can neither be read nor kept; nothing was changed. Next: kubectl auth can-i --list"
    )
