"""The Kubernetes kinds that a stack declares: typed by pulumi-kubernetes, but made without most of it.

The SDK's own classes describe every field of every kind at import time. That takes a second of each preview and update
on a quiet core, half of the program's time. A type checker sees those classes here; what runs is `Manifest`, which
sends the engine the same.
"""

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, ClassVar, cast

import pulumi

FREE = frozenset(
    (
        "annotations",
        "binary_data",
        "data",
        "labels",
        "limits",
        "match_labels",
        "node_selector",
        "requests",
        "string_data",
    )
)
"""Fields whose keys are the user's. They are sent as they are."""


class Verbatim(dict[str, Any]):
    """Fields that have Kubernetes' names already. They are sent as they are, whatever keys the user chose."""


_UPPER = frozenset(
    ("api", "cidr", "cidrs", "fqdn", "id", "io", "ip", "ipc", "ips", "pid", "uri", "urls", "uuid", "wwns")
)
"""Parts of names that Kubernetes writes in upper case, except for a plural s: `clusterIPs`."""

_VERSION = version("pulumi-kubernetes")


def camel(name: str) -> str:
    """Return a field's name as Kubernetes has it: `cluster_ip` is `clusterIP`."""
    first, *rest = name.split("_")
    return first + "".join(
        (each.upper().removesuffix("S") + "s" if each.endswith("s") else each.upper())
        if each in _UPPER
        else each.capitalize()
        for each in rest
    )


def manifest(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields with Kubernetes' names, at every depth; outputs stay as they are."""
    return {camel(name): each if name in FREE else _value(each) for name, each in fields.items() if each is not None}


def _value(given: object) -> Any:  # noqa: ANN401 - any JSON, with outputs in it
    if isinstance(given, Verbatim):
        return dict(given)
    if isinstance(given, Mapping):
        return manifest(cast("Mapping[str, Any]", given))
    if isinstance(given, Sequence) and not isinstance(given, str):
        return [_value(each) for each in cast("Sequence[Any]", given)]
    return given


class Manifest(pulumi.CustomResource):
    """An object of one kind."""

    api_version: ClassVar[str]
    kind: ClassVar[str]
    secrets: ClassVar[Sequence[str]] = ()
    """The fields that are secret in the state, and in the provider's answers."""

    def __init__(self, resource_name: str, opts: pulumi.ResourceOptions | None = None, **fields: object) -> None:
        """Declare the object; its fields are those of the SDK's class."""
        group = f"core/{self.api_version}" if "/" not in self.api_version else self.api_version
        props = {"apiVersion": self.api_version, "kind": self.kind, **manifest(fields)}
        secret = {name: pulumi.Output.secret(props[name]) for name in self.secrets if name in props}
        own = pulumi.ResourceOptions(version=_VERSION, additional_secret_outputs=list(self.secrets) or None)
        super().__init__(
            f"kubernetes:{group}:{self.kind}",
            resource_name,
            {**props, **secret},
            pulumi.ResourceOptions.merge(own, opts),
        )


if TYPE_CHECKING:
    from pulumi_kubernetes.admissionregistration.v1 import (
        ValidatingAdmissionPolicy,
        ValidatingAdmissionPolicyBinding,
    )
    from pulumi_kubernetes.apps.v1 import Deployment
    from pulumi_kubernetes.autoscaling.v2 import HorizontalPodAutoscaler
    from pulumi_kubernetes.batch.v1 import CronJob, Job
    from pulumi_kubernetes.core.v1 import ConfigMap, Namespace, Secret, Service, ServiceAccount
    from pulumi_kubernetes.networking.v1 import Ingress, NetworkPolicy
    from pulumi_kubernetes.policy.v1 import PodDisruptionBudget
    from pulumi_kubernetes.rbac.v1 import Role, RoleBinding
else:

    def _kind(api_version: str, kind: str, *secrets: str) -> type[Manifest]:
        return type(kind, (Manifest,), {"api_version": api_version, "kind": kind, "secrets": secrets})

    ConfigMap = _kind("v1", "ConfigMap")
    CronJob = _kind("batch/v1", "CronJob")
    Deployment = _kind("apps/v1", "Deployment")
    HorizontalPodAutoscaler = _kind("autoscaling/v2", "HorizontalPodAutoscaler")
    Ingress = _kind("networking.k8s.io/v1", "Ingress")
    Job = _kind("batch/v1", "Job")
    Namespace = _kind("v1", "Namespace")
    NetworkPolicy = _kind("networking.k8s.io/v1", "NetworkPolicy")
    PodDisruptionBudget = _kind("policy/v1", "PodDisruptionBudget")
    Role = _kind("rbac.authorization.k8s.io/v1", "Role")
    RoleBinding = _kind("rbac.authorization.k8s.io/v1", "RoleBinding")
    Secret = _kind("v1", "Secret", "data", "stringData")
    Service = _kind("v1", "Service")
    ServiceAccount = _kind("v1", "ServiceAccount")
    ValidatingAdmissionPolicy = _kind("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy")
    ValidatingAdmissionPolicyBinding = _kind("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding")

__all__ = [
    "ConfigMap",
    "CronJob",
    "Deployment",
    "HorizontalPodAutoscaler",
    "Ingress",
    "Job",
    "Namespace",
    "NetworkPolicy",
    "PodDisruptionBudget",
    "Role",
    "RoleBinding",
    "Secret",
    "Service",
    "ServiceAccount",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
]
