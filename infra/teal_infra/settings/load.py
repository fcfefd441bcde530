"""Reads the stack config at the one boundary, and reports every problem at once.

Each problem names the key, the value seen, what it would have caused and the
command that mends it. Secret values are never shown.
"""

import json
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Union, cast, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from teal.model.colours import Colour
from teal.model.errors import ConfigError
from teal.model.routes import RouterKind
from teal_infra.settings import Settings
from teal_infra.settings.base import consequence
from teal_infra.settings.refusals import of_stack
from teal_infra.settings.slot import State

PREFIX = "teal:"
OBJECTS = (
    "services",
    "backing",
    "removed",
    "observability",
    "bake",
    "watch",
    "approval",
    "admission",
    "prometheus",
    "notify",
    "skipGates",
    *(each.spec.settings for each in RouterKind if each.spec.settings),
    "canaryMatch",
    *Colour,
)
"""Keys whose value is an object; Pulumi hands those over as JSON text."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One thing that is wrong with the config."""

    key: str
    seen: str
    what: str
    consequence: str
    remedy: str

    def __str__(self) -> str:
        """One line: key, value, what is wrong with it, consequence, next command."""
        return f"{self.key}: {self.seen}: {self.what}; {self.consequence}. Next: {self.remedy}"


def from_stack() -> Settings:
    """The settings of the stack that this program runs for.

    Raises:
        ConfigError: something is wrong; the message lists all of it.
    """
    # Here, since whoever checks a stack file without an engine (`teal validate`) would wait a second for Pulumi.
    import pulumi  # noqa: PLC0415
    from pulumi.runtime.config import CONFIG, get_config_env, get_config_secret_keys_env  # noqa: PLC0415

    raw = CONFIG.get() or get_config_env()
    mine = {key.removeprefix(PREFIX): str(value) for key, value in raw.items() if key.startswith(PREFIX)}
    secret = {key.removeprefix(PREFIX) for key in get_config_secret_keys_env()}
    return load(mine, secret=secret, stack=pulumi.get_stack())


def load(raw: Mapping[str, str], *, secret: set[str] | None = None, stack: str) -> Settings:
    """Validate the `teal:` config, given without its prefix as Pulumi hands it over.

    Args:
        raw: values as text; objects as JSON.
        secret: keys whose values must not be shown.
        stack: the stack's name; the default of `environment`.

    Raises:
        ConfigError: something is wrong; the message lists all of it.
    """
    problems: list[Problem] = []
    data: dict[str, Any] = {"environment": stack}
    for key, text in raw.items():
        try:
            data[key] = json.loads(text) if key in OBJECTS else text
        except json.JSONDecodeError as error:
            problems.append(_not_an_object(key, text, str(error)))
    settings = None
    try:
        settings = Settings.model_validate(data)
    except ValidationError as error:
        unparsed = {problem.key for problem in problems}
        for found in error.errors(include_url=False):
            problem = _problem(found, secret or set())
            if problem.key not in unparsed:
                problems.append(problem)
    problems += _cross_checks(raw, data)
    problems += _owned(data, secret or set())
    if settings is None or problems:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        lines = "\n".join(f"  {problem}" for problem in problems)
        raise ConfigError(f"the config of stack {stack} has {count}; nothing was changed:\n{lines}")
    return settings


def _cross_checks(raw: Mapping[str, str], data: Mapping[str, Any]) -> Iterator[Problem]:
    """What no single field can tell: the active slot exists, each slot has each service and no other."""
    active = raw.get("activeColour")
    if active in set(Colour) and active not in raw:
        yield Problem(
            key=f"{PREFIX}{active}",
            seen="nothing",
            what=f"activeColour is {active}, but there is no such slot",
            consequence="live traffic would have nowhere to go",
            remedy=_set(f"{active}.version", "1.0.0") + f", or {_set('activeColour', Colour(active).other)}",
        )
    state = _mapping(data.get(str(active))).get("state", State.RUNNING)
    if state != State.RUNNING:
        yield Problem(
            key=f"{PREFIX}{active}.state",
            seen=json.dumps(state),
            what=f"activeColour is {active}, and an active colour is running",
            consequence="live traffic would reach no pod",
            remedy=_set(f"{active}.state", State.RUNNING),
        )
    services = _mapping(data.get("services"))
    names = list(services)
    for colour in Colour:
        slot = _mapping(data.get(colour))
        if not slot or not names:
            continue
        for name in names:
            if name not in slot:
                yield Problem(
                    key=f"{PREFIX}{colour}.{name}",
                    seen="nothing",
                    what=f"service {name} has no release in slot {colour}",
                    consequence="a flip would leave it behind",
                    remedy=_set(f"{colour}.{name}.image", "repository:tag"),
                )
            elif "schema" in _mapping(slot[name]) and _mapping(services[name]).get("migrations") is None:
                yield Problem(
                    key=f"{PREFIX}{colour}.{name}.schema",
                    seen=_short(json.dumps(_mapping(slot[name])["schema"])),
                    what=f"service {name} has no migrations",
                    consequence="its pods would start on a schema that nothing has migrated",
                    remedy=_set(f"services.{name}.migrations.backoffLimit", "3"),
                )
        for name in slot.keys() - {*names, "version", "state"}:
            yield _unknown(f"{colour}.{name}", name, [*names, "version", "state"])


def _owned(data: Mapping[str, Any], secret: set[str]) -> Iterator[Problem]:
    """What the config says of what is teal's to say."""
    for each in of_stack(data):
        seen: Any = data
        for step in each.where:
            seen = seen[step]
        yield Problem(
            key=PREFIX + _path(each.where),
            seen="[secret]" if each.where[0] in secret else _short(json.dumps(seen)),
            what=each.what,
            consequence=each.consequence,
            remedy=_remove(_path(each.where)),
        )


def _mapping(value: object) -> Mapping[str, object]:
    """Raw input as a mapping; empty where it is something else (the models report that)."""
    return cast("Mapping[str, object]", value) if isinstance(value, dict) else {}


def _problem(found: ErrorDetails, secret: set[str]) -> Problem:
    # A check over several fields names the one to change; its message holds the values that clash.
    clash: str | None = found.get("ctx", {}).get("field")
    loc = (*found["loc"], *clash.split(".")) if clash else found["loc"]
    path = _path(loc)
    if found["type"] == "extra_forbidden":
        model = _model_at(loc[:-1])
        known = [field.alias or name for name, field in model.model_fields.items()] if model else []
        return _unknown(path, str(loc[-1]), known)
    if found["type"] == "taken":
        return Problem(
            key=PREFIX + path,
            seen="set",
            what=found["msg"],
            consequence="nobody could tell the two apart",
            remedy=_remove(path),
        )
    field = _field_at(loc)
    example = str(field.examples[0]) if field and field.examples else "VALUE"
    shown = "[secret]" if str(loc[0]) in secret else json.dumps(found["input"], default=str)
    return Problem(
        key=PREFIX + path,
        seen="nothing" if found["type"] == "missing" else "in clash" if clash else _short(shown),
        what=found["msg"],
        consequence=(consequence(field) if field else "") or "the service could not be provisioned as meant",
        remedy=_set(path, str(found.get("ctx", {}).get("remedy", example))),
    )


def _path(loc: Sequence[int | str]) -> str:
    """A place in the config as `config set --path` takes it."""
    parts = [part for part in loc if part != "[key]"]
    rest = "".join(_step(part) for part in parts[1:])
    return f"{parts[0]}{rest}"


def _step(part: int | str) -> str:
    if isinstance(part, int):
        return f"[{part}]"
    return f'["{part}"]' if "." in part or "/" in part else f".{part}"


def _set(path: str, value: str) -> str:
    nested = f"--path '{PREFIX}{path}'" if {".", "["} & {*path} else PREFIX + path
    return f"pulumi config set {nested} {value}"


def _not_an_object(key: str, text: str, why: str) -> Problem:
    return Problem(
        key=PREFIX + key,
        seen=_short(json.dumps(text)),
        what=f"not an object ({why})",
        consequence="nothing in it could be read",
        remedy=f"pulumi config rm {PREFIX}{key}, then pulumi config set --path '{PREFIX}{key}.…' VALUE",
    )


def _unknown(path: str, name: str, known: Sequence[str]) -> Problem:
    close = get_close_matches(name, known, n=1)
    return Problem(
        key=PREFIX + path,
        seen="set",
        what="unknown key" + (f", did you mean {close[0]}?" if close else f"; known here: {', '.join(sorted(known))}"),
        consequence="it would have no effect",
        remedy=_remove(path),
    )


def _remove(path: str) -> str:
    return "pulumi config rm " + (f"--path '{PREFIX}{path}'" if {".", "["} & {*path} else PREFIX + path)


def _short(text: str, most: int = 80) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _field_at(loc: Sequence[int | str]) -> FieldInfo | None:
    """The innermost field on the way to `loc`: it knows the consequence."""
    found: FieldInfo | None = None
    for depth in range(1, len(loc) + 1):
        model = _model_at(loc[: depth - 1])
        if model is not None:
            found = _by_alias(model, str(loc[depth - 1])) or found
    return found


def _model_at(loc: Sequence[int | str]) -> type[BaseModel] | None:
    """The model that describes the object at `loc`, if a model does."""
    shape: Any = Settings
    for part in loc:
        model = _model_in(shape)
        field = _by_alias(model, str(part)) if model else None
        if field is not None:
            shape = field.annotation
        elif model is not None and "__pydantic_extra__" in model.__annotations__:
            shape = get_args(model.__annotations__["__pydantic_extra__"])[1]
        elif model is None and get_args(shape):
            shape = get_args(shape)[-1]  # a mapping's values
        else:
            return None
    return _model_in(shape)


def _model_in(shape: Any) -> type[BaseModel] | None:  # noqa: ANN401 - any type annotation
    if isinstance(shape, type) and issubclass(shape, BaseModel):
        return shape
    if get_origin(shape) in (Union, types.UnionType):
        return next((model for part in get_args(shape) if (model := _model_in(part))), None)
    return None


def _by_alias(model: type[BaseModel], alias: str) -> FieldInfo | None:
    wanted = alias.partition("[")[0]  # the check that names a list's first element means the list's field
    return next((field for name, field in model.model_fields.items() if (field.alias or name) == wanted), None)
