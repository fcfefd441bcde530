"""Judges what accounts may do: no wildcards, no secrets, no way to more rights than they were given."""

import re
from collections.abc import Iterator

from teal_policies.kinds import ROLES
from teal_policies.model import Bounds, Finding, Properties, Resource, part, parts

POWERFUL = ("escalate", "bind", "impersonate")
"""The verbs that lead to any other right (Kubernetes' RBAC good practices)."""

_WRITING = {"create", "update", "patch"}
WAYS_TO_MORE = {
    "pods": _WRITING,
    "pods/exec": {"create", "get"},
    "pods/attach": {"create", "get"},
    "pods/ephemeralcontainers": {"update", "patch"},
    "nodes/proxy": {"create", "get"},
    "namespaces": {"update", "patch"},  # their labels are their Pod Security level
    "serviceaccounts/token": {"create"},
    "persistentvolumes": {"create"},
    "certificatesigningrequests/approval": {"update", "patch"},
    **dict.fromkeys(
        (
            *("deployments", "replicasets", "statefulsets", "daemonsets", "jobs", "cronjobs", "replicationcontrollers"),
            *("roles", "rolebindings", "clusterroles", "clusterrolebindings"),
            *("mutatingwebhookconfigurations", "validatingwebhookconfigurations"),
        ),
        _WRITING,
    ),
}
"""Resources, and the verbs on them that lead to other accounts' rights, or to a node's."""

EVERYBODY = re.compile(r"system:(anonymous|unauthenticated|authenticated|masters|serviceaccounts(:[^:]+)?)")
"""Users and groups that are no single account; the last ones are all accounts of the cluster, or of a namespace."""

BROAD = ("cluster-admin", "admin", "edit", "system:masters")
"""The cluster roles of Kubernetes that may read secrets, or everything."""

REMEDY = "name what it needs, by verb, resource and resourceNames"


def narrow(resource: Resource, bounds: Bounds) -> Iterator[Finding]:
    """Require each rule of a role to name what it allows, and to allow nothing that leads further."""
    if resource.type not in ROLES or resource.name in bounds["exempt"]:
        return
    if part(resource.properties, "aggregationRule"):
        yield Finding(str(resource), "an aggregationRule: what other roles allow", "rules of its own", REMEDY)
    for number, rule in enumerate(parts(resource.properties, "rules")):
        for seen, needed in _broad(rule):
            yield Finding(f"{resource}, rule {number}", seen, needed, REMEDY)


def _broad(rule: Properties) -> Iterator[tuple[str, str]]:
    verbs = {*parts(rule, "verbs")}
    resources = parts(rule, "resources")
    for key in ("apiGroups", "resources", "verbs", "nonResourceURLs"):
        if any("*" in each for each in parts(rule, key)):
            yield f"{key} with a wildcard", f"{key} by name"
    if "secrets" in resources:
        yield f"{', '.join(sorted(verbs))} secrets", "no right to secrets: pods are given theirs by reference"
    if powerful := sorted(verbs & {*POWERFUL}):
        yield f"verb {', '.join(powerful)}", f"none of {', '.join(POWERFUL)}"
    for each in resources:
        if further := sorted(verbs & WAYS_TO_MORE.get(each, set())):
            yield f"{', '.join(further)} {each}", "no right that leads to another account's, or to a node's"


def bound_to_few(resource: Resource, bounds: Bounds) -> Iterator[Finding]:
    """Require bindings to name accounts, and none of the roles that may do everything."""
    if resource.type in ROLES or resource.name in bounds["exempt"]:
        return
    role = part(resource.properties, "roleRef").get("name")
    if role in BROAD:
        yield Finding(str(resource), f"role {role}", f"none of {', '.join(BROAD)}", REMEDY)
    for subject in parts(resource.properties, "subjects"):
        if EVERYBODY.fullmatch(subject.get("name") or ""):
            yield Finding(str(resource), f"subject {subject['name']}", "accounts by name", "name the account")
