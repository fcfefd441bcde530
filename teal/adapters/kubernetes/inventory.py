"""Reads what a colour has beside its pods, and what these use: budgets, network policies, the metrics API's numbers."""

from collections.abc import Mapping, Sequence

from pydantic import Field

from teal.adapters.kubernetes.cluster import Cluster
from teal.adapters.kubernetes.objects import Bare, Labelled, Metadata, Object, Service
from teal.adapters.kubernetes.workloads import Autoscaler, Deployment, Pod
from teal.model.colours import Colour
from teal.model.labels import COLOUR_LABEL, NAME_LABEL


class _BudgetStatus(Object):
    current_healthy: int = 0
    desired_healthy: int = 0
    disruptions_allowed: int = 0


class Budget(Object):
    """`policy/v1` PodDisruptionBudget."""

    metadata: Metadata
    status: _BudgetStatus = _BudgetStatus()


class UsedBy(Object):
    """What one container uses, as the metrics API reports it."""

    name: str
    usage: Mapping[str, str] = Field(default_factory=dict[str, str])


class NamedAlone(Labelled):
    """The metadata of what is measured, which has no resource version."""

    name: str


class PodMetrics(Object):
    """`metrics.k8s.io/v1beta1` PodMetrics."""

    metadata: NamedAlone
    containers: Sequence[UsedBy] = ()


class PodMetricsList(Object):
    """`metrics.k8s.io/v1beta1` PodMetricsList."""

    items: Sequence[PodMetrics]


Found = Deployment | Service | Autoscaler | Budget | Bare

KINDS: Mapping[str, tuple[str, str, type[Found]]] = {
    "deployment": ("apis/apps/v1", "deployments", Deployment),
    "service": ("api/v1", "services", Service),
    "autoscaler": ("apis/autoscaling/v2", "horizontalpodautoscalers", Autoscaler),
    "budget": ("apis/policy/v1", "poddisruptionbudgets", Budget),
    "network": ("apis/networking.k8s.io/v1", "networkpolicies", Bare),
}
"""Where the API server has each kind of object, and the fields of it that are read."""


async def find(cluster: Cluster, kind: str, name: str) -> Found | None:
    """Return one object; None where there is none.

    Raises:
        UnreachableError: the API server did not answer, or not with 200 or 404.
    """
    group, plural, shape = KINDS[kind]
    return await cluster.read(f"/{group}/namespaces/{cluster.namespace}/{plural}/{name}", shape)


async def pods(cluster: Cluster, service: str, colour: Colour) -> Sequence[Pod]:
    """Return the pods of a colour, with what their containers ask for.

    Raises:
        UnreachableError: the API server could not be asked.
    """
    return await cluster.listed(f"/api/v1/namespaces/{cluster.namespace}/pods", Pod, _of(service, colour))


async def usage(cluster: Cluster, service: str, colour: Colour) -> PodMetricsList | None:
    """Return what the pods of a colour use; None where the cluster has no metrics API.

    Raises:
        UnreachableError: the metrics API does not answer, or this account may not ask it.
    """
    path = f"/apis/metrics.k8s.io/v1beta1/namespaces/{cluster.namespace}/pods"
    return await cluster.read(path, PodMetricsList, {"labelSelector": _of(service, colour)})


def _of(service: str, colour: Colour) -> str:
    """Return the label selector of a colour's pods."""
    return f"{NAME_LABEL}={service},{COLOUR_LABEL}={colour}"
