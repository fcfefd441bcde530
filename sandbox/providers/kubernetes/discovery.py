"""From apiVersion and kind to REST paths, as the API server itself tells them.

Each group-version is asked for once, when first needed: an update touches a handful of them, and a cluster serves
thirty. A kind that is not known is asked for again, since a CustomResourceDefinition may just have been made.
"""

import asyncio
from dataclasses import dataclass

from sandbox.providers.kubernetes.api import Api
from sandbox.providers.kubernetes.errors import NotFoundError, UnknownKindError


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind as served: where its objects are."""

    api_version: str
    kind: str
    plural: str
    namespaced: bool

    def collection(self, namespace: str) -> str:
        """Return the path of all objects (of a namespace, if the kind has any)."""
        prefix = "/apis" if "/" in self.api_version else "/api"
        within = f"/namespaces/{namespace}" if self.namespaced else ""
        return f"{prefix}/{self.api_version}{within}/{self.plural}"

    def path(self, namespace: str, name: str) -> str:
        """Return the path of one object."""
        return f"{self.collection(namespace)}/{name}"


class Discovery:
    """Kinds of one API server, cached for the life of the process."""

    def __init__(self, api: Api) -> None:
        """Ask `api`, when first needed."""
        self._api = api
        self._kinds: dict[str, dict[str, Kind]] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def kind(self, api_version: str, kind: str) -> Kind:
        """Look a kind up.

        Raises:
            UnknownKindError: the API server does not serve it.
            UnreachableError: no answer.
        """
        async with self._locks.setdefault(api_version, asyncio.Lock()):  # many resources of one group start at once
            known = self._kinds.get(api_version, {}).get(kind)
            if known is None:
                self._kinds[api_version] = await self._ask(api_version)
                known = self._kinds[api_version].get(kind)
        if known is None:
            raise UnknownKindError(
                f"the API server at {self._api.address} does not serve {kind} in {api_version}. Nothing was changed. "
                "Is its CustomResourceDefinition missing, or the version gone? See: kubectl api-resources"
            )
        return known

    async def _ask(self, api_version: str) -> dict[str, Kind]:
        prefix = "/apis" if "/" in api_version else "/api"
        try:
            served = await self._api.get(f"{prefix}/{api_version}")
        except NotFoundError:
            return {}
        return {
            entry["kind"]: Kind(
                api_version=api_version, kind=entry["kind"], plural=entry["name"], namespaced=entry["namespaced"]
            )
            for entry in served["resources"]
            if "/" not in entry["name"]  # subresources
        }
