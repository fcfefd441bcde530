"""One colour of one service: its configuration, its pods and its preview door.

Routes no live traffic and knows nothing of the other colour.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.apps.v1 import Deployment
from pulumi_kubernetes.core.v1 import ConfigMap, Service

from infra import labels, pod
from infra.doors import service_spec
from infra.settings.service import ServiceSettings
from infra.settings.slot import SlotService
from teal.colours import Colour

DIGEST = "teal/slot-digest"
"""Annotation: SHA-256 of what the slot was declared to be, to tell a changed slot from an unchanged one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SlotArgs:
    """All that one colour of one service is made of."""

    service: str
    colour: Colour
    version: str
    settings: ServiceSettings
    release: SlotService
    namespace: pulumi.Input[str]
    account: pulumi.Input[str]
    identity: Mapping[str, str]
    """ENV and REGION."""
    live: Mapping[str, str]
    """Annotations of the Deployment as it is now; empty where there is none."""
    now: str
    """The time that a changed slot reports as its own."""
    after: Sequence[pulumi.Resource] = ()
    """What has to be there before the pods change."""


class Slot(pulumi.ComponentResource):
    """ConfigMap (named by content), Deployment and preview Service of one colour.

    The ConfigMap's name holds its content's digest: a change makes a new one,
    and running pods never see theirs change. Leaves out autoscaling, disruption
    budgets and secrets.
    """

    def __init__(self, args: SlotArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare the slot; `opts` carries what has to be there first."""
        name = f"{args.service}-{args.colour}"
        super().__init__("teal:kubernetes:Slot", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        marks = dict(labels.coloured(args.service, args.colour, args.version))
        picks = dict(labels.selector(args.service, args.colour))
        content = _digest(dict(args.release.env))
        config = ConfigMap(
            f"{name}-config",
            metadata={"name": f"{name}-{content[:8]}", "namespace": args.namespace, "labels": marks},
            data=dict(args.release.env),
            immutable=True,
            opts=child,
        )
        digest, deployed_at = _stamp(args)
        self.deployment = Deployment(
            name,
            metadata={
                "name": name,
                "namespace": args.namespace,
                "labels": marks,
                "annotations": {DIGEST: digest, pod.DEPLOYED_AT: deployed_at},
            },
            spec={
                "replicas": args.settings.replicas,
                "progress_deadline_seconds": args.settings.progress_deadline_seconds,
                "selector": {"match_labels": picks},
                "strategy": {"type": "RollingUpdate", "rolling_update": {"max_surge": 1, "max_unavailable": 0}},
                "template": {
                    "metadata": {
                        "labels": marks,
                        "annotations": {
                            pod.DEPLOYED_AT: deployed_at,
                            "prometheus.io/scrape": "true",
                            "prometheus.io/port": str(args.settings.port),
                            "prometheus.io/path": "/metrics",
                        },
                    },
                    "spec": {
                        "service_account_name": args.account,
                        "automount_service_account_token": False,
                        "termination_grace_period_seconds": args.settings.shutdown.grace_period_seconds,
                        "containers": [
                            pod.container(
                                args.service,
                                args.settings,
                                args.release.image,
                                f"{name}-{content[:8]}",
                                {**args.identity, "VERSION": args.version},
                            )
                        ],
                    },
                },
            },
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[config, *args.after])),
        )
        door = args.settings.preview_door
        self.preview = Service(
            name,
            metadata={"name": name, "namespace": args.namespace, "labels": marks},
            spec=service_spec(door, picks, door.node_ports.get(args.colour)),
            opts=child,
        )
        self.register_outputs({})


_NOT_THE_POD = {"replicas", "front_door", "preview_door", "progress_deadline_seconds", "version_path"}
"""Settings that do not change what runs in a pod."""


def _stamp(args: SlotArgs) -> tuple[str, str]:
    """Digest of the slot, and since when it has been so: what is live keeps its time if its digest is the same."""
    declared = {
        "version": args.version,
        "release": args.release.model_dump(mode="json"),
        "pod": args.settings.model_dump(mode="json", exclude=_NOT_THE_POD),
        "identity": dict(args.identity),
    }
    digest = _digest(declared)
    since = args.live.get(pod.DEPLOYED_AT)
    if since is not None and args.live.get(DIGEST) == digest:
        return digest, since
    return digest, args.now


def _digest(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
