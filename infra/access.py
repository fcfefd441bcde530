"""Where a stack's objects live, as whom its pods run, and what those accounts may read: by default nothing."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pulumi
from pulumi_kubernetes.core.v1 import Namespace, ServiceAccount
from pulumi_kubernetes.rbac.v1 import Role, RoleBinding

from infra.labels import shared
from infra.settings.service import ServiceSettings

if TYPE_CHECKING:  # heavy at run time, needed for its types only
    from pulumi_kubernetes.rbac.v1 import PolicyRuleArgsDict

READ_ONLY: "Sequence[PolicyRuleArgsDict]" = [
    {"api_groups": [""], "resources": ["pods", "services", "endpoints"], "verbs": ["get", "list", "watch"]},
    {"api_groups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["get", "list", "watch"]},
    {"api_groups": ["apps"], "resources": ["deployments", "replicasets"], "verbs": ["get", "list", "watch"]},
    {"api_groups": ["metrics.k8s.io"], "resources": ["pods"], "verbs": ["get", "list"]},
]
"""The production guide's rights, without a wildcard: nothing here can change anything or read a secret."""


class Access(pulumi.ComponentResource):
    """A namespace under the `restricted` Pod Security level, an account a service, and a Role that only reads."""

    def __init__(
        self,
        name: str,
        services: Mapping[str, ServiceSettings],
        opts: pulumi.ResourceOptions,
        labels: Mapping[str, str] | None = None,
    ) -> None:
        """Declare them.

        Args:
            name: the namespace's name.
            services: the services; each account has its service's name.
            opts: Pulumi's options.
            labels: further ones of the namespace.
        """
        super().__init__("teal:kubernetes:Access", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        namespace = Namespace(
            "namespace",
            metadata={
                "name": name,
                "labels": {
                    "app.kubernetes.io/part-of": "teal",
                    "pod-security.kubernetes.io/enforce": "restricted",
                    "pod-security.kubernetes.io/warn": "restricted",
                    **(labels or {}),
                },
            },
            opts=child,
        )
        self.namespace = namespace.metadata.name
        self.accounts = {
            service: ServiceAccount(
                f"{service}-account",
                metadata={"name": service, "namespace": self.namespace, "labels": dict(shared(service))},
                automount_service_account_token=False,
                opts=child,
            ).metadata.name
            for service in services
        }
        part_of = {"app.kubernetes.io/part-of": "teal"}
        role = Role(
            "reader",
            metadata={"name": "teal-reader", "namespace": self.namespace, "labels": part_of},
            rules=READ_ONLY,
            opts=child,
        )
        for service, settings in services.items():
            if settings.access.read_cluster:
                RoleBinding(
                    f"{service}-reader",
                    metadata={"name": f"{service}-reader", "namespace": self.namespace, "labels": part_of},
                    role_ref={"api_group": "rbac.authorization.k8s.io", "kind": "Role", "name": role.metadata.name},
                    subjects=[{"kind": "ServiceAccount", "name": service, "namespace": self.namespace}],
                    opts=child,
                )
        self.register_outputs({})
