"""Routers: what directs live traffic to a colour. One module each, behind one small interface.

A router declares; it proves nothing. The hooks it is given do, and it binds
them to the one resource whose change moves traffic.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import pulumi

from infra.settings import Settings
from teal.colours import Colour
from teal.live import LiveService
from teal.routes import RouterKind


@dataclass(frozen=True, kw_only=True, slots=True)
class Front:
    """All services of a stack, as a router needs them before any of their traffic is declared."""

    settings: Settings
    namespace: pulumi.Input[str]
    live: Mapping[str, LiveService]
    """As read before anything was declared; services without traffic are not there."""
    at: str
    """When that was, RFC 3339."""
    held: frozenset[Colour] = frozenset()
    """Colours that requests go to, or back to, whatever the shares of the services say."""

    def leads_to(self, service: str, colour: Colour) -> bool:
        """Whether requests of a service may reach a colour, by what was read."""
        found = self.live.get(service)
        live = found.colour if found else None
        shared = found is not None and live is colour.other and bool(found.share)
        return live is colour or shared or colour in self.held


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """One service's live traffic, as declared."""

    service: str
    active: Colour
    hooks: pulumi.ResourceHookBinding
    """To be bound to the resource whose change moves traffic."""
    after: Sequence[pulumi.Resource]
    """What has to be there before traffic moves."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Declared:
    """What the inputs of a traffic resource say, as an engine hands them to a hook."""

    service: str
    colour: Colour | None
    share: int = 0
    """Percent that the other colour gets."""


class Traffic(Protocol):
    """What a router made for one service."""

    resource: pulumi.Resource
    """The one whose change moves traffic; what comes after the flip depends on it."""

    live_colour: pulumi.Output[str]
    """As the router's own API answered."""

    front_door: pulumi.Input[str]
    """Where live traffic comes in."""

    preview_door: pulumi.Input[str]
    """Where the idle colour answers."""


class Router(Protocol):
    """Declares the live traffic of a stack's services."""

    def before_pods(self, service: str, colour: Colour) -> Sequence[pulumi.Resource]:
        """What has to be there before the pods of a colour are."""
        ...

    def route(self, route: Route) -> Traffic:
        """Declare one service's live traffic."""
        ...


def router(front: Front, opts: pulumi.ResourceOptions) -> Router:
    """The router of a stack, with what all of its services share."""
    # Each imported where it is needed: the AWS SDK alone takes half a second.
    if front.settings.router is RouterKind.ALB:
        from infra.traffic.alb import LoadBalancer  # noqa: PLC0415 - see above

        return LoadBalancer(front, opts)
    if front.settings.router is RouterKind.GATEWAY:
        from infra.traffic.gateway import Gateway  # noqa: PLC0415 - see above

        return Gateway(front, opts)
    from infra.traffic.service_selector import Selectors  # noqa: PLC0415 - see above

    return Selectors(front, opts)


def declared(inputs: Mapping[str, Any]) -> Declared:
    """What a traffic resource is declared to do, whichever router's it is."""
    if "actions" in inputs:
        from infra.traffic.rule import declared as of_rule  # noqa: PLC0415 - see `router`

        return of_rule(inputs)
    if "rules" in inputs.get("spec", {}):
        from infra.traffic.gateway import declared as of_route  # noqa: PLC0415 - see `router`

        return of_route(inputs)
    from infra.traffic.service_selector import declared as of_service  # noqa: PLC0415 - see `router`

    return of_service(inputs)
