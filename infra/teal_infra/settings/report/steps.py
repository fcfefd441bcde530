"""The steps that mend a problem: keys of the stack file are set or removed, as `pulumi config` does it. Pure.

`sdk/go/common/resource/config/object.go` of Pulumi has what `pulumi config set --path` does. It sets texts, booleans
and whole numbers, but no objects. It creates what is missing on the way, and does not pass through texts.
"""

import re
import shlex
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, cast

PREFIX = "teal:"

SECRET = "--secret"  # noqa: S105 - an option of `pulumi config set`
"""The example of a setting that is a secret: its value is asked for, and is in no command."""

HIDDEN = "[secret]"
"""What stands in messages for a value that is not shown, and in a config for one that nobody knows yet."""

Where = tuple[int | str, ...]
"""A place in the config, key by key."""

_READ_AS_ANOTHER = re.compile(r"true|false|0|-?[1-9][0-9]*")
"""The texts that `config set --path` turns into a boolean or a number."""


@dataclass(frozen=True, slots=True)
class Set:
    """Sets a value; an object part by part."""

    where: Where
    value: Any


@dataclass(frozen=True, slots=True)
class Remove:
    """Removes a key with its content."""

    where: Where


Step = Set | Remove


def single(steps: Sequence[Step], data: object) -> Sequence[Step]:
    """Return the steps as one command each, for a config with the content of `data`."""
    now: Any = deepcopy(data)
    found: list[Step] = []
    for step in steps:
        for each in _parts(step, now):
            do(now, each)
            found.append(each)
    return tuple(found)


def command(steps: Sequence[Step]) -> str:
    """Return the shell command of steps that are one command each."""
    return " && ".join(map(_command, steps))


def path(where: Where) -> str:
    """Return a place as `config set --path` takes it."""
    return f"{where[0]}{''.join(map(_step, where[1:]))}"


def at(data: object, where: Where) -> object:
    """Return the value at a place; None where there is none."""
    for part in where:
        if not _holds(data, part):
            return None
        data = cast("Any", data)[part]
    return data


def inside(value: object) -> Sequence[tuple[int | str, Any]] | None:
    """Return the content of an object or a list, by keys or numbers; None for anything else."""
    if isinstance(value, dict):
        return [*cast("dict[str, Any]", value).items()]
    return [*enumerate(cast("list[Any]", value))] if isinstance(value, list) else None


def held(data: object, where: Where) -> bool:
    """Return whether there is a value at a place, even null."""
    return _holds(at(data, where[:-1]), where[-1])


def do(data: dict[str, Any], step: Step) -> None:
    """Apply the command of one step to a config; it turns a float into a text."""
    *parents, last = step.where
    place: Any = data
    for part, following in zip(parents, step.where[1:], strict=True):
        if isinstance(step, Remove) and not _holds(place, part):
            return
        if not _holds(place, part) or place[part] is None:
            _put(place, part, [None] * (following + 1) if isinstance(following, int) else {})
        place = place[part]
    if isinstance(step, Set):
        value = HIDDEN if step.value == SECRET else step.value
        _put(place, last, str(value) if isinstance(value, float) else value)
    elif _holds(place, last):
        del place[last]


def _parts(step: Step, data: object) -> Iterator[Step]:
    if isinstance(step, Set):
        blocked = _blocked(data, step)
        if blocked:
            yield Remove(blocked)
        yield from _leaves(step.where, step.value)
    else:
        yield step


def _leaves(where: Where, value: object) -> Iterator[Set]:
    inner = inside(value)
    if inner is None:
        yield Set(where, value)
    for key, each in inner or ():
        yield from _leaves((*where, key), each)


def _blocked(data: object, step: Set) -> Where | None:
    """Return what has to be removed first: a text on the way, or a value that an object is to replace."""
    here: Any = data
    for depth, part in enumerate(step.where):
        if here is None:
            return None
        if inside(here) is None or isinstance(here, list) is not isinstance(part, int):
            return step.where[:depth]
        if not _holds(here, part):
            return None
        here = at(here, (part,))
    return step.where if here is not None and inside(step.value) is not None else None


def _holds(data: object, part: int | str) -> bool:
    if isinstance(part, int):
        return isinstance(data, list) and part < len(cast("list[object]", data))
    return isinstance(data, dict) and part in data


def _put(place: Any, part: int | str, value: object) -> None:  # noqa: ANN401 - a list or an object
    if isinstance(part, int) and part == len(place):
        place.append(value)
    else:
        place[part] = value


def _command(step: Step) -> str:
    options = ["--path"] if len(step.where) > 1 else []
    key = path(step.where)
    quoted = shlex.quote(PREFIX + key) if not options or "'" in key else f"'{PREFIX}{key}'"
    if isinstance(step, Remove):
        return " ".join(["pulumi config rm", *options, quoted])
    if step.value == SECRET:
        return " ".join(["pulumi config set", *options, SECRET, quoted])
    text = str(step.value).lower() if isinstance(step.value, bool) else str(step.value)
    if options and isinstance(step.value, str) and _READ_AS_ANOTHER.fullmatch(text):
        options.append("--type string")
    ended = ["--"] if text.startswith("-") else []  # the text is no option
    return " ".join(["pulumi config set", *options, quoted, *ended, shlex.quote(text)])


def _step(part: int | str) -> str:
    if isinstance(part, int):
        return f"[{part}]"
    if not part or {*part} & {*'.[]"/ '}:
        escaped = part.replace('"', '\\"')
        return f'["{escaped}"]'
    return f".{part}"
