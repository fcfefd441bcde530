"""`router: service`: the selector of the active Service."""

from collections.abc import Collection, Mapping

from teal.adapters.kubernetes.cluster import Cluster, live_service
from teal.adapters.kubernetes.objects import Service
from teal.model.adopted import patch
from teal.model.colours import Colour
from teal.model.labels import MOVED_FROM
from teal.model.live import LiveService
from teal.model.routes import AlbRoute
from teal.routers.kubernetes import KubernetesRouter


class SelectorRouter(KubernetesRouter):
    """Reads and writes the selectors of active Services."""

    def __init__(self, cluster: Cluster) -> None:
        """Prepare to ask this cluster."""
        super().__init__(
            cluster,
            f"/api/v1/namespaces/{cluster.namespace}/services",
            lambda found: live_service(Service.model_validate(found)),
        )

    async def live_services(self, names: Collection[str] | None = None) -> Mapping[str, LiveService]:
        """Return where each selector leads."""
        if names is None:
            return await self.cluster.live_services()
        return await self.each(names, self.cluster.live_service)

    async def move(self, service: str, live: LiveService, colour: Colour) -> None:
        """Write the selector of one Service."""
        written = {
            "metadata": {"annotations": {MOVED_FROM: f"{live.colour}@{live.resource_version}"}},
            "spec": {"selector": patch(service, live.selector, live.annotations, colour)},
        }
        await self.write(f"service {service}", f"{self.kind}/{service}", written, live=live, colour=colour)

    def door(self, service: str, colour: Colour) -> str:
        """Return the active Service itself."""
        del colour
        return service


def router(cluster: Cluster, routes: Mapping[str, AlbRoute]) -> SelectorRouter:
    """Make the router for `teal.routers`. Its objects have the services' names, so no record of them is needed."""
    del routes
    return SelectorRouter(cluster)
