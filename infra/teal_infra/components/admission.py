"""The admission policies of a stack that asks for them: cluster-wide objects that are bound to its namespace."""

from typing import TYPE_CHECKING, Any, cast

import pulumi

from teal.history import admission
from teal_infra.components.watch import NAME as WATCH
from teal_infra.labels import OURS
from teal_infra.provider.kinds import ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding
from teal_infra.settings import Settings

if TYPE_CHECKING:  # heavy at run time, needed for its types only
    from collections.abc import Sequence

    from pulumi_kubernetes.meta.v1 import ObjectMetaArgsDict


class Admission(pulumi.ComponentResource):
    """The policies that approvals name their writers, and that only those who run updates write records of flips."""

    def __init__(self, name: str, args: Settings, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare the policies that `teal:admission` asks for."""
        super().__init__("teal:kubernetes:Admission", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        self.bindings: Sequence[pulumi.Resource] = ()
        if (asked := args.admission) is not None:
            policies = [admission.approvals(args.namespace)]
            if asked.users or asked.groups:
                # The watch belongs to the stack: it goes on with flips, so it records how they end.
                watch = f"system:serviceaccount:{args.namespace}:{WATCH}"
                users = [*asked.users, *([watch] if args.watch else [])]
                policies.append(admission.records(args.namespace, users, asked.groups))
            self.bindings = [self._held(policy, cast("Any", spec), args.namespace) for policy, spec in policies]
        self.register_outputs({})

    def _held(self, name: str, spec: Any, namespace: str) -> pulumi.Resource:  # noqa: ANN401 - as the API has it
        """Declare a policy, and the binding without which it has no effect."""
        metadata: ObjectMetaArgsDict = {"name": name, "labels": dict(OURS)}
        policy = ValidatingAdmissionPolicy(f"{name}-policy", metadata=metadata, spec=spec, opts=self._child)
        return ValidatingAdmissionPolicyBinding(
            f"{name}-binding",
            metadata=metadata,
            spec=cast("Any", admission.binding(name, namespace)),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )
