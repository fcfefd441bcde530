"""The fields of Kubernetes objects that teal reads, validated where they come in.

A field that teal does not read is not here: these are not models of the whole API.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from http import HTTPStatus
from typing import Any, Literal

from pydantic import AliasPath, BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from teal.model.labels import ACTIVE, MOVED_FROM
from teal.model.plain import mapping
from teal.model.verdict import printable

WHY = 400
"""How many characters of the API server's own words are shown."""


class Object(BaseModel):
    """The base of all parts of an object: frozen, with the API's field names."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)


class Items(Object):
    """A list of objects of any kind, as the API server returned it."""

    items: Sequence[Mapping[str, Any]]


class OwnedFields(BaseModel):
    """The part of `fieldsV1` that teal reads."""

    model_config = ConfigDict(frozen=True)

    spec: Mapping[str, object] = Field(default_factory=dict[str, object], alias="f:spec")
    """The fields of the spec that a manager owns. The keys are field paths; the values are not used."""
    data: Mapping[str, object] = Field(default_factory=dict[str, object], alias="f:data")
    """The keys of a ConfigMap's data that a manager owns."""
    annotations: Mapping[str, object] = Field(
        default_factory=dict[str, object], validation_alias=AliasPath("f:metadata", "f:annotations")
    )

    def owns(self, field: str) -> bool:
        """Return whether the manager owns a field of the spec or of the data; an atomic field counts as a whole."""
        return f"f:{field}" in self.spec or f"f:{field}" in self.data

    def has(self, *path: str) -> bool:
        """Return whether the manager owns a field within the spec, by its path as `fieldsV1` names the steps."""
        found: object = self.spec
        for step in path:
            found = mapping(found).get(step)
        return found is not None

    def marks(self, annotations: Collection[str]) -> bool:
        """Return whether the manager owns one of these annotations."""
        return any(f"f:{each}" in self.annotations for each in annotations)


class ManagedFields(Object):
    """The fields that one manager owns, as server-side apply records it."""

    manager: str
    time: str = ""
    fields: OwnedFields = Field(default=OwnedFields(), alias="fieldsV1")


class Metadata(Object):
    """The metadata that every Kubernetes object has, as far as teal reads it."""

    name: str
    resource_version: str
    generation: int = 0
    """The API server increases it with every change of the object's spec."""
    labels: Mapping[str, str] = Field(default_factory=dict[str, str])
    annotations: Mapping[str, str] = Field(default_factory=dict[str, str])
    managed_fields: Sequence[ManagedFields] = ()
    deletion_timestamp: str = ""
    """When the object is to be gone; empty where nobody has deleted it."""


class Bare(Object):
    """An object of which only the metadata is read."""

    metadata: Metadata


class ServicePort(Object):
    """One port of a Service."""

    name: str = ""
    port: int
    node_port: int = 0
    target_port: int | str | None = None
    """The number of the pods' port, or the name that pods give it."""

    @property
    def target(self) -> int | str:
        """The pods' port that this port sends connections to."""
        return self.port if self.target_port is None else self.target_port


class _ServiceSpec(Object):
    selector: Mapping[str, str] = Field(default_factory=dict[str, str])
    type: str = "ClusterIP"
    cluster_ip: str = Field(default="", alias="clusterIP")
    session_affinity: str = "None"
    ports: Sequence[ServicePort] = ()


class Ingress(Object):
    """One address of a load balancer: a host name or an IP address."""

    hostname: str = ""
    ip: str = ""


class Service(Object):
    """`v1` Service."""

    metadata: Metadata
    spec: _ServiceSpec
    ingress: Sequence[Ingress] = Field(default=(), validation_alias=AliasPath("status", "loadBalancer", "ingress"))
    """The addresses of its load balancer, as the cloud's controller reports them."""

    @property
    def outside(self) -> str:
        """The address that a Service of type LoadBalancer was given; empty while it has none."""
        return next((each.hostname or each.ip for each in self.ingress), "")

    @property
    def address(self) -> str:
        """The address of the first port, as far from the cluster as one is known."""
        if not self.spec.ports:
            return ""
        first = self.spec.ports[0]
        if self.outside:
            return f"{self.outside}:{first.port}"
        return f"port {first.node_port} of each node" if first.node_port else f"{self.metadata.name}:{first.port}"


class ConfigMap(Object):
    """`v1` ConfigMap."""

    metadata: Metadata
    data: Mapping[str, str] = Field(default_factory=dict[str, str])


class _LeaseSpec(Object):
    holder_identity: str = ""
    acquire_time: str | None = None
    lease_transitions: int = 0


class Lease(Object):
    """`coordination.k8s.io/v1` Lease."""

    metadata: Metadata
    spec: _LeaseSpec = _LeaseSpec()


class Labelled(Object):
    """The metadata of an object of which only the labels are read."""

    labels: Mapping[str, str] = Field(default_factory=dict[str, str])


class SelfSubjectReview(Object):
    """`authentication.k8s.io/v1` SelfSubjectReview: the account that the API server takes the asker for."""

    username: str = Field(validation_alias=AliasPath("status", "userInfo", "username"))
    at: str = Field(default="", validation_alias=AliasPath("metadata", "creationTimestamp"))
    """The API server's time."""


class Identity(BaseModel):
    """The answer of a pod that is asked for its version and colour (docs/contract.md)."""

    model_config = ConfigDict(frozen=True, strict=True)

    version: str
    deployment_group: str


class Status(BaseModel):
    """The API server's own answer, where it has no object to return."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["Status"]
    reason: str = ""
    message: str = ""


def why(body: bytes) -> str:
    """Return what the API server says of its refusal, in brackets: the right that is missing, or the policy.

    It is empty where the answer is not the API server's own.
    """
    with suppress(ValidationError):
        said = printable(Status.model_validate_json(body).message, WHY)
        return f" ({said})" if said else ""
    return ""


def remedy(status: int) -> str:
    """Return the next command after a refusal: credentials have to be valid before their rights can be asked for."""
    return "kubectl auth whoami, and log in again" if status == HTTPStatus.UNAUTHORIZED else "kubectl auth can-i --list"


def writer_of(managed_fields: Sequence[ManagedFields], field: str) -> str:
    """Return the manager that owns a field which is tracked as a whole; of several, the last one to write."""
    owners = [entry for entry in managed_fields if entry.fields.owns(field)]
    newest = max(owners, key=lambda entry: entry.time, default=None)
    return "unknown" if newest is None else newest.manager


def owners_of(managed_fields: Sequence[ManagedFields], field: str) -> frozenset[str]:
    """Return every manager that owns a part of what a move writes: that field, or the annotations beside it."""
    return frozenset(
        each.manager for each in managed_fields if each.fields.owns(field) or each.fields.marks((MOVED_FROM, ACTIVE))
    )
