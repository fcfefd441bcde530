"""Reads a stack file as Pulumi would pass it to the program, but without Pulumi: nothing is decrypted."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml

from teal.adapters.pulumi_yaml import Loader
from teal.model.errors import ConfigError
from teal.model.plain import mapping
from teal_infra.settings.base import ENCRYPTED
from teal_infra.settings.load import OBJECTS
from teal_infra.settings.report.steps import PREFIX

_SHORT = 1e21
"""Go writes a whole number below this one without an exponent."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StackFile:
    """The `teal:` config of a file without its prefix: texts, and objects as JSON.

    Attributes:
        raw: the values; an encrypted one is `ENCRYPTED`.
        secret: the keys with an encrypted part.
        closed: the keys of objects that are encrypted as a whole, which `raw` leaves out.
        stack: the stack's name, from the name of the file.
    """

    raw: Mapping[str, str]
    secret: set[str]
    closed: set[str]
    stack: str


def read(path: Path) -> StackFile:
    """Read the file, whatever its settings are.

    Raises:
        ConfigError: it cannot be read, or has no config.
    """
    try:
        file: object = yaml.load(path.read_text(), Loader=Loader)  # noqa: S506 - a safe one
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read, so nothing was checked: {error}. Next: ls {path.parent}") from None
    except yaml.YAMLError as error:  # the error's text would show lines of the file
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        raise ConfigError(
            f"{path} is no YAML ({getattr(error, 'problem', 'not readable')}{where}), so nothing was checked. "
            f"Next: mend that line, then teal validate {path}"
        ) from None
    return of(file, path)


def of(file: object, path: Path) -> StackFile:
    """Read the content of a file.

    Raises:
        ConfigError: it has no config.
    """
    config = mapping(file).get("config")
    if not isinstance(config, dict):
        raise ConfigError(
            f"{path} has no config, so the stack would have no settings. Next: teal init NEW_FOLDER, which writes a "
            "stack file that has"
        )
    mine = {str(key): value for key, value in cast("Mapping[str, Any]", config).items()}
    raw = {key.removeprefix(PREFIX): _text(value) for key, value in mine.items() if key.startswith(PREFIX)}
    secret = {key.removeprefix(PREFIX) for key, value in mine.items() if '{"secure":' in _json(value)}
    closed = {key for key in secret & {*OBJECTS} if raw[key] == ENCRYPTED}
    return StackFile(
        raw={key: text for key, text in raw.items() if key not in closed},
        secret=secret,
        closed=closed,
        stack=path.stem.removeprefix("Pulumi."),
    )


def _text(value: object) -> str:
    """Return a value as Pulumi passes it: of none, an empty text; of a number, its shortest form."""
    known: object = json.loads(_json(value), object_hook=_hidden)
    if isinstance(known, float) and known.is_integer() and abs(known) < _SHORT:
        known = int(known)
    return "" if known is None else known if isinstance(known, str) else json.dumps(known)


def _hidden(each: dict[str, Any]) -> object:
    return ENCRYPTED if each.keys() == {"secure"} else each


def _json(value: object) -> str:
    return json.dumps(value, default=str)  # a date is a text
