"""Property bags as a provider works on them: plain trees of any JSON type, in which an unknown is a text of Pulumi's.

There are no secrets in them: to a provider that does not say that it accepts secrets Pulumi's engine sends plain
values, and it marks in the outputs what was secret at the same place in the inputs.
"""

from collections.abc import Mapping
from typing import Any, TypeAlias, TypeGuard

from google.protobuf.struct_pb2 import Struct, Value
from pulumi.runtime.rpc import UNKNOWN

__all__ = ["UNKNOWN", "Map", "from_struct", "is_list", "is_map", "list_at", "map_at", "to_struct", "without_nulls"]

Map: TypeAlias = dict[str, Any]


def is_map(value: object) -> TypeGuard[Map]:
    """True for a JSON object."""
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


def without_nulls(tree: Any) -> Any:  # noqa: ANN401 - a tree of any JSON type
    """Copy a tree without the null members of its objects: absent and null mean the same to AWS."""
    if is_map(tree):
        return {key: without_nulls(value) for key, value in tree.items() if value is not None}
    return [without_nulls(item) for item in tree] if is_list(tree) else tree


def to_struct(properties: Mapping[str, Any]) -> Struct:
    """Turn a tree into a Struct."""
    struct = Struct()
    struct.update(properties)
    return struct


def from_struct(struct: Struct) -> Map:
    """Turn a Struct, which has no integers, into a tree: AWS takes a port of 80 and none of 80.0."""
    return {key: _from_value(value) for key, value in struct.fields.items()}


def _from_value(value: Value) -> Any:  # noqa: ANN401 - of any JSON type
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return from_struct(value.struct_value)
    if kind == "list_value":
        return [_from_value(item) for item in value.list_value.values]
    if kind == "number_value":
        return int(value.number_value) if value.number_value.is_integer() else value.number_value
    return None if kind in ("null_value", None) else getattr(value, kind)
