"""`pulumi config set` and `rm` on a stack file, as Pulumi's own source has them, and a shell that runs them.

Of `sdk/v3@v3.274.1`: `go/common/resource/properties_path.go` (paths), `go/common/resource/config/object.go` (set,
delete, and what is read as a number or a truth value), and `pkg/v3`'s `cmd/pulumi/config/config.go` (options).
`test_as_pulumi_does.py` compares it with the real command.
"""

import re
import subprocess
from collections.abc import Sequence
from functools import cache
from typing import Any

Path = list[int | str]


class PulumiError(Exception):
    """What the command would have ended with."""


def run(command: str, file: dict[str, Any]) -> None:
    """A shell runs the command on a stack file."""
    for words in _words(command):
        pulumi(list(words), file)


@cache  # a shell takes as long as a hundred stack files
def _words(command: str) -> Sequence[Sequence[str]]:
    """What a shell gives to each of the commands that it is given."""
    # The shell's own words, quoting and expansion are what is looked at: the function only shows what it was given.
    script = "pulumi() { for word; do printf '%s\\0' \"$word\"; done; printf '\\n\\0'; }\n" + command
    ran = subprocess.run(["/bin/sh", "-euc", script], capture_output=True, text=True, check=False)
    if ran.returncode or ran.stderr:
        raise PulumiError(f"{command}: {ran.stderr}")
    return [each.split("\0")[:-1] for each in ran.stdout.split("\n\0")[:-1]]


def pulumi(words: list[str], file: dict[str, Any]) -> None:
    """One command, with its options anywhere before `--`."""
    if words[:2] not in (["config", "set"], ["config", "rm"]):
        raise PulumiError(f"no such command: {words}")
    config: dict[str, Any] = file["config"]
    options, given = _options(words[2:])
    key = given[0]
    path: Path = _path(key) if "--path" in options else [key]
    root = str(path[0])
    if not re.fullmatch(r"[^:]+:[^:]+", root):
        raise PulumiError(f"could not parse {root} as a configuration key")
    if words[1] == "rm":
        if len(given) != 1:
            raise PulumiError(f"rm takes one key: {given}")
        _delete(config, path)
        return
    if "--secret" in options:
        if len(given) != 1:
            raise PulumiError(f"a secret in a command: {given}")
        value: Any = {"secure": "v1:ciphertext"}  # of what is typed
    else:
        key, value = given
        value = _coerced(value) if len(path) > 1 and "--type" not in options else value
    _set(config, path, value)


def _options(words: list[str]) -> tuple[set[str], list[str]]:
    options: set[str] = set()
    given: list[str] = []
    rest = iter(words)
    for word in rest:
        if word == "--":
            given.extend(rest)
        elif word == "--type":
            if next(rest) != "string":
                raise PulumiError("only a text has to be told from what it looks like")
            options.add(word)
        elif word.startswith("-"):
            if word not in {"--path", "--secret"}:
                raise PulumiError(f"unknown flag: {word}")
            options.add(word)
        else:
            given.append(word)
    return options, given


def _coerced(text: str) -> bool | int | str:
    if text in {"true", "false"}:
        return text == "true"
    return int(text) if re.fullmatch(r"[+-]?[0-9]+", text) and not (len(text) > 1 and text[0] == "0") else text


def _path(key: str) -> Path:
    found: Path = []
    rest = key
    if rest.startswith("."):
        raise PulumiError("expected property path to start with a name or index")
    while rest:
        if rest[0] == ".":
            rest = rest[1:]
            if not rest or rest[0] == "[":
                raise PulumiError("expected property name after '.'")
        elif quoted := re.match(r'\["((?:\\"|[^"])*)"\]', rest):
            found.append(quoted[1].replace('\\"', '"'))
            rest = rest[quoted.end() :]
        elif rest[0] == "[":
            index = re.match(r"\[([0-9]+)\]", rest)
            if index is None:
                raise PulumiError(f"invalid array index: {rest}")
            found.append(int(index[1]))
            rest = rest[index.end() :]
        else:
            name = re.match(r"[^.\[]+", rest)
            assert name is not None
            found.append(name[0])
            rest = rest[name.end() :]
    return found


def _delete(place: Any, path: Path) -> None:  # noqa: ANN401 - any YAML
    first, *rest = path
    if not _has(place, first):
        return
    if rest:
        _delete(place[first], rest)
    else:
        del place[first]


def _set(config: dict[str, Any], path: Path, value: object) -> None:
    root, *rest = path
    if rest and _kind(config.get(str(root))) is None:  # the first level alone is overwritten
        config[str(root)] = _container(rest[0])
    _put(config, path, value)


def _put(place: Any, path: Path, value: object) -> None:  # noqa: ANN401 - any YAML
    step, *rest = path
    if _kind(place) is not type(step):
        raise PulumiError(f"{path}: expected {'an array' if isinstance(step, int) else 'a map'}")
    if isinstance(step, int) and step == len(place):
        place.append(None)
    if not rest:
        place[step] = value
        return
    if not _has(place, step) or place[step] is None:
        place[step] = _container(rest[0])
    _put(place[step], rest, value)


def _kind(place: object) -> type | None:
    """What a container is accessed by."""
    return int if isinstance(place, list) else str if isinstance(place, dict) else None


def _has(place: Any, step: int | str) -> bool:  # noqa: ANN401 - any YAML
    return _kind(place) is type(step) and (step < len(place) if isinstance(step, int) else step in place)


def _container(step: int | str) -> Any:  # noqa: ANN401 - any YAML
    return [None] * (step + 1) if isinstance(step, int) else {}
