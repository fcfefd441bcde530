"""Declares which colour of a worker may run: workers get no requests, so a flip of one changes that record.

Each worker has one ConfigMap. Its pods come after it, so that it tells what has started when an update has died.
"""

from collections.abc import Mapping
from typing import Any

import pulumi

from teal.model.colours import colour_of
from teal.model.labels import COMPONENT_LABEL, NAME_LABEL
from teal.model.workers import COLOUR, CRON, WORKER, record
from teal_infra import labels
from teal_infra.provider.kinds import ConfigMap
from teal_infra.traffic import Declared, RouteArgs
from teal_infra.traffic.change_markers import annotations


class Worker(pulumi.ComponentResource):
    """The record of one worker's live colour. A flip changes one field of it."""

    def __init__(self, name: str, args: RouteArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare the record."""
        super().__init__("teal:kubernetes:Worker", name, None, opts)
        front, route = args.front, args.route
        self.marks = annotations(front.live.get(name), route.active)
        """The annotations, which differ exactly when another colour is to run."""
        of_cron = {CRON: "true"} if front.settings.services[name].cron else {}
        kept = ConfigMap(
            f"{name}-live",
            metadata={
                "name": record(name),
                "namespace": front.namespace,
                "labels": {**labels.shared(name), COMPONENT_LABEL: WORKER, **of_cron},
                "annotations": dict(self.marks),
            },
            data={COLOUR: str(route.active)},
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(route.after), hooks=route.hooks),
        )
        self.resource: pulumi.Resource = kept
        self.live_colour: pulumi.Output[str] = kept.data[COLOUR]
        self.front_door: pulumi.Input[str] = ""
        self.preview_door: pulumi.Input[str] = ""
        self.register_outputs({})


def is_record(inputs: Mapping[str, Any]) -> bool:
    """Return whether inputs are those of such a record."""
    metadata: Mapping[str, Any] = inputs.get("metadata") or {"labels": {}}
    return "data" in inputs and metadata["labels"].get(COMPONENT_LABEL) == WORKER


def declared(inputs: Mapping[str, Any]) -> Declared:
    """Return what the inputs of a record mean: its colour."""
    return Declared(service=str(inputs["metadata"]["labels"][NAME_LABEL]), colour=colour_of(inputs["data"][COLOUR]))
