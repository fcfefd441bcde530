"""Notes what was told of flips, in a ConfigMap of its own, so that nothing that a flip rests on is written.

The program declares it without contents, so that the watch needs no right to create one.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx2
from pydantic import AliasPath, BaseModel, Field, ValidationError

from teal.adapters import patience
from teal.history.model import KEPT, Flip, Stage
from teal.model.colours import MANAGER
from teal.model.errors import UnreachableError

NAME = "teal-told"
"""The name of the ConfigMap."""

_TRIES = 4
_PAUSE_SECONDS = 1.0


class _Kept(BaseModel):
    made: str = Field(validation_alias=AliasPath("metadata", "creationTimestamp"))
    data: Mapping[str, str] = Field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Told:
    """What was told, as it was read."""

    marks: Mapping[str, str] = field(default_factory=dict[str, str])
    """When the flip began, by flip and stage, since numbers are used again where the history was deleted."""
    since: str = ""
    """When the ConfigMap was made: nobody was to be told of earlier flips. It is empty where it could not be read."""

    def has(self, flip: Flip, stage: Stage) -> bool:
        """Return whether a stage was told."""
        return self.marks.get(_key(flip, stage)) == flip.begun

    def covers(self, flip: Flip) -> bool:
        """Return whether somebody was to be told of a flip of another process."""
        return bool(self.since) and self.since[:19] <= flip.begun[:19]

    def marking(self, flip: Flip, stage: Stage) -> Mapping[str, str | None]:
        """Return what has to be written once a stage is told; marks that are older than any history are removed."""
        old = [each for each in self.marks if int(each.partition(".")[0]) <= flip.number - KEPT]
        return {**dict.fromkeys(old), _key(flip, stage): flip.begun}

    def marked(self, flip: Flip, stage: Stage) -> "Told":
        """Return the same with one more stage."""
        return Told({**self.marks, _key(flip, stage): flip.begun}, self.since)


def _key(flip: Flip, stage: Stage) -> str:
    return f"{flip.number}.{stage}"


async def read(http: httpx2.AsyncClient, namespace: str) -> Told:
    """Read what was told.

    Raises:
        UnreachableError: the API server gave no answer.
    """
    response = await _request(http, "GET", namespace)
    try:
        kept = _Kept.model_validate_json(response.content)
    except ValidationError:
        raise UnreachableError(f"ConfigMap {NAME} in namespace {namespace} is none") from None
    return Told(kept.data, kept.made)


async def write(http: httpx2.AsyncClient, namespace: str, marks: Mapping[str, str | None]) -> None:
    """Add to what was told, without touching other marks.

    Raises:
        UnreachableError: nothing was written.
    """
    await _request(http, "PATCH", namespace, json.dumps({"metadata": {}, "data": {**marks}}))


async def _request(http: httpx2.AsyncClient, method: str, namespace: str, body: str | None = None) -> httpx2.Response:
    """Send a request with a few retries; no flip waits for it."""
    path, why = f"/api/v1/namespaces/{namespace}/configmaps/{NAME}", ""
    for attempt in range(_TRIES):
        await asyncio.sleep(_PAUSE_SECONDS if attempt else 0)
        try:
            response = await http.request(
                method,
                path,
                content=body,
                params={"fieldManager": MANAGER} if body else None,
                headers={"Content-Type": "application/merge-patch+json"} if body else None,
            )
        except httpx2.TransportError as error:
            why = type(error).__name__
            continue
        if response.is_success:
            return response
        why = f"the API server answered {response.status_code}"
        if not patience.busy(response):
            break
    raise UnreachableError(f"{method} {path}: {why}")
