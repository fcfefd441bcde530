"""Check: from what the program said to what will be applied. Pure functions.

Fills in apiVersion, kind, a name and a namespace, as pulumi-kubernetes does, and finds what can be refused without
asking a server. Schema errors are the API server's to find: it does in the preview's dry run.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.providers.kubernetes.names import AUTONAMED, annotations, kind_of, name_problem
from sandbox.providers.naming import FORBIDDEN, Naming
from sandbox.providers.properties import Map, is_list, is_map, is_secret, is_unknown, reveal, secret, without_nulls

_DIGITS = 8  # of an automatic name, as pulumi-kubernetes takes
READ_ONLY = (
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "uid",
)


@dataclass(frozen=True, kw_only=True)
class Checked:
    """Inputs as they will be applied, and what is wrong with them (property, reason)."""

    inputs: Map
    failures: list[tuple[str, str]]


def check(token: str, news: Map, olds: Map, *, naming: Naming, namespace: str | None) -> Checked:
    """Complete and validate the inputs of a resource. `namespace` is for one that names none; None if it has none.

    Raises:
        RefusedError: a type this provider does not manage.
    """
    api_version, kind = kind_of(token)
    inputs: Map = without_nulls(news)
    failures: list[tuple[str, str]] = []
    for key, wanted in (("apiVersion", api_version), ("kind", kind)):
        given = inputs.setdefault(key, wanted)
        if given != wanted:
            failures.append((key, f"{key} is {given!r}, but the resource's type {token} says {wanted!r}"))
    metadata = inputs.setdefault("metadata", {})
    if is_unknown(metadata):
        return Checked(inputs=inputs, failures=failures)
    if not is_map(metadata) or is_secret(metadata):
        failures.append(("metadata", "metadata must be an object that is not secret as a whole"))
        return Checked(inputs=inputs, failures=failures)
    for key in READ_ONLY:
        metadata.pop(key, None)
    if metadata.get("generateName"):
        failures.append(
            ("metadata.generateName", "is not supported with server-side apply: give metadata.name or none")
        )
    elif not metadata.get("name"):
        _name(inputs, metadata, olds, naming, failures)
    name = reveal(metadata.get("name"))
    if isinstance(name, str) and not is_unknown(name):
        problem = name_problem(kind, name)
        failures += [("metadata.name", problem)] if problem else []
    if namespace is not None and not metadata.get("namespace"):
        metadata["namespace"] = namespace
    return Checked(inputs=inputs, failures=failures)


def _name(inputs: Map, metadata: Map, olds: Map, naming: Naming, failures: list[tuple[str, str]]) -> None:
    """Keep the name given automatically before, or give one."""
    if annotations(olds).get(AUTONAMED) == "true":
        metadata["name"] = reveal(olds["metadata"])["name"]
    elif naming.disabled:
        failures.append(("metadata.name", FORBIDDEN))
        return
    else:
        metadata["name"] = naming.automatic(_DIGITS)
    if is_map(metadata.setdefault("annotations", {})):
        metadata["annotations"] = {**annotations(inputs), AUTONAMED: "true"}


def hide_secret_data(kind: str, tree: Map) -> Map:
    """Make the contents of a Secret secret, whether or not the program said so."""
    if kind != "Secret":
        return tree
    return {key: secret(value) if key in ("data", "stringData") else value for key, value in tree.items()}


def to_body(inputs: Map) -> Map:
    """Turn checked inputs into the body of a request: secrets in clear, the server's spelling of `x_kubernetes_*`."""
    return _rename(reveal(inputs), "x_kubernetes_", "_", "-")


def from_body(body: Map) -> Map:
    """Turn an object of the server into a tree whose keys the SDKs know."""
    return _rename(body, "x-kubernetes-", "-", "_")


def _rename(tree: Any, prefix: str, old: str, new: str) -> Any:  # noqa: ANN401 - a tree of any JSON type
    if is_map(tree):
        return {
            key.replace(old, new) if key.startswith(prefix) else key: _rename(value, prefix, old, new)
            for key, value in tree.items()
        }
    return [_rename(item, prefix, old, new) for item in tree] if is_list(tree) else tree


def option(config: Mapping[str, str], name: str) -> bool:
    """Read a switch of the provider's configuration; off if absent, as in pulumi-kubernetes."""
    return config.get(name) == "true"
