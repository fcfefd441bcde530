"""Schema migrations as Jobs: one a release and step, in the release's own image.

What may run is decided in `teal.schema.migrations`. Here it is declared: expanding
steps before the slot's pods, contracting ones after the last pod that needs
what they drop is gone, with a record of them that later updates read.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import pulumi

from teal.adapters.kubernetes.cluster import Cluster, ClusterAccess
from teal.model.colours import Colour
from teal.model.labels import COMPONENT_LABEL, NAME_LABEL
from teal.schema import retirement
from teal.schema.migrations import Phase, Plan, Step
from teal_infra import labels
from teal_infra.components import environment, pod
from teal_infra.labels import Identity
from teal_infra.provider.kinds import ConfigMap, Job, Verbatim, manifest
from teal_infra.provider.strategic_merge import merged
from teal_infra.settings.migrations import MigrationSettings
from teal_infra.settings.service import ServiceSettings

if TYPE_CHECKING:  # heavy at run time, needed for its types only
    from pulumi_kubernetes.core.v1 import (
        ContainerArgsDict,
        EnvFromSourceArgsDict,
        EnvVarArgsDict,
        PodSpecArgsDict,
        PodTemplateSpecArgsDict,
    )

RESERVE_SECONDS = 60
"""The Job's own deadline comes first, because it says more than the engine's."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tool:
    """How one release's image is run, as its slot runs it."""

    of: Identity
    settings: ServiceSettings
    commands: MigrationSettings
    image: str
    account: pulumi.Input[str]
    environment: "Sequence[EnvFromSourceArgsDict]" = ()
    """The slot's; Secrets named by content."""
    referring: "Sequence[EnvVarArgsDict]" = ()
    """Variables whose values refer to others."""
    target: Mapping[str, str] = field(default_factory=dict[str, str])
    """What tells the database from another one: its host, its name. Not passed on; another one is migrated too."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MigrationArgs:
    """One step of a release's migrations."""

    tool: Tool
    step: Step
    after: Sequence[pulumi.Resource] = ()
    """What has to be there before it runs."""

    @property
    def name(self) -> str:
        """By which its Job begins."""
        return f"{self.tool.of.name}-{self.step.phase}"


class Migration(pulumi.ComponentResource):
    """One Job, named by what it runs: it runs once, and what changes is another Job.

    Leaves out `ttlSecondsAfterFinished`: a Job that Kubernetes deletes is
    created, and run, again by the next refresh and update.
    """

    def __init__(self, name: str, args: MigrationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare the Job of a step; what needs the step depends on `job`."""
        super().__init__("teal:kubernetes:Migration", name, None, opts)
        tool, step = args.tool, args.step
        metadata = tool.of.meta(f"{name}-{_digest(tool, step)}")
        # Of another name than the service: no Service, budget or autoscaler of the slot may count these pods.
        marks = {
            **tool.of.labels,
            NAME_LABEL: labels.migrations(tool.of.service),
            COMPONENT_LABEL: "migrations",
        }
        metadata["labels"] = marks
        wait = f"{tool.commands.deadline_seconds + RESERVE_SECONDS}s"
        self.job = Job(
            name,
            metadata=metadata,
            spec={
                "backoff_limit": tool.commands.backoff_limit,
                "active_deadline_seconds": tool.commands.deadline_seconds,
                # An evicted pod is no failed try. No rule fails the Job at once: for Pulumi's provider one has failed
                # when its tries or its time are used up, and for no other reason; it would wait for its whole timeout.
                "pod_failure_policy": {
                    "rules": [
                        {"action": "Ignore", "on_pod_conditions": [{"type": "DisruptionTarget", "status": "True"}]}
                    ]
                },
                "template": _template(tool, step, marks),
            },
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=list(args.after),
                ignore_changes=["spec"],  # a Job is not changed: what matters is in its name
                custom_timeouts=pulumi.CustomTimeouts(create=wait, update=wait),
            ),
        )
        self.register_outputs({})


@dataclass(frozen=True, kw_only=True, slots=True)
class ContractionArgs:
    """What is contracted, and who may be left."""

    service: str
    plan: Plan
    tools: Mapping[Colour, Tool]
    namespace: pulumi.Input[str]
    access: ClusterAccess
    wait_seconds: float
    """For pods that are ending: their grace period, and what a kubelet takes beyond it."""
    after: Sequence[pulumi.Resource] = ()
    """The confirmed colour's record, and the idle colour's Deployments."""


class Contraction(pulumi.ComponentResource):
    """A service's contracting Jobs, between two records: that one begins, and that it is done.

    The first is written before anything is dropped, so that whoever comes next
    (after a kill, too) knows that an old release may no longer start. Its hook
    lets it pass only when no pod is left that needs what is dropped.
    """

    def __init__(self, name: str, args: ContractionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare them."""
        super().__init__("teal:kubernetes:Contraction", name, None, opts)
        self._args = args
        recorded = args.plan.contracted
        hook = pulumi.ResourceHook(f"teal-contract-{args.service}", await_pods(args))
        first = self._record(
            labels.contracting(args.service),
            {"revision": recorded.begun},
            pulumi.ResourceOptions(
                depends_on=list(args.after),
                hooks=pulumi.ResourceHookBinding(before_create=[hook], before_update=[hook]),
            ),
        )
        child = pulumi.ResourceOptions(parent=self)
        steps = [
            MigrationArgs(tool=args.tools[step.release.colour], step=step, after=[first]) for step in args.plan.after
        ]
        jobs = [Migration(each.name, each, child).job for each in steps]
        if recorded.done:
            self._record(
                labels.contracted(args.service),
                {"revision": recorded.done, "by": recorded.by},
                pulumi.ResourceOptions(depends_on=jobs),
            )
        self.register_outputs({})

    def _record(self, name: str, data: Mapping[str, str], opts: pulumi.ResourceOptions) -> ConfigMap:
        return ConfigMap(
            name,
            metadata={
                "name": name,
                "namespace": self._args.namespace,
                "labels": dict(labels.shared(self._args.service)),
            },
            data=dict(data),
            opts=pulumi.ResourceOptions.merge(pulumi.ResourceOptions(parent=self), opts),
        )


def await_pods(args: ContractionArgs) -> Callable[[pulumi.ResourceHookArgs], Awaitable[None]]:
    """The hook of the first record: lets it pass when no pod is left that needs what its revision drops."""

    async def hook(record: pulumi.ResourceHookArgs) -> None:
        revision = (record.new_inputs or {})["data"]["revision"]
        async with Cluster.connect(args.access) as cluster:
            await retirement.await_only(
                cluster,
                args.service,
                args.plan.staying,
                what=f"contracting {args.service} to {revision}",
                seconds=args.wait_seconds,
            )

    return hook


def _template(tool: Tool, step: Step, marks: Mapping[str, str]) -> "PodTemplateSpecArgsDict":
    """A Job's pods, as Kubernetes names their fields, with what the service's migrations say of them."""
    spec: PodSpecArgsDict = {
        "init_containers": [_container(tool, step, *_move(tool, step))],
        "containers": [_container(tool, step, "verify", tool.commands.verify)],
        "service_account_name": tool.account,
        "automount_service_account_token": False,
        "restart_policy": "Never",  # each try leaves a pod with its log
        "volumes": [pod.TMP],
    }
    pod.as_whom(spec, tool.settings)
    made: PodTemplateSpecArgsDict = {"metadata": {"labels": dict(marks)}, "spec": spec}
    whole = merged(manifest(made), tool.commands.pod_template.model_dump(exclude_unset=True))
    return cast("PodTemplateSpecArgsDict", Verbatim(whole))


def _move(tool: Tool, step: Step) -> tuple[str, Sequence[str]]:
    """The command that changes the schema, and its name; without a way down, no plan has such a step."""
    return ("down", tool.commands.down or ()) if step.phase is Phase.DOWN else ("up", tool.commands.up)


def _container(tool: Tool, step: Step, name: str, command: Sequence[str]) -> "ContainerArgsDict":
    resources = tool.settings.resources
    return {
        "name": name,
        "image": tool.image,
        "image_pull_policy": tool.settings.image_pull_policy,
        "command": list(command),
        "env": [
            {"name": "SCHEMA_REVISION", "value": step.revision},
            {"name": "SCHEMA_PHASE", "value": step.phase},
            *tool.referring,
        ],
        "env_from": [
            *tool.environment,
            *({"config_map_ref": {"name": name}} for name in tool.commands.config_maps),
            *({"secret_ref": {"name": name}} for name in tool.commands.secrets),
        ],
        "resources": pod.resources(resources),
        "security_context": pod.confined(),
        "volume_mounts": [pod.TMP_MOUNT],
        "termination_message_policy": "FallbackToLogsOnError",  # why it failed is in the pod's status, too
    }


def _digest(tool: Tool, step: Step) -> str:
    """Of what decides about the outcome: release, revision, commands, and the database and who asks it."""
    content: list[object] = [
        tool.of.version,
        tool.image,
        step.revision,
        _move(tool, step),
        tool.commands.verify,
        tool.target,
        [source for source in tool.environment if "secret_ref" in source],
        tool.commands.config_maps,
        tool.commands.secrets,
    ]
    if more := tool.commands.pod_template.model_dump(mode="json", exclude_unset=True):
        content.append(more)  # where there is none, a Job keeps the name that it had before there could be one
    return environment.digest(content)[:6]
