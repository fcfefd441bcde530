"""Routers: what directs live traffic to a colour. One module each, behind one small interface.

A router declares; it proves nothing. The hooks it is given do, and it binds
them to the one resource whose change moves traffic.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import pulumi

from infra.settings.service import ServiceSettings
from teal.colours import Colour
from teal.kube import LiveService


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """One service's live traffic, as declared and as read."""

    service: str
    settings: ServiceSettings
    namespace: pulumi.Input[str]
    active: Colour
    live: LiveService | None
    """As read before anything was declared; None where there is no traffic yet."""
    hooks: pulumi.ResourceHookBinding
    """To be bound to the resource whose change moves traffic."""
    after: Sequence[pulumi.Resource]
    """What has to be there before traffic moves."""


class Traffic(Protocol):
    """What a router made."""

    resource: pulumi.Resource
    """The one whose change moves traffic; what comes after the flip depends on it."""

    live_colour: pulumi.Output[str]
    """As the router's own API answered."""


class Router(Protocol):
    """Declares one service's live traffic."""

    def __call__(self, route: Route, opts: pulumi.ResourceOptions) -> Traffic:
        """Declare it."""
        ...
