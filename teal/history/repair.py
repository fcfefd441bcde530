"""Repairs a record of flips that cannot be read: keeps the flips that can, and hands the original text back."""

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import cast

from pydantic import ValidationError

from teal.adapters.kubernetes import objects
from teal.history.model import Flip, History
from teal.history.store import KEY, NAME, Kept, OvertakenError, Records
from teal.model.errors import UnreachableError
from teal.model.plain import mapping


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A record as it was found."""

    text: str
    """The complete text as it is stored; empty where there is none."""
    history: History
    """The part that can be read."""
    lost: int
    """The number of entries that cannot be read."""
    whole: bool
    """Whether all of it is a valid history, so that there is nothing to repair."""
    resource_version: str


async def find(records: Records) -> Found:
    """Read the record, whatever it contains.

    Raises:
        UnreachableError: the API server did not answer, or refused.
    """
    path = f"/api/v1/namespaces/{records.namespace}/configmaps/{NAME}"
    response = await records.request("GET", path, may_be={HTTPStatus.NOT_FOUND})
    if not response.is_success:
        return Found(text="", history=History(), lost=0, whole=True, resource_version="")
    kept = objects.ConfigMap.model_validate_json(response.content)
    text = kept.data.get(KEY, "{}")
    version = kept.metadata.resource_version
    try:
        known = History.model_validate_json(text)
    except ValidationError:
        flips, lost = _readable(text)
        return Found(text=text, history=History(flips=flips), lost=lost, whole=False, resource_version=version)
    return Found(text=text, history=known, lost=0, whole=True, resource_version=version)


async def write(records: Records, found: Found) -> None:
    """Write what could be read over what was found, unless somebody has written since.

    Raises:
        UnreachableError: the API server did not answer, or somebody has written since.
    """
    try:
        await records.replace(Kept(found.history, found.resource_version))
    except OvertakenError:
        raise UnreachableError(
            f"ConfigMap {NAME} was written by somebody else meanwhile, and is as they left it. Next: teal history"
        ) from None


def _readable(text: str) -> tuple[tuple[Flip, ...], int]:
    """Return the entries that are flips, each number once, and how many are not."""
    try:
        known: object = json.loads(text)
    except ValueError:
        return (), 1
    entries = mapping(known).get("flips")
    if not isinstance(entries, list):
        return (), 1
    found: dict[int, Flip] = {}
    for each in cast("list[object]", entries):
        try:
            flip = Flip.model_validate(each)
        except ValidationError:
            continue
        found[flip.number] = flip
    return tuple(found[number] for number in sorted(found)), len(cast("list[object]", entries)) - len(found)
