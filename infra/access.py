"""Where a stack's objects live, and as whom its pods run. No rights are given here: pods need none."""

import pulumi
from pulumi_kubernetes.core.v1 import Namespace, ServiceAccount

from infra.labels import shared


class Access(pulumi.ComponentResource):
    """A namespace under the `restricted` Pod Security level, and one ServiceAccount a service."""

    def __init__(self, name: str, services: list[str], opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare them.

        Args:
            name: the namespace's name.
            services: names of the services; each account has its service's name.
            opts: Pulumi's options.
        """
        super().__init__("teal:kubernetes:Access", name, None, opts)
        namespace = Namespace(
            "namespace",
            metadata={
                "name": name,
                "labels": {
                    "app.kubernetes.io/part-of": "teal",
                    "pod-security.kubernetes.io/enforce": "restricted",
                    "pod-security.kubernetes.io/warn": "restricted",
                },
            },
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.namespace = namespace.metadata.name
        self.accounts = {
            service: ServiceAccount(
                f"{service}-account",
                metadata={"name": service, "namespace": self.namespace, "labels": dict(shared(service))},
                automount_service_account_token=False,
                opts=pulumi.ResourceOptions(parent=self),
            ).metadata.name
            for service in services
        }
        self.register_outputs({})
