"""`router: service`: the active Service, whose selector names the live colour."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pulumi_kubernetes.core.v1 import Service
from pulumi_kubernetes.networking.v1 import Ingress

from infra import labels
from infra.doors import front_door, ingress_spec, preview_door, service_spec
from infra.traffic import Declared, Front, Route
from infra.traffic.moved import annotations
from teal.colours import COLOUR_LABEL, Colour, colour_of


class Selectors:
    """One active Service a service; they share nothing."""

    def __init__(self, front: Front, opts: pulumi.ResourceOptions) -> None:
        """Declare nothing yet."""
        self._front = front
        self._opts = opts

    def before_pods(self, service: str, colour: Colour) -> Sequence[pulumi.Resource]:
        """Nothing: a selector finds its pods."""
        del service, colour
        return ()

    def route(self, route: Route) -> "ServiceSelector":
        """Declare the active Service of a route."""
        return ServiceSelector(self._front, route, self._opts)


class ServiceSelector(pulumi.ComponentResource):
    """One Service; a flip is one field of its selector.

    Kept-alive connections stay where they are: a selector moves new ones only.
    """

    def __init__(self, front: Front, route: Route, opts: pulumi.ResourceOptions) -> None:
        """Declare the active Service of a route."""
        super().__init__("teal:kubernetes:ServiceSelector", route.service, None, opts)
        settings = front.settings.services[route.service]
        door = settings.front_door
        service = Service(
            f"{route.service}-active",
            metadata={
                "name": route.service,
                "namespace": front.namespace,
                "labels": dict(labels.shared(route.service)),
                "annotations": dict(annotations(front.live.get(route.service), route.active)),
            },
            spec=service_spec(door, labels.selector(route.service, route.active), door.node_port),
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(route.after), hooks=route.hooks),
        )
        if settings.ingress is not None:
            Ingress(
                f"{route.service}-ingress",
                metadata={
                    "name": route.service,
                    "namespace": front.namespace,
                    "labels": dict(labels.shared(route.service)),
                    # Nobody has to be there to serve it: an Ingress without its controller waits for ever.
                    "annotations": {"pulumi.com/skipAwait": "true"},
                },
                spec=ingress_spec(settings.ingress, route.service, door.port),
                opts=pulumi.ResourceOptions(parent=self, depends_on=[service]),
            )
        self.resource: pulumi.Resource = service
        self.live_colour: pulumi.Output[str] = service.spec.apply(lambda spec: (spec.selector or {})[COLOUR_LABEL])
        self.front_door: pulumi.Input[str] = front_door(front.settings, route.service)
        self.preview_door: pulumi.Input[str] = preview_door(front.settings, route.service)
        self.register_outputs({})


def declared(inputs: Mapping[str, Any]) -> Declared:
    """The colour in an active Service's selector, as the engine knows its inputs."""
    selector: Mapping[str, Any] = inputs.get("spec", {}).get("selector") or {}
    return Declared(service=str(inputs["metadata"]["name"]), colour=colour_of(selector.get(COLOUR_LABEL)))
