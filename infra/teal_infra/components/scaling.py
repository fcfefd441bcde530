"""Declares how many pods a colour has: its autoscaler and its disruption budget.

It leaves out the Deployment's `replicas`: where the autoscaler is on, nobody else writes them.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import pulumi

from teal.model.labels import FLOOR
from teal_infra.labels import Identity
from teal_infra.provider.kinds import HorizontalPodAutoscaler, PodDisruptionBudget, Verbatim
from teal_infra.provider.strategic_merge import merged
from teal_infra.settings.scaling import Autoscaling
from teal_infra.settings.service import ServiceSettings

if TYPE_CHECKING:  # heavy at run time, needed for its types only
    from pulumi_kubernetes.autoscaling.v2 import HorizontalPodAutoscalerBehaviorArgsDict, MetricSpecArgsDict
    from pulumi_kubernetes.policy.v1 import PodDisruptionBudgetSpecArgsDict


@dataclass(frozen=True, kw_only=True, slots=True)
class Capacity:
    """What one colour's autoscaler is asked for."""

    minimum: int
    floor: str | None = None
    """The value of the `teal/floor` annotation while a flip's demand is in force."""
    exact: bool = False
    """Whether it is asked for no other number, since the Deployment says how many, and it goes with the next update."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ScalingArgs:
    """Whose pods are scaled, and by which settings."""

    of: Identity
    settings: ServiceSettings
    capacity: Capacity


class Scaling(pulumi.ComponentResource):
    """The HorizontalPodAutoscaler and the PodDisruptionBudget of one colour."""

    def __init__(self, name: str, args: ScalingArgs, opts: pulumi.ResourceOptions) -> None:
        """Declare them for a colour's Deployment; `opts` carries what has to exist before pods go."""
        super().__init__("teal:kubernetes:Scaling", name, None, opts)
        of, settings, capacity = args.of, args.settings, args.capacity
        child = pulumi.ResourceOptions(parent=self, depends_on=opts.depends_on, hooks=opts.hooks)
        if settings.disruption is not None and (bound := settings.disruption.bound):
            PodDisruptionBudget(
                f"{of.name}-budget",
                metadata=of.meta(),
                spec={
                    **cast("PodDisruptionBudgetSpecArgsDict", bound),
                    "selector": {"match_labels": dict(of.selector)},
                    # By default, pods that are not ready count as disrupted, so a refused release that crashes would
                    # keep its nodes from being drained. It answers nobody, so it may go.
                    "unhealthy_pod_eviction_policy": "AlwaysAllow",
                },
                opts=pulumi.ResourceOptions(parent=self),
            )
        scaling = settings.autoscaling
        self.autoscaler: HorizontalPodAutoscaler | None = None
        if scaling.ours or capacity.exact:
            self.autoscaler = HorizontalPodAutoscaler(
                f"{of.name}-autoscaler",
                metadata=of.meta(annotations={FLOOR: capacity.floor} if capacity.floor else None),
                spec={
                    "scale_target_ref": {"api_version": "apps/v1", "kind": "Deployment", "name": of.name},
                    "min_replicas": capacity.minimum,
                    "max_replicas": capacity.minimum if capacity.exact else max(scaling.max_replicas, capacity.minimum),
                    "metrics": _metrics(scaling),
                    "behavior": _behavior(scaling),
                },
                opts=child,
            )
        self.register_outputs({})


def _behavior(scaling: Autoscaling) -> "HorizontalPodAutoscalerBehaviorArgsDict":
    """Return the window after which pods are taken away, and what the stack says beside it or in its place."""
    own = {"scaleDown": {"stabilizationWindowSeconds": scaling.scale_down_window_seconds}}
    return cast("HorizontalPodAutoscalerBehaviorArgsDict", Verbatim(merged(own, scaling.behavior or {})))


def _metrics(scaling: Autoscaling) -> "list[MetricSpecArgsDict]":
    """Return the stack's own metrics as they are, or the utilisation of what pods request."""
    if scaling.metrics is not None:
        return [cast("MetricSpecArgsDict", Verbatim(each)) for each in scaling.metrics]
    return [
        {"type": "Resource", "resource": {"name": name, "target": {"type": "Utilization", "average_utilization": use}}}
        for name, use in (("cpu", scaling.cpu_percent), ("memory", scaling.memory_percent))
        if use is not None
    ]
