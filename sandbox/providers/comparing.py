"""How trees of properties differ, in Pulumi's terms: old inputs and new ones, inputs and what is live. Pure functions.

What only the server knows is not looked at in a difference of inputs. Drift gets there by `refresh`, which replaces
the old inputs by what is live. What a difference means for a resource is its provider's to say.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from pulumi.runtime.proto import provider_pb2

from sandbox.providers.properties import UNKNOWN, Map, is_list, is_map

Change = Literal["add", "delete", "update"]

_Path = tuple[str | int, ...]
_ABSENT: Final = object()
_KINDS: Final = {
    ("add", False): provider_pb2.PropertyDiff.ADD,
    ("add", True): provider_pb2.PropertyDiff.ADD_REPLACE,
    ("delete", False): provider_pb2.PropertyDiff.DELETE,
    ("delete", True): provider_pb2.PropertyDiff.DELETE_REPLACE,
    ("update", False): provider_pb2.PropertyDiff.UPDATE,
    ("update", True): provider_pb2.PropertyDiff.UPDATE_REPLACE,
}


@dataclass(frozen=True, kw_only=True)
class Difference:
    """What changed: path, how, and whether it forces a replacement."""

    changes: Mapping[str, tuple[Change, bool]]
    delete_before_replace: bool

    @property
    def replaces(self) -> list[str]:
        """The paths that force a replacement."""
        return [path for path, (_, forced) in self.changes.items() if forced]

    def answer(self) -> provider_pb2.DiffResponse:
        """Say it to the engine."""
        return provider_pb2.DiffResponse(
            changes=_some(self.changes),
            replaces=self.replaces,
            deleteBeforeReplace=self.delete_before_replace,
            diffs=sorted({top_level(path) for path in self.changes}),
            detailedDiff={
                path: provider_pb2.PropertyDiff(kind=_KINDS[change], inputDiff=True)
                for path, change in self.changes.items()
            },
            hasDetailedDiff=True,
        )


def settings_answer(old: Map, new: Map, *, replace: Iterable[str] = ()) -> provider_pb2.DiffResponse:
    """Say how a provider's own settings differ; a change of those in `replace` makes other resources of all."""
    changed = sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
    return provider_pb2.DiffResponse(
        changes=_some(changed), diffs=changed, replaces=[key for key in changed if key in replace]
    )


def _some(changes: Collection[str]) -> provider_pb2.DiffResponse.DiffChanges.ValueType:
    return provider_pb2.DiffResponse.DIFF_SOME if changes else provider_pb2.DiffResponse.DIFF_NONE


def differing(old: Map, new: Map) -> dict[str, Change]:
    """The paths at which two trees differ, and how. What is to be ignored the engine has made equal before it asks."""
    return {_render(path): change for path, change in _compare((), old, new)}


def _compare(path: _Path, old: object, new: object) -> Iterator[tuple[_Path, Change]]:
    if new == UNKNOWN:
        yield path, "add" if old is _ABSENT else "update"
    elif old is _ABSENT:
        yield path, "add"
    elif new is _ABSENT:
        yield path, "delete"
    elif is_map(old) and is_map(new):
        for key in sorted(old.keys() | new.keys()):
            yield from _compare((*path, key), old.get(key, _ABSENT), new.get(key, _ABSENT))
    elif is_list(old) and is_list(new):
        for index in range(max(len(old), len(new))):
            yield from _compare((*path, index), _at(old, index), _at(new, index))
    elif old != new or isinstance(old, bool) != isinstance(new, bool):
        yield path, "update"


def _at(items: list[Any], index: int) -> object:
    return items[index] if index < len(items) else _ABSENT


def _render(path: _Path) -> str:
    """Write a path as Pulumi does: `actions[0].forward.targetGroups[1].weight`, `tags["a.b"]`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif re.search(r'[."\[\]]', part):
            quoted = part.replace('"', '\\"')
            text += f'["{quoted}"]'
        else:
            text += f".{part}" if text else part
    return text


def top_level(path: str) -> str:
    """Return the property a path begins with."""
    return re.split(r"[.\[]", path, maxsplit=1)[0]


def take_up_drift(inputs: Any, applied: Any, live: Any) -> Any:  # noqa: ANN401 - trees of any JSON type
    """Return the inputs as they would have to be to give the live object.

    `applied` is what applying the inputs gave; where it equals what is live, the input stays as written. What the
    inputs do not mention is not theirs.
    """
    if applied == live:
        return inputs
    if is_map(inputs) and is_map(applied) and is_map(live):
        return {
            key: take_up_drift(value, applied.get(key), live.get(key))
            for key, value in inputs.items()
            if key in live or key not in applied  # in neither: an input that AWS is not told of (allowOverwrite)
        }
    if is_list(inputs) and is_list(applied) and is_list(live) and len(inputs) == len(applied) == len(live):
        return [take_up_drift(*items) for items in zip(inputs, applied, live, strict=True)]
    return live
