"""Declares the routers, which direct live traffic to a colour. Each is one module behind one small interface.

A router declares and proves nothing. It binds the hooks that it is given, which do prove, to the one resource whose
change moves traffic.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Protocol

import pulumi

from teal.adapters.kubernetes.access import ClusterAccess
from teal.model.colours import Colour
from teal.model.live import LiveService
from teal.model.routes import RouterKind
from teal_infra.provider.ownership import Prior
from teal_infra.settings import Settings


@dataclass(frozen=True, kw_only=True, slots=True)
class Front:
    """All services of a stack, as a router needs them before it declares any of their traffic."""

    settings: Settings
    access: ClusterAccess
    namespace: pulumi.Input[str]
    live: Mapping[str, LiveService]
    """Live traffic as it was read before anything was declared; services without traffic are not there."""
    at: str
    """When it was read, in RFC 3339."""
    held: frozenset[Colour] = frozenset()
    """The colours that chosen clients are sent to, or that a flip may go back to, whatever the services' shares are."""

    def leads_to(self, service: str, colour: Colour) -> bool:
        """Return whether requests of a service may reach a colour, by what was read."""
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
    """The hooks to bind to the resource whose change moves traffic."""
    after: Sequence[Prior]
    """What has to exist before traffic moves."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RouteArgs:
    """One service's live traffic, and the stack that it is part of."""

    front: Front
    route: Route


@dataclass(frozen=True, kw_only=True, slots=True)
class Declared:
    """The meaning of a traffic resource's inputs, as an engine passes them to a hook."""

    service: str
    colour: Colour | None
    share: int = 0
    """The percentage that the other colour gets."""
    selector: Mapping[str, str] = field(default_factory=dict[str, str])
    """The selector that finds pods, where the resource is a Service."""


class Traffic(Protocol):
    """What a router declared for one service."""

    resource: pulumi.Resource
    """The resource whose change moves traffic; what comes after the flip depends on it."""

    live_colour: pulumi.Output[str]
    """The live colour as the router's own API returned it."""

    front_door: pulumi.Input[str]
    """The URL at which live traffic comes in."""

    preview_door: pulumi.Input[str]
    """The URL at which the idle colour answers."""


class Router(Protocol):
    """Declares the live traffic of a stack's services."""

    def before_pods(self, service: str, colour: Colour) -> Sequence[pulumi.Resource]:
        """Return what has to exist before the pods of a colour."""
        ...

    def route(self, route: Route) -> Traffic:
        """Declare one service's live traffic."""
        ...

    def after_confirmed(self, record: pulumi.Resource) -> None:
        """Declare what changes with a flip once it is confirmed, which must not delay its bake."""
        ...


class Apart:
    """A router whose services share nothing: each is one component, and none changes once a flip is confirmed."""

    def __init__(
        self,
        component: Callable[[str, RouteArgs, pulumi.ResourceOptions], Traffic],
        front: Front,
        opts: pulumi.ResourceOptions,
    ) -> None:
        """Prepare the router; nothing is declared yet."""
        self._component = component
        self._front = front
        self._opts = opts

    def before_pods(self, service: str, colour: Colour) -> Sequence[pulumi.Resource]:
        """Return nothing: a Service finds its pods."""
        del service, colour
        return ()

    def route(self, route: Route) -> Traffic:
        """Declare the component of a service."""
        return self._component(route.service, RouteArgs(front=self._front, route=route), self._opts)

    def after_confirmed(self, record: pulumi.Resource) -> None:
        """Declare nothing: what leads to the idle colour is there."""
        del record


def router(front: Front, opts: pulumi.ResourceOptions) -> Router:
    """Return the router of a stack, with what all its services share."""
    return _module(front.settings.router).router(front, opts)


def declared(inputs: Mapping[str, Any]) -> Declared:
    """Return what a traffic resource is declared to do, whichever router it belongs to."""
    worker = import_module(f"{__name__}.worker")
    if worker.is_record(inputs):
        return worker.declared(inputs)
    marked = (kind for kind in RouterKind if _has(inputs, kind.spec.marked_by))
    return _module(next(marked, RouterKind.SERVICE)).declared(inputs)


def _module(kind: RouterKind) -> Any:  # noqa: ANN401 - a module
    """Return a router's module. It is imported on demand, since the AWS SDK alone takes half a second."""
    return import_module(f"{__name__}.{kind.spec.module}")


def _has(inputs: Mapping[str, Any], path: Sequence[str]) -> bool:
    first, *rest = path
    return first in inputs and (not rest or _has(inputs[first] or {}, rest))
