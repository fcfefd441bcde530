"""Policies about pods, access, secrets and labels refuse what they are there for."""

import json
from typing import Any, cast

import pytest
from teal_infra.components.pod import confined
from teal_infra.provider.kinds import manifest

from teal.model.labels import NAME_LABEL
from tests.unit.policies.cases import BLUE, POD, Case, field_of, hold, without
from tests.unit.policies.graphs import DIGEST, SECRET, backed_by, changed, config, everything, slot
from tests.unit.policies.pack import Pack

CONFINED = manifest(cast("dict[str, Any]", confined()))
BROUGHT = {
    "name": "brought",
    "image": f"registry.example/brought@{DIGEST}",
    "resources": {side: {"cpu": "100m", "memory": "64Mi"} for side in ("requests", "limits")},
    "securityContext": CONFINED,
}
"""A container that `podTemplate` adds to the service's own."""


def brought(where: str, **fields: Any) -> dict[str, str]:  # noqa: ANN401 - any JSON
    """A stack whose service brings such a container."""
    return config(services=changed(podTemplate={"spec": {where: [{**BROUGHT, **fields}]}}))


BROUGHT_FIELDS: list[tuple[str, dict[str, Any], str]] = [
    (
        "pods-are-confined",
        {"securityContext": {**CONFINED, "readOnlyRootFilesystem": False}},
        "readOnlyRootFilesystem is false",
    ),
    ("containers-are-limited", {"resources": {}}, "resources without requests.cpu"),
    ("images-are-pinned", {"image": "registry.example/brought:1"}, "image registry.example/brought:1"),
]
BROUGHT_CASES = [
    Case(
        policy=policy,
        raw=brought(where, **fields),
        says=(f"Deployment {deployment}, container brought: {seen}",),
    )
    for deployment in ("backend-blue", "backend-green")
    for where in ("containers", "initContainers")
    for policy, fields, seen in BROUGHT_FIELDS
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
    *(
        Case(
            policy="pods-are-confined",
            spoilt=field_of(*BLUE, f"{POD}.{shared}", value=True),
            says=(f"Deployment backend-blue: {shared} is true", "pods share nothing of their node"),
        )
        for shared in ("hostNetwork", "hostPID", "hostIPC")
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

COLOURED = {NAME_LABEL: "backend", "teal/colour": "blue"}
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
    *(
        Case(
            policy="network-denies-by-default",
            spoilt=field_of("NetworkPolicy", "default-deny", "spec.podSelector", selector),
            says=("namespace teal: 2 network policies, none of which denies by default", "one for all pods"),
        )
        for selector in (
            {"matchLabels": {"tier": "web"}},
            {"matchExpressions": [{"key": NAME_LABEL, "operator": "In", "values": ["backend"]}]},
            {"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["web"]}]},
        )
    ),
    Case(
        policy="egress-is-named",
        raw=config(
            services={"backend": {"backing": ["db"]}},
            backing=backed_by("0.0.0.0/1", "128.0.0.0/1", allowEverywhere=True),
        ),
        bounds={"everywhere": ["default-deny"]},
        says=("NetworkPolicy backend-network: egress to 0.0.0.0/1, 128.0.0.0/1", "addresses that are named"),
    ),
    Case(
        policy="egress-is-named",
        spoilt=field_of("NetworkPolicy", "backend-network", "spec.egress.0.to", [{"ipBlock": {"cidr": "::/0"}}]),
        says=("NetworkPolicy backend-network: egress to ::/0", "addresses that are named"),
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
        spoilt=field_of("Role", "reader", "rules.0", {"nonResourceURLs": ["/metrics/*"], "verbs": ["get"]}),
        says=("Role reader, rule 0: nonResourceURLs with a wildcard", "nonResourceURLs by name"),
    ),
    Case(
        policy="rights-are-narrow",
        spoilt=field_of("RoleBinding", "backend-reader", "roleRef.name", "cluster-admin"),
        says=("RoleBinding backend-reader: role cluster-admin", "none of cluster-admin"),
    ),
    *(
        Case(
            policy="rights-are-narrow",
            spoilt=field_of("RoleBinding", "backend-reader", "subjects.0.name", everybody),
            says=(f"RoleBinding backend-reader: subject {everybody}", "accounts by name"),
        )
        for everybody in ("system:authenticated", "system:serviceaccounts", "system:serviceaccounts:teal")
    ),
    Case(
        policy="secrets-are-sealed",
        raw=config(blue=slot(env={"API_TOKEN": SECRET})),
        says=("ConfigMap backend-blue-8806160f: API_TOKEN is named like a secret, and plain", "a Secret, or name it"),
    ),
    Case(
        policy="secrets-are-sealed",
        raw=config(blue=slot(env={"STORE": f"redis://:{SECRET}@cache.example:6379/0"})),
        says=("ConfigMap backend-blue-9820de66: the value of STORE looks like a secret", "a Secret, or name it"),
    ),
    *(
        Case(
            policy="secrets-are-sealed",
            spoilt=field_of(*BLUE, f"{POD}.containers.0.{words}", ["--key", "AKIA0123456789ABCDEF"]),
            says=(f"Deployment backend-blue, container backend: the value of {words} looks like a secret", "a Secret"),
        )
        for words in ("command", "args")
    ),
    Case(
        policy="objects-are-labelled",
        spoilt=field_of("ServiceAccount", "backend-service-account", "metadata.labels", None),
        says=(
            "ServiceAccount backend-service-account: no label app.kubernetes.io/part-of",
            "app.kubernetes.io/part-of",
        ),
    ),
    Case(
        policy="objects-are-labelled",
        spoilt=field_of(
            "ConfigMap", "backend-blue-e9b643b0", "metadata.labels", {"app.kubernetes.io/part-of": "teal", **COLOURED}
        ),
        says=("ConfigMap backend-blue-e9b643b0: no label app.kubernetes.io/managed-by", "app.kubernetes.io/name"),
    ),
    Case(
        policy="objects-are-labelled",
        spoilt=field_of(*BLUE, "metadata.labels", {"app.kubernetes.io/part-of": "teal", **COLOURED, **MANAGED}),
        says=("Deployment backend-blue: no label app.kubernetes.io/version", "app.kubernetes.io/managed-by"),
    ),
]

CASES = [*POD_CASES, *BROUGHT_CASES, *ACCESS_CASES]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.policy)
async def test_it_is_refused_with_resource_value_bound_and_remedy(pack: Pack, case: Case) -> None:
    """By its policy, and by no other."""
    await hold(pack, case)
