"""The pod of one colour: container, probes, identity, shutdown, confinement. Plain data, no resources."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from infra.labels import Identity
from infra.settings.pod import Probe, Shutdown
from infra.settings.service import ServiceSettings
from teal.colours import COLOUR_LABEL, Colour
from teal.routes import RouterKind

if TYPE_CHECKING:  # the modules are heavy; the program imports them where it makes resources
    import pulumi
    from pulumi_kubernetes.core.v1 import (
        ContainerArgsDict,
        EnvFromSourceArgsDict,
        EnvVarArgsDict,
        LifecycleArgsDict,
        PodSpecArgsDict,
        PodTemplateSpecArgsDict,
        ProbeArgsDict,
        SecurityContextArgsDict,
        TopologySpreadConstraintArgsDict,
    )

DEPLOYED_AT = "teal/deployed-at"
"""Annotation: when this slot's content last changed, RFC 3339. Reaches pods as DEPLOYMENT_TIMESTAMP."""

ZONE_LABEL = "topology.kubernetes.io/zone"
"""Label that Kubernetes copies from node to pod (PodTopologyLabelsAdmission); empty where it does not."""


def binding(service: str, colour: Colour) -> str:
    """Name of the TargetGroupBinding that brings a colour's pods to a load balancer."""
    return f"{service}-{colour}"


def readiness_gates(router: RouterKind, service: str, colour: Colour) -> tuple[str, ...]:
    """What beside its own probe has to be true before a pod counts: that the load balancer calls its target healthy.

    Without it, pods that replace live ones count before anybody sends them traffic. Declared here and not left to the
    controller's webhook: that puts it only into pods that are made after their binding was seen.
    """
    return (f"target-health.elbv2.k8s.aws/{binding(service, colour)}",) if router is RouterKind.ALB else ()


def template(  # noqa: PLR0913 - what a pod is made of, from six places
    of: Identity,
    settings: ServiceSettings,
    image: str,
    sources: "list[EnvFromSourceArgsDict]",
    fixed: Mapping[str, str],
    *,
    account: "pulumi.Input[str]",
    deployed_at: str,
    gates: Sequence[str] = (),
) -> "PodTemplateSpecArgsDict":
    """The pods of one colour; any change of it replaces them all.

    Args:
        of: whose pods they are.
        settings: what both colours share.
        image: of this slot.
        sources: the slot's ConfigMap and Secret; their entries are the environment.
        fixed: ENV and REGION.
        account: the name of the account that they run as.
        deployed_at: since when the slot's content has been so, RFC 3339.
        gates: conditions that others set, and that a pod's readiness waits for.
    """
    spec: PodSpecArgsDict = {
        "service_account_name": account,
        "automount_service_account_token": settings.access.read_cluster,
        "termination_grace_period_seconds": settings.shutdown.grace_period_seconds,
        "topology_spread_constraints": spread(of.selector),
        "containers": [container(of.service, settings, image, sources, {**fixed, "VERSION": of.version})],
    }
    if gates:
        spec["readiness_gates"] = [{"condition_type": each} for each in gates]
    return {
        "metadata": {
            "labels": dict(of.labels),
            "annotations": {
                DEPLOYED_AT: deployed_at,
                "prometheus.io/scrape": "true",
                "prometheus.io/port": str(settings.port),
                "prometheus.io/path": "/metrics",
            },
        },
        "spec": spec,
    }


def container(
    name: str,
    settings: ServiceSettings,
    image: str,
    sources: "list[EnvFromSourceArgsDict]",
    fixed: Mapping[str, str],
) -> "ContainerArgsDict":
    """The service's container.

    Args:
        name: the service's name.
        settings: what both colours share.
        image: of this slot.
        sources: the slot's ConfigMap and Secret; their entries are the environment.
        fixed: identity that no downward API knows: ENV, REGION, VERSION.
    """
    return {
        "name": name,
        "image": image,
        "image_pull_policy": settings.image_pull_policy,
        "ports": [{"name": "http", "container_port": settings.port}],
        "env": _identity({**fixed, "PORT": str(settings.port)}),
        "env_from": sources,
        "startup_probe": _probe(settings.probes.startup),
        "liveness_probe": _probe(settings.probes.liveness),
        "readiness_probe": _probe(settings.probes.readiness),
        "lifecycle": _lifecycle(settings.shutdown),
        "resources": {
            "requests": settings.resources.requests.model_dump(),
            "limits": settings.resources.limits.model_dump(),
        },
        "security_context": confined(),
    }


def confined() -> "SecurityContextArgsDict":
    """What the `restricted` Pod Security level asks for, and a read-only root file system."""
    return {
        "allow_privilege_escalation": False,
        "capabilities": {"drop": ["ALL"]},
        "read_only_root_filesystem": True,
        "run_as_non_root": True,
        "seccomp_profile": {"type": "RuntimeDefault"},
    }


def spread(selector: Mapping[str, str]) -> "list[TopologySpreadConstraintArgsDict]":
    """Over nodes and zones, as far as there are any: a colour is not to hang on one machine."""
    return [
        {
            "max_skew": 1,
            "topology_key": key,
            "when_unsatisfiable": "ScheduleAnyway",
            "label_selector": {"match_labels": dict(selector)},
        }
        for key in ("kubernetes.io/hostname", ZONE_LABEL)
    ]


def _identity(fixed: Mapping[str, str]) -> list["EnvVarArgsDict"]:
    """The identity variables of the service contract: the fixed ones, and those that the downward API knows."""
    downward = {
        "DEPLOYMENT_GROUP": f"metadata.labels['{COLOUR_LABEL}']",
        "AVAILABILITY_ZONE": f"metadata.labels['{ZONE_LABEL}']",
        "INSTANCE_ID": "metadata.name",
        "DEPLOYMENT_TIMESTAMP": f"metadata.annotations['{DEPLOYED_AT}']",
    }
    return [
        *({"name": key, "value": value} for key, value in fixed.items()),
        *({"name": key, "value_from": {"field_ref": {"field_path": path}}} for key, path in downward.items()),
    ]


def _probe(probe: Probe) -> "ProbeArgsDict":
    return {
        "http_get": {"path": probe.path, "port": "http"},
        "initial_delay_seconds": probe.initial_delay_seconds,
        "period_seconds": probe.period_seconds,
        "timeout_seconds": probe.timeout_seconds,
        "failure_threshold": probe.failure_threshold,
    }


def _lifecycle(shutdown: Shutdown) -> "LifecycleArgsDict":
    """Wait until routers have forgotten the pod, then drain: by the image's own command, or by SIGTERM."""
    if shutdown.drain_command:
        return {"pre_stop": {"exec_": {"command": list(shutdown.drain_command)}}}
    return {"pre_stop": {"sleep": {"seconds": shutdown.wait_seconds}}}
