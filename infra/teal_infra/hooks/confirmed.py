"""Declares the record of the colour whose move was confirmed: a ConfigMap in the cluster.

It is a resource of its own, since its hook has to run again after a failure: an engine repeats what it could not do,
and never an operation that succeeded.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi

from teal.history.store import CONFIRMED
from teal.model.labels import PART_OF, PART_OF_LABEL, STACK
from teal_infra.hooks.guard import Guard
from teal_infra.provider.kinds import ConfigMap
from teal_infra.provider.ownership import FORCE, Prior

if TYPE_CHECKING:  # heavy at run time, needed for its type only
    from pulumi_kubernetes.meta.v1 import ObjectMetaArgsDict


@dataclass(frozen=True, kw_only=True, slots=True)
class ConfirmedArgs:
    """What is recorded, and the guard that allows it."""

    record: Mapping[str, str]
    """The data of the record: what this update makes live."""
    after: Sequence[Prior]
    """The traffic of the whole flip set."""
    stack: str
    """The stack that made the record; empty where it is not said."""
    guard: Guard
    namespace: pulumi.Input[str]


class Confirmed(pulumi.ComponentResource):
    """The record, written after the flip set's traffic was read back. What may shrink the old colour depends on it."""

    def __init__(self, name: str, args: ConfirmedArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare the record."""
        super().__init__("teal:kubernetes:Confirmed", name, None, opts)
        metadata: ObjectMetaArgsDict = {
            "name": CONFIRMED,
            "namespace": args.namespace,
            "labels": {PART_OF_LABEL: PART_OF},
            # Without force, every preview would fail with a conflict once somebody else has edited the record. What it
            # says is safe to overwrite: the hook has looked where traffic is.
            "annotations": {FORCE: "true", **({STACK: args.stack} if args.stack else {})},
        }
        self.record = ConfigMap(
            name,
            metadata=metadata,
            data=dict(args.record),
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(args.after), hooks=args.guard.confirm_hooks()),
        )
        self.register_outputs({})
