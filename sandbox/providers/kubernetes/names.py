"""Type tokens, ids, names: who a resource is. Pure functions.

Ids have the shape pulumi-kubernetes gives them (`namespace/name`), so that state written here can be read by the real
provider.
"""

import hashlib
import re
from typing import Final

from sandbox.providers.kubernetes.errors import RefusedError
from sandbox.providers.properties import Map, is_map

AUTONAMED: Final = "pulumi.com/autonamed"

_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_SERVICE: Final = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
_SUBDOMAIN: Final = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
# What the API server asks of a name, by kind (RFC 1035 label, RFC 1123 label, path segment; else RFC 1123 subdomain).
_RULES: Final = {
    "Service": (_SERVICE, "at most 63 of a-z, 0-9 and '-', beginning with a letter, ending with a letter or digit"),
    "Namespace": (_LABEL, "at most 63 of a-z, 0-9 and '-', beginning and ending with a letter or digit"),
    **dict.fromkeys(
        ("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"),
        (re.compile(r"(?!\.\.?\Z)[^/%]+"), "without '/' and '%'"),
    ),
}
_SUBDOMAIN_RULE: Final = (_SUBDOMAIN, "at most 253 of a-z, 0-9, '-' and '.', each part within letters or digits")


def kind_of(token: str) -> tuple[str, str]:
    """Turn `kubernetes:apps/v1:Deployment` into `("apps/v1", "Deployment")`; the core group's is `("v1", ...)`.

    Raises:
        RefusedError: a type this provider does not manage.
    """
    package, _, rest = token.partition(":")
    group_version, _, kind = rest.rpartition(":")
    api_version = group_version.removeprefix("core/")
    why = ""
    if package != "kubernetes" or not kind or api_version.startswith(("helm.sh", "yaml", "kustomize")):
        why = "is not a plain Kubernetes resource"
    elif kind.endswith("Patch"):
        why = "patches an object somebody else owns"
    elif kind.endswith("List"):
        why = "is a list; declare its items"
    if why:
        raise RefusedError(
            f"{token} {why}: the stand-in Kubernetes provider does not manage it. Nothing was changed. "
            "Run this program with Pulumi's own engine and provider, or leave the resource out"
        )
    return api_version, kind


def identity(body: Map) -> str:
    """Return the id of an object: `namespace/name`, or `name` where there is no namespace."""
    metadata: Map = body["metadata"]
    namespace = metadata.get("namespace")
    return f"{namespace}/{metadata['name']}" if namespace else str(metadata["name"])


def kubectl(verb: str, body: Map) -> str:
    """Return the command that shows an object to a person."""
    namespace = body["metadata"].get("namespace")
    within = f"-n {namespace} " if namespace else ""
    return f"kubectl {within}{verb} {str(body['kind']).lower()} {body['metadata']['name']}"


def parse_identity(identifier: str) -> tuple[str, str]:
    """Turn an id into (namespace, name); the namespace may be empty."""
    namespace, _, name = identifier.rpartition("/")
    return namespace, name


def field_manager(urn: str) -> str:
    """Name who applies: one manager for each resource, the same in every run, told from any other stack's."""
    return f"pulumi-kubernetes-{hashlib.sha256(urn.encode()).hexdigest()[:8]}"


def annotations(body: Map) -> Map:
    """Return an object's annotations (none if they are unknown yet)."""
    metadata = body.get("metadata")
    found = metadata.get("annotations") if is_map(metadata) else None
    return found if is_map(found) else {}


def name_problem(kind: str, name: str) -> str | None:
    """Say why the API server would refuse this name; None if it would not."""
    pattern, rule = _RULES.get(kind, _SUBDOMAIN_RULE)
    if pattern.fullmatch(name):
        return None
    return f"metadata.name is {name!r}: the API server would refuse it. A name of a {kind} is {rule}"
