"""The record of the colour whose move was seen to have happened: a ConfigMap in the cluster.

A resource of its own, because its hook has to run again when it failed: an
engine repeats what it could not do, and never an operation that succeeded.
"""

from collections.abc import Mapping, Sequence

import pulumi
from pulumi_kubernetes.core.v1 import ConfigMap

from infra.guard import Guard
from teal.records import CONFIRMED


class Confirmed(pulumi.ComponentResource):
    """Written after the traffic of the whole flip set was read back; what may shrink the old colour depends on it."""

    def __init__(
        self,
        record: Mapping[str, str],
        after: Sequence[pulumi.Resource],
        guard: Guard,
        namespace: pulumi.Input[str],
        opts: pulumi.ResourceOptions,
    ) -> None:
        """Declare the record of what this update makes live."""
        super().__init__("teal:kubernetes:Confirmed", CONFIRMED, None, opts)
        self.record = ConfigMap(
            CONFIRMED,
            metadata={"name": CONFIRMED, "namespace": namespace, "labels": {"app.kubernetes.io/part-of": "teal"}},
            data=dict(record),
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(after), hooks=guard.confirm_hooks()),
        )
        self.register_outputs({})
