"""Declares the watch, which goes on with a flip whose update died: a CronJob, and rights for that and nothing else.

What it does is in `teal.flip.owner`; here it is given an account, a way out and a schedule.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi

from teal.adapters.kubernetes.proxy import named
from teal.history import lease, store
from teal.model.colours import Colour
from teal.model.labels import NAME_LABEL
from teal.model.routes import Right, RouterKind
from teal.model.workers import record
from teal.notifications import told
from teal.notifications.audience import DECLARED as AUDIENCE
from teal.notifications.audience import Audience
from teal.spec import credentials
from teal.spec.bake import DECLARED, BakePlan
from teal.spec.ending import DECLARED as ENDINGS
from teal.spec.ending import Endings
from teal_infra.components import pod
from teal_infra.components.network import egress
from teal_infra.labels import OURS
from teal_infra.provider.kinds import CronJob, NetworkPolicy, Role, RoleBinding, Secret, ServiceAccount
from teal_infra.settings import Settings
from teal_infra.settings.bake import Watch as WatchSettings
from teal_infra.settings.service import ServiceSettings

if TYPE_CHECKING:  # heavy at run time, needed for their types only
    from pulumi_kubernetes.batch.v1 import CronJobSpecArgsDict
    from pulumi_kubernetes.core.v1 import ContainerArgsDict, EnvVarArgsDict, EnvVarSourceArgsDict, PodSpecArgsDict
    from pulumi_kubernetes.meta.v1 import ObjectMetaArgsDict
    from pulumi_kubernetes.rbac.v1 import PolicyRuleArgsDict

NAME = "teal-watch"
"""The name of each of its objects."""

NOTIFY = f"{NAME}-notify"
"""The name of the Secret that says who is told of flips."""

LABELS: Mapping[str, str] = {NAME_LABEL: NAME}
"""The labels of its pods. They have no `part-of`: the services' policies let in whoever carries that, and the watch
needs no way to their pods but the API server's."""

MARGIN_SECONDS = 300
"""How much longer than the bake its pod may run: to pull its image, to wait for an owner's sign of life, for an API
server that restarts, for pods that do not end their connections. Nothing is lost at its end: the next one goes on."""

LATE_SECONDS = 60
"""How late a start may be; a later one is left to the next, which is due within a minute by default. Without a bound,
the controller makes up for what it missed during a long bake as soon as that ends, and warns of `TooManyMissedTimes`
beyond a hundred starts (pkg/controller/cronjob/utils.go of Kubernetes 1.34)."""


def rights(
    services: Mapping[str, ServiceSettings], router: RouterKind, audience: Audience, *, ends: bool = False
) -> "list[PolicyRuleArgsDict]":
    """Return what the watch may do in the stack's namespace, by name where the API has names to go by.

    Args:
        services: the stack's services.
        router: the router that directs their traffic.
        audience: who is told of flips.
        ends: whether it ends the pods of idle colours.
    """
    names = sorted(name for name, each in services.items() if each.worker is None)
    workers = sorted(services.keys() - {*names})
    # Where a load balancer or a gateway routes, no Service leads to what is live: the colours' own are asked.
    asked = [name for name in names if services[name].baked_path]
    doors = asked if router.spec.through_service else [f"{name}-{colour}" for name in asked for colour in Colour]
    ports = {name: each.front_door.asked_by for name, each in services.items()} if router.spec.through_service else {}
    sealed = {door for door in doors if services[door if door in services else door.rpartition("-")[0]].tls}
    doors = [named(each, ports.get(each, "http"), tls=each in sealed) for each in doors]
    rules: list[PolicyRuleArgsDict] = [
        _rule("configmaps", "get", "update", names=[store.NAME]),
        # This is its sign of life. A rule cannot name what is yet to be created; only leader election reads a Lease.
        _rule("leases", "get", "update", names=[lease.NAME], group="coordination.k8s.io"),
        _rule("leases", "create", group="coordination.k8s.io"),
    ]
    if names:  # a rule without names would be of everybody's
        rules.append(_router_right(router.spec.right, names))
    slices = _rule("endpointslices", "list", group="discovery.k8s.io")
    rules += [slices, _rule("pods", "list")]  # pods say how often each of them crashed
    if doors:  # the front doors, asked through the API server; it names a port with its Service
        rules.append(_rule("services/proxy", "get", names=doors))
    if ends:
        rules.append(_rule("configmaps", "get", names=[store.CONFIRMED]))
    crons = [name for name in workers if services[name].cron]
    if workers:
        rules += _of_workers(workers, crons)
    if counted := sorted({*(services if ends else workers)} - {*crons}):
        rules += _of_pods(counted)
    if any(each.shutdown.close_connections_path for each in services.values()):
        # The names of pods are not known before. Up to 1.34, a web socket needs `get`; from 1.35 on `create` as well.
        rules.append(_rule("pods/portforward", "create", "get"))
    if not audience.nobody:
        rules.append(_rule("configmaps", "get", "patch", names=[told.NAME]))
    if audience.kubernetes_events and names:
        led = names if router.spec.through_service else [f"{name}-{colour}" for name in names for colour in Colour]
        rules += [_rule("events", "create"), _rule("services", "get", names=led)]
    return rules


def _of_workers(names: Sequence[str], crons: Sequence[str]) -> "list[PolicyRuleArgsDict]":
    """Return the rights to read which colour of a worker is live, and to hand a schedule over."""
    schedules = [f"{name}-{colour}" for name in crons for colour in Colour]
    rules = [_rule("configmaps", "get", "patch", names=[record(name) for name in names])]
    if schedules:
        rules.append(_rule("cronjobs", "get", "patch", names=schedules, group="batch"))
        rules.append(_rule("cronjobs/status", "patch", names=schedules, group="batch"))
        rules.append(_rule("jobs", "list", group="batch"))  # how far a schedule has got; they have no names before
    return rules


def _of_pods(names: Sequence[str]) -> "list[PolicyRuleArgsDict]":
    """Return the rights to start and to end the pods of a colour."""
    slots = [f"{name}-{colour}" for name in names for colour in Colour]
    return [
        _rule("deployments", "get", names=slots, group="apps"),
        _rule("deployments/scale", "patch", names=slots, group="apps"),
    ]


def _router_right(of: Right, names: list[str]) -> "PolicyRuleArgsDict":
    """Return the right to read where traffic goes, and to put it back; on AWS, its account's role has to allow that."""
    rule: PolicyRuleArgsDict = {"api_groups": [of.group], "resources": [of.resources], "verbs": list(of.verbs)}
    if of.by_name:
        rule["resource_names"] = names
    return rule


def _rule(resource: str, *verbs: str, names: list[str] | None = None, group: str = "") -> "PolicyRuleArgsDict":
    rule: PolicyRuleArgsDict = {"api_groups": [group], "resources": [resource], "verbs": list(verbs)}
    if names:
        rule["resource_names"] = list(names)
    return rule


@dataclass(frozen=True, kw_only=True, slots=True)
class WatchArgs:
    """Which flips the watch goes on with, and how."""

    watch: WatchSettings
    settings: Settings
    """The settings of the stack whose flips they are."""
    bake: BakePlan
    """How the flips are watched."""
    endings: Endings
    """When the pods of idle colours end."""
    namespace: pulumi.Input[str]
    """The stack's namespace, once it is there."""


class Watch(pulumi.ComponentResource):
    """The watch's CronJob, its account with its rights, its way out, and a token for Prometheus where there is one."""

    def __init__(self, name: str, args: WatchArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare the watch's objects."""
        super().__init__("teal:kubernetes:Watch", name, None, opts)
        settings = args.settings
        self._child = pulumi.ResourceOptions(parent=self)
        meta: ObjectMetaArgsDict = {
            "name": NAME,
            "namespace": args.namespace,
            "labels": {**LABELS, **OURS},
        }
        needed = [*self._account(meta, settings), *self._way_out(meta, args.watch, settings)]
        secret = _credentials(settings)
        if secret:
            data = {key: value for key, _, value in secret}
            needed.append(Secret(f"{NAME}-prometheus", metadata=meta, string_data=data, opts=self._child))
        if not settings.audience.nobody:
            known = {"audience": settings.audience.model_dump_json()}
            told_by: ObjectMetaArgsDict = {**meta, "name": NOTIFY}
            needed.append(Secret(NOTIFY, metadata=told_by, string_data=known, opts=self._child))
        self.cron_job = CronJob(
            NAME,
            metadata=meta,
            spec=_spec(args),
            opts=pulumi.ResourceOptions(parent=self, depends_on=needed),
        )
        self.register_outputs({})

    def _account(self, meta: "ObjectMetaArgsDict", settings: Settings) -> list[pulumi.Resource]:
        """Declare an account with its rights, whose token only the watch's own pods are given."""
        return [
            ServiceAccount(f"{NAME}-account", metadata=meta, automount_service_account_token=False, opts=self._child),
            Role(
                f"{NAME}-role",
                metadata=meta,
                rules=rights(settings.services, settings.router, settings.audience, ends=settings.ends_idle),
                opts=self._child,
            ),
            RoleBinding(
                f"{NAME}-binding",
                metadata=meta,
                role_ref={"api_group": "rbac.authorization.k8s.io", "kind": "Role", "name": NAME},
                subjects=[{"kind": "ServiceAccount", "name": NAME, "namespace": settings.namespace}],
                opts=self._child,
            ),
        ]

    def _way_out(self, meta: "ObjectMetaArgsDict", watch: WatchSettings, settings: Settings) -> list[pulumi.Resource]:
        """Declare that nobody connects to the watch, and it only to those named; none where others write policies."""
        if not settings.policies:
            return []
        return [
            NetworkPolicy(
                f"{NAME}-network",
                metadata=meta,
                spec={
                    "pod_selector": {"match_labels": dict(LABELS)},
                    "policy_types": ["Ingress", "Egress"],
                    "egress": egress(watch.dns, watch.egress.values()),
                },
                opts=self._child,
            )
        ]


def _credentials(settings: Settings) -> list[tuple[str, str, str]]:
    """Return what the watch shows to Prometheus: the keys of its Secret, their variables, and their values."""
    shown = settings.prometheus.credentials if settings.prometheus else credentials.NOBODY
    if not shown.only_a_token:
        return [("credentials", credentials.CREDENTIALS, shown.model_dump_json(by_alias=True, exclude_defaults=True))]
    return [("token", credentials.TOKEN, shown.token)] if shown.token else []


def _spec(args: WatchArgs) -> "CronJobSpecArgsDict":
    watch, settings = args.watch, args.settings
    # The stack says paths, doors and Prometheus, since whoever may write a ConfigMap can write a record of flips.
    plan = args.bake.model_dump_json(by_alias=True)
    environment: list[EnvVarArgsDict] = [{"name": DECLARED, "value": plan}]
    if settings.ends_idle:
        environment.append({"name": ENDINGS, "value": args.endings.model_dump_json(by_alias=True)})
    if watch.prometheus_url:
        environment.append({"name": "PROMETHEUS_URL", "value": watch.prometheus_url})
    for key, variable, _ in _credentials(settings):
        environment.append({"name": variable, "value_from": {"secret_key_ref": {"name": NAME, "key": key}}})
    if not settings.audience.nobody:
        audience: EnvVarSourceArgsDict = {"secret_key_ref": {"name": NOTIFY, "key": "audience"}}
        environment.append({"name": AUDIENCE, "value_from": audience})
    container: ContainerArgsDict = {
        "name": "watch",
        "image": watch.image,
        "image_pull_policy": watch.image_pull_policy,
        "args": ["watch", "--namespace", settings.namespace],
        "env": environment,
        "resources": pod.resources(watch.resources),
        "security_context": pod.confined(),
    }
    runs: PodSpecArgsDict = {
        "service_account_name": NAME,
        "automount_service_account_token": True,
        "restart_policy": "Never",  # the next one goes on, from what is recorded
        "containers": [container],
    }
    return {
        "schedule": watch.schedule,
        "starting_deadline_seconds": LATE_SECONDS,
        "concurrency_policy": "Forbid",  # one that bakes is not joined, nor killed, by the next
        "successful_jobs_history_limit": 1,
        "failed_jobs_history_limit": 3,
        "job_template": {
            "metadata": {"labels": dict(LABELS)},
            "spec": {
                "backoff_limit": 0,
                "active_deadline_seconds": settings.bake_seconds + args.bake.ending_seconds + MARGIN_SECONDS,
                "template": {"metadata": {"labels": dict(LABELS)}, "spec": runs},
            },
        },
    }
