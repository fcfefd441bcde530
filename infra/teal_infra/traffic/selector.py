"""`router: service`: the active Service, whose selector names the live colour."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import pulumi

from teal.model.adopted import Adopted, led_to
from teal.model.labels import ADOPTED
from teal_infra import labels
from teal_infra.components import address
from teal_infra.components.doors import UNAWAITED, front_door, ingress_spec, preview_door, service_spec
from teal_infra.provider.kinds import Ingress, Service
from teal_infra.provider.ownership import FORCE
from teal_infra.settings import Settings
from teal_infra.traffic import Apart, Declared, RouteArgs
from teal_infra.traffic.change_markers import annotations


class ServiceSelector(pulumi.ComponentResource):
    """One Service. A flip changes one field of its selector.

    Kept-alive connections stay where they are: a selector only moves new ones.
    """

    def __init__(self, name: str, args: RouteArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare the active Service of a route."""
        super().__init__("teal:kubernetes:ServiceSelector", name, None, opts)
        front, route = args.front, args.route
        settings = front.settings.services[route.service]
        door, marks = settings.front_door, settings.metadata
        live, adopted = front.live.get(route.service), _adopted(front.settings, route.service)
        target: str | int = "http"
        selector, found, options = (
            labels.selector(route.service, route.active),
            dict[str, str](),
            pulumi.ResourceOptions(),
        )
        if adopted is not None:
            # Both colours' pods listen on this number, and one of them may have no name for it.
            target, found = settings.port, dict(adopted.annotation)
            if live is not None and ADOPTED not in live.annotations:
                found[FORCE] = "true"  # its fields belong to whoever made it
            if adopted.colour is route.active:
                selector = adopted.selector
            options = pulumi.ResourceOptions(
                import_=f"{front.settings.namespace}/{route.service}",
                retain_on_delete=adopted.colour is route.active,  # it then leads to pods that are not the stack's
            )
        service = Service(
            f"{route.service}-active",
            metadata={
                "name": route.service,
                "namespace": front.namespace,
                "labels": {**marks.front_door.labels, **labels.shared(route.service)},
                "annotations": {
                    **marks.front_door.annotations,
                    **annotations(live, route.active),
                    **found,
                    **UNAWAITED,
                },
            },
            spec=service_spec(door, selector, door.node_port, app_protocol=settings.app_protocol, target=target),
            opts=pulumi.ResourceOptions.merge(
                pulumi.ResourceOptions(
                    parent=self,
                    depends_on=list(route.after),
                    hooks=route.hooks,
                    # A Service that was taken over has an address; without this, the provider would replace it.
                    ignore_changes=["spec.clusterIP"],
                ),
                options,
            ),
        )
        for ending, ingress in settings.all_ingresses.items():
            Ingress(
                f"{route.service}-ingress{ending}",
                metadata={
                    "name": route.service + ending,
                    "namespace": front.namespace,
                    "labels": {**marks.ingress.labels, **ingress.labels, **labels.shared(route.service)},
                    "annotations": {**marks.ingress.annotations, **ingress.annotations, **UNAWAITED},
                },
                spec=ingress_spec(ingress, route.service, door.port),
                opts=pulumi.ResourceOptions(parent=self, depends_on=[service]),
            )
        self.resource: pulumi.Resource = service
        self.live_colour: pulumi.Output[str] = pulumi.Output.all(service.spec, service.metadata).apply(_live)
        self.front_door: pulumi.Input[str] = front_door(front.settings, route.service)
        if door.type == "LoadBalancer" and door.host is None:
            tls = settings.tls
            self.front_door = service.id.apply(lambda _: address.front_door(front.access, route.service, door, tls=tls))
        self.preview_door: pulumi.Input[str] = preview_door(front.settings, route.service)
        self.register_outputs({})


router = partial(Apart, ServiceSelector)
"""What `teal_infra.traffic` calls to make the router."""


def declared(inputs: Mapping[str, Any]) -> Declared:
    """Return what the inputs of an active Service mean: the colour in its selector."""
    selector: Mapping[str, str] = inputs.get("spec", {}).get("selector") or {}
    colour = led_to(selector, inputs["metadata"].get("annotations") or {})
    return Declared(service=str(inputs["metadata"]["name"]), colour=colour, selector=selector)


def _adopted(settings: Settings, service: str) -> Adopted | None:
    colour, adopt = settings.adopted.get(service, (None, None))
    return Adopted(colour, adopt.selector) if colour is not None and adopt is not None else None


def _live(applied: Sequence[Mapping[str, Any]]) -> str:
    """Return the colour that the applied object leads to."""
    spec, metadata = applied
    return str(led_to(spec.get("selector") or {}, metadata.get("annotations") or {}) or "")
