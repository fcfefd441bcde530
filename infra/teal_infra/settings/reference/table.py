"""The settings as a page: every key with what it is, its type, bounds, unit and default, whence, and what is at stake.

`python -m teal_infra.settings.reference.table > docs/settings.md`; a unit test compares the page with the models.
"""

import inspect
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from types import UnionType
from typing import Any, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from teal_infra.settings import Settings
from teal_infra.settings.base import BOUNDS, CONSEQUENCE, SOURCE, UNIT, said

HEAD = """# Settings

Every key of a stack's `teal:` config, made from the models in `infra/teal_infra/settings/`
(`python -m teal_infra.settings.reference.table`). The column `source` says where a default comes from, and then
where its bounds do: a product, a guide ([sources](sources.md)), a measurement, or a choice of teal's, and why. Wrong
values are reported all at once, each with the consequence that the last column names, and with the command that mends
it. `stacks/schema.json` is the JSON Schema of a stack file: with `# yaml-language-server: $schema=schema.json` in its
first line, an editor completes and checks it.
"""

UNITS = {
    "s": ("seconds",),
    "ms": ("milliseconds",),
    "min": ("minutes",),
    "h": ("hours",),
    "%": ("percent", "weight"),
    "port number": ("port", "ports"),
    "pods": ("pods", "replicas", "surge", "unavailable", "available"),
    "requests": ("requests", "samples"),
    "answers": ("threshold",),
    "times": ("live", "before"),
    "user ID": ("user",),
    "group ID": ("group",),
    **{each: (each,) for each in ("restarts", "rules", "targets")},
}
"""The last words of keys that say the unit of a number. Where none does, its field names the unit."""

_BOUNDS = {
    "minimum": "at least {:,}",
    "exclusiveMinimum": "above {:,}",
    "maximum": "at most {:,}",
    "exclusiveMaximum": "below {:,}",
    "minLength": "length at least {}",
    "minItems": "length at least {}",
    "minProperties": "length at least {}",
    "maxLength": "length at most {}",
    "pattern": "`{}`",
}


class Row(NamedTuple):
    """What is said of one key."""

    key: str
    meaning: str
    kind: str
    bounds: str
    unit: str
    default: str
    source: str
    consequence: str


COLUMNS = Row("key", "what it is", "type", "bounds", "unit", "default", "source", "a wrong value would mean that")


class Place(NamedTuple):
    """Where a model is, its default instance there, if it has one, and where the values come from that this sets."""

    path: str
    model: type[BaseModel]
    default: BaseModel | None
    source: str


def page() -> str:
    """Return the whole page as Markdown."""
    return HEAD + "".join(map(_section, models("teal", Settings)))


def models(path: str, model: type[BaseModel], default: BaseModel | None = None, source: str = "") -> Iterator[Place]:
    """Yield a model and those within it, each with its place."""
    place = Place(path, model, default, source)
    yield place
    for name, field in model.model_fields.items():
        separator = ":" if path == "teal" else "."
        below = f"{path}{separator}{field.alias or name}"
        value = _value(name, field, default)
        for inner, placeholder in within(field.annotation):
            given = value if isinstance(value, BaseModel) else None
            yield from models(below + placeholder, inner, given, _source(name, field, place))
    for inner, _ in within(inspect.get_annotations(model).get("__pydantic_extra__")):
        yield from models(f"{path}.SERVICE", inner)


def within(annotation: Any, placeholder: str = "") -> Iterator[tuple[type[BaseModel], str]]:  # noqa: ANN401 - a type
    """Yield the models in a field's value, each with the placeholder for a key on the way to it."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation, placeholder
    elif get_origin(annotation) in (Union, UnionType):
        for part in get_args(annotation):
            yield from within(part, placeholder)
    elif get_args(annotation):
        yield from within(get_args(annotation)[-1], ".NAME")


def rows(place: Place) -> Iterator[tuple[Row, Sequence[Mapping[str, Any]]]]:
    """Yield what is said of each key of a model, and the JSON Schemas of all that its value consists of."""
    described = place.model.model_json_schema(by_alias=True)
    for name, field in place.model.model_fields.items():
        key = field.alias or name
        schema, defined = described["properties"][key], described.get("$defs", {})
        parts = list(_parts(schema, defined))
        last = re.split(r"(?=[A-Z])", key)[-1].lower() if any(map(numeric, parts)) else ""
        bounded = [f"bounds: {each}" for each in dict.fromkeys(each[BOUNDS] for each in parts if BOUNDS in each)]
        row = Row(
            key=f"`{key}`",
            meaning=field.description or "",
            kind=_kind(schema, defined),
            bounds="; ".join(dict.fromkeys(bounds for each in parts if (bounds := _bounds(each)))),
            unit=said(field, UNIT) or next((unit for unit, words in UNITS.items() if last in words), ""),
            default=_shown(_value(name, field, place.default)),
            source="; ".join(filter(None, [_source(name, field, place), *bounded])),
            consequence=said(field, CONSEQUENCE),
        )
        yield row, parts


def numeric(schema: Mapping[str, Any]) -> bool:
    """Return whether a value of this JSON Schema is a number."""
    return schema.get("type") in {"integer", "number"}


def _section(place: Place) -> str:
    lines = [COLUMNS, ["---"] * len(COLUMNS), *([cell.replace("|", r"\|") for cell in row] for row, _ in rows(place))]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"\n## `{place.path}`\n\n{inspect.cleandoc(place.model.__doc__ or '')}\n\n{table}\n"


def _source(name: str, field: FieldInfo, place: Place) -> str:
    """Return where the default of a field at a place comes from."""
    given = place.default is not None and name in place.default.model_fields_set
    return (place.source if given else "") or said(field, SOURCE)


def _parts(schema: Mapping[str, Any], defined: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the schemas of a value and of what is in it, as far as no model describes that."""
    if "$ref" in schema:
        yield from _parts(defined[schema["$ref"].rpartition("/")[2]], defined)
        return
    yield schema
    for each in (*schema.get("anyOf", ()), schema.get("items"), _inner(schema)):
        if each:
            yield from _parts(each, defined)


def _inner(schema: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a schema, or nothing
    """Return the schema of a map's values; nothing for what is no map."""
    values = next(iter(schema.get("patternProperties", {}).values()), schema.get("additionalProperties"))
    return None if "properties" in schema else values


def _kind(schema: Mapping[str, Any], defined: Mapping[str, Any]) -> str:
    """Return in words what a value of this JSON Schema is; `defined` has what it refers to."""
    if "$ref" in schema:
        return _kind(defined[schema["$ref"].rpartition("/")[2]], defined)
    if "anyOf" in schema:
        return " or ".join(_kind(each, defined) for each in schema["anyOf"] if each.get("type") != "null")
    if "enum" in schema or "const" in schema:
        return ", ".join(f"`{each}`" for each in schema.get("enum", [schema.get("const")]))
    kind = str(schema.get("type", "any value"))
    if kind == "array":
        return f"list of {_kind(schema['items'], defined)}"
    if kind == "object":
        return f"map of {_kind(_inner(schema), defined)}" if _inner(schema) else "object"
    return {"string": "text", "boolean": "true or false"}.get(kind, kind)


def _bounds(schema: Mapping[str, Any]) -> str:
    text = ", ".join(words.format(schema[end]) for end, words in _BOUNDS.items() if end in schema)
    return re.sub(r"at least (\S+), (length )?at most", r"\1 to", text)


def _value(name: str, field: FieldInfo, default: BaseModel | None) -> object:
    if default is not None:
        return getattr(default, name)
    return field.get_default(call_default_factory=True, validated_data={})


def _shown(value: object) -> str:
    if value is PydanticUndefined:
        return "required"
    if isinstance(value, BaseModel):
        return "as below"
    return "none" if value in (None, {}, ()) else f"`{json.dumps(value, default=str)}`"


if __name__ == "__main__":
    sys.stdout.write(page())
