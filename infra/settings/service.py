"""Settings of a service: what is true of it in either colour."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from infra.settings.access import Access
from infra.settings.base import Model, Path, PortNumber
from infra.settings.doors import FrontDoor, Ingress, PreviewDoor
from infra.settings.gates import Gates
from infra.settings.migrations import MigrationSettings
from infra.settings.network import NetworkSettings
from infra.settings.observability import AlertBounds
from infra.settings.pod import Probes, Resources, Shutdown
from infra.settings.routing import Routing
from infra.settings.scaling import Autoscaling, Disruption


class ServiceSettings(Model):
    """What is true of a service in either colour."""

    port: PortNumber = Field(
        default=8000, description="no probe and no Service could reach the pods", examples=["8000"]
    )
    replicas: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=3, description="the colour would have no capacity to prove", examples=["3"]
    )
    """Pods of a colour where autoscaling is off."""
    autoscaling: Autoscaling = Autoscaling()
    disruption: Disruption = Disruption()
    access: Access = Access()
    ingress: Ingress | None = None
    routing: Routing = Routing()
    migrations: MigrationSettings | None = None
    """Without it no schema is migrated, and a slot that asks for one is refused."""
    network: NetworkSettings = NetworkSettings()
    alerts: AlertBounds = AlertBounds()
    gates: Gates = Gates()
    front_door: FrontDoor = FrontDoor()
    preview_door: PreviewDoor = PreviewDoor()
    probes: Probes = Probes()
    shutdown: Shutdown = Shutdown()
    resources: Resources = Resources()
    progress_deadline_seconds: Annotated[int, Field(ge=5, le=3600)] = Field(
        default=600, description="a slot that never becomes ready would be waited for too long", examples=["600"]
    )
    """After which a rollout without progress has failed; Kubernetes' own default."""
    probe_path: Path | None = Field(
        default=None, description="the bake could not tell whether the front door answers well", examples=["/pricing"]
    )
    """What the bake asks the front door for; default: `versionPath`. Better a request such as clients make."""
    version_path: Path = Field(
        default="/deployment/metadata", description="no pod could say what it is", examples=["/deployment/metadata"]
    )
    image_pull_policy: Literal["IfNotPresent", "Always", "Never"] = Field(
        default="IfNotPresent", description="the API server would refuse the pods", examples=["IfNotPresent"]
    )

    @model_validator(mode="after")
    def _way_in(self) -> Self:
        self.network.require_way_in(self.front_door)
        return self
