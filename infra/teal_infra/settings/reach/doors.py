"""Settings of the doors: how a service's live traffic and its previews are reached."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from teal.model.colours import Colour
from teal_infra.settings.base import Model, Name, PortNumber, wrong

NodePort = Annotated[int, Field(ge=30000, le=32767)]
"""Of the range that an API server gives out unless it is told another one."""


class Door(Model):
    """How a Service is reached from outside the pods' network."""

    type: Literal["ClusterIP", "NodePort", "LoadBalancer"] = Field(
        default="ClusterIP",
        description="The type of the Service.",
        json_schema_extra=wrong("no Service of such a type exists"),
        examples=["ClusterIP"],
    )
    port: PortNumber = Field(
        default=80,
        description="The port of the Service.",
        json_schema_extra=wrong("nothing could connect to the Service"),
        examples=["80"],
    )
    host: str | None = Field(
        default=None,
        description=(
            "The host that the stack's outputs name: where a NodePort answers. Without it, they name the Service's "
            "address in the cluster, and of an active Service of type LoadBalancer the address that it was given."
        ),
        json_schema_extra=wrong("the URL in the stack outputs would lead nowhere"),
        examples=["shop.example"],
    )


class ExtraPort(Model):
    """A further port of the active Service: HTTPS, metrics (the production guide's Service has both)."""

    port: PortNumber = Field(
        description="The port of the Service.",
        json_schema_extra=wrong("nothing could connect to the Service"),
        examples=["443"],
    )
    target_port: PortNumber = Field(
        description="The port of the pods that it leads to.",
        json_schema_extra=wrong("the Service would lead to a port without a server"),
        examples=["8443"],
    )


class Ingress(Model):
    """An Ingress that leads to the active Service."""

    host: str = Field(
        description="The host name whose requests are the service's.",
        json_schema_extra=wrong("the ingress controller would answer every host"),
        examples=["shop.example"],
    )
    class_name: str | None = Field(
        default=None,
        description="The IngressClass of the controller that takes it. Without it, the cluster's default does.",
        json_schema_extra=wrong("no ingress controller would take it"),
        examples=["nginx"],
    )
    tls_secret: str | None = Field(
        default=None,
        description="The Secret with the host's certificate. Without it, the Ingress has no TLS.",
        json_schema_extra=wrong("clients would get no certificate"),
        examples=["shop-tls"],
    )


class FrontDoor(Door):
    """The active Service: where live traffic comes in."""

    node_port: NodePort | None = Field(
        default=None,
        description="The port on every node, for type NodePort. Without it, Kubernetes chooses one.",
        json_schema_extra=wrong("the API server would refuse the Service"),
        examples=["30080"],
    )
    extra_ports: Mapping[Name, ExtraPort] = Field(
        default_factory=dict[str, ExtraPort],
        description="Further ports of the active Service, by name.",
        json_schema_extra=wrong("nothing could connect to the Service"),
        examples=["443"],
    )


class PreviewDoor(Door):
    """One Service a colour, always on that colour: for tests before a flip."""

    node_ports: Mapping[Colour, NodePort] = Field(
        default_factory=dict[Colour, int],
        description="The port on every node, by colour, for type NodePort.",
        json_schema_extra=wrong("the API server would refuse the Service"),
        examples=["30081"],
    )
