"""One colour of one service: its pods, their number and its preview door.

Routes no live traffic and knows nothing of the other colour.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
from pulumi_kubernetes.apps.v1 import Deployment
from pulumi_kubernetes.core.v1 import Service

from infra import pod
from infra.doors import service_spec
from infra.environment import Environment, digest
from infra.labels import Identity
from infra.scaling import Capacity, Scaling
from infra.settings.service import ServiceSettings
from infra.settings.slot import SlotService

if TYPE_CHECKING:  # heavy at run time, needed for its types only
    from pulumi_kubernetes.apps.v1 import DeploymentSpecArgsDict

DIGEST = "teal/slot-digest"
"""Annotation: SHA-256 of what the slot was declared to be, to tell a changed slot from an unchanged one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SlotArgs:
    """All that one colour of one service is made of."""

    of: Identity
    settings: ServiceSettings
    release: SlotService
    account: pulumi.Input[str]
    environment: Environment
    running: bool
    """False for a colour that is retired or stopped."""
    capacity: Capacity
    fixed: Mapping[str, str]
    """ENV and REGION."""
    live: Mapping[str, str]
    """Annotations of the Deployment as it is now; empty where there is none."""
    now: str
    """The time that a changed slot reports as its own."""
    after: Sequence[pulumi.Resource] = ()
    """What has to be there before the pods change."""


class Slot(pulumi.ComponentResource):
    """Deployment, preview Service, autoscaler and disruption budget of one colour.

    A colour that is retired or stopped has no pods, and nothing that would scale or guard them.
    """

    def __init__(self, args: SlotArgs, opts: pulumi.ResourceOptions) -> None:
        """Declare the slot."""
        of = args.of
        super().__init__("teal:kubernetes:Slot", of.name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        stamp = _stamp(args)
        later = pulumi.ResourceOptions(parent=self, depends_on=[*args.environment.objects, *args.after])
        deployment = Deployment(of.name, metadata=of.meta(annotations=stamp), spec=_spec(args, stamp), opts=later)
        door = args.settings.preview_door
        Service(
            of.name,
            metadata=of.meta(),
            spec=service_spec(door, of.selector, door.node_ports.get(of.colour)),
            opts=child,
        )
        self.ready: list[pulumi.Resource] = [deployment]
        if args.running:
            scaling = Scaling(of, args.settings, args.capacity, later)
            self.ready += [scaling.autoscaler] if scaling.autoscaler else []
        self.register_outputs({})


def _spec(args: SlotArgs, stamp: Mapping[str, str]) -> "DeploymentSpecArgsDict":
    of, settings = args.of, args.settings
    spec: DeploymentSpecArgsDict = {
        "progress_deadline_seconds": settings.progress_deadline_seconds,
        "selector": {"match_labels": dict(of.selector)},
        "strategy": {"type": "RollingUpdate", "rolling_update": {"max_surge": 1, "max_unavailable": 0}},
        "template": {
            "metadata": {
                "labels": dict(of.labels),
                "annotations": {
                    pod.DEPLOYED_AT: stamp[pod.DEPLOYED_AT],
                    "prometheus.io/scrape": "true",
                    "prometheus.io/port": str(settings.port),
                    "prometheus.io/path": "/metrics",
                },
            },
            "spec": {
                "service_account_name": args.account,
                "automount_service_account_token": settings.access.read_cluster,
                "termination_grace_period_seconds": settings.shutdown.grace_period_seconds,
                "topology_spread_constraints": pod.spread(of.selector),
                "containers": [
                    pod.container(
                        of.service,
                        settings,
                        args.release.image,
                        args.environment.sources,
                        {**args.fixed, "VERSION": of.version},
                    )
                ],
            },
        },
    }
    if not args.running:
        spec["replicas"] = 0
    elif not settings.autoscaling.enabled:
        spec["replicas"] = settings.replicas
    return spec


_OF_THE_POD = {"port", "probes", "shutdown", "resources", "image_pull_policy", "access"}
"""Settings that change what runs in a pod; the others leave its digest, and so its timestamp, as it is."""


def _stamp(args: SlotArgs) -> Mapping[str, str]:
    """Digest of the slot, and since when it has been so: what is live keeps its time if its digest is the same."""
    declared = digest(
        {
            "version": args.of.version,
            "image": args.release.image,
            "environment": [args.environment.config_name, args.environment.secret_name],
            "pod": args.settings.model_dump(mode="json", include=_OF_THE_POD),
            "fixed": dict(args.fixed),
        }
    )
    since = args.live.get(pod.DEPLOYED_AT) if args.live.get(DIGEST) == declared else None
    return {DIGEST: declared, pod.DEPLOYED_AT: since or args.now}
