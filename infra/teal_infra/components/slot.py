"""Declares one colour of one service: its pods, their number and its preview door.

It routes no live traffic and knows nothing of the other colour.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self, cast

import pulumi

from teal.model.labels import COMPONENT_LABEL, DEPLOYED_AT, SHOWN_VERSION
from teal.model.workers import WORKER, Overlap
from teal_infra.components.doors import UNAWAITED, service_spec
from teal_infra.components.environment import Environment
from teal_infra.components.fingerprint import Fingerprint
from teal_infra.components.rollout import REPORTED_SECONDS, Rollout, Rollouts, Undo
from teal_infra.components.scaling import Capacity, Scaling, ScalingArgs
from teal_infra.labels import Identity
from teal_infra.provider.kinds import CronJob, Deployment, Service, Verbatim
from teal_infra.provider.ownership import Prior
from teal_infra.settings.reach.cron import Cron
from teal_infra.settings.service import ServiceSettings

if TYPE_CHECKING:  # heavy at run time, needed for its types only
    from pulumi_kubernetes.apps.v1 import DeploymentSpecArgsDict
    from pulumi_kubernetes.batch.v1 import CronJobSpecArgsDict, JobSpecArgsDict
    from pulumi_kubernetes.core.v1 import PodTemplateSpecArgsDict
    from pulumi_kubernetes.meta.v1 import ObjectMetaArgsDict

IDLE = "teal/idle"
"""The scheduling gate of a worker's idle pods. There are none, and whoever asks for some, such as somebody else's
autoscaler that counts a queue, gets pods that no node runs."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SlotArgs:
    """All that one colour of one service is made of."""

    account: pulumi.Input[str]
    environment: Environment
    fingerprint: Fingerprint
    """The declared slot, which its Deployment tells to later updates."""
    annotations: Mapping[str, str]
    """The fingerprint as the Deployment has it, and since when it has been so."""
    capacity: Capacity
    rollouts: Rollouts
    """The update's rollouts, of which its own is one."""
    scaled_by_hand: bool = False
    """Whether somebody scaled its pods by hand, so that their number is not written."""
    rolling: bool = False
    """Whether a rollout of its pods is under way, or stuck, before the update."""
    undo: Undo | None = None
    """Undoes the flip that starts its pods, where their rollout fails; None where no flip does."""
    after: Sequence[Prior] = ()
    """What has to exist before the pods change."""
    hooks: pulumi.ResourceHookBinding | None = None
    """The hooks that allow a change of the pods, or of their number."""
    turn: "Turn | None" = None
    """How teal itself starts and ends its pods; None where only the engine and an autoscaler write their number."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """What makes the engine start and end the pods of a colour that teal starts and ends as well, beside the engine."""

    marks: Mapping[str, str] = field(default_factory=dict[str, str])
    """Annotations of the Deployment that differ whenever its pods start or end, so that the engine writes it."""
    begins: bool = False
    """Whether its pods start in this update. The Deployment then says how many; later only its autoscaler does."""


class Slot(pulumi.ComponentResource):
    """The Deployment, preview Service, autoscaler and disruption budget of one colour; for a cron job, its CronJob.

    A colour that is retired or stopped has no pods, and nothing that would scale or guard them. The colour that traffic
    leaves is asked to keep its pods (`keep`) before traffic moves, long before the rest of it is declared (`run`).
    """

    def __init__(self, name: str, args: Identity, opts: pulumi.ResourceOptions | None = None) -> None:
        """Create the slot; nothing of it is declared yet."""
        super().__init__("teal:kubernetes:Slot", name, None, opts)
        self._of = args
        self._scaling: Scaling | None = None
        self.ready: list[Prior] = []

    def keep(self, settings: ServiceSettings, capacity: Capacity) -> Sequence[pulumi.Resource]:
        """Declare its autoscaler before traffic leaves: it asks for no fewer pods, and waits for nothing."""
        return self._scale(settings, capacity, pulumi.ResourceOptions(parent=self))

    def run(self, args: SlotArgs) -> None:
        """Declare the rest of the slot."""
        of, settings, turn = self._of, args.fingerprint.settings, args.turn
        annotations = args.annotations
        scaled = turn is not None and not turn.begins and args.fingerprint.replicas is None
        later = pulumi.ResourceOptions(
            parent=self, depends_on=[*args.environment.objects, *args.after], hooks=args.hooks
        )
        if settings.cron is not None:
            spec = _cron_spec(args, settings.cron, annotations)
            self.ready.append(CronJob(of.name, metadata=_metadata(args, annotations), spec=spec, opts=later))
            self.register_outputs({})
            return
        seconds = settings.progress_deadline_seconds + REPORTED_SECONDS
        exact = args.capacity.exact and self._scaling is None
        first = self._scale(settings, args.capacity, later) if exact else ()
        deployment = Deployment(
            of.name,
            metadata=_metadata(args, annotations),
            spec=_spec(args, annotations),
            opts=pulumi.ResourceOptions.merge(
                later,
                pulumi.ResourceOptions(
                    depends_on=[*first],
                    custom_timeouts=pulumi.CustomTimeouts(create=f"{seconds}s", update=f"{seconds}s"),
                    ignore_changes=["spec.replicas"] if scaled or args.scaled_by_hand else None,
                    hooks=args.rollouts.hooks() if args.fingerprint.running else None,
                ),
            ),
        )
        if settings.worker is None:
            self._preview(settings, of.selector)
        rollout = Rollout(name=of.name, seconds=seconds, rolling=args.rolling, undo=args.undo)
        self.ready.append(args.rollouts.over(deployment, rollout) if args.fingerprint.running else deployment)
        if args.fingerprint.running and self._scaling is None:
            self._scale(settings, args.capacity, later)
        if self._scaling is not None and self._scaling.autoscaler is not None:
            self.ready.append(self._scaling.autoscaler)
        self.register_outputs({})

    def _scale(
        self, settings: ServiceSettings, capacity: Capacity, opts: pulumi.ResourceOptions
    ) -> Sequence[pulumi.Resource]:
        """Declare what scales and guards its pods, and return the autoscaler, if there is one."""
        self._scaling = Scaling(self._of.name, ScalingArgs(of=self._of, settings=settings, capacity=capacity), opts)
        return [self._scaling.autoscaler] if self._scaling.autoscaler else []

    def adopt(self, settings: ServiceSettings, selector: Mapping[str, str]) -> Self:
        """Declare the preview Service of pods that somebody else makes, whose port may have another name or none."""
        self._preview(settings, selector, settings.port)
        self.register_outputs({})
        return self

    def _preview(self, settings: ServiceSettings, selector: Mapping[str, str], target: str | int = "http") -> None:
        of, door, marks = self._of, settings.preview_door, settings.metadata.preview_door
        meta = of.meta(annotations={**marks.annotations, **UNAWAITED})
        Service(
            of.name,
            metadata={**meta, "labels": {**marks.labels, **of.labels}},
            spec=service_spec(
                door,
                selector,
                door.node_ports.get(of.colour),
                app_protocol=settings.app_protocol,
                target=target,
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )


def _metadata(args: SlotArgs, annotations: Mapping[str, str]) -> "ObjectMetaArgsDict":
    """Return the metadata of what makes the pods."""
    of, settings, turn = args.fingerprint.of, args.fingerprint.settings, args.turn
    marks = settings.metadata.deployment
    return {
        **of.meta(annotations={**marks.annotations, **annotations, **(turn.marks if turn else {})}),
        "labels": {
            **marks.labels,
            **of.labels,
            SHOWN_VERSION: of.version,
            **({COMPONENT_LABEL: WORKER} if settings.worker else {}),
        },
    }


def _cron_spec(args: SlotArgs, cron: Cron, annotations: Mapping[str, str]) -> "CronJobSpecArgsDict":
    """Return the spec of a CronJob, which is suspended for the idle colour."""
    job: JobSpecArgsDict = {
        "backoff_limit": cron.backoff_limit,
        "template": cast("PodTemplateSpecArgsDict", args.fingerprint.template(args.account, annotations[DEPLOYED_AT])),
    }
    if cron.active_deadline_seconds is not None:
        job["active_deadline_seconds"] = cron.active_deadline_seconds
    spec: CronJobSpecArgsDict = {
        "schedule": cron.schedule,
        "suspend": not args.fingerprint.running,
        "concurrency_policy": cron.concurrency_policy,
        "successful_jobs_history_limit": cron.successful_jobs_history_limit,
        "failed_jobs_history_limit": cron.failed_jobs_history_limit,
        "job_template": {"metadata": {"labels": dict(args.fingerprint.of.labels)}, "spec": job},
    }
    if cron.time_zone is not None:
        spec["time_zone"] = cron.time_zone
    if cron.starting_deadline_seconds is not None:
        spec["starting_deadline_seconds"] = cron.starting_deadline_seconds
    return spec


def _spec(args: SlotArgs, annotations: Mapping[str, str]) -> "DeploymentSpecArgsDict":
    settings, rollout = args.fingerprint.settings, args.fingerprint.settings.rollout
    template = args.fingerprint.template(args.account, annotations[DEPLOYED_AT])
    spec: DeploymentSpecArgsDict = {
        "progress_deadline_seconds": settings.progress_deadline_seconds,
        "selector": {"match_labels": dict(args.fingerprint.of.selector)},
        "min_ready_seconds": rollout.min_ready_seconds,
        "strategy": {
            "type": "RollingUpdate",
            "rolling_update": {"max_surge": rollout.max_surge, "max_unavailable": rollout.max_unavailable},
        },
        "template": cast("PodTemplateSpecArgsDict", template),
    }
    if args.fingerprint.replicas is not None:
        spec["replicas"] = args.fingerprint.replicas
    elif args.turn is not None:  # it had no pods until now, and an autoscaler leaves a Deployment without pods alone
        spec["replicas"] = args.capacity.minimum
    if settings.worker is not None and settings.overlap is Overlap.FORBIDDEN:
        spec["strategy"] = {"type": "Recreate"}  # two releases of one colour may not run at once either
    if settings.idles and not args.fingerprint.running:
        gated = {**template["spec"], "schedulingGates": [{"name": IDLE}]}
        spec["template"] = cast("PodTemplateSpecArgsDict", Verbatim({**template, "spec": gated}))
    return spec
