"""Every policy refuses what it is there for, and nothing else does, in a message that says what to do.

The config is what the program is brought to violate a policy by. Where no
setting can, the graph that it registered is spoilt (`spoil`, `without`).
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from google.protobuf import json_format

from tests.unit.policies.graphs import (
    SECRET,
    Resources,
    backed_by,
    changed,
    config,
    declared,
    everything,
    find,
    live_in,
    slot,
    spoil,
)
from tests.unit.policies.pack import Pack, names

Spoiler = Callable[[Resources], None]
"""Changes a graph in place."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A violation: how one gets there, and what is said."""

    policy: str
    raw: Mapping[str, str] = field(default_factory=config)
    before: Mapping[str, str] = field(default_factory=config)
    """The config of what is live."""
    live: str = "blue"
    confirmed: str | None = None
    """As live, if not said."""
    has: int = 3
    """Pods of the live colour."""
    idle: int = 3
    """Pods of the other one."""
    spoilt: Spoiler | None = None
    bounds: Mapping[str, Any] = field(default_factory=dict[str, Any])
    says: Sequence[str]
    """Resource, value seen, bound."""
    also: frozenset[str] = frozenset()
    """Policies that refuse it as well."""


def without(kind: str, name: str) -> Spoiler:
    """A graph that lacks a resource."""
    return lambda graph: graph.remove(find(graph, kind, name))


def option(kind: str, name: str, **options: Any) -> Spoiler:  # noqa: ANN401 - of the message
    """A graph in which a resource has other options."""

    def change(graph: Resources) -> None:
        for key, value in options.items():
            json_format.ParseDict({key: value}, find(graph, kind, name).options)

    return change


def field_of(kind: str, name: str, path: str, value: object) -> Spoiler:
    """A graph in which a property of a resource is another one; None where it is missing."""
    return partial(spoil, kind=kind, name=name, path=path, value=value)


def renamed(kind: str, name: str, new: str) -> Spoiler:
    """A graph in which a resource is declared under another logical name."""

    def change(graph: Resources) -> None:
        each = find(graph, kind, name)
        old, each.name = each.urn, new
        each.urn = old.removesuffix(name) + new
        for other in graph:
            other.dependencies[:] = [each.urn if urn == old else urn for urn in other.dependencies]

    return change


def retyped(kind: str, name: str, type_: str) -> Spoiler:
    """A graph in which a resource is of another type."""

    def change(graph: Resources) -> None:
        find(graph, kind, name).type = type_

    return change


def waiting_for_nothing(kind: str, name: str) -> Spoiler:
    """A graph in which a resource depends on none."""
    return lambda graph: find(graph, kind, name).ClearField("dependencies")


def without_slot(colour: str) -> dict[str, str]:
    """The config with one colour's release removed."""
    return {key: value for key, value in config("blue" if colour == "green" else "green").items() if key != colour}


POD = "spec.template.spec"
BLUE = ("Deployment", "backend-blue")
PLAN_CASES = [
    Case(
        policy="plan-is-safe",
        raw=config(green={**slot("green"), "state": "retired"}),
        confirmed="green",
        says=("the plan: UNSAFE: slot green is to retire, and blue is not confirmed yet", "any other word"),
        also=frozenset({"idle-colour-keeps-its-share"}),
    ),
    Case(
        policy="live-colour-stays",
        raw=without_slot("green"),
        live="green",
        says=("service backend, live colour green (3 pods): it would be gone", "running or stopped"),
        also=frozenset({"plan-is-safe", "idle-colour-keeps-its-share"}),
    ),
    Case(
        policy="live-colour-stays",
        raw=config(green={**slot("green"), "state": "retired"}),
        live="green",
        says=("service backend, live colour green (3 pods): it would be retired", "running or stopped"),
        also=frozenset({"plan-is-safe", "idle-colour-keeps-its-share"}),
    ),
    Case(
        policy="live-colour-stays",
        raw=config("green", blue={**slot(), "state": "stopped"}),
        bounds={"allowStopped": False},
        says=("service backend, live colour blue (3 pods): it would be stopped", "needed: running."),
    ),
    Case(
        policy="live-colour-stays",
        raw=config(blue=slot(env={"A": "1"})),
        bounds={"minimumReplicas": 4},
        says=("service backend, live colour blue (3 pods): blue would have 3 pods", "at least 4", "minimumReplicas 4"),
    ),
    Case(
        policy="live-colour-stays",
        raw=config(services=changed(autoscaling={"minReplicas": 2, "maxReplicas": 3})),
        has=5,
        says=("service backend, live colour blue (5 pods): blue would have 3 pods", "at least 5 (100 % of them, keep"),
        also=frozenset({"plan-is-safe"}),
    ),
    Case(
        policy="live-colour-stays",
        raw=config("green", services=changed(autoscaling={"enabled": False}, replicas=3)),
        has=5,
        bounds={"flipPercent": 80},
        says=("service backend, live colour blue (5 pods): green would have 3 pods", "at least 4 (80 % of them, flip"),
    ),
    Case(
        policy="one-move-at-a-time",
        raw=config("green", blue=slot(env={"A": "1"})),
        says=("service backend, live colour blue: env would change, and traffic would move to green", "one of the two"),
        also=frozenset({"plan-is-safe"}),
    ),
    Case(
        policy="idle-colour-keeps-its-share",
        raw=config("green", blue={**slot(), "state": "retired"}),
        live="green",
        confirmed="blue",
        says=("service backend, idle colour blue (3 pods): it would be retired with 0 pods", "at least 1 pods until"),
        also=frozenset({"plan-is-safe"}),
    ),
    Case(
        policy="idle-colour-keeps-its-share",
        raw=config("green", blue={**slot(), "state": "stopped"}),
        live="green",
        confirmed="blue",
        bounds={"allowStopped": False},
        says=("idle colour blue (3 pods): it would be stopped with 0 pods", "(10 % of green's 3)"),
    ),
    Case(
        policy="idle-colour-keeps-its-share",
        raw=config("green", services=changed(autoscaling={"minReplicas": 4, "idlePercent": 25})),
        live="green",
        confirmed="blue",
        idle=1,
        bounds={"percent": 50},
        says=("idle colour blue (1 pods): it would be running with 1 pods", "at least 2 pods until then (50 % of"),
    ),
]

ACTIVE = ("Service", "backend-active")
TRAFFIC_CASES = [
    *(
        Case(policy="live-objects-stay", spoilt=spoilt, says=says)
        for spoilt, *says in (
            (renamed(*BLUE, "blue"), "Deployment blue: declared as urn:", "or an alias of that"),
            (field_of(*BLUE, "metadata.name", "blue"), "Deployment backend-blue: name blue", "name backend-blue"),
            (
                field_of(*BLUE, "spec.selector.matchLabels.tier", "web"),
                "Deployment backend-blue: selects app.kubernetes.io/name=backend, teal/colour=blue, tier=web",
                "teal/colour=blue, and nothing else",
            ),
            (
                option(*BLUE, deleteBeforeReplace=True, deleteBeforeReplaceDefined=True),
                "Deployment backend-blue: deleteBeforeReplace",
                "it would be gone for a while",
            ),
            (renamed(*ACTIVE, "live"), "Service live: declared as urn:", "or an alias of that"),
            (
                field_of(*ACTIVE, "spec.selector.release", "7"),
                "Service backend-active: selects app.kubernetes.io/name=backend, release=7",
                "teal/colour=blue, and nothing else",
            ),
            (
                field_of(*ACTIVE, "spec.clusterIP", "10.96.0.7"),
                "Service backend-active: a declared clusterIP",
                "a changed one means another Service",
            ),
            (
                field_of(*ACTIVE, "spec.type", "ExternalName"),
                "Service backend-active: type ExternalName",
                "a Service that selects pods",
            ),
            (
                option(*ACTIVE, deleteBeforeReplace=True, deleteBeforeReplaceDefined=True),
                "Service backend-active: deleteBeforeReplace",
                "it would be gone for a while",
            ),
        )
    ),
    Case(
        policy="live-traffic-stays",
        raw=config(),
        before=everything(),
        says=("the route of frontend, which carries live traffic: 0 of them declared", "exactly one"),
        also=frozenset({"live-colour-stays", "plan-is-safe"}),
    ),
    Case(
        policy="live-traffic-stays",
        spoilt=without(*ACTIVE),
        says=("the route of backend, which carries live traffic: 0 of them", "exactly one: without it, traffic ends"),
        also=frozenset({"nothing-escapes"}),
    ),
    Case(
        policy="live-traffic-stays",
        spoilt=field_of(*ACTIVE, "metadata.namespace", "elsewhere"),
        says=("the route of backend", "namespace elsewhere", "namespace teal: in another one it is another object"),
    ),
    Case(
        policy="live-traffic-stays",
        spoilt=field_of(*ACTIVE, "spec.selector", {"app.kubernetes.io/name": "backend", "teal/colour": "green"}),
        says=("Service backend-active: leads to green", "blue, as the plan says"),
    ),
    Case(
        policy="live-traffic-stays",
        spoilt=without(*BLUE),
        says=("Deployment backend-blue, which carries live traffic: 0 of them declared", "exactly one"),
        also=frozenset({"nothing-escapes"}),
    ),
    Case(
        policy="live-traffic-stays",
        spoilt=field_of(*BLUE, "metadata.namespace", "elsewhere"),
        says=("Deployment backend-blue", "namespace elsewhere", "namespace teal: in another one it is another object"),
        also=frozenset({"pods-have-a-budget"}),
    ),
    Case(
        policy="live-traffic-stays",
        spoilt=field_of(*BLUE, "spec.replicas", 0),
        says=("Deployment backend-blue, to carry live traffic: at most 0 pods", "3, as the plan says"),
    ),
    Case(
        policy="live-traffic-stays",
        spoilt=field_of("HorizontalPodAutoscaler", "backend-blue-autoscaler", "spec.maxReplicas", 2),
        says=("HorizontalPodAutoscaler backend-blue-autoscaler", "at most 2 pods", "3, as the plan says"),
    ),
    Case(
        policy="idle-waits-for-confirmed",
        spoilt=waiting_for_nothing("HorizontalPodAutoscaler", "backend-green-autoscaler"),
        says=("HorizontalPodAutoscaler backend-green-autoscaler: does not wait for ConfigMap teal-confirmed", "then"),
    ),
    Case(
        policy="idle-waits-for-confirmed",
        spoilt=waiting_for_nothing("ConfigMap", "teal-confirmed"),
        says=("ConfigMap teal-confirmed: does not wait for Service backend-active", "traffic, then its confirmation"),
    ),
    Case(
        policy="idle-waits-for-confirmed",
        spoilt=without("ConfigMap", "teal-confirmed"),
        says=("ConfigMap teal-confirmed: 0 of them declared", "exactly one"),
    ),
]

POD_CASES = [
    Case(
        policy="pods-are-guarded",
        raw=config(services=changed(shutdown={"gracePeriodSeconds": 31})),
        says=("Deployment backend-blue: terminationGracePeriodSeconds 31", "at least 45 (graceSeconds)"),
    ),
    Case(
        policy="pods-are-guarded",
        spoilt=field_of(*BLUE, f"{POD}.containers.0.livenessProbe", None),
        says=("Deployment backend-blue, container backend: no livenessProbe", "startupProbe, livenessProbe"),
    ),
    Case(
        policy="pods-are-guarded",
        spoilt=field_of(*BLUE, f"{POD}.containers.0.lifecycle", None),
        says=("Deployment backend-blue, container backend: no lifecycle.preStop", "requests are lost"),
    ),
    Case(
        policy="pods-are-guarded",
        bounds={"spreadOver": ["kubernetes.io/hostname", "rack"]},
        says=("Deployment backend-blue: not spread over rack", "topologySpreadConstraints over kubernetes.io/hostname"),
    ),
    Case(
        policy="containers-are-limited",
        before=everything(),
        raw=everything(),
        spoilt=field_of("CronJob", "teal-watch", f"spec.jobTemplate.{POD}.containers.0.resources.limits.memory", None),
        says=("CronJob teal-watch, container watch: resources without limits.memory", "limits of cpu, memory"),
    ),
    Case(
        policy="containers-are-limited",
        before=everything(),
        raw=everything(),
        spoilt=field_of("Job", "backend-blue-expand", f"{POD}.initContainers.0.resources", None),
        says=("Job backend-blue-expand, container up: resources without requests.cpu", "requests of cpu, memory"),
    ),
    *(
        Case(
            policy="pods-are-confined",
            spoilt=field_of(*BLUE, f"{POD}.containers.0.securityContext.{path}", value),
            says=(f"Deployment backend-blue, container backend: {seen}", needed),
        )
        for path, value, seen, needed in (
            ("runAsNonRoot", None, "runAsNonRoot is not set", "runAsNonRoot: true"),
            ("runAsUser", 0, "runAsUser is 0", "a user other than root"),
            ("readOnlyRootFilesystem", False, "readOnlyRootFilesystem is false", "readOnlyRootFilesystem: true"),
            ("allowPrivilegeEscalation", True, "allowPrivilegeEscalation is true", "allowPrivilegeEscalation: false"),
            ("privileged", True, "privileged is true", "privileged: false"),
            ("capabilities.drop", ["NET_RAW"], "capabilities.drop is without ALL", "capabilities.drop: [ALL]"),
            ("capabilities.add", ["SYS_ADMIN"], "capabilities.add is SYS_ADMIN", "none (capabilities)"),
            ("seccompProfile.type", "Unconfined", "seccompProfile is Unconfined", "RuntimeDefault or Localhost"),
        )
    ),
    Case(
        policy="pods-are-confined",
        spoilt=field_of(*BLUE, f"{POD}.hostNetwork", value=True),
        says=("Deployment backend-blue: hostNetwork is true", "pods share nothing of their node"),
    ),
    Case(
        policy="pods-are-confined",
        spoilt=field_of(*BLUE, f"{POD}.volumes", [{"name": "etc", "hostPath": {"path": "/etc"}}]),
        says=("Deployment backend-blue: a volume of type hostPath", "one of configMap"),
    ),
    Case(
        policy="pods-are-confined",
        spoilt=field_of(*BLUE, f"{POD}.containers.0.ports.0.hostPort", 80),
        says=("Deployment backend-blue, container backend: hostPort 80", "no port of its node"),
    ),
    Case(
        policy="images-are-pinned",
        raw=config(blue=slot(image="registry.example/backend:1.0.0")),
        says=("Deployment backend-blue, container backend: image registry.example/backend:1.0.0", "@sha256:"),
    ),
    Case(
        policy="pods-have-a-budget",
        raw=config(services=changed(disruption={"maxUnavailable": 2})),
        says=("PodDisruptionBudget backend-blue-budget: maxUnavailable 2", "at most 1 (maxUnavailable)"),
    ),
    Case(
        policy="pods-have-a-budget",
        spoilt=without("PodDisruptionBudget", "backend-blue-budget"),
        says=("Deployment backend-blue: no PodDisruptionBudget selects its pods", "one"),
    ),
]

COLOURED = {"app.kubernetes.io/name": "backend", "teal/colour": "blue"}
MANAGED = {"app.kubernetes.io/managed-by": "pulumi"}
HALF_DENIED: dict[str, Any] = json.loads(everything()["services"])
HALF_DENIED["frontend"]["network"] = {"policies": False}
ACCESS_CASES = [
    Case(
        policy="network-denies-by-default",
        raw=config(services=changed(network={"policies": False})),
        says=("namespace teal: 0 network policies, none of which denies by default", "one for all pods"),
    ),
    Case(
        policy="network-denies-by-default",
        before=everything(),
        raw=everything(services=HALF_DENIED),
        bounds={"writtenElsewhere": ["frontend"]},
        says=("NetworkPolicy default-deny: leaves out the pods of frontend-migrations", "but those of frontend"),
    ),
    Case(
        policy="network-denies-by-default",
        spoilt=field_of("NetworkPolicy", "default-deny", "spec.policyTypes", ["Ingress"]),
        says=("namespace teal: 2 network policies, none of which denies by default", "with Ingress and Egress"),
    ),
    Case(
        policy="network-denies-by-default",
        spoilt=field_of(
            "NetworkPolicy", "default-deny", "spec.egress", [{"to": [{"ipBlock": {"cidr": "192.0.2.0/24"}}]}]
        ),
        says=("namespace teal: 2 network policies, none of which denies by default", "and no rules"),
    ),
    Case(
        policy="network-denies-by-default",
        spoilt=field_of("NetworkPolicy", "default-deny", "spec.podSelector", {"matchLabels": {"tier": "web"}}),
        says=("namespace teal: 2 network policies, none of which denies by default", "one for all pods"),
    ),
    Case(
        policy="egress-is-named",
        raw=config(backing=backed_by("0.0.0.0/1", "128.0.0.0/1", allowEverywhere=True)),
        bounds={"everywhere": ["default-deny"]},
        says=("NetworkPolicy backend-network: egress to 0.0.0.0/1, 128.0.0.0/1", "addresses that are named"),
    ),
    Case(
        policy="egress-is-named",
        spoilt=field_of("NetworkPolicy", "backend-network", "spec.egress.0.to", None),
        says=("NetworkPolicy backend-network: an egress rule without `to`", "peers that are named"),
    ),
    *(
        Case(
            policy="rights-are-narrow",
            spoilt=field_of("Role", "reader", "rules.0", {"apiGroups": [""], "resources": resources, "verbs": verbs}),
            says=(f"Role reader, rule 0: {seen}", needed),
        )
        for resources, verbs, seen, needed in (
            (["pods"], ["*"], "verbs with a wildcard", "verbs by name"),
            (["*/scale"], ["get"], "resources with a wildcard", "resources by name"),
            (["secrets"], ["list"], "list secrets", "no right to secrets"),
            (["roles"], ["bind"], "verb bind", "none of escalate, bind, impersonate"),
            (["rolebindings"], ["get", "patch"], "patch rolebindings", "no right that leads to another account's"),
            (["pods/exec"], ["create"], "create pods/exec", "no right that leads to another account's"),
        )
    ),
    Case(
        policy="rights-are-narrow",
        spoilt=field_of("RoleBinding", "backend-reader", "roleRef.name", "cluster-admin"),
        says=("RoleBinding backend-reader: role cluster-admin", "none of cluster-admin"),
    ),
    Case(
        policy="rights-are-narrow",
        spoilt=field_of("RoleBinding", "backend-reader", "subjects.0.name", "system:authenticated"),
        says=("RoleBinding backend-reader: subject system:authenticated", "accounts by name"),
    ),
    Case(
        policy="secrets-are-sealed",
        raw=config(blue=slot(env={"API_TOKEN": SECRET})),
        says=("ConfigMap backend-blue-config: API_TOKEN is named like a secret, and plain", "a Secret, or name it"),
    ),
    Case(
        policy="secrets-are-sealed",
        raw=config(blue=slot(env={"STORE": f"redis://:{SECRET}@cache.example:6379/0"})),
        says=("ConfigMap backend-blue-config: the value of STORE looks like a secret", "a Secret, or name it"),
    ),
    Case(
        policy="secrets-are-sealed",
        spoilt=field_of(*BLUE, f"{POD}.containers.0.args", ["--key", "AKIA0123456789ABCDEF"]),
        says=("Deployment backend-blue, container backend: the value of args looks like a secret", "a Secret"),
    ),
    Case(
        policy="objects-are-labelled",
        spoilt=field_of("ServiceAccount", "backend-account", "metadata.labels", None),
        says=("ServiceAccount backend-account: no label app.kubernetes.io/part-of", "app.kubernetes.io/part-of"),
    ),
    Case(
        policy="objects-are-labelled",
        spoilt=field_of(
            "ConfigMap", "backend-blue-config", "metadata.labels", {"app.kubernetes.io/part-of": "teal", **COLOURED}
        ),
        says=("ConfigMap backend-blue-config: no label app.kubernetes.io/managed-by", "app.kubernetes.io/name"),
    ),
    Case(
        policy="objects-are-labelled",
        spoilt=field_of(*BLUE, "metadata.labels", {"app.kubernetes.io/part-of": "teal", **COLOURED, **MANAGED}),
        says=("Deployment backend-blue: no label app.kubernetes.io/version", "app.kubernetes.io/managed-by"),
    ),
]

COVERAGE_CASES = [
    Case(
        policy="nothing-escapes",
        spoilt=without("Plan", "plan"),
        says=("the plan: 0 plan resources", "one teal:index:Plan with services"),
    ),
    Case(
        policy="nothing-escapes",
        raw=config(green=slot("green", env={"A": "1"})),
        spoilt=option("Plan", "plan", ignoreChanges=["word"]),
        says=("the plan: PREPARE, and its inputs are kept from an older one", "inputs of this update"),
    ),
    Case(
        policy="nothing-escapes",
        spoilt=field_of("Plan", "plan", "services", {}),
        says=("the plan: 1 plan resources, which say nothing that could be read", "one teal:index:Plan"),
    ),
    Case(
        policy="nothing-escapes",
        spoilt=lambda graph: graph.clear(),
        says=("policy pods-are-guarded: it had nothing to look at", "a resource of type kubernetes:apps/v1:Deployment"),
    ),
    Case(
        policy="nothing-escapes",
        spoilt=retyped("Deployment", "backend-green", "kubernetes:apps/v1beta2:Deployment"),
        says=(
            "Deployment backend-green: type kubernetes:apps/v1beta2:Deployment, at which no policy looks",
            "apps/v1:",
        ),
    ),
    Case(
        policy="nothing-escapes",
        before=everything(),
        raw=everything(),
        spoilt=retyped("Job", "backend-blue-expand", "kubernetes:apps/v1:DaemonSet"),
        says=("DaemonSet backend-blue-expand", "runs pods, and no policy looks at it", "kubernetes:batch/v1:CronJob"),
    ),
]

CASES = [*PLAN_CASES, *TRAFFIC_CASES, *POD_CASES, *ACCESS_CASES, *COVERAGE_CASES]


async def graph_of(case: Case) -> Resources:
    """What the program registers for a case, spoilt where that is needed."""
    live = await live_in(case.live, before=case.before, has=case.has, idle=case.idle, confirmed=case.confirmed)
    graph = await declared(case.raw, live)
    if case.spoilt:
        case.spoilt(graph)
    return graph


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.policy)
async def test_it_is_refused_with_resource_value_bound_and_remedy(pack: Pack, case: Case) -> None:
    """By this policy, in words that a reader can act on, and by no other."""
    violations = pack.judge(await graph_of(case), {case.policy: dict(case.bounds)} if case.bounds else None)
    messages = [each.message for each in violations if each.policy == case.policy and each.mandatory]
    assert any(all(part in each for part in (*case.says, "; needed: ", ". Next: ")) for each in messages), violations
    assert SECRET not in str(violations)
    assert names(violations) == {case.policy} | case.also
