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
from infra.environment import Environment
from infra.labels import Identity
from infra.scaling import Capacity, Scaling
from infra.settings.service import ServiceSettings
from infra.settings.slot import SlotService
from infra.stamp import Made, stamps

if TYPE_CHECKING:  # heavy at run time, needed for its types only
    from pulumi_kubernetes.apps.v1 import DeploymentSpecArgsDict


@dataclass(frozen=True, kw_only=True, slots=True)
class SlotArgs:
    """All that one colour of one service is made of."""

    of: Identity
    settings: ServiceSettings
    release: SlotService
    account: pulumi.Input[str]
    environment: Environment
    made: Made
    """The same once more, as its Deployment says it to later updates."""
    capacity: Capacity
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
        stamp = stamps(args.made, args.live, args.now)
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
        if args.made.running:
            scaling = Scaling(of, args.settings, args.capacity, later)
            self.ready += [scaling.autoscaler] if scaling.autoscaler else []
        self.register_outputs({})


def _spec(args: SlotArgs, stamp: Mapping[str, str]) -> "DeploymentSpecArgsDict":
    of, settings = args.of, args.settings
    spec: DeploymentSpecArgsDict = {
        "progress_deadline_seconds": settings.progress_deadline_seconds,
        "selector": {"match_labels": dict(of.selector)},
        "strategy": {"type": "RollingUpdate", "rolling_update": {"max_surge": 1, "max_unavailable": 0}},
        "template": pod.template(
            of,
            settings,
            args.release.image,
            args.environment.sources,
            args.made.fixed,
            account=args.account,
            deployed_at=stamp[pod.DEPLOYED_AT],
            gates=args.made.gates,
        ),
    }
    if args.made.replicas is not None:
        spec["replicas"] = args.made.replicas
    return spec
