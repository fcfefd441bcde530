"""`router: service`: the selector of the active Service."""

from collections.abc import Collection, Mapping
from functools import partial

from teal.colours import COLOUR_LABEL, MOVED_FROM, Colour
from teal.live import LiveService
from teal.routers.kubernetes import KubernetesRouter


class SelectorRouter(KubernetesRouter):
    """Reads and writes the selectors of active Services."""

    async def live_services(self, names: Collection[str] | None = None) -> Mapping[str, LiveService]:
        """Where each selector leads."""
        if names is None:
            return await self.cluster.live_services()
        return await self.each(names, self.cluster.live_service)

    async def move(self, service: str, live: LiveService, colour: Colour) -> None:
        """Write one field of one Service."""
        patch = {
            "metadata": {"annotations": {MOVED_FROM: f"{live.colour}@{live.resource_version}"}},
            "spec": {"selector": {COLOUR_LABEL: colour}},
        }
        path = f"/api/v1/namespaces/{self.cluster.namespace}/services/{service}"
        read = partial(self.cluster.live_service, service)
        await self.write(f"service {service}", path, patch, read, live=live, colour=colour)

    def door(self, service: str, colour: Colour) -> str:
        """The active Service itself."""
        del colour
        return service
