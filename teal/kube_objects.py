"""The few fields of Kubernetes objects that teal reads, validated where they come in.

Not models of the API: what is not read is not here.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class _Object(BaseModel):
    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)


class OwnedFields(BaseModel):
    """The part of `fieldsV1` that is read here."""

    model_config = ConfigDict(frozen=True)

    spec: Mapping[str, object] = Field(default_factory=dict[str, object], alias="f:spec")
    """The spec's fields that a manager owns: the keys are field paths, their values say nothing here."""

    def owns(self, field: str) -> bool:
        """Whether a field of the spec is the manager's. For what is atomic: owned as a whole or not at all."""
        return f"f:{field}" in self.spec


class ManagedFields(_Object):
    """Who owns which fields, as server-side apply records it."""

    manager: str
    time: str = ""
    fields: OwnedFields = Field(default=OwnedFields(), alias="fieldsV1")


class Metadata(_Object):
    """Of any object."""

    name: str
    resource_version: str
    labels: Mapping[str, str] = Field(default_factory=dict[str, str])
    annotations: Mapping[str, str] = Field(default_factory=dict[str, str])
    managed_fields: Sequence[ManagedFields] = ()


class ServiceSpec(_Object):
    """Of a Service."""

    selector: Mapping[str, str] = Field(default_factory=dict[str, str])


class Service(_Object):
    """`v1` Service."""

    metadata: Metadata
    spec: ServiceSpec


class ConfigMap(_Object):
    """`v1` ConfigMap."""

    metadata: Metadata
    data: Mapping[str, str] = Field(default_factory=dict[str, str])


class DeploymentSpec(_Object):
    """Of a Deployment."""

    replicas: int = 1


class DeploymentStatus(_Object):
    """Of a Deployment."""

    replicas: int = 0
    """Pods that there are, of the template before as well."""
    updated_replicas: int = 0
    ready_replicas: int = 0


class Deployment(_Object):
    """`apps/v1` Deployment."""

    metadata: Metadata
    spec: DeploymentSpec
    status: DeploymentStatus = DeploymentStatus()


class Deployments(_Object):
    """`apps/v1` DeploymentList."""

    items: Sequence[Deployment]


class PodStatus(_Object):
    """Of a pod."""

    phase: str = ""


class Pod(_Object):
    """`v1` Pod."""

    metadata: Metadata
    status: PodStatus = PodStatus()


class Pods(_Object):
    """`v1` PodList."""

    items: Sequence[Pod]


class Services(_Object):
    """`v1` ServiceList."""

    items: Sequence[Service]


class AutoscalerSpec(_Object):
    """Of a HorizontalPodAutoscaler."""

    min_replicas: int = 1


class AutoscalerStatus(_Object):
    """Of a HorizontalPodAutoscaler."""

    desired_replicas: int = 0


class Autoscaler(_Object):
    """`autoscaling/v2` HorizontalPodAutoscaler."""

    metadata: Metadata
    spec: AutoscalerSpec
    status: AutoscalerStatus = AutoscalerStatus()


class Autoscalers(_Object):
    """`autoscaling/v2` HorizontalPodAutoscalerList."""

    items: Sequence[Autoscaler]


class Conditions(_Object):
    """Of an endpoint; a missing `ready` proves nothing, so it does not count here."""

    ready: bool | None = None


class Reference(_Object):
    """What stands behind an address."""

    kind: str
    name: str


class EndpointOfSlice(_Object):
    """One address of an EndpointSlice."""

    conditions: Conditions = Conditions()
    target_ref: Reference | None = None


class Port(_Object):
    """One port of an EndpointSlice."""

    name: str = ""
    port: int


class Labelled(_Object):
    """Metadata of which only the labels are read."""

    labels: Mapping[str, str] = Field(default_factory=dict[str, str])


class EndpointSlice(_Object):
    """`discovery.k8s.io/v1` EndpointSlice; its lists may be null."""

    metadata: Labelled = Labelled()
    endpoints: Sequence[EndpointOfSlice] | None = None
    ports: Sequence[Port] | None = None


class EndpointSlices(_Object):
    """`discovery.k8s.io/v1` EndpointSliceList."""

    items: Sequence[EndpointSlice]


class UserInfo(_Object):
    """An authenticated account."""

    username: str


class Reviewed(_Object):
    """Status of a SelfSubjectReview."""

    user_info: UserInfo


class ReviewedAt(_Object):
    """Metadata of a SelfSubjectReview: it has no name, but the API server's time."""

    creation_timestamp: str = ""


class SelfSubjectReview(_Object):
    """`authentication.k8s.io/v1` SelfSubjectReview: whom the API server takes the asker for."""

    metadata: ReviewedAt = ReviewedAt()
    status: Reviewed


class Identity(BaseModel):
    """What a pod says of itself (docs/contract.md)."""

    model_config = ConfigDict(frozen=True, strict=True)

    version: str
    deployment_group: str


class Status(BaseModel):
    """What the API server answers for itself, where it has no object to answer with."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["Status"]
    reason: str = ""
    message: str = ""
