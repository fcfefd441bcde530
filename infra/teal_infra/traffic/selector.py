"""`router: service`: the active Service, whose selector names the live colour."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from teal.model.colours import Colour, colour_of
from teal.model.labels import COLOUR_LABEL
from teal_infra import labels
from teal_infra.components import address
from teal_infra.components.doors import UNAWAITED, front_door, ingress_spec, preview_door, service_spec
from teal_infra.provider.kinds import Ingress, Service
from teal_infra.traffic import Declared, Front, Route, RouteArgs
from teal_infra.traffic.change_markers import annotations


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
        return ServiceSelector(route.service, RouteArgs(front=self._front, route=route), self._opts)

    def after_confirmed(self, record: pulumi.Resource) -> None:
        """Nothing: the preview Service is the idle slot's."""
        del record


router = Selectors
"""As `teal_infra.traffic` finds it."""


class ServiceSelector(pulumi.ComponentResource):
    """One Service; a flip is one field of its selector.

    Kept-alive connections stay where they are: a selector moves new ones only.
    """

    def __init__(self, name: str, args: RouteArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare the active Service of a route."""
        super().__init__("teal:kubernetes:ServiceSelector", name, None, opts)
        front, route = args.front, args.route
        settings = front.settings.services[route.service]
        door, marks = settings.front_door, settings.metadata
        service = Service(
            f"{route.service}-active",
            metadata={
                "name": route.service,
                "namespace": front.namespace,
                "labels": {**marks.front_door.labels, **labels.shared(route.service)},
                "annotations": {
                    **marks.front_door.annotations,
                    **annotations(front.live.get(route.service), route.active),
                    **UNAWAITED,
                },
            },
            spec=service_spec(
                door,
                labels.selector(route.service, route.active),
                door.node_port,
                app_protocol=settings.app_protocol,
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(route.after), hooks=route.hooks),
        )
        if settings.ingress is not None:
            Ingress(
                f"{route.service}-ingress",
                metadata={
                    "name": route.service,
                    "namespace": front.namespace,
                    "labels": {**marks.ingress.labels, **labels.shared(route.service)},
                    "annotations": {**marks.ingress.annotations, **UNAWAITED},
                },
                spec=ingress_spec(settings.ingress, route.service, door.port),
                opts=pulumi.ResourceOptions(parent=self, depends_on=[service]),
            )
        self.resource: pulumi.Resource = service
        self.live_colour: pulumi.Output[str] = service.spec["selector"][COLOUR_LABEL]
        self.front_door: pulumi.Input[str] = front_door(front.settings, route.service)
        if door.type == "LoadBalancer" and door.host is None:
            self.front_door = service.id.apply(lambda _: address.front_door(front.access, route.service, door))
        self.preview_door: pulumi.Input[str] = preview_door(front.settings, route.service)
        self.register_outputs({})


def declared(inputs: Mapping[str, Any]) -> Declared:
    """The colour in an active Service's selector, as the engine knows its inputs."""
    selector: Mapping[str, Any] = inputs.get("spec", {}).get("selector") or {}
    return Declared(service=str(inputs["metadata"]["name"]), colour=colour_of(selector.get(COLOUR_LABEL)))
