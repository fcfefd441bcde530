"""The namespace of a stack, the accounts that its pods run as, and what those may read: by default nothing."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi

from teal.model.labels import KEPT, PART_OF, PART_OF_LABEL
from teal_infra.labels import shared
from teal_infra.provider.kinds import Namespace, Role, RoleBinding, ServiceAccount
from teal_infra.settings import Settings

if TYPE_CHECKING:  # heavy at run time, needed for their types only
    from collections.abc import Mapping, Sequence

    from pulumi_kubernetes.meta.v1 import ObjectMetaArgsDict
    from pulumi_kubernetes.rbac.v1 import PolicyRuleArgsDict

READ_ONLY: "Sequence[PolicyRuleArgsDict]" = [
    {"api_groups": [""], "resources": ["pods", "services", "endpoints"], "verbs": ["get", "list", "watch"]},
    {"api_groups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["get", "list", "watch"]},
    {"api_groups": ["apps"], "resources": ["deployments", "replicasets"], "verbs": ["get", "list", "watch"]},
    {"api_groups": ["metrics.k8s.io"], "resources": ["pods"], "verbs": ["get", "list"]},
]
"""The production guide's rights, without a wildcard: none of them changes anything or reads a secret."""


@dataclass(frozen=True, slots=True)
class AccessArgs:
    """The stack's settings, and what is to become of its namespace."""

    settings: Settings
    keep: bool = False
    """Whether the stack made the namespace, which is to stay when the stack no longer declares it."""


class Access(pulumi.ComponentResource):
    """A namespace under the `restricted` Pod Security level, its services' accounts, and a Role that only reads."""

    def __init__(self, name: str, args: AccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare them; the name is the namespace's."""
        super().__init__("teal:kubernetes:Access", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.namespace: pulumi.Input[str] = name
        if args.settings.place.create or args.keep:
            self.namespace = self._namespace(name, args).metadata["name"]
        of = {service: each.metadata.service_account for service, each in args.settings.services.items()}
        made = {
            name: ServiceAccount(
                f"{name}-service-account",
                metadata={
                    "name": name,
                    "namespace": self.namespace,
                    "labels": {**account.labels, **shared(service)},
                    "annotations": dict(account.annotations),
                },
                automount_service_account_token=False,
                # It is named by its account: if another name were a replacement, an update that fails would leave the
                # old account to be deleted by the next one, even where that declares it again.
                opts=pulumi.ResourceOptions(parent=self, aliases=[pulumi.Alias(name=f"{service}-account")]),
            ).metadata["name"]
            for service, account in of.items()
            if account.create and (name := account.name or service)
        }
        self.accounts: Mapping[str, pulumi.Input[str]] = {
            service: made.get(name := account.name or service, name) for service, account in of.items()
        }
        part_of = {PART_OF_LABEL: PART_OF}
        role = Role(
            "reader",
            metadata={"name": "teal-reader", "namespace": self.namespace, "labels": part_of},
            rules=READ_ONLY,
            opts=child,
        )
        for service, settings in args.settings.services.items():
            if settings.access.read_cluster:
                RoleBinding(
                    f"{service}-reader",
                    metadata={"name": f"{service}-reader", "namespace": self.namespace, "labels": part_of},
                    role_ref={"api_group": "rbac.authorization.k8s.io", "kind": "Role", "name": role.metadata["name"]},
                    subjects=[{"kind": "ServiceAccount", "name": self.accounts[service], "namespace": self.namespace}],
                    opts=child,
                )
        self.register_outputs({})

    def _namespace(self, name: str, args: AccessArgs) -> Namespace:
        """Declare the namespace, at the level that teal's pods keep to."""
        place = args.settings.place
        metadata: ObjectMetaArgsDict = {
            "name": name,
            "labels": {
                **place.labels,
                PART_OF_LABEL: PART_OF,
                "pod-security.kubernetes.io/enforce": "restricted",
                "pod-security.kubernetes.io/warn": "restricted",
                **args.settings.router.spec.namespace_labels,
            },
        }
        if annotations := {**place.annotations, **({KEPT: "true"} if args.keep else {})}:
            metadata["annotations"] = annotations
        # Pulumi may forget it, with everything in it.
        keep = pulumi.ResourceOptions(parent=self, retain_on_delete=args.keep or None)
        return Namespace("namespace", metadata=metadata, opts=keep)
