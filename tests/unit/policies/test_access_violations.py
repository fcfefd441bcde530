"""Policies about access, secrets and labels refuse what they are there for."""

import json
from typing import Any

import pytest

from teal.model.labels import NAME_LABEL
from tests.unit.policies.cases import BLUE, POD, Case, field_of, hold
from tests.unit.policies.graphs import SECRET, backed_by, changed, config, everything, slot
from tests.unit.policies.pack import Pack

COLOURED = {NAME_LABEL: "backend", "teal/colour": "blue"}
MANAGED = {"app.kubernetes.io/managed-by": "pulumi"}
HALF_DENIED: dict[str, Any] = json.loads(everything()["services"])
HALF_DENIED["frontend"]["network"] = {"policies": False}
CASES = [
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
            (["namespaces"], ["patch"], "patch namespaces", "no right that leads to another account's"),
        )
    ),
    Case(
        policy="rights-are-narrow",
        spoilt=field_of("Role", "reader", "aggregationRule", {"clusterRoleSelectors": [{"matchLabels": {"a": "b"}}]}),
        says=("Role reader: an aggregationRule: what other roles allow", "rules of its own"),
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
            says=("Deployment backend-blue, container backend: the value of key looks like a secret", "a Secret"),
        )
        for words in ("command", "args")
    ),
    *(
        Case(
            policy="secrets-are-sealed",
            spoilt=field_of(*BLUE, f"{POD}.containers.0.{path}", value),
            says=(f"Deployment backend-blue, container backend: {seen}", "a Secret, or name it in allowed"),
        )
        for path, value, seen in (
            ("args", [f"--db-password={SECRET}"], "db-password is named like a secret, and plain"),
            ("args", ["--db-password", SECRET], "db-password is named like a secret, and plain"),
            ("command", ["sh", "-c", f"export PASSWORD={SECRET}; serve"], "the value of c looks like a secret"),
            ("args", [f"jdbc:postgresql://db/shop?password={SECRET}"], "the value of args looks like a secret"),
            (
                "lifecycle.postStart.exec.command",
                ["register", f"--token={SECRET}"],
                "token is named like a secret, and plain",
            ),
            (
                "readinessProbe.httpGet.httpHeaders",
                [{"name": "X-Api-Key", "value": SECRET}],
                "X-Api-Key is named like a secret, and plain",
            ),
            (
                "readinessProbe.httpGet.httpHeaders",
                [{"name": "Authorization", "value": f"Basic {SECRET}"}],
                "Authorization is named like a secret, and plain",
            ),
        )
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


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.policy)
async def test_it_is_refused_with_resource_value_bound_and_remedy(pack: Pack, case: Case) -> None:
    """By its policy, and by no other."""
    await hold(pack, case)
