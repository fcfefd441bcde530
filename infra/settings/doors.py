"""Settings of the doors: how a service's live traffic and its previews are reached."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from infra.settings.base import Model, Name, PortNumber
from teal.colours import Colour


class Door(Model):
    """How a Service is reached from outside the pods' network."""

    type: Literal["ClusterIP", "NodePort", "LoadBalancer"] = Field(
        default="ClusterIP", description="no Service of such a type exists", examples=["ClusterIP"]
    )
    port: PortNumber = Field(default=80, description="nothing could connect to the Service", examples=["80"])
    host: str | None = Field(default=None, description="the URL in the stack outputs would lead nowhere")
    """Where a NodePort answers; without it the outputs name the Service's address in the cluster."""


class ExtraPort(Model):
    """A further port of the active Service: HTTPS, metrics (the production guide's Service has both)."""

    port: PortNumber = Field(description="nothing could connect to the Service", examples=["443"])
    target_port: PortNumber = Field(description="the Service would lead to a port without a server", examples=["8443"])


class Ingress(Model):
    """An Ingress that leads to the active Service."""

    host: str = Field(description="the ingress controller would answer every host", examples=["shop.example"])
    class_name: str | None = Field(default=None, description="no ingress controller would take it", examples=["nginx"])
    tls_secret: str | None = Field(default=None, description="clients would get no certificate", examples=["shop-tls"])


class FrontDoor(Door):
    """The active Service: where live traffic comes in."""

    node_port: PortNumber | None = Field(
        default=None, description="the API server would refuse the Service", examples=["30080"]
    )
    extra_ports: Mapping[Name, ExtraPort] = Field(
        default_factory=dict[str, ExtraPort], description="nothing could connect to the Service", examples=["443"]
    )


class PreviewDoor(Door):
    """One Service a colour, always on that colour: for tests before a flip."""

    node_ports: Mapping[Colour, PortNumber] = Field(
        default_factory=dict[Colour, int], description="the API server would refuse the Service", examples=["30081"]
    )
