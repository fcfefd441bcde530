"""Property values as they travel: plain trees in which secrets and unknowns are marked as Pulumi marks them.

A tree is what JSON can say. A secret is an object that carries Pulumi's signature; an unknown (a value that exists
only after an operation) is a string that nobody else uses. Both markings are those of the wire and of the checkpoint,
so that no translation can lose one. Nothing here knows of resources.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, TypeAlias

from google.protobuf import struct_pb2

from sandbox.engine.state import SECRET, SIG, UNKNOWN, secret

if TYPE_CHECKING:
    from collections.abc import Mapping

Value: TypeAlias = "bool | int | float | str | list[Value] | dict[str, Value] | None"
Properties: TypeAlias = dict[str, Value]

_UNKNOWNS: Final = frozenset(
    (
        UNKNOWN,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # boolean
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # array
        "030794c1-ac77-496b-92df-f27374a8bd58",  # asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
    )
)
MASK: Final = "[secret]"


def is_secret(value: Value) -> bool:
    """Whether the value itself (not something inside it) is marked secret."""
    return isinstance(value, dict) and value.get(SIG) == SECRET


def is_unknown(value: object) -> bool:
    """Whether the value itself is unknown."""
    return isinstance(value, str) and value in _UNKNOWNS


def contains_unknown(value: Value) -> bool:
    """Whether anything in the tree is unknown."""
    if isinstance(value, dict):
        return any(contains_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(contains_unknown(item) for item in value)
    return is_unknown(value)


def contains_secret(value: Value) -> bool:
    """Whether anything in the tree is secret."""
    if isinstance(value, dict):
        return is_secret(value) or any(contains_secret(item) for item in value.values())
    return isinstance(value, list) and any(contains_secret(item) for item in value)


def reveal(value: Value) -> Value:
    """The tree with every secret's marking taken off."""
    if isinstance(value, dict):
        if is_secret(value):
            return reveal(value.get("value"))
        return {key: reveal(item) for key, item in value.items()}
    if isinstance(value, list):
        return [reveal(item) for item in value]
    return value


def reveal_properties(properties: Properties) -> Properties:
    """As `reveal`, for a property bag."""
    return {key: reveal(item) for key, item in properties.items()}


def mask(value: Value, *, show_secrets: bool = False, unknown: str = "output<string>") -> Value:
    """The tree as it may be shown: secrets as `[secret]` (unless asked for), unknowns as this word."""
    if isinstance(value, dict):
        if is_secret(value):
            return mask(value.get("value"), show_secrets=True) if show_secrets else MASK
        return {key: mask(item, show_secrets=show_secrets, unknown=unknown) for key, item in value.items()}
    if isinstance(value, list):
        return [mask(item, show_secrets=show_secrets, unknown=unknown) for item in value]
    return unknown if is_unknown(value) else value


def same(left: Value, right: Value) -> bool:
    """Equality that looks through secret markings, as a provider that never saw them would."""
    return reveal(left) == reveal(right)


def carry_secrets(outputs: Properties, inputs: Properties) -> Properties:
    """Mark in `outputs` what is secret at the same place in `inputs`, for providers that drop the marking."""
    return {key: _carry(value, inputs.get(key)) for key, value in outputs.items()}


def _carry(output: Value, given: Value) -> Value:
    if is_secret(output):
        return output
    if is_secret(given):
        return secret(output)
    if isinstance(output, dict) and isinstance(given, dict):
        return {key: _carry(item, given.get(key)) for key, item in output.items()}
    if isinstance(output, list) and isinstance(given, list):
        if len(output) == len(given):
            return [_carry(item, other) for item, other in zip(output, given, strict=True)]
        if contains_secret(given):
            return secret(output)  # which element is which cannot be told
    return output


def to_struct(properties: Mapping[str, Value]) -> struct_pb2.Struct:
    """A property bag as it goes over the wire."""
    struct = struct_pb2.Struct()
    struct.update(properties)
    return struct


def from_struct(struct: struct_pb2.Struct) -> Properties:
    """A property bag as it came over the wire; whole numbers become integers, as in a checkpoint."""
    return {key: _from_value(value) for key, value in struct.fields.items()}


def _from_value(value: struct_pb2.Value) -> Value:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return from_struct(value.struct_value)
    if kind == "list_value":
        return [_from_value(item) for item in value.list_value.values]
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    if kind == "string_value":
        return value.string_value
    return value.bool_value if kind == "bool_value" else None


_PATH_PART: Final = re.compile(r"""\[\s*"((?:[^"\\]|\\.)*)"\s*\]|\[\s*(\d+|\*)\s*\]|\.?([^.\[\]]+)""")


def parse_path(path: str) -> list[str | int]:
    """A property path (`a.b[0]["c.d"].*`) as its parts; `*` stays a string."""
    parts: list[str | int] = []
    for quoted, index, name in _PATH_PART.findall(path):
        if quoted:
            parts.append(quoted.replace('\\"', '"'))
        elif index:
            parts.append(index if index == "*" else int(index))
        else:
            parts.append(name)
    return parts


def path_contains(outer: list[str | int], inner: list[str | int]) -> bool:
    """Whether `inner` is `outer` or lies below it; `*` stands for any one part."""
    return len(outer) <= len(inner) and all(left in ("*", right) for left, right in zip(outer, inner, strict=False))


def reset_path(news: Value, olds: Value, path: list[str | int]) -> Value:
    """The tree `news` with what lies at `path` taken back to what `olds` has there (`ignoreChanges`)."""
    if not path:
        return olds
    head, rest = path[0], path[1:]
    if is_secret(news):
        return secret(reset_path(reveal(news), reveal(olds), path))
    if is_secret(olds):
        olds = reveal(olds)
    if isinstance(news, dict) and isinstance(olds, dict):
        result: dict[str, Value] = dict(news)
        for key in [*news, *(key for key in olds if key not in news)] if head == "*" else [str(head)]:
            if rest and (key not in news or key not in olds):
                continue
            if key in olds:
                result[key] = reset_path(news.get(key), olds[key], rest)
            else:
                result.pop(key, None)
        return result
    if isinstance(news, list) and isinstance(olds, list):
        wanted = range(len(news)) if head == "*" else [head]
        return [
            reset_path(item, olds[index], rest) if index in wanted and index < len(olds) else item
            for index, item in enumerate(news)
        ]
    return news


def differing_keys(old: Properties, new: Properties) -> list[str]:
    """The top-level keys whose values differ, secrets looked through."""
    return sorted(key for key in {*old, *new} if not same(old.get(key), new.get(key)))
