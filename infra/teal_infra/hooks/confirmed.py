"""The record of the colour whose move was seen to have happened: a ConfigMap in the cluster.

A resource of its own, because its hook has to run again when it failed: an
engine repeats what it could not do, and never an operation that succeeded.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from teal.history.store import CONFIRMED
from teal.model.labels import PART_OF, PART_OF_LABEL
from teal_infra.hooks.guard import Guard
from teal_infra.provider.kinds import ConfigMap


@dataclass(frozen=True, kw_only=True, slots=True)
class ConfirmedArgs:
    """What is recorded, and by whose leave."""

    record: Mapping[str, str]
    """What this update makes live."""
    after: Sequence[pulumi.Resource]
    """Traffic of the whole flip set."""
    guard: Guard
    namespace: pulumi.Input[str]


class Confirmed(pulumi.ComponentResource):
    """Written after the traffic of the whole flip set was read back; what may shrink the old colour depends on it."""

    def __init__(self, name: str, args: ConfirmedArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare the record."""
        super().__init__("teal:kubernetes:Confirmed", name, None, opts)
        self.record = ConfigMap(
            name,
            metadata={"name": CONFIRMED, "namespace": args.namespace, "labels": {PART_OF_LABEL: PART_OF}},
            data=dict(args.record),
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(args.after), hooks=args.guard.confirm_hooks()),
        )
        self.register_outputs({})
