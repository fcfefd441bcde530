"""Property bags: between protobuf Structs and Python trees.

A tree is plain JSON in Pulumi's wire form: a secret is a signed envelope, an unknown is a sentinel string. One form
for the wire, for providers and for state, so nothing is lost by converting. This module knows nothing of Kubernetes,
AWS or of checkpoints (there, secrets are encrypted: the engine's business).

Signatures and sentinels are published constants of Pulumi's SDKs (sdk/go/common/resource/sig and .../plugin/rpc.go).
"""

from collections.abc import Iterator
from typing import Any, Final, TypeAlias, TypeGuard

from google.protobuf.struct_pb2 import Struct, Value

Map: TypeAlias = dict[str, Any]

SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - the signature of an envelope, not a password

UNKNOWN: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
UNKNOWNS: Final = frozenset(
    {
        UNKNOWN,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # a boolean
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # a number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # an array
        "030794c1-ac77-496b-92df-f27374a8bd58",  # an asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # an archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # an object
    }
)


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
    return {key: _from_value(value) for key, value in struct.fields.items()}


def _from_value(value: Value) -> Any:  # noqa: ANN401 - a property may be of any JSON type
    match value.WhichOneof("kind"):
        case "struct_value":
            return from_struct(value.struct_value)
        case "list_value":
            return [_from_value(item) for item in value.list_value.values]
        case "string_value":
            return value.string_value
        case "bool_value":
            return value.bool_value
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() else number
        case _:
            return None


def to_struct(tree: Map) -> Struct:
    """Turn a tree into a Struct."""
    struct = Struct()
    struct.update(tree)
    return struct


def secret(value: Any) -> Map:  # noqa: ANN401 - any JSON value can be secret
    """Put a value into a secret envelope; one that is in an envelope already stays as it is."""
    return value if is_secret(value) else {SIGNATURE: SECRET, "value": value}


def is_secret(value: object) -> TypeGuard[Map]:
    """True for a secret envelope."""
    return is_map(value) and value.get(SIGNATURE) == SECRET


def is_unknown(value: object) -> bool:
    """True for a value that is known only after the update."""
    return isinstance(value, str) and value in UNKNOWNS


def walk(tree: object) -> Iterator[object]:
    """Yield every node of a tree, envelopes included, parents first."""
    yield tree
    children = tree.values() if is_map(tree) else tree if is_list(tree) else ()
    for child in children:
        yield from walk(child)


def contains_unknown(tree: object) -> bool:
    """True if anything in the tree is unknown."""
    return any(is_unknown(node) for node in walk(tree))


def contains_secret(tree: object) -> bool:
    """True if anything in the tree is secret."""
    return any(is_secret(node) for node in walk(tree))


def reveal(tree: Any) -> Any:  # noqa: ANN401 - a tree of any JSON type
    """Take every secret out of its envelope. What comes back must not be logged or stored."""
    return reveal(tree.get("value")) if is_secret(tree) else _map_children(tree, reveal)


def _map_children(tree: Any, function: Any) -> Any:  # noqa: ANN401 - any JSON in, any JSON out
    if is_map(tree):
        return {key: function(value) for key, value in tree.items()}
    return [function(item) for item in tree] if is_list(tree) else tree


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
        if is_map(marked[key]) and is_map(value) and SIGNATURE not in value:
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
