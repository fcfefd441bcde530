"""The settings as a page: every key with its default, and where the default comes from.

`python -m infra.settings.table > docs/settings.md`; a unit test holds the page to the models.
"""

import inspect
import json
import sys
from collections.abc import Iterator
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from infra.settings import Settings

HEAD = """# Settings

Every key of a stack's `teal:` config, made from the models in `infra/settings/` (`python -m infra.settings.table`).
What a section's text says of sources holds for its defaults. Wrong values are reported all at once, each with its
consequence and the command that mends it.
"""


def page() -> str:
    """The whole page, as Markdown."""
    return HEAD + "".join(_section(*each) for each in _models("teal", Settings, None))


_Place = tuple[str, type[BaseModel], BaseModel | None]
"""Where a model stands, and the instance that is its default there, if it has one."""


def _models(path: str, model: type[BaseModel], default: BaseModel | None) -> Iterator[_Place]:
    """A model and those within it, each where it stands."""
    yield path, model, default
    for name, field in model.model_fields.items():
        separator = ":" if path == "teal" else "."
        below = f"{path}{separator}{field.alias or name}"
        value = _value(name, field, default)
        for inner, placeholder in _within(field.annotation):
            yield from _models(below + placeholder, inner, value if isinstance(value, BaseModel) else None)
    for inner, _ in _within(inspect.get_annotations(model).get("__pydantic_extra__")):
        yield from _models(f"{path}.SERVICE", inner, None)


def _within(annotation: Any, placeholder: str = "") -> Iterator[tuple[type[BaseModel], str]]:  # noqa: ANN401 - a type
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation, placeholder
    elif get_origin(annotation) in (Union, UnionType):
        for part in get_args(annotation):
            yield from _within(part, placeholder)
    elif get_args(annotation):
        yield from _within(get_args(annotation)[-1], ".NAME")


def _section(path: str, model: type[BaseModel], default: BaseModel | None) -> str:
    rows = [
        f"| `{field.alias or name}` | {_shown(_value(name, field, default))} | {field.description or 'see below'} |"
        for name, field in model.model_fields.items()
    ]
    table = "\n".join(["| key | default | a wrong value would have meant |", "| --- | --- | --- |", *rows])
    return f"\n## `{path}`\n\n{inspect.cleandoc(model.__doc__ or '')}\n\n{table}\n"


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
