"""`router: gateway`: the weights of an HTTPRoute over the Services of both colours."""

from collections.abc import Collection, Mapping

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from teal.adapters.kubernetes.cluster import Cluster
from teal.adapters.kubernetes.objects import Metadata, owners_of, writer_of
from teal.model.colours import Colour
from teal.model.errors import ChangedError
from teal.model.labels import ACTIVE, MOVED_FROM, PART_OF, PART_OF_LABEL
from teal.model.live import LiveService
from teal.model.routes import AlbRoute, Split, said, weights
from teal.routers.kubernetes import KubernetesRouter


class _Object(BaseModel):
    # Other fields are kept as they are, since the list of rules is written back as a whole.
    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True, extra="allow")


class Backend(_Object):
    """One Service behind a rule, and its weight, which is 1 by the API's default."""

    name: str
    weight: int = 1


class Rule(_Object):
    """One rule of an HTTPRoute. The last one is for live traffic."""

    backend_refs: tuple[Backend, ...] = ()


class _Spec(_Object):
    rules: tuple[Rule, ...] = ()


class HttpRoute(_Object):
    """`gateway.networking.k8s.io/v1` HTTPRoute."""

    metadata: Metadata
    spec: _Spec


class GatewayRouter(KubernetesRouter):
    """Reads and writes the weights of HTTPRoutes."""

    def __init__(self, cluster: Cluster) -> None:
        """Prepare to ask this cluster."""
        super().__init__(
            cluster,
            f"/apis/gateway.networking.k8s.io/v1/namespaces/{cluster.namespace}/httproutes",
            lambda found: _live(HttpRoute.model_validate(found)),
        )

    async def live_services(self, names: Collection[str] | None = None) -> Mapping[str, LiveService]:
        """Return how each HTTPRoute shares out its traffic; nothing where the cluster does not know the kind."""
        if names is not None:
            return await self.each(names, self._live)
        found = await self.cluster.listed(self.kind, HttpRoute, f"{PART_OF_LABEL}={PART_OF}")
        return {each.metadata.name: _live(each) for each in found}

    async def _live(self, service: str) -> LiveService | None:
        found = await self.cluster.read(f"{self.kind}/{service}", HttpRoute)
        return _live(found) if found else None

    async def move(self, service: str, live: LiveService, colour: Colour) -> None:
        """Write the weights of the last rule. The API takes a list of rules only as a whole."""
        found = await self.cluster.read(f"{self.kind}/{service}", HttpRoute)
        if found is None or not found.spec.rules:
            raise ChangedError(f"HTTPRoute {service} is gone, or has no rule: its traffic cannot be put onto {colour}")
        *others, last = found.spec.rules
        wanted = {f"{service}-{each}": weight for each, weight in weights(colour).items()}
        refs = tuple(
            each.model_copy(update={"weight": wanted.get(each.name, each.weight)}) for each in last.backend_refs
        )
        rules = [*others, last.model_copy(update={"backend_refs": refs})]
        patch = {
            "metadata": {"annotations": {MOVED_FROM: f"{live.colour}@{live.resource_version}", ACTIVE: str(colour)}},
            "spec": {"rules": [each.model_dump(mode="json", by_alias=True, exclude_unset=True) for each in rules]},
        }
        await self.write(f"httproute {service}", f"{self.kind}/{service}", patch, live=live, colour=colour)

    def door(self, service: str, colour: Colour) -> str:
        """Return the colour's own Service, since no Service leads through a gateway."""
        return f"{service}-{colour}"


def router(cluster: Cluster, routes: Mapping[str, AlbRoute]) -> GatewayRouter:
    """Make the router for `teal.routers`. Its objects have the services' names, so no record of them is needed."""
    del routes
    return GatewayRouter(cluster)


def _live(found: HttpRoute) -> LiveService:
    name = found.metadata.name
    rules = found.spec.rules
    by_name = {each.name: each.weight for each in (rules[-1].backend_refs if rules else ())}
    known = {f"{name}-{colour}": colour for colour in Colour}
    split = Split(
        weights={colour: by_name[each] for each, colour in known.items() if each in by_name},
        said=said(found.metadata.annotations),
        strangers={each: weight for each, weight in by_name.items() if each not in known},
    )
    return LiveService(
        colour=split.colour,
        selector=split.shown,
        annotations=found.metadata.annotations,
        resource_version=found.metadata.resource_version,
        writer=writer_of(found.metadata.managed_fields, "rules"),
        owners=owners_of(found.metadata.managed_fields, "rules"),
        share=split.share,
    )
