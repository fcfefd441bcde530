"""`router: service`: the active Service, whose selector names the live colour."""

from collections.abc import Mapping

import pulumi
from pulumi_kubernetes.core.v1 import Service
from pulumi_kubernetes.networking.v1 import Ingress

from infra import labels
from infra.doors import ingress_spec, service_spec
from infra.live import ours
from infra.traffic import Route
from teal.colours import COLOUR_LABEL, MOVED_FROM

FORCE = "pulumi.com/patchForce"
"""Annotation of pulumi-kubernetes: apply even over fields that another manager owns."""


class ServiceSelector(pulumi.ComponentResource):
    """One Service; a flip is one field of its selector.

    Kept-alive connections stay where they are: a selector moves new ones only.
    """

    def __init__(self, route: Route, opts: pulumi.ResourceOptions) -> None:
        """Declare the active Service of a route."""
        super().__init__("teal:kubernetes:ServiceSelector", route.service, None, opts)
        door = route.settings.front_door
        service = Service(
            f"{route.service}-active",
            metadata={
                "name": route.service,
                "namespace": route.namespace,
                "labels": dict(labels.shared(route.service)),
                "annotations": dict(_annotations(route)),
            },
            spec=service_spec(door, labels.selector(route.service, route.active), door.node_port),
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(route.after), hooks=route.hooks),
        )
        if route.settings.ingress is not None:
            Ingress(
                f"{route.service}-ingress",
                metadata={
                    "name": route.service,
                    "namespace": route.namespace,
                    "labels": dict(labels.shared(route.service)),
                    # Nobody has to be there to serve it: an Ingress without its controller waits for ever.
                    "annotations": {"pulumi.com/skipAwait": "true"},
                },
                spec=ingress_spec(route.settings.ingress, route.service, door.port),
                opts=pulumi.ResourceOptions(parent=self, depends_on=[service]),
            )
        self.resource: pulumi.Resource = service
        self.live_colour: pulumi.Output[str] = service.spec.apply(lambda spec: (spec.selector or {})[COLOUR_LABEL])
        self.register_outputs({})


def _annotations(route: Route) -> Mapping[str, str]:
    """What differs from the recorded annotations exactly when traffic has to move.

    Where an update was killed between the write and its record, state and
    config can agree with each other and not with the cluster; without this no
    engine would see a difference, and the hook that proves would not run.

    Ownership is taken back only from a writer that was there when the live
    state was read and found explained. Somebody who writes between that and
    our own write meets a conflict, and the move is refused.
    """
    live = route.live
    if live is None:
        return {MOVED_FROM: "nothing"}
    if live.colour is route.active:
        return {name: live.annotations[name] for name in (MOVED_FROM, FORCE) if name in live.annotations}
    moved = {MOVED_FROM: f"{live.colour}@{live.resource_version}"}
    return moved if ours(live) else {**moved, FORCE: "true"}
