"""Writes one part of an object by a JSON merge patch, in one request that is not repeated."""

import json
from collections.abc import Mapping
from typing import Any

import httpx2

from teal.adapters.kubernetes.cluster import Cluster
from teal.model.colours import MANAGER
from teal.model.errors import UnreachableError


async def merge_patch(  # noqa: PLR0913 - an object, what goes into it, and what is said without an answer
    cluster: Cluster, path: str, patch: Mapping[str, Any], what: str, *, then: str = "", dry_run: bool = False
) -> httpx2.Response:
    """Send a patch, and return what the API server answered to it.

    Args:
        cluster: the cluster.
        path: the path of the object, or of a part of it.
        patch: what is merged into it.
        what: what the patch does, as a statement for the error that nobody knows whether it is true: `Deployment
            web-blue was asked for 2 pods`.
        then: the consequence and the next command, for the end of that error; empty where the caller adds them.
        dry_run: whether the API server only says what it would answer.

    Raises:
        UnreachableError: the API server did not answer, so it is not known whether the patch was taken.
    """
    try:
        return await cluster.http.patch(
            path,
            params={"fieldManager": MANAGER, **({"dryRun": "All"} if dry_run else {})},
            content=json.dumps(patch),
            headers={"Content-Type": "application/merge-patch+json"},
        )
    except httpx2.TransportError as error:
        raise UnreachableError(
            f"it is not known whether {what}: the API server did not answer ({type(error).__name__}: {error}){then}"
        ) from None
