"""Settings of the doors: how a service's live traffic and its previews are reached."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from infra.settings.base import Model, PortNumber
from teal.colours import Colour


class Door(Model):
    """How a Service is reached from outside the pods' network."""

    type: Literal["ClusterIP", "NodePort", "LoadBalancer"] = Field(
        default="ClusterIP", description="no Service of such a type exists", examples=["ClusterIP"]
    )
    port: PortNumber = Field(default=80, description="nothing could connect to the Service", examples=["80"])
    host: str | None = Field(default=None, description="the URL in the stack outputs would lead nowhere")
    """Where a NodePort answers; without it the outputs name the Service's address in the cluster."""


class FrontDoor(Door):
    """The active Service: where live traffic comes in."""

    node_port: PortNumber | None = Field(
        default=None, description="the API server would refuse the Service", examples=["30080"]
    )


class PreviewDoor(Door):
    """One Service a colour, always on that colour: for tests before a flip."""

    node_ports: Mapping[Colour, PortNumber] = Field(
        default_factory=dict[Colour, int], description="the API server would refuse the Service", examples=["30081"]
    )
