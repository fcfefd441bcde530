"""The heartbeat of a flip's owner, in a Lease of coordination.k8s.io, the API's object for this purpose.

The Lease only says that its holder lives. The history says who owns which flip, and it is written before the Lease is
taken. So of two who take over at once, the history tells which one owns it, and the other finds its successor in the
Lease at its next renewal.
"""

import asyncio
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from teal.adapters.kubernetes import objects
from teal.history.store import OvertakenError, Records
from teal.model.colours import MANAGER
from teal.model.labels import MANAGED_BY_LABEL

NAME = "teal-flip"
"""The name of the Lease."""

_ROUNDS = 5
"""How often a take is tried. Each lost attempt is a renewal of an owner that then learns of its successor."""

_PAUSE_SECONDS = 0.1


class Lease:
    """The Lease of a stack's flips, as one owner uses it."""

    def __init__(self, records: Records, holder: str, seconds: float) -> None:
        """Prepare the Lease; nothing is asked yet.

        Args:
            records: the records of the same namespace.
            holder: the owner's name, which no other owner has.
            seconds: after how long a Lease that is not renewed is no longer its holder's.
        """
        self._records = records
        self._holder = holder
        self._seconds = seconds
        self._url = f"/apis/coordination.k8s.io/v1/namespaces/{records.namespace}/leases"
        self._known: objects.Lease | None = None

    async def seen(self) -> str:
        """Return a text that changes with every heartbeat, whoever sent it; empty where there was none yet.

        Raises:
            UnreachableError: the API server did not answer, or refused.
        """
        found = await self._read()
        return found.metadata.resource_version if found is not None else ""

    async def take(self) -> None:
        """Become the holder, whoever it was: the history already says that this owner has taken the flip.

        Raises:
            OvertakenError: it was rewritten in every attempt, so somebody else has taken the flip as well.
            UnreachableError: the API server did not answer, or refused.
        """
        for _ in range(_ROUNDS):
            self._known = await self._read()
            if await self._write():
                return
            await asyncio.sleep(_PAUSE_SECONDS)
        raise OvertakenError(f"Lease {NAME} is renewed by somebody else again and again")

    async def renew(self) -> None:
        """Show that the holder lives.

        Raises:
            OvertakenError: somebody else holds the Lease.
            UnreachableError: the API server did not answer, or refused.
        """
        if await self._write():
            return
        found = await self._read()
        if found is not None and found.spec.holder_identity != self._holder:
            raise OvertakenError(f"Lease {NAME} is held by {found.spec.holder_identity}")
        await self.take()  # our own write, whose answer was lost, or a Lease that somebody deleted

    async def _read(self) -> objects.Lease | None:
        response = await self._records.request("GET", f"{self._url}/{NAME}", may_be={HTTPStatus.NOT_FOUND})
        return objects.Lease.model_validate_json(response.content) if response.is_success else None

    async def _write(self) -> bool:
        """Write the Lease as this owner's; return False where it is not as it was read."""
        known, at = self._known, datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        ours = known is not None and known.spec.holder_identity == self._holder
        metadata: dict[str, Any] = {"name": NAME, "labels": {MANAGED_BY_LABEL: MANAGER}}
        spec = {
            "holderIdentity": self._holder,
            "leaseDurationSeconds": max(1, round(self._seconds)),
            "acquireTime": known.spec.acquire_time if known is not None and ours else at,
            "renewTime": at,
            "leaseTransitions": known.spec.lease_transitions + (not ours) if known is not None else 0,
        }
        body = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec}
        lost = {HTTPStatus.CONFLICT, HTTPStatus.NOT_FOUND}
        if known is None:
            response = await self._records.request("POST", self._url, body, may_be=lost)
        else:
            metadata["resourceVersion"] = known.metadata.resource_version
            response = await self._records.request("PUT", f"{self._url}/{NAME}", body, may_be=lost)
        if response.is_success:
            self._known = objects.Lease.model_validate_json(response.content)
        return response.is_success
