"""Routers: what directs live traffic to a colour. One module each, behind one small interface.

A router declares; it proves nothing. The hooks it is given do, and it binds
them to the one resource whose change moves traffic.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Protocol

import pulumi

from teal.adapters.kubernetes.access import ClusterAccess
from teal.model.colours import Colour
from teal.model.live import LiveService
from teal.model.routes import RouterKind
from teal_infra.settings import Settings


@dataclass(frozen=True, kw_only=True, slots=True)
class Front:
    """All services of a stack, as a router needs them before any of their traffic is declared."""

    settings: Settings
    access: ClusterAccess
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
class RouteArgs:
    """One service's live traffic, among all of its stack."""

    front: Front
    route: Route


@dataclass(frozen=True, kw_only=True, slots=True)
class Declared:
    """What the inputs of a traffic resource say, as an engine hands them to a hook."""

    service: str
    colour: Colour | None
    share: int = 0
    """Percent that the other colour gets."""
    selector: Mapping[str, str] = field(default_factory=dict[str, str])
    """By which pods are found, where it is a Service."""


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

    def after_confirmed(self, record: pulumi.Resource) -> None:
        """Declare what changes with a flip once it is confirmed: none of it holds up the watch on a release."""
        ...


def router(front: Front, opts: pulumi.ResourceOptions) -> Router:
    """The router of a stack, with what all of its services share."""
    return _module(front.settings.router).router(front, opts)


def declared(inputs: Mapping[str, Any]) -> Declared:
    """What a traffic resource is declared to do, whichever router's it is."""
    worker = import_module(f"{__name__}.worker")
    if worker.is_record(inputs):
        return worker.declared(inputs)
    marked = (kind for kind in RouterKind if _has(inputs, kind.spec.marked_by))
    return _module(next(marked, RouterKind.SERVICE)).declared(inputs)


def _module(kind: RouterKind) -> Any:  # noqa: ANN401 - a module
    """A router's own, imported where it is needed: the AWS SDK alone takes half a second."""
    return import_module(f"{__name__}.{kind.spec.module}")


def _has(inputs: Mapping[str, Any], path: Sequence[str]) -> bool:
    first, *rest = path
    return first in inputs and (not rest or _has(inputs[first] or {}, rest))
