"""Models the few fields that teal reads of what runs a colour: Deployments and CronJobs, pods, autoscalers."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from pydantic import Field

from teal.adapters.kubernetes.objects import Labelled, Metadata, Object
from teal.model.colours import ENGINE, MANAGER


class Condition(Object):
    """One of the conditions of a Deployment, a pod or an autoscaler."""

    type: str
    status: str = ""
    reason: str = ""
    message: str = ""
    last_update_time: str = ""
    """When it was written last; only Deployments have that."""


class _DeploymentStatus(Object):
    observed_generation: int = 0
    """The generation that its controller has seen last."""
    replicas: int = 0
    """The number of pods, including those of the previous template."""
    updated_replicas: int = 0
    ready_replicas: int = 0
    available_replicas: int = 0
    """The pods that have been ready for `minReadySeconds`."""
    conditions: Sequence[Condition] = ()


class _ContainerPort(Object):
    name: str = ""
    container_port: int


class ContainerResources(Object):
    """What a container asks for, and what it may use at most: quantities by the name of the resource."""

    requests: Mapping[str, str] = Field(default_factory=dict[str, str])
    limits: Mapping[str, str] = Field(default_factory=dict[str, str])


class _Container(Object):
    name: str = ""
    image: str = ""
    ports: Sequence[_ContainerPort] = ()
    resources: ContainerResources = ContainerResources()


class _PodSpec(Object):
    containers: Sequence[_Container] = ()


class PodTemplate(Object):
    """The template that a Deployment makes its pods from."""

    metadata: Labelled = Labelled()
    spec: _PodSpec = _PodSpec()


class _DeploymentSpec(Object):
    replicas: int = 1
    paused: bool = False
    template: PodTemplate = PodTemplate()


class Deployment(Object):
    """`apps/v1` Deployment."""

    metadata: Metadata
    spec: _DeploymentSpec
    status: _DeploymentStatus = _DeploymentStatus()

    @property
    def outdated(self) -> int:
        """The pods that a rollout has not replaced yet: all of them until the controller has seen the new template."""
        status = self.status
        return status.replicas - (status.updated_replicas if self.observed else 0)

    @property
    def missing(self) -> str:
        """What a rollout still lacks, by the rules of `kubectl rollout status`; empty where it is complete."""
        status, wanted = self.status, self.spec.replicas
        if not self.observed:
            return "the Deployment's controller has not seen the change yet"
        if status.updated_replicas < wanted:
            return f"{status.updated_replicas} of {wanted} pods are updated"
        if status.replicas > status.updated_replicas:
            return f"pods of before that are still there: {status.replicas - status.updated_replicas}"
        if status.available_replicas < status.updated_replicas:
            return f"{status.available_replicas} of {status.updated_replicas} updated pods are available"
        return ""

    @property
    def observed(self) -> bool:
        """Whether its controller has seen what was written last."""
        return self.status.observed_generation >= self.metadata.generation

    @property
    def progress(self) -> Condition:
        """Its `Progressing` condition; an empty one where there is none."""
        return next((each for each in self.status.conditions if each.type == "Progressing"), Condition(type=""))

    @property
    def rolling(self) -> bool:
        """Whether its last rollout goes on, or is stuck. A rollout stays complete when its pods crash later."""
        return self.outdated > 0 or self.progress.reason not in {"", "NewReplicaSetAvailable"}

    def given(self, container: str) -> tuple[str, str] | None:
        """Return a container's image and who wrote it, where neither Pulumi's provider nor teal owns that field."""
        path = ("f:template", "f:spec", "f:containers", f'k:{{"name":"{container}"}}', "f:image")
        writers = [each.manager for each in self.metadata.managed_fields if each.fields.has(*path)]
        image = next((each.image for each in self.spec.template.spec.containers if each.name == container), "")
        if any(each.startswith((ENGINE, MANAGER)) for each in writers):
            return None  # whoever else writes another image takes it away from them
        return (image, writers[0]) if writers else None

    def port(self, target: int | str) -> int | str:
        """Return the number of the pods' port that a Service names; its name where no container has that port."""
        ports = (each for container in self.spec.template.spec.containers for each in container.ports)
        return next((each.container_port for each in ports if each.name == target), target)


class _CronJobSpec(Object):
    suspend: bool = False


class _CronJobStatus(Object):
    last_schedule_time: datetime | None = None
    """The last start that its controller has made."""


class CronJob(Object):
    """`batch/v1` CronJob."""

    metadata: Metadata
    spec: _CronJobSpec = _CronJobSpec()
    status: _CronJobStatus = _CronJobStatus()


class _Started(Object):
    creation_timestamp: datetime


class Job(Object):
    """`batch/v1` Job."""

    metadata: _Started


class _Terminated(Object):
    reason: str = ""
    message: str = ""
    exit_code: int = 0


class _Waiting(Object):
    reason: str = ""


class ContainerState(Object):
    """A state of a container: its present one, or the one before its last restart."""

    terminated: _Terminated | None = None
    waiting: _Waiting | None = None


class _ContainerStatus(Object):
    name: str = ""
    image_id: str = Field(default="", alias="imageID")
    restart_count: int = 0
    state: ContainerState = ContainerState()
    last_state: ContainerState = ContainerState()


_ON_THEIR_WAY = frozenset({"", "ContainerCreating", "PodInitializing"})
"""The reasons with which a container waits although nothing keeps it from starting."""


class PodStatus(Object):
    """The status of a pod."""

    phase: str = ""
    conditions: Sequence[Condition] = ()
    container_statuses: Sequence[_ContainerStatus] = ()
    init_container_statuses: Sequence[_ContainerStatus] = ()

    def waiting(self) -> Sequence[str]:
        """Return why the pod does not run, in Kubernetes' words such as `ImagePullBackOff` and `Unschedulable`."""
        states = [each.state.waiting for each in (*self.init_container_statuses, *self.container_statuses)]
        said = [each.reason for each in states if each is not None and each.reason]
        unbound = [each.reason for each in self.conditions if (each.type, each.status) == ("PodScheduled", "False")]
        return [each for each in (*unbound, *said) if each not in _ON_THEIR_WAY]

    def restarts(self) -> tuple[int, str]:
        """Return how often the pod's containers restarted, and how the last of them ended."""
        ends = [each.last_state.terminated for each in self.container_statuses]
        said = [f"{end.reason or 'ended'}, exit status {end.exit_code}" for end in ends if end is not None]
        return sum(each.restart_count for each in self.container_statuses), said[-1] if said else "started anew"


class Pod(Object):
    """`v1` Pod."""

    metadata: Metadata
    spec: _PodSpec = _PodSpec()
    status: PodStatus = PodStatus()

    @property
    def ready(self) -> bool:
        """Whether all of the pod's containers are ready, as the kubelet reports it."""
        return any((each.type, each.status) == ("Ready", "True") for each in self.status.conditions)

    def image(self, container: str) -> str:
        """Return the image that a container is declared with; empty where there is no such container."""
        return next((each.image for each in self.spec.containers if each.name == container), "")

    def image_id(self, container: str) -> str:
        """Return the image that a container runs; empty before the kubelet has reported it."""
        return next((each.image_id for each in self.status.container_statuses if each.name == container), "")


class _ScaleTarget(Object):
    kind: str = ""
    name: str = ""


class _AutoscalerSpec(Object):
    min_replicas: int = 1
    max_replicas: int = 1
    scale_target_ref: _ScaleTarget = _ScaleTarget()


class _AutoscalerStatus(Object):
    desired_replicas: int = 0
    conditions: Sequence[Condition] = ()


class Autoscaler(Object):
    """`autoscaling/v2` HorizontalPodAutoscaler."""

    metadata: Metadata
    spec: _AutoscalerSpec
    status: _AutoscalerStatus = _AutoscalerStatus()

    @property
    def deployment(self) -> str:
        """The name of the Deployment that this autoscaler scales; empty for other kinds."""
        target = self.spec.scale_target_ref
        return target.name if target.kind == "Deployment" else "" if target.kind else self.metadata.name
