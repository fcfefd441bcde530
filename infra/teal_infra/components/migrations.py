"""Declares schema migrations as Jobs: one for each release and step, in the release's own image.

`teal.schema.migrations` decides what may run. Here it is declared: expanding steps before the slot's pods, contracting
ones once the last pod is gone that needs what they drop, with a record that later updates read.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import pulumi

from teal.adapters.kubernetes.cluster import Cluster, ClusterAccess
from teal.model.colours import Colour
from teal.model.labels import COMPONENT_LABEL, NAME_LABEL
from teal.schema import retirement
from teal.schema.migrations import Phase, Plan, Step
from teal_infra import labels
from teal_infra.components import environment, pod
from teal_infra.components.environment import Environment
from teal_infra.components.fingerprint import Fingerprint
from teal_infra.labels import Identity
from teal_infra.provider.kinds import ConfigMap, Job, Verbatim, manifest
from teal_infra.provider.ownership import Prior
from teal_infra.provider.strategic_merge import merged
from teal_infra.settings.migrations import CONTAINERS, MigrationSettings
from teal_infra.settings.owned import mapping
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
"""How much later the engine's deadline is than the Job's own, which says more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tool:
    """How one release's image is run, which is the way its slot runs it."""

    of: Identity
    settings: ServiceSettings
    commands: MigrationSettings
    image: str
    account: pulumi.Input[str]
    environment: "Sequence[EnvFromSourceArgsDict]" = ()
    """The slot's variables; Secrets are named by their content."""
    referring: "Sequence[EnvVarArgsDict]" = ()
    """The variables whose values refer to others."""
    fixed: Mapping[str, str] = field(default_factory=dict[str, str])
    """The variables ENV and REGION."""
    target: Mapping[str, str] = field(default_factory=dict[str, str])
    """What tells databases apart: host and name. It is not passed on; another database is migrated as well."""


def tool_of(
    content: Fingerprint,
    environment: Environment,
    account: pulumi.Input[str],
    target: Mapping[str, str],
) -> Tool:
    """Return how the image of a slot is run, whose service has migrations."""
    return Tool(
        of=content.of,
        settings=content.settings,
        commands=content.settings.migrations or MigrationSettings(),
        image=content.release.image,
        account=account,
        environment=environment.sources,
        referring=environment.referring,
        fixed=content.fixed,
        target=target,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class MigrationArgs:
    """One step of a release's migrations."""

    tool: Tool
    step: Step
    after: Sequence[Prior] = ()
    """What has to exist before it runs."""

    @property
    def name(self) -> str:
        """The beginning of its Job's name."""
        return f"{self.tool.of.name}-{self.step.phase}"


class Migration(pulumi.ComponentResource):
    """One Job, named by what it runs: it runs once, and a change makes another Job.

    It has no `ttlSecondsAfterFinished`: the next refresh and update would create and run a deleted Job again.
    """

    def __init__(self, name: str, args: MigrationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare the Job of a step; what needs the step depends on `job`."""
        super().__init__("teal:kubernetes:Migration", name, None, opts)
        tool, step = args.tool, args.step
        metadata = tool.of.meta(f"{name}-{_digest(tool, step)}")
        # The name differs from the service's, so that no Service, budget or autoscaler of the slot counts these pods.
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
                # An eviction is no failed attempt. No rule fails the Job at once, since Pulumi's provider only takes a
                # Job for failed when its attempts or its time are used up; it would wait for its whole timeout.
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
                # Otherwise it would outlive an update that fails, and Kubernetes refuse another environment under its
                # name once its release is declared again.
                delete_before_replace=True,
                custom_timeouts=pulumi.CustomTimeouts(create=wait, update=wait),
            ),
        )
        self.register_outputs({})


@dataclass(frozen=True, kw_only=True, slots=True)
class ContractionArgs:
    """What is contracted, and which releases may stay."""

    service: str
    plan: Plan
    tools: Mapping[Colour, Tool]
    namespace: pulumi.Input[str]
    access: ClusterAccess
    wait_seconds: float
    """How long to wait for pods that are ending: their grace period, and what a kubelet needs beyond it."""
    after: Sequence[Prior] = ()
    """The confirmed colour's record, and the idle colour's Deployments."""


class Contraction(pulumi.ComponentResource):
    """A service's contracting Jobs, between two records: that one begins, and that it is done.

    The first is written before anything is dropped, so that whoever comes next, even after a kill, knows that an old
    release may not start again. Its hook waits until no pod is left that needs what is dropped.
    """

    def __init__(self, name: str, args: ContractionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare the records and the Jobs."""
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
    """Return the hook of the first record, which waits until no pod is left that needs what its revision drops."""

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
    """Return a Job's pod template in Kubernetes' field names, merged with the migrations' own `podTemplate`."""
    spec: PodSpecArgsDict = {
        "init_containers": [_container(tool, step, *_move(tool, step))],
        "containers": [_container(tool, step, "verify", tool.commands.verify)],
        "service_account_name": tool.account,
        "automount_service_account_token": False,
        "restart_policy": "Never",  # each attempt leaves a pod with its log
        "volumes": [pod.TMP],
    }
    pod.as_whom(spec, tool.settings)
    # There is no time in it: Kubernetes refuses another template under the name of a Job that is still there.
    made: PodTemplateSpecArgsDict = {"metadata": {"labels": dict(marks)}, "spec": spec}
    given = tool.commands.pod_template.model_dump(exclude_unset=True)
    whole = environment.in_order(merged(manifest(made), given), CONTAINERS)
    name, _ = _move(tool, step)
    whole["spec"]["initContainers"] = _sequence(whole["spec"]["initContainers"], name, given)
    return cast("PodTemplateSpecArgsDict", Verbatim(whole))


def _sequence(containers: Sequence[Mapping[str, Any]], move: str, given: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return initial containers with the stack's own first, since the tool may need them: a proxy to the database.

    What changes the schema comes earlier only than what the stack lists after it.
    """
    names = [each.get("name") for each in mapping(given.get("spec")).get("initContainers") or ()]
    later = names[names.index(move) :] if move in names else [move]
    ours = [each for each in containers if each.get("name") not in {"up", "down"} - {move}]  # one is another step's
    return sorted(ours, key=lambda each: each.get("name") in later)


def _move(tool: Tool, step: Step) -> tuple[str, Sequence[str]]:
    """Return the name and the command of what changes the schema. No plan goes down without such a command."""
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
            *pod.identity(tool.of, tool.settings, tool.fixed),
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
        "termination_message_policy": "FallbackToLogsOnError",  # the pod's status says why it failed, too
    }


def _digest(tool: Tool, step: Step) -> str:
    """Return a digest of what decides the outcome: release, revision, commands, the database and its account."""
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
        content.append(more)  # without one, a Job keeps the name that it had before this existed
    return environment.digest(content)[:6]
