"""The settings as a page: every key with what it is, its type and bounds, its default, and what a wrong value means.

`python -m teal_infra.settings.reference.table > docs/settings.md`; a unit test compares the page with the models.
"""

import inspect
import json
import sys
from collections.abc import Iterator, Mapping
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from teal_infra.settings import Settings
from teal_infra.settings.base import consequence

HEAD = """# Settings

Every key of a stack's `teal:` config, made from the models in `infra/teal_infra/settings/`
(`python -m teal_infra.settings.reference.table`). What a section's text says of sources holds for
its defaults. Wrong values are reported all at once, each with the consequence that the last column names, and with the
command that mends it. `stacks/schema.json` is the JSON Schema of a stack file: with
`# yaml-language-server: $schema=schema.json` in its first line, an editor completes and checks it.
"""

COLUMNS = ("key", "what it is", "type", "default", "a wrong value would mean that")


def page() -> str:
    """Return the whole page as Markdown."""
    return HEAD + "".join(_section(*each) for each in models("teal", Settings, None))


_Place = tuple[str, type[BaseModel], BaseModel | None]
"""A model's place, the model, and its default instance there, if it has one."""


def models(path: str, model: type[BaseModel], default: BaseModel | None) -> Iterator[_Place]:
    """Yield a model and those within it, each with its place."""
    yield path, model, default
    for name, field in model.model_fields.items():
        separator = ":" if path == "teal" else "."
        below = f"{path}{separator}{field.alias or name}"
        value = _value(name, field, default)
        for inner, placeholder in within(field.annotation):
            yield from models(below + placeholder, inner, value if isinstance(value, BaseModel) else None)
    for inner, _ in within(inspect.get_annotations(model).get("__pydantic_extra__")):
        yield from models(f"{path}.SERVICE", inner, None)


def within(annotation: Any, placeholder: str = "") -> Iterator[tuple[type[BaseModel], str]]:  # noqa: ANN401 - a type
    """Yield the models in a field's value, each with the placeholder for a key on the way to it."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation, placeholder
    elif get_origin(annotation) in (Union, UnionType):
        for part in get_args(annotation):
            yield from within(part, placeholder)
    elif get_args(annotation):
        yield from within(get_args(annotation)[-1], ".NAME")


def _section(path: str, model: type[BaseModel], default: BaseModel | None) -> str:
    described = model.model_json_schema(by_alias=True)
    rows = [
        (
            f"`{field.alias or name}`",
            field.description or "",
            _kind(described["properties"][field.alias or name], described.get("$defs", {})),
            _shown(_value(name, field, default)),
            consequence(field),
        )
        for name, field in model.model_fields.items()
    ]
    lines = [COLUMNS, ("---",) * len(COLUMNS), *(tuple(each.replace("|", r"\|") for each in row) for row in rows)]
    table = "\n".join(f"| {' | '.join(line)} |".replace("|  |", "| |") for line in lines)
    return f"\n## `{path}`\n\n{inspect.cleandoc(model.__doc__ or '')}\n\n{table}\n"


def _kind(schema: Mapping[str, Any], models: Mapping[str, Any]) -> str:
    """Return in words what a value of this JSON Schema is; `models` has what it refers to."""
    if "$ref" in schema:
        return _kind(models[schema["$ref"].rpartition("/")[2]], models)
    if "anyOf" in schema:
        return " or ".join(_kind(each, models) for each in schema["anyOf"] if each.get("type") != "null")
    if "enum" in schema or "const" in schema:
        return ", ".join(f"`{each}`" for each in schema.get("enum", [schema.get("const")]))
    kind = str(schema.get("type", "any value"))
    if kind == "array":
        return f"list of {_kind(schema['items'], models)}"
    if kind == "object":
        inner = next(iter(schema.get("patternProperties", {}).values()), schema.get("additionalProperties"))
        return f"map of {_kind(inner, models)}" if inner and "properties" not in schema else "object"
    named = {"string": "text", "boolean": "true or false"}.get(kind, kind)
    return named + (f", `{schema['pattern']}`" if "pattern" in schema else "") + _bounds(schema)


def _bounds(schema: Mapping[str, Any]) -> str:
    least, most = schema.get("minimum"), schema.get("maximum")
    both = [f"{least:,g} to {most:,g}"] if least is not None and most is not None else []
    ends = {"minimum": "at least", "maximum": "at most", "exclusiveMinimum": "above", "exclusiveMaximum": "below"}
    one = [f"{said} {schema[end]:,g}" for end, said in ends.items() if end in schema]
    return "".join(f", {each}" for each in both or one)


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
