"""Settings of a service: what is true of it in either colour."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from teal.model.workers import Overlap, Worker
from teal.spec.bake import P95
from teal.spec.request_metrics import RequestMetrics
from teal_infra.settings.base import Name, Path, PortNumber, wrong
from teal_infra.settings.evidence.bake_metrics import BakeMetricSettings
from teal_infra.settings.evidence.gates import Gates
from teal_infra.settings.evidence.request_metrics import RequestMetricsSettings
from teal_infra.settings.metadata import Metadata
from teal_infra.settings.migrations import MigrationSettings
from teal_infra.settings.observability import AlertBounds
from teal_infra.settings.owned import mapping
from teal_infra.settings.pod import Probes, Process, Resources, Rollout, Shutdown, Spread
from teal_infra.settings.pod_template import PodTemplate
from teal_infra.settings.reach.access import Access
from teal_infra.settings.reach.doors import FrontDoor, Ingress, PreviewDoor
from teal_infra.settings.reach.network import NetworkSettings
from teal_infra.settings.reach.routing import Routing
from teal_infra.settings.reach.worker import Kind, as_worker
from teal_infra.settings.scaling import Autoscaling, Disruption


class ServiceSettings(Process):
    """What is true of a service in either colour."""

    kind: Kind = Field(
        default=Kind.SERVICE,
        description=(
            "What the service is: `service` is asked at its port, and `worker` takes its work from a queue. A worker "
            "has no port, no Service and no route (docs/workers.md)."
        ),
        json_schema_extra=wrong("teal would not know how anybody reaches it"),
        examples=["worker"],
    )
    overlap: Overlap = Field(
        default=Overlap.FLIP,
        description=(
            "When both colours of a worker take work: `flip` is from its start in the new colour until the flip is "
            "confirmed, `allowed` is always, and with `forbidden` the old colour stops before the new one starts: in "
            "between nobody takes work."
        ),
        json_schema_extra=wrong("two releases would take work at once, or none"),
        examples=["flip"],
    )
    port: PortNumber = Field(
        default=8000,
        description="The port that the pods listen on.",
        json_schema_extra=wrong("no probe and no Service could reach the pods"),
        examples=["8000"],
    )
    replicas: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=3,
        description="How many pods a colour has, where autoscaling is off.",
        json_schema_extra=wrong("the colour would have no capacity to prove"),
        examples=["3"],
    )
    autoscaling: Autoscaling = Field(
        default=Autoscaling(), description="How many pods a colour has, where an autoscaler decides."
    )
    disruption: Disruption = Field(default=Disruption(), description="How many pods a node drain may take at a time.")
    access: Access = Field(default=Access(), description="What the pods may ask of the API server.")
    ingress: Ingress | None = Field(
        default=None, description="An Ingress that leads to the service, for `router: service`."
    )
    routing: Routing = Field(
        default=Routing(), description="Which requests to a load balancer or a gateway are the service's."
    )
    migrations: MigrationSettings | None = Field(
        default=None,
        description=(
            "How the service's database is migrated. Without it, no schema is migrated, and a slot that asks for one "
            "is refused."
        ),
    )
    network: NetworkSettings = Field(
        default=NetworkSettings(), description="Who may connect to the pods, and to whom they may connect."
    )
    request_metrics: RequestMetricsSettings = Field(
        default=RequestMetricsSettings(), description="How the service counts its requests."
    )
    bake_metrics: Mapping[Name, BakeMetricSettings] = Field(
        default_factory=dict[str, BakeMetricSettings],
        description="Numbers of the stack's own that are watched during a bake, by name.",
        json_schema_extra=wrong("a release that is bad for business would stay"),
        examples=[
            '\'{"orders": {"query": "sum(rate(orders_total{pod=~\\"{pods}\\"}[2m]))", "atLeastTimesBefore": 0.5}}\''
        ],
    )
    alerts: AlertBounds = Field(default=AlertBounds(), description="Above which values the service alerts.")
    gates: Gates = Field(
        default=Gates(), description="What its idle colour has to show before live traffic moves to it."
    )
    front_door: FrontDoor = Field(default=FrontDoor(), description="The active Service, where live traffic comes in.")
    preview_door: PreviewDoor = Field(
        default=PreviewDoor(), description="The Service of each colour, for tests before a flip."
    )
    probes: Probes = Field(
        default=Probes(), description="How the kubelet finds out whether a pod has started, lives and is ready."
    )
    shutdown: Shutdown = Field(default=Shutdown(), description="How a pod ends without losing a request.")
    resources: Resources = Field(default=Resources(), description="What a pod asks for, and what it may use at most.")
    rollout: Rollout = Field(default=Rollout(), description="How a colour's pods are replaced in place.")
    spread: Spread = Field(default=Spread(), description="How firmly a colour's pods are kept apart.")
    metadata: Metadata = Field(
        default=Metadata(), description="Labels and annotations of the service's objects, beside teal's own."
    )
    pod_template: PodTemplate = Field(
        default=PodTemplate(),
        description="What else the pods are made of, as Kubernetes' own PodTemplateSpec: it is merged onto teal's.",
    )
    progress_deadline_seconds: Annotated[int, Field(ge=5, le=86400)] = Field(
        default=600,
        description=(
            "How long a rollout may make no progress before it has failed, in seconds; Kubernetes' own default. Pulumi"
            " waits as long, and a little longer, for the whole of a rollout: pods that roll one by one have to be "
            "ready within it together."
        ),
        json_schema_extra=wrong("a slot that never becomes ready would be waited for too long"),
        examples=["600"],
    )
    probe_path: Path | None = Field(
        default=None,
        description=(
            "The path that the bake asks the front door for: best a request such as clients make. By default it is "
            "`versionPath`, or the readiness probe's path where that is null."
        ),
        json_schema_extra=wrong("the bake could not tell whether the front door answers well"),
        examples=["/pricing"],
    )
    version_path: Path | None = Field(
        default="/deployment/metadata",
        description=(
            "The path at which a pod says which version and colour it is (docs/contract.md). Null: no pod is asked; "
            "the API server and the kubelets say which image runs in each, which suffices for a service that knows "
            "nothing of teal."
        ),
        json_schema_extra=wrong("no pod could say what it is"),
        examples=["/deployment/metadata"],
    )
    image_pull_policy: Literal["IfNotPresent", "Always", "Never"] = Field(
        default="IfNotPresent",
        description="When a node pulls the image.",
        json_schema_extra=wrong("the API server would refuse the pods"),
        examples=["IfNotPresent"],
    )

    @property
    def worker(self) -> Worker | None:
        """What a flip has to know of a worker; None for a service that is asked for something."""
        if self.kind is not Kind.WORKER:
            return None
        pods = self.autoscaling.min_replicas if self.autoscaling.enabled else self.replicas
        return Worker(overlap=self.overlap, pods=pods, grace_seconds=self.shutdown.grace_period_seconds)

    @property
    def idles(self) -> bool:
        """Whether its idle colour has no pods, whatever its slot's state."""
        return self.worker is not None and self.worker.idles

    @property
    def baked_path(self) -> str:
        """The path that the bake asks the front door for."""
        return self.probe_path or self.version_path or self.probes.readiness.path

    @property
    def counted(self) -> RequestMetrics | None:
        """How its requests are counted: not what probes ask for, unless others do; None where they are not."""
        probed = (each.path for each in (self.probes.startup, self.probes.liveness, self.probes.readiness))
        sent = {*self.gates.metrics.traffic.paths} if self.gates.metrics else set[str]()
        asked = {*sent, self.baked_path}
        return self.request_metrics.names(tuple(sorted({*probed, self.request_metrics.path} - asked)))

    @model_validator(mode="before")
    @classmethod
    def _without(cls, data: object) -> object:
        return as_worker(mapping(data)) if mapping(data).get("kind") == Kind.WORKER else data

    @model_validator(mode="after")
    def _own_names(self) -> Self:
        if P95 in self.bake_metrics:
            raise PydanticCustomError(
                "taken", "{name} is one of the bake's own", {"field": f"bakeMetrics.{P95}", "name": P95}
            )
        return self

    @model_validator(mode="after")
    def _way_in(self) -> Self:
        self.network.require_way_in(self.front_door)
        return self
