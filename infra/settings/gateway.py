"""Settings of `router: gateway`: the Gateway whose listeners take the stack's traffic."""

from pydantic import Field

from infra.settings.base import Model, Name
from infra.settings.metrics import Url


class GatewaySettings(Model):
    """A Gateway that is there already; teal makes one HTTPRoute a service and attaches it to this one."""

    name: Name = Field(description="no Gateway would take the HTTPRoutes", examples=["public"])
    namespace: Name | None = Field(
        default=None, description="no Gateway would take the HTTPRoutes", examples=["gateways"]
    )
    """Without it, the stack's own."""
    listener: Name | None = Field(default=None, description="no listener would take the HTTPRoutes", examples=["https"])
    """Of the Gateway; without it, all that allow it."""
    url: Url | None = Field(
        default=None, description="the bake could not ask the front door", examples=["https://shop.example"]
    )
    """Where this machine reaches the Gateway: it is asked after the write until the new colour answers."""
