"""Trees of config values: Pulumi's `--path` addresses, secrets in them, and how they turn into text; no I/O.

Facts are those of Pulumi's `sdk/go/common/resource/config/{object,map,value}.go` and `properties_path.go`.
A tree is JSON-shaped; a map with the single key `secure` and a string value is a secret's ciphertext.
"""

import json
import re
from collections.abc import Callable
from datetime import date, datetime
from typing import TypeAlias, cast

from sandbox.engine.errors import ConfigError
from sandbox.engine.state import Value

Step: TypeAlias = str | int
_INDEX = re.compile(r"[+-]?[0-9]+")
_QUOTED = re.compile(r'\["((?:\\"|[^"])*)"\]')
_BARE = re.compile(r"[^.\[]+")
_INTEGER = re.compile(r"0|[+-]?[1-9][0-9]*|[+-]0[0-9]*")  # what Go's ParseInt takes, less '0' before other digits
_GO_ESCAPES = str.maketrans(
    {char: f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"}
)  # what Go's JSON writer escapes
_INT64_MIN, _UINT64_MAX = -(2**63), 2**64 - 1


def parse_path(text: str) -> list[Step]:
    """Take a `--path` key apart: `a.b[0]["c.d"]` is `["a", "b", 0, "c.d"]`.

    Raises:
        ConfigError: it is no path, with the reason.
    """
    steps: list[Step] = []
    rest = text
    while rest:
        if rest[0] == ".":
            if not steps or len(rest) == 1 or rest[1] == "[":
                raise ConfigError(f"invalid config key path '{text}': expected a name next to '.'")
            rest = rest[1:]
            if rest[0] == ".":
                continue  # Pulumi reads 'a..b' as 'a.b'
        if rest[0] != "[":
            name = _BARE.match(rest)
            assert name  # noqa: S101  # neither empty, '.' nor '[' can stand here
            steps.append(name[0])
            rest = rest[name.end() :]
            continue
        quoted = _QUOTED.match(rest)
        if quoted:
            steps.append(quoted[1].replace('\\"', '"'))
            rest = rest[quoted.end() :]
            continue
        index, bracket, after = rest[1:].partition("]")
        if not bracket or not (_INDEX.fullmatch(index) or index == "*"):
            raise ConfigError(f"invalid config key path '{text}': '{rest}' is neither [number] nor [\"name\"]")
        steps.append(index if index == "*" else int(index))
        rest = after
    if not steps or not isinstance(steps[0], str) or not steps[0]:
        raise ConfigError(f"invalid config key path '{text}': it has to begin with a name")
    return steps


def coerce(text: str) -> Value:
    """Give the value that a `--path` assignment of a text means: true, false and whole numbers are no strings."""
    if text in ("true", "false"):
        return text == "true"
    if _INTEGER.fullmatch(text) and _INT64_MIN <= int(text) <= _UINT64_MAX:
        return int(text)
    return text


def ciphertext(tree: Value) -> str | None:
    """Tell the ciphertext of a secret leaf, None of anything else."""
    if isinstance(tree, dict):
        node = cast("dict[str, Value]", tree)
        if len(node) == 1 and isinstance(node.get("secure"), str):
            return str(node["secure"])
    return None


def _is_map(tree: Value) -> bool:
    return isinstance(tree, dict) and ciphertext(tree) is None


def has_secret(tree: Value) -> bool:
    """Tell whether there is a secret anywhere in a tree."""
    if ciphertext(tree) is not None:
        return True
    if isinstance(tree, dict):
        return any(has_secret(child) for child in cast("dict[str, Value]", tree).values())
    return isinstance(tree, list) and any(has_secret(child) for child in cast("list[Value]", tree))


def look_up(tree: Value, steps: list[Step]) -> tuple[Value, bool]:
    """Find what lies at a path below a tree; the second value tells whether there is anything."""
    for step in steps:
        children: dict[Step, Value] = {}
        if isinstance(step, str) and _is_map(tree):
            children = tree
        elif isinstance(step, int) and isinstance(tree, list):
            children = dict(enumerate(cast("list[Value]", tree)))
        if step not in children:
            return None, False
        tree = children[step]
    return tree, True


def assign(tree: Value, steps: list[Step], value: Value, *, depth: int = 1) -> Value:
    """Give the tree with a value put at a path below it; containers on the way are made, the tree is changed.

    A list grows by one at most. A plain value in the way is replaced directly below the key (`depth` 1), as Pulumi
    does for compatibility, and an error further down.

    Raises:
        ConfigError: a step does not fit what is there.
    """
    if not steps:
        return value
    step, *rest = steps
    here: Value = tree
    if here is None or (depth == 1 and not _is_map(here) and not isinstance(here, list)):
        here = [None] * (step + 1) if isinstance(step, int) else {}
    if isinstance(here, list):
        items = cast("list[Value]", here)
        if not isinstance(step, int):
            raise ConfigError(f"cannot set '{step}' of a list: its index has to be a number, like [0]")
        if not 0 <= step <= len(items):
            raise ConfigError(f"cannot set [{step}] of a list of {len(items)}: array index out of range")
        if step == len(items):
            items.append(None)
        items[step] = assign(items[step], rest, value, depth=depth + 1)
        return items
    if not _is_map(here):
        kind = "an array" if isinstance(step, int) else "a map"
        raise ConfigError(f"cannot set '{step}' below the value {here!r}: expected {kind}. Remove that value first.")
    if not isinstance(step, str):
        raise ConfigError(f"cannot set [{step}] of a map: its key has to be a name")
    if step == "secure" and not rest and not here and isinstance(value, str):
        raise ConfigError('maps with the single key "secure" are reserved for secrets; use --secret')
    here[step] = assign(here.get(step), rest, value, depth=depth + 1)
    return here


def remove(tree: Value, steps: list[Step]) -> None:
    """Remove what lies at a path below a tree, if anything does.

    Raises:
        ConfigError: what stays would be mistaken for a secret.
    """
    parent, found = look_up(tree, steps[:-1])
    if not found or not look_up(parent, steps[-1:])[1]:
        return
    if isinstance(parent, dict):
        left = {k: v for k, v in cast("dict[Step, Value]", parent).items() if k != steps[-1]}
        if ciphertext(left) is not None:
            raise ConfigError('maps with the single key "secure" are reserved for secrets: remove the map as a whole')
    del parent[steps[-1]]


def plain(tree: Value, decrypt: Callable[[str], str]) -> Value:
    """Give a tree of Python's own types with its secrets opened, dates as Go writes them."""
    sealed = ciphertext(tree)
    if sealed is not None:
        return decrypt(sealed)
    if isinstance(tree, dict):
        return {text(key, str): plain(child, decrypt) for key, child in cast("dict[Value, Value]", tree).items()}
    if isinstance(tree, list):
        return [plain(child, decrypt) for child in cast("list[Value]", tree)]
    return _leaf(tree)


def _leaf(value: Value) -> Value:
    """Give a leaf of the YAML library as Python's own type, as Go would write it."""
    match value:
        case datetime():  # an unquoted YAML time: Pulumi passes on Go's text of it
            return f"{value:%F %T} +0000 UTC"
        case date():
            return f"{value} 00:00:00 +0000 UTC"
        case bool() | None:
            return value
        case float() if not value.is_integer():
            return float(value)
        case int() | float():  # Go writes 1.0 as 1
            return int(value)
        case _:
            return str(value)


def text(tree: Value, decrypt: Callable[[str], str]) -> str:
    """Give the text programs get: a string as it is, anything else as compact JSON with sorted keys."""
    opened = plain(tree, decrypt)
    if isinstance(opened, str):
        return opened
    return json.dumps(opened, separators=(",", ":"), sort_keys=True, ensure_ascii=False).translate(_GO_ESCAPES)
