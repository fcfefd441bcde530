"""Property bags as a provider works on them: plain trees of any JSON type, in the engine's own form of the wire.

A secret is a signed envelope, an unknown is a sentinel string, for the wire, for providers and for state, so nothing is
lost by converting. This module knows nothing of Kubernetes, AWS or of checkpoints.
"""

from collections.abc import Iterator
from typing import Any, TypeAlias, TypeGuard

from google.protobuf.struct_pb2 import Struct

from sandbox.engine import values
from sandbox.engine.state import SECRET, SIG, UNKNOWN
from sandbox.engine.values import contains_secret, contains_unknown, is_unknown, to_struct

__all__ = [
    "UNKNOWN",
    "Map",
    "contains_secret",
    "contains_unknown",
    "from_struct",
    "is_list",
    "is_map",
    "is_secret",
    "is_unknown",
    "list_at",
    "map_at",
    "mark_secrets",
    "reveal",
    "scrub",
    "secret",
    "secret_strings",
    "to_struct",
    "walk",
    "without_nulls",
]

Map: TypeAlias = dict[str, Any]


def is_map(value: object) -> TypeGuard[Map]:
    """True for a JSON object (envelopes are objects too)."""
    return isinstance(value, dict)


def is_list(value: object) -> TypeGuard[list[Any]]:
    """True for a JSON array."""
    return isinstance(value, list)


def map_at(tree: object, *path: str) -> Map:
    """Return the object at a path of keys; an empty one if there is none."""
    for key in path:
        tree = tree.get(key) if is_map(tree) else None
    return tree if is_map(tree) else {}


def list_at(tree: object, *path: str) -> list[Any]:
    """Return the array at a path of keys; an empty one if there is none."""
    found = map_at(tree, *path[:-1]).get(path[-1])
    return found if is_list(found) else []


def from_struct(struct: Struct) -> Map:
    """Turn a Struct into a tree. Integral numbers become `int`: Kubernetes refuses `replicas: 3.0`."""
    return values.from_struct(struct)


def secret(value: Any) -> Map:  # noqa: ANN401 - any JSON value can be secret
    """Put a value into a secret envelope; one that is in an envelope already stays as it is."""
    return value if is_secret(value) else {SIG: SECRET, "value": value}


def is_secret(value: object) -> TypeGuard[Map]:
    """True for a secret envelope."""
    return is_map(value) and value.get(SIG) == SECRET


def walk(tree: object) -> Iterator[object]:
    """Yield every node of a tree, envelopes included, parents first."""
    yield tree
    children = tree.values() if is_map(tree) else tree if is_list(tree) else ()
    for child in children:
        yield from walk(child)


def reveal(tree: Any) -> Any:  # noqa: ANN401 - a tree of any JSON type
    """Take every secret out of its envelope. What comes back must not be logged or stored."""
    return values.reveal(tree)


def without_nulls(tree: Any) -> Any:  # noqa: ANN401 - a tree of any JSON type
    """Copy a tree without the null members of its objects: absent and null mean the same to the servers."""
    if is_map(tree):
        return {key: without_nulls(value) for key, value in tree.items() if value is not None}
    return [without_nulls(item) for item in tree] if is_list(tree) else tree


def mark_secrets(outputs: Map, inputs: Map) -> Map:
    """Make secret in `outputs` what is secret at the same place in `inputs`.

    As Pulumi's providers do: objects are gone into; a list with one secret in it becomes secret as a whole, because
    a server may reorder it.
    """
    marked = dict(outputs)
    for key, value in inputs.items():
        if key not in marked or is_secret(marked[key]):
            continue
        if is_map(marked[key]) and is_map(value) and SIG not in value:
            marked[key] = mark_secrets(marked[key], value)
        elif contains_secret(value):
            marked[key] = secret(marked[key])
    return marked


def secret_strings(tree: object) -> set[str]:
    """Collect the texts of all secret leaves, to keep them out of messages."""
    found: set[str] = set()
    for node in walk(tree):
        if is_secret(node):
            leaves = [leaf for leaf in walk(node.get("value")) if isinstance(leaf, str | int | float)]
            found |= {str(leaf) for leaf in leaves if not isinstance(leaf, bool)}
    return found


def scrub(text: str, secrets: set[str]) -> str:
    """Replace secrets in a text. Those under three characters stay: replacing them would garble every message."""
    for value in sorted(secrets, key=len, reverse=True):
        if len(value) >= 3:  # noqa: PLR2004 - see docstring
            text = text.replace(value, "[secret]")
    return text
