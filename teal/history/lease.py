"""An owner's sign of life: a Lease of coordination.k8s.io, which is an object made for nothing else.

It says only that its holder lives. Who keeps which flip is said by the history,
which is written before the Lease is taken: so two who take over at once are told
apart there, and whoever lost finds somebody else in the Lease at its next renewal.
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
"""Of the Lease."""

_ROUNDS = 5
"""In which a Lease is taken: each lost round is one renewal of an owner that finds its successor at its next one."""

_PAUSE_SECONDS = 0.1


class Lease:
    """The one Lease of a stack's flips, as one owner sees it."""

    def __init__(self, records: Records, holder: str, seconds: float) -> None:
        """Prepare; nothing is asked yet.

        Args:
            records: of the same namespace.
            holder: the owner's name, unlike any other's.
            seconds: after which a Lease that stands still is its holder's no longer.
        """
        self._records = records
        self._holder = holder
        self._seconds = seconds
        self._url = f"/apis/coordination.k8s.io/v1/namespaces/{records.namespace}/leases"
        self._known: objects.Lease | None = None

    async def seen(self) -> str:
        """What changes with every sign of life, whoever gave it; empty where nobody ever gave one.

        Raises:
            UnreachableError: the API server did not answer, or refused.
        """
        found = await self._read()
        return found.metadata.resource_version if found is not None else ""

    async def take(self) -> None:
        """Become the holder, whoever was: the history says already that this owner goes on with the flip.

        Raises:
            OvertakenError: it was written anew in every round, so somebody else goes on with it as well.
            UnreachableError: the API server did not answer, or refused.
        """
        for _ in range(_ROUNDS):
            self._known = await self._read()
            if await self._write():
                return
            await asyncio.sleep(_PAUSE_SECONDS)
        raise OvertakenError(f"Lease {NAME} is renewed by somebody else again and again")

    async def renew(self) -> None:
        """Show that its holder lives.

        Raises:
            OvertakenError: somebody else holds it.
            UnreachableError: the API server did not answer, or refused.
        """
        if await self._write():
            return
        found = await self._read()
        if found is not None and found.spec.holder_identity != self._holder:
            raise OvertakenError(f"Lease {NAME} is held by {found.spec.holder_identity}")
        await self.take()  # a write of this owner's whose answer was lost, or somebody deleted the Lease

    async def _read(self) -> objects.Lease | None:
        response = await self._records.request("GET", f"{self._url}/{NAME}", may_be={HTTPStatus.NOT_FOUND})
        return objects.Lease.model_validate_json(response.content) if response.is_success else None

    async def _write(self) -> bool:
        """Write it as this owner's; False where it is not as it was read."""
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
