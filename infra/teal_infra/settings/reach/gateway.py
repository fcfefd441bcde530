"""Settings of `router: gateway`: the Gateway whose listeners take the stack's traffic."""

from pydantic import Field

from teal_infra.settings.base import Name, wrong
from teal_infra.settings.evidence.prometheus import Url
from teal_infra.settings.reach.routing import RouterSettings


class GatewaySettings(RouterSettings):
    """A Gateway that is there already; teal makes one HTTPRoute a service and attaches it to this one."""

    name: Name = Field(
        description="The name of the Gateway.",
        json_schema_extra=wrong("no Gateway would take the HTTPRoutes"),
        examples=["public"],
    )
    namespace: Name | None = Field(
        default=None,
        description="The namespace of the Gateway. Without it, it is the stack's own.",
        json_schema_extra=wrong("no Gateway would take the HTTPRoutes"),
        examples=["gateways"],
    )
    listener: Name | None = Field(
        default=None,
        description="The listener of the Gateway that takes the HTTPRoutes. Without it, all that allow them do.",
        json_schema_extra=wrong("no listener would take the HTTPRoutes"),
        examples=["https"],
    )
    url: Url | None = Field(
        default=None,
        description=(
            "Where the machine that runs `pulumi up` reaches the Gateway, which is asked after the write until the new"
            " colour answers."
        ),
        json_schema_extra=wrong("the bake could not ask the front door"),
        examples=["https://shop.example"],
    )

    @property
    def reached_at(self) -> str | None:
        """The URL, where it is set."""
        return self.url
