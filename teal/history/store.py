"""Reads and writes the history of flips: one ConfigMap, written under a condition and never over somebody else's.

The program does not declare it: a record that an engine could replace or delete would not outlive what went wrong.
"""

import asyncio
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

import httpx2
from pydantic import ValidationError

from teal.adapters import patience
from teal.adapters.kubernetes import objects
from teal.adapters.kubernetes.server_clock import ServerClock, machine
from teal.history.model import Flip, History
from teal.model.colours import MANAGER
from teal.model.errors import UnreachableError, in_words
from teal.model.labels import MANAGED_BY_LABEL
from teal.spec.bake import BakePlan

NAME = "teal-history"
"""The name of the ConfigMap."""

CONFIRMED = "teal-confirmed"
"""The name of the ConfigMap with the last confirmed colour. What may shrink the other colour waits for it."""

KEY = "flips.json"
"""The key in its data."""

_PATIENCE_SECONDS = 15.0  # an API server that restarts is back within 6
_PAUSE_SECONDS = 0.3


class OvertakenError(Exception):
    """Somebody else wrote the record in between. It has to be read again before anything else is done."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The history as it was read, and what makes a write of it safe."""

    history: History
    resource_version: str
    """It is empty where there is no record yet."""

    def flip(self, number: int) -> Flip:
        """Return a flip that was just recorded.

        Raises:
            OvertakenError: it is gone: somebody has started a new history.
        """
        found = self.history.find(number)
        if found is None:
            raise OvertakenError(f"ConfigMap {NAME} has no flip {number}")
        return found


class Records:
    """Reads and writes a namespace's history."""

    def __init__(
        self,
        http: httpx2.AsyncClient,
        namespace: str,
        declared: BakePlan | None = None,
        recorded: Callable[[Flip, History], None] | None = None,
    ) -> None:
        """Prepare to read and write; nothing is asked yet.

        Args:
            http: the client, whose base URL is the API server's.
            namespace: the stack's namespace.
            declared: how the stack has flips watched; None where that is unknown. It replaces what a record says, since
                whoever may write a ConfigMap could otherwise direct requests anywhere.
            recorded: is called with each flip that is recorded, and the history; it returns at once. None where nobody
                follows.
        """
        self._recorded = recorded
        self._declared = declared
        self._http = http
        self._clock = ServerClock()
        self.namespace = namespace
        self._url = f"/api/v1/namespaces/{namespace}/configmaps"

    def now(self, timespec: str = "seconds") -> str:
        """Return this moment in RFC 3339, in UTC, by the API server's clock as its last answer dated it."""
        return self._clock.now(timespec)

    async def load(self) -> Kept:
        """Return the stored history; an empty one where there is none.

        Raises:
            UnreachableError: the API server did not answer, or the ConfigMap holds no history.
        """
        kept = await self._load()
        return kept if self._declared is None else replace(kept, history=kept.history.watched(self._declared))

    async def _load(self) -> Kept:
        """Return the history with the bake plans that are stored in it."""
        response = await self.request("GET", f"{self._url}/{NAME}", may_be={HTTPStatus.NOT_FOUND})
        if not response.is_success:
            return Kept(History(), "")
        found = objects.ConfigMap.model_validate_json(response.content)
        try:
            history = History.model_validate_json(found.data.get(KEY, "{}"))
        except ValidationError as error:
            raise UnreachableError(
                f"ConfigMap {NAME} in namespace {self.namespace} is no history of flips "
                f"({error.error_count()} problems, the first: {error.errors()[0]['msg']}), so it is not known whether "
                "one is under way, and this step went no further. Next: teal history repair --namespace "
                f"{self.namespace}"
            ) from None
        return Kept(history, found.metadata.resource_version)

    async def save(self, kept: Kept, flip: Flip) -> Kept:
        """Put a flip into the history as read; one that has ended is given the time of its end.

        What others recorded of other flips meanwhile is kept: an update that was refused is no reason to begin a bake
        anew. A flip that is not in the history yet is put into exactly that history, or not at all.

        Raises:
            OvertakenError: the record of this flip is not as it was read.
            UnreachableError: the API server did not answer.
        """
        before = kept.history.find(flip.number)
        while True:
            history = kept.history.with_flip(flip).dated(self.now())
            response = await self._put(kept, history)
            if response.is_success:
                written = objects.ConfigMap.model_validate_json(response.content)
                return self._heard(flip, Kept(history, written.metadata.resource_version))
            found = await self._load()
            if found.history == history:  # our own write, whose answer was lost
                return self._heard(flip, found)
            if before is None or found.history.find(flip.number) != before:
                raise OvertakenError(f"ConfigMap {NAME}: {response.status_code}")
            kept = found

    def _heard(self, flip: Flip, kept: Kept) -> Kept:
        if self._recorded is not None:
            self._recorded(kept.flip(flip.number), kept.history)
        return kept

    async def replace(self, kept: Kept) -> None:
        """Write a complete history over what was read, as the repair of an unreadable record does.

        Raises:
            OvertakenError: the record is not as it was read.
            UnreachableError: the API server did not answer.
        """
        response = await self._put(kept, kept.history)
        if not response.is_success:
            raise OvertakenError(f"ConfigMap {NAME}: {response.status_code}")

    async def _put(self, kept: Kept, history: History) -> httpx2.Response:
        """Write a history over what was read; a failed precondition is returned, not raised."""
        metadata: dict[str, Any] = {
            "name": NAME,
            "namespace": self.namespace,
            "labels": {MANAGED_BY_LABEL: MANAGER},
        }
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {KEY: history.stored()}}
        overtaken = {HTTPStatus.CONFLICT, HTTPStatus.NOT_FOUND}
        if not kept.resource_version:
            return await self.request("POST", self._url, body, may_be=overtaken)
        metadata["resourceVersion"] = kept.resource_version
        return await self.request("PUT", f"{self._url}/{NAME}", body, may_be=overtaken)

    async def whoami(self) -> str:
        """Return the account that the API server takes this process for.

        Raises:
            UnreachableError: the API server did not answer.
        """
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
        response = await self.request("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", body)
        return objects.SelfSubjectReview.model_validate_json(response.content).username

    async def request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        may_be: Collection[HTTPStatus] = (),
    ) -> httpx2.Response:
        """Send one request until the API server answers: one that restarts refuses connections, then answers 5xx.

        Args:
            method: the HTTP method.
            path: the path of the object, or of its kind to create one.
            body: the object to write; None to read one.
            may_be: the statuses beside success that the caller handles.

        Raises:
            UnreachableError: the API server did not answer within `_PATIENCE_SECONDS`, or refused.
        """
        why = ""
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                while True:
                    asked = machine()
                    try:
                        response = await self._http.request(
                            method,
                            path,
                            params={"fieldManager": MANAGER} if body else None,
                            content=json.dumps(body) if body else None,
                            headers={"Content-Type": "application/json"} if body else None,
                        )
                    except httpx2.TransportError as error:
                        why = in_words(error)
                    else:
                        self._clock.hear(asked, response)
                        if not patience.busy(response):
                            return _required(response, may_be)
                        why = f"answered {response.status_code}"
                    await asyncio.sleep(_PAUSE_SECONDS)
        except TimeoutError:
            raise UnreachableError(
                f"{method} {path} had no answer within {_PATIENCE_SECONDS:.0f} s: the API server "
                f"{self._http.base_url}: {why or 'no answer'}. Next: kubectl cluster-info, then pulumi up again"
            ) from None


def _required(response: httpx2.Response, may_be: Collection[HTTPStatus]) -> httpx2.Response:
    if response.is_success or response.status_code in may_be:
        return response
    raise UnreachableError(
        f"the API server answered {response.status_code} to {response.request.method} {response.request.url.path}"
        f"{objects.why(response.content)}, so what is known of flips can neither be read nor kept, and this step went "
        f"no further. Next: {objects.remedy(response.status_code)}, then teal status"
    )
