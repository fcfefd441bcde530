"""What was told of flips: a ConfigMap of its own, so that telling writes to nothing that a flip rests on.

The program declares it, without contents: the watch needs no right to make one.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import httpx2
from pydantic import ValidationError

from teal.adapters.kubernetes import objects
from teal.history.model import KEPT, Flip, Stage
from teal.model.colours import MANAGER
from teal.model.errors import UnreachableError

NAME = "teal-told"
"""Of the ConfigMap."""

_SINCE = "since"
"""When the first flip that was told of began: of those before it nobody is told."""


@dataclass(frozen=True, slots=True)
class Told:
    """What was told, as it was read."""

    marks: Mapping[str, str]
    """By flip and stage, when the flip began: numbers are given again where the history was deleted."""

    def has(self, flip: Flip, stage: Stage) -> bool:
        """Whether a stage was told."""
        return self.marks.get(_key(flip, stage)) == flip.begun

    def covers(self, flip: Flip) -> bool:
        """Whether somebody was to be told of a flip: it is no older than the first that anybody was told of."""
        return _SINCE in self.marks and self.marks[_SINCE] <= flip.begun

    def marking(self, flip: Flip, stage: Stage) -> Mapping[str, str | None]:
        """What has to be written once a stage is told; what is as old as no history keeps is forgotten."""
        old = [each for each in self.marks if each != _SINCE and int(each.partition(".")[0]) <= flip.number - KEPT]
        since = {} if _SINCE in self.marks else {_SINCE: flip.begun}
        return {**dict.fromkeys(old), **since, _key(flip, stage): flip.begun}


def _key(flip: Flip, stage: Stage) -> str:
    return f"{flip.number}.{stage}"


async def read(http: httpx2.AsyncClient, namespace: str) -> Told:
    """What was told.

    Raises:
        UnreachableError: the API server did not say.
    """
    response = await _request(http, "GET", namespace)
    try:
        return Told(objects.ConfigMap.model_validate_json(response.content).data)
    except ValidationError:
        raise UnreachableError(f"ConfigMap {NAME} in namespace {namespace} is none") from None


async def write(http: httpx2.AsyncClient, namespace: str, marks: Mapping[str, str | None]) -> None:
    """Add to what was told; nobody else's marks are touched.

    Raises:
        UnreachableError: it was not written.
    """
    await _request(http, "PATCH", namespace, json.dumps({"metadata": {}, "data": {**marks}}))


async def _request(http: httpx2.AsyncClient, method: str, namespace: str, body: str | None = None) -> httpx2.Response:
    path = f"/api/v1/namespaces/{namespace}/configmaps/{NAME}"
    try:
        response = await http.request(
            method,
            path,
            content=body,
            params={"fieldManager": MANAGER} if body else None,
            headers={"Content-Type": "application/merge-patch+json"} if body else None,
        )
    except httpx2.TransportError as error:
        raise UnreachableError(f"{method} {path}: {type(error).__name__}") from None
    if not response.is_success:
        raise UnreachableError(f"{method} {path}: the API server answered {response.status_code}")
    return response
