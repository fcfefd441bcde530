"""The few fields of Kubernetes objects that teal reads, validated where they come in.

Not models of the API: what is not read is not here.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from teal.model.labels import ACTIVE, MOVED_FROM


class Object(BaseModel):
    """What is read of one: in the names of the API, and never changed."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)


class OwnedMetadata(BaseModel):
    """The same of an object's metadata."""

    model_config = ConfigDict(frozen=True)

    annotations: Mapping[str, object] = Field(default_factory=dict[str, object], alias="f:annotations")


class OwnedFields(BaseModel):
    """The part of `fieldsV1` that is read here."""

    model_config = ConfigDict(frozen=True)

    spec: Mapping[str, object] = Field(default_factory=dict[str, object], alias="f:spec")
    """The spec's fields that a manager owns: the keys are field paths, their values say nothing here."""
    data: Mapping[str, object] = Field(default_factory=dict[str, object], alias="f:data")
    """The same of a ConfigMap's data."""
    metadata: OwnedMetadata = Field(default=OwnedMetadata(), alias="f:metadata")

    def owns(self, field: str) -> bool:
        """Whether a field of the spec, or of the data, is the manager's. What is atomic is as a whole or not at all."""
        return f"f:{field}" in self.spec or f"f:{field}" in self.data

    def marks(self, annotations: Collection[str]) -> bool:
        """Whether one of these annotations is the manager's."""
        return any(f"f:{each}" in self.metadata.annotations for each in annotations)


class ManagedFields(Object):
    """Who owns which fields, as server-side apply records it."""

    manager: str
    time: str = ""
    fields: OwnedFields = Field(default=OwnedFields(), alias="fieldsV1")


class Metadata(Object):
    """Of any object."""

    name: str
    resource_version: str
    generation: int = 0
    """It counts the changes of the object's spec."""
    labels: Mapping[str, str] = Field(default_factory=dict[str, str])
    annotations: Mapping[str, str] = Field(default_factory=dict[str, str])
    managed_fields: Sequence[ManagedFields] = ()
    deletion_timestamp: str = ""
    """When it is to be gone; empty where nobody asked for that."""


class Bare(Object):
    """An object of which nothing but its metadata is read."""

    metadata: Metadata


class ServicePort(Object):
    """One port of a Service."""

    name: str = ""
    port: int
    node_port: int = 0
    target_port: int | str | None = None
    """By its number, or by the name that pods give it."""

    @property
    def target(self) -> int | str:
        """The pods' port that it leads to."""
        return self.port if self.target_port is None else self.target_port


class ServiceSpec(Object):
    """Of a Service."""

    selector: Mapping[str, str] = Field(default_factory=dict[str, str])
    type: str = "ClusterIP"
    cluster_ip: str = Field(default="", alias="clusterIP")
    session_affinity: str = "None"
    ports: Sequence[ServicePort] = ()


class Ingress(Object):
    """One address of a load balancer: a name, or a number."""

    hostname: str = ""
    ip: str = ""


class LoadBalancerStatus(Object):
    """What a cloud's controller says of a Service's load balancer."""

    ingress: Sequence[Ingress] = ()


class ServiceStatus(Object):
    """Of a Service."""

    load_balancer: LoadBalancerStatus = LoadBalancerStatus()


class Service(Object):
    """`v1` Service."""

    metadata: Metadata
    spec: ServiceSpec
    status: ServiceStatus = ServiceStatus()

    @property
    def address(self) -> str:
        """Where its first port answers, from as far away as that is known."""
        if not self.spec.ports:
            return ""
        first = self.spec.ports[0]
        outside = next((each.hostname or each.ip for each in self.status.load_balancer.ingress), "")
        if outside:
            return f"http://{outside}:{first.port}"
        return f"port {first.node_port} of each node" if first.node_port else f"{self.metadata.name}:{first.port}"


class ConfigMap(Object):
    """`v1` ConfigMap."""

    metadata: Metadata
    data: Mapping[str, str] = Field(default_factory=dict[str, str])


class ConfigMaps(Object):
    """`v1` ConfigMapList."""

    items: Sequence[ConfigMap]


class LeaseSpec(Object):
    """Of a Lease."""

    holder_identity: str = ""
    acquire_time: str | None = None
    lease_transitions: int = 0


class Lease(Object):
    """`coordination.k8s.io/v1` Lease."""

    metadata: Metadata
    spec: LeaseSpec = LeaseSpec()


class Services(Object):
    """`v1` ServiceList."""

    items: Sequence[Service]


class Labelled(Object):
    """Metadata of which only the labels are read."""

    labels: Mapping[str, str] = Field(default_factory=dict[str, str])


class UserInfo(Object):
    """An authenticated account."""

    username: str


class Reviewed(Object):
    """Status of a SelfSubjectReview."""

    user_info: UserInfo


class ReviewedAt(Object):
    """Metadata of a SelfSubjectReview: it has no name, but the API server's time."""

    creation_timestamp: str = ""


class SelfSubjectReview(Object):
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


def writer_of(managed_fields: Sequence[ManagedFields], field: str) -> str:
    """The manager that owns a field which the API server tracks as a whole; of several the last to write."""
    owners = [entry for entry in managed_fields if entry.fields.owns(field)]
    newest = max(owners, key=lambda entry: entry.time, default=None)
    return "unknown" if newest is None else newest.manager


def owners_of(managed_fields: Sequence[ManagedFields], field: str) -> frozenset[str]:
    """Every manager that owns a part of what a move writes: that field, or the annotations beside it."""
    return frozenset(
        each.manager for each in managed_fields if each.fields.owns(field) or each.fields.marks((MOVED_FROM, ACTIVE))
    )
