"""Reads every version of one object between two reads of it, in order, from a watch of the API server.

A read shows what an object is. Who wrote a value that was overwritten since is only in the versions between.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import httpx2
from pydantic import BaseModel, ValidationError

from teal.adapters.kubernetes import objects
from teal.model.errors import UnreachableError, in_words

WATCH_SECONDS = 2.0
"""How long to wait for versions that exist already: they come at once, or the API server has forgotten them."""


class _Event(BaseModel):
    type: Literal["ADDED", "MODIFIED", "DELETED"]
    object: dict[str, Any]


async def versions(
    http: httpx2.AsyncClient, kind: str, name: str, *, after: str, until: str
) -> Sequence[Mapping[str, Any]]:
    """Return the versions of an object after one resource version and up to another one, the oldest first.

    Args:
        http: the client, whose base URL is the API server's.
        kind: the path of the kind's list in a namespace.
        name: the object's name.
        after: the resource version of the first read.
        until: that of the second read; where it is the same, no request is sent.

    Raises:
        UnreachableError: the API server does not allow a watch, or has forgotten the versions by now.
    """
    if after == until:
        return ()
    seen: list[Mapping[str, Any]] = []
    params = {"watch": "true", "fieldSelector": f"metadata.name={name}", "resourceVersion": after}
    why = "the API server ended its watch"
    try:
        async with asyncio.timeout(WATCH_SECONDS), http.stream("GET", kind, params=params) as response:
            if response.is_success:
                async for line in response.aiter_lines():
                    seen.append(_Event.model_validate_json(line).object)
                    if seen[-1]["metadata"]["resourceVersion"] == until:
                        return seen
            else:
                why = f"the API server answered {response.status_code}{objects.why(await response.aread())}"
    except (httpx2.HTTPError, TimeoutError) as error:
        why = in_words(error)
    except ValidationError:
        why = "the API server has forgotten the first of them"
    resource = kind.rpartition("/")[2]
    raise UnreachableError(
        f"who wrote {resource} {name} between its resource versions {after} and {until} is not known: {why}. Next: "
        f"kubectl auth can-i watch {resource}"
    )
