"""Finds what the models say of a place in the config: its field, its model, and a valid value for it."""

import inspect
import json
import types
from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, JsonValue, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from teal_infra.settings import Settings
from teal_infra.settings.base import EnvValue
from teal_infra.settings.report.steps import Remove, Set, Step, Where, inside

_UNIONS = (Union, types.UnionType)


@cache
def field_at(where: Where) -> tuple[FieldInfo | None, Where]:
    """Return the innermost field on the way to a place, which has the consequence, and the rest of the way."""
    found, rest = None, where
    for depth in range(1, len(where) + 1):
        model = model_at(where[: depth - 1])
        field = _named(model, where[depth - 1]) if model else None
        if field is not None:
            found, rest = field, where[depth:]
    return found, rest


def model_at(where: Where) -> type[BaseModel] | None:
    """Return the model of the object at a place, if a model describes it."""
    return model_of(_shape(where))


def model_of(shape: Any) -> type[BaseModel] | None:  # noqa: ANN401 - any type annotation
    """Return the model that a type is, if it is one."""
    shape = _bare(shape)
    return shape if isinstance(shape, type) and issubclass(shape, BaseModel) else None


@cache
def known(model: type[BaseModel]) -> Mapping[str, FieldInfo]:
    """Return the fields of a model by their keys in the config."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def container(annotation: Any) -> type[list[Any] | dict[str, Any]] | None:  # noqa: ANN401 - any type annotation
    """Return whether values of a type are lists or objects; None where they are neither."""
    shape = _bare(annotation)
    origin = get_origin(shape) or shape
    if origin is tuple:
        return list
    return dict if isinstance(origin, type) and issubclass(origin, BaseModel | Mapping) else None


def either(field: FieldInfo) -> bool:
    """Return whether a field takes objects, and something else as well: a name, from which an object is made."""
    given = (each.json_schema_input_type for each in field.metadata if isinstance(each, BeforeValidator))
    annotation = next(given, field.annotation)
    kinds = {container(each) for each in get_args(annotation) if each is not type(None)}
    return get_origin(annotation) in _UNIONS and len(kinds) > 1


def required(where: Where) -> bool:
    """Return whether a place cannot be left out: a field without a default."""
    field, rest = field_at(where)
    return field is not None and not rest and field.is_required()


def right(where: Where) -> Any:  # noqa: ANN401 - any JSON
    """Return a valid value for a place: its field's example or default, or as much of its object as is required."""
    field, rest = field_at(where)
    wanted = expected(where)
    example = example_of(field) if field else None
    value = _meant(example, plain=wanted is None and not rest) if example else None
    for _ in rest:
        value = next((each for _, each in inside(value) or ()), value)
    if wanted is list:
        return [value] if inside(value) is None else value
    if wanted is dict and not isinstance(value, dict):
        model = model_at(where)
        return {key: right((*where, key)) for key, each in known(model).items() if each.is_required()} if model else {}
    return value  # pyright: ignore[reportUnknownVariableType]  # any JSON


def reset(where: Where) -> Step:
    """Return the step that sets a place to a valid value, or removes what may be left out."""
    return Set(where, right(where)) if required(where) else Remove(where)


def example_of(field: FieldInfo) -> str | None:
    """Return a value of a field as it is written for a shell: its first example, or else its default."""
    if field.examples:
        return str(field.examples[0])
    return json.dumps(field.default) if isinstance(field.default, int | float | str) else None


def expected(where: Where) -> type[list[Any] | dict[str, Any]] | None:
    """Return whether a list or an object belongs at a place; None where neither does, or something else may as well."""
    field, rest = field_at(where)
    return None if field is not None and not rest and either(field) else container(_shape(where))


def choices(where: Where) -> Sequence[str]:
    """Return the texts that a place takes, where they are few."""
    shape = _shape(where)
    if get_origin(shape) is Literal:
        return [each for each in get_args(shape) if isinstance(each, str)]
    return [str(each) for each in shape] if isinstance(shape, type) and issubclass(shape, StrEnum) else []


def free(where: Where) -> bool:
    """Return whether others name a value, as a variable or an argument, or teal does not know what it is."""
    _, rest = field_at(where)
    shape = _annotation(where)
    named = any(isinstance(part, str) for part in rest)
    return shape is None or (bool(rest) and shape in {str, EnvValue, JsonValue}) or (named and _bare(shape) is str)


def takes(where: Where, value: object) -> bool:
    """Return whether a value is valid at a place, as far as that can be told without others."""
    try:
        TypeAdapter(_annotation(where)).validate_python(value)
    except ValidationError:
        return False
    return True


@cache
def _annotation(where: Where) -> Any:  # noqa: ANN401 - any type annotation
    """Return the type of the value at a place with its bounds; None where a model says nothing of it."""
    field, rest = field_at(where)
    if field is None:
        return None
    shape: Any = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
    for part in rest:
        kind = None if model_of(shape) else container(shape)
        inner = get_args(_bare(shape))
        if kind is not (list if isinstance(part, int) else dict) or not inner:
            return None
        shape = inner[0] if kind is list else inner[1]
    return shape


def _meant(example: str, *, plain: bool) -> Any:  # noqa: ANN401 - any JSON
    """Return the value of an example, which is written for a shell: an object as JSON, quoted or not."""
    text = example.removeprefix("'").removesuffix("'")
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        return text
    return text if plain and isinstance(value, dict | list) else value


@cache
def _shape(where: Where) -> Any:  # noqa: ANN401 - any type annotation
    """Return the type of the value at a place; None where it is unknown."""
    shape: Any = Settings
    for part in where:
        field = _named(shape, part) if isinstance(shape, type) and issubclass(shape, BaseModel) else None
        if field is not None:
            shape = _bare(field.annotation)
        elif isinstance(shape, type) and issubclass(shape, BaseModel):
            extra = inspect.get_annotations(shape).get("__pydantic_extra__")
            shape = _bare(get_args(extra)[1]) if extra else None
        elif get_origin(shape) is tuple:
            shape = _bare(get_args(shape)[0])
        elif container(shape) is dict and get_args(shape):
            shape = _bare(get_args(shape)[1])
        else:
            return None
    return shape


def _named(model: type[BaseModel], part: int | str) -> FieldInfo | None:
    return known(model).get(str(part))


def _bare(annotation: Any) -> Any:  # noqa: ANN401 - any type annotation
    """Return a type without annotations and without null; of several types, the one that is a container."""
    if get_origin(annotation) is Annotated:
        return _bare(get_args(annotation)[0])
    if get_origin(annotation) in _UNIONS:
        parts = [_bare(each) for each in get_args(annotation) if each is not type(None)]
        return next((each for each in parts if container(each)), parts[0])
    return annotation
