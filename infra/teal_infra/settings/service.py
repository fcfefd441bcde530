"""Settings of a service: what is true of it in either colour."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Self

from pydantic import Field, model_validator

from teal.model.plain import mapping
from teal.model.workers import Overlap, Worker
from teal.spec.bake import P95
from teal.spec.request_metrics import RequestMetrics
from teal_infra.settings.base import TWICE, Name, Path, superfluous, wrong
from teal_infra.settings.evidence.bake_metrics import BakeMetricSettings
from teal_infra.settings.evidence.gates import Gates
from teal_infra.settings.evidence.request_metrics import RequestMetricsSettings
from teal_infra.settings.metadata import Metadata
from teal_infra.settings.migrations import MigrationSettings
from teal_infra.settings.numbers import DAY, MOST_WORK_SECONDS, Few, PortNumber
from teal_infra.settings.observability import AlertBounds
from teal_infra.settings.pod import Process, PullPolicy, Resources, Rollout, Shutdown, Spread
from teal_infra.settings.pod import contract as contracts
from teal_infra.settings.pod.probes import HTTP, AppProtocol, PortName, Probe, Probes, require_ports
from teal_infra.settings.pod.volumes import Volume, Volumes
from teal_infra.settings.pod_template import PodTemplate
from teal_infra.settings.reach.access import Access
from teal_infra.settings.reach.cron import MISSING, Cron
from teal_infra.settings.reach.doors import FrontDoor, Ingress, PreviewDoor
from teal_infra.settings.reach.network import NetworkSettings
from teal_infra.settings.reach.routing import Routing
from teal_infra.settings.reach.targets import TargetGroup
from teal_infra.settings.reach.worker import Kind, as_worker
from teal_infra.settings.scaling import Autoscaling, Disruption, MaybeAutoscaling


class ServiceSettings(Process):
    """What is true of a service in either colour."""

    kind: Kind = Field(
        default=Kind.SERVICE,
        description=(
            "What the service is: `service` is asked at its port, `worker` takes its work from a queue, and `cron` has "
            "a time for it (`cron`). The latter have no port, no Service and no route (docs/workers.md)."
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
    )
    cron: Cron | None = Field(default=None, description="When a cron job works, and what becomes of its Jobs.")
    port: PortNumber = Field(
        default=8000,
        description="The port that the pods listen on.",
        json_schema_extra=wrong("no probe and no Service could reach the pods", source="the service guide"),
    )
    backing: tuple[Name, ...] = Field(
        default=(),
        description=(
            "The stack's backing services that the pods of this service are told of: they get their variables, their "
            "secrets and the way there."
        ),
        json_schema_extra=wrong("the pods would not know how to connect"),
        examples=["database"],
    )
    ports: Mapping[PortName, PortNumber] = Field(
        default_factory=dict[str, int],
        description="Further ports of the pods, by name: one for management, say, that probes can name.",
        json_schema_extra=wrong("no probe and no Service could name them"),
        examples=["'{\"management\": 9090}'"],
    )
    app_protocol: AppProtocol | None = Field(
        default=None,
        description=(
            "What the port speaks, as `appProtocol` of the Services says it to gateways, meshes and balancers: "
            "`kubernetes.io/h2c`, `kubernetes.io/ws`, `grpc`, `tcp`."
        ),
        json_schema_extra=wrong("whoever forwards requests would speak another protocol than the pods"),
        examples=["kubernetes.io/h2c"],
    )
    contract: bool = Field(
        default=False,
        description=(
            "Whether the service keeps the service contract (docs/contract.md): `probes` then ask `/health/live` and "
            "`/health/ready`, `versionPath` is `/deployment/metadata`, and `shutdown.closeConnectionsPath` is "
            "`/deployment/connections/close`, each unless it is set."
        ),
        json_schema_extra=wrong("paths would be asked that the service does not have, or never asked"),
        examples=["true"],
    )
    replicas: Few = Field(
        default=3,
        description="How many pods a colour has, where autoscaling is off.",
        json_schema_extra=wrong(
            "the colour would have no capacity to prove", source="teal: as `autoscaling.minReplicas`"
        ),
    )
    autoscaling: MaybeAutoscaling = Field(
        default=Autoscaling(),
        description="How many pods a colour has, where an autoscaler decides. Null: nobody scales it.",
    )
    disruption: Disruption | None = Field(
        default=Disruption(), description="How many pods a node drain may take at a time. Null: as many as it likes."
    )
    access: Access = Field(default=Access(), description="What the pods may ask of the API server.")
    ingress: Ingress | None = Field(
        default=None, description="An Ingress that leads to the service, for `router: service`."
    )
    ingresses: Mapping[Name, Ingress] = Field(
        default_factory=dict[str, Ingress],
        description="Further Ingresses, for other controllers or with other annotations; their names end with this.",
        json_schema_extra=wrong("no ingress controller would take it"),
        examples=['\'{"internal": {"host": "shop.internal"}}\''],
    )
    routing: Routing = Field(
        default=Routing(), description="Which requests to a load balancer or a gateway are the service's."
    )
    target_group: TargetGroup = Field(
        default=TargetGroup(), description="How a load balancer speaks to the pods, for `router: alb`."
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
    volumes: Volumes = Field(
        default_factory=dict[str, Volume],
        description="What is mounted into the service's container, by name, beside `/tmp`, which is called `tmp`.",
        json_schema_extra=wrong("the container would lack its files, or could not write"),
    )
    rollout: Rollout = Field(default=Rollout(), description="How a colour's pods are replaced in place.")
    spread: Spread = Field(default=Spread(), description="How firmly a colour's pods are kept apart.")
    metadata: Metadata = Field(
        default=Metadata(), description="Labels and annotations of the service's objects, beside teal's own."
    )
    pod_template: PodTemplate = Field(
        default=PodTemplate(),
        description="What else the pods are made of, as Kubernetes' own PodTemplateSpec: it is merged onto teal's.",
    )
    progress_deadline_seconds: Annotated[int, Field(ge=5, le=MOST_WORK_SECONDS, json_schema_extra=DAY)] = Field(
        default=600,
        description=(
            "How long a rollout may make no progress before it has failed. An update waits as long, and a little "
            "longer, for the whole of a rollout: pods that roll one by one have to be ready within it together."
        ),
        json_schema_extra=wrong(
            "a slot that never becomes ready would be waited for too long",
            source="Kubernetes' default, and the production guide",
        ),
    )
    probe_path: Path | None = Field(
        default=None,
        description=(
            "The path that the bake asks the front door for: best a request such as clients make. By default it is "
            "`versionPath`, or the readiness probe's path. Where none of them is set, as for a service that does not "
            "speak HTTP, nobody asks, and the bake goes by what the kubelets say of the pods."
        ),
        json_schema_extra=wrong("the bake could not tell whether the front door answers well"),
        examples=["/pricing"],
    )
    version_path: Path | None = Field(
        default=None,
        description=(
            "The path at which a pod says which version and colour it is (docs/contract.md). Without it, no pod is "
            "asked; the API server and the kubelets say which image runs in each, which suffices for a service that "
            "knows nothing of teal. `contract: true` names it."
        ),
        json_schema_extra=wrong("no pod could say what it is"),
        examples=["/deployment/metadata"],
    )
    image_pull_policy: PullPolicy = "IfNotPresent"

    @property
    def worker(self) -> Worker | None:
        """What a flip has to know of a worker; None for a service that takes requests."""
        if self.kind is Kind.SERVICE:
            return None
        pods = self.replicas if self.autoscaling.fixed else self.autoscaling.min_replicas
        grace, cron = self.shutdown.grace_period_seconds, self.kind is Kind.CRON
        return Worker(overlap=self.overlap, pods=pods, grace_seconds=grace, cron=cron)

    @property
    def idles(self) -> bool:
        """Whether its idle colour has no pods, whatever its slot's state."""
        return self.worker is not None and self.worker.idles

    @property
    def probed(self) -> Mapping[str, Probe]:
        """The probes of its pods, by name; of a worker those alone that are set, as it has no port to connect to."""
        given = self.probes.given
        return {name: given[name] for name in given if self.worker is None or name in self.probes.model_fields_set}

    @property
    def readiness_path(self) -> str | None:
        """The path that the readiness probe asks the service's own port for; None where it asks something else."""
        probe = self.probes.readiness
        return probe.path if self.worker is None and probe.port in {None, HTTP, self.port} else None

    @property
    def tls(self) -> bool:
        """Whether the service's own port speaks TLS, as its readiness probe has it."""
        return self.readiness_path is not None and self.probes.readiness.scheme == "HTTPS"

    @property
    def all_ingresses(self) -> Mapping[str, Ingress]:
        """All Ingresses, by the ending of their names beyond the service's: empty for the first one."""
        first = {"": self.ingress} if self.ingress else {}
        return {**first, **{f"-{name}": each for name, each in self.ingresses.items()}}

    @property
    def baked_path(self) -> str:
        """The path that the bake asks the front door for; empty where none is known."""
        return self.probe_path or self.version_path or self.readiness_path or ""

    def numbered(self, port: int | str | None) -> int:
        """Return the number of a port of the pods, given by its number or name; None means the service's own."""
        return port if isinstance(port, int) else {HTTP: self.port, **self.ports}[port or HTTP]

    @property
    def reached_ports(self) -> Sequence[int | str]:
        """The ports at which callers reach its pods, by name too: pods to be replaced may listen on other numbers."""
        called = [HTTP, *(each.target_port for each in self.front_door.extra_ports.values() if each.protocol == "TCP")]
        every = (*called, *map(self.numbered, called), self.target_group.health_check.port)
        return () if self.worker is not None else [*dict.fromkeys(filter(None, every))]

    @property
    def metrics_port(self) -> int | None:
        """The port at which Prometheus scrapes its pods; None for a worker that names none."""
        return None if self.worker and self.request_metrics.port is None else self.numbered(self.request_metrics.port)

    @property
    def metrics_tls(self) -> bool:
        """Whether that port speaks TLS. Only the readiness probe says so, and only of the service's own port."""
        return self.tls and self.metrics_port == self.port

    @property
    def counted(self) -> RequestMetrics | None:
        """How its requests are counted, without the paths that only probes ask for; None where they are not counted."""
        probed = (each.path for each in self.probes.given.values() if each.path)
        asked = {*(self.gates.metrics.traffic.paths if self.gates.metrics else ()), self.baked_path}
        return self.request_metrics.names(tuple(sorted({*probed, self.request_metrics.path} - asked)))

    @model_validator(mode="before")
    @classmethod
    def _spelt_out(cls, data: object) -> object:
        nobody_asks = str(mapping(data).get("kind")) in {Kind.WORKER, Kind.CRON}
        return contracts.spelt_out(as_worker(mapping(data)) if nobody_asks else data)

    @model_validator(mode="after")
    def _apart(self) -> Self:
        named: dict[str, int | str | None] = {"requestMetrics.port": self.request_metrics.port}
        for name, each in self.front_door.extra_ports.items():
            named[f"frontDoor.extraPorts.{name}.targetPort"] = each.target_port
        require_ports(self.port, self.ports, self.probes, named)
        self.network.require_way_in({"frontDoor": self.front_door, "previewDoor": self.preview_door})
        return self

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.kind is Kind.CRON and self.cron is None:
            raise MISSING
        if P95 in self.bake_metrics:
            raise superfluous(f"bakeMetrics.{P95}", f"{P95} is one of the bake's own", TWICE)
        return self
