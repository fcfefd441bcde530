"""Every setting gets every kind of wrong value."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from inspect import get_annotations
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel
from teal_infra.settings import Settings

from tests.unit.infra.settings.errors.configs import ALB, BASE, Config

Where = tuple[int | str, ...]

PARENTS: Mapping[Where, Config] = {
    ("alb",): ALB,
    ("alb", "loadBalancer"): {"tags": {"name": "shared"}},
    ("gateway",): {"name": "public"},
    ("backing", "database"): {"kind": "database"},
    ("backing", "database", "network"): {"cidrs": ["10.20.0.0/16"], "ports": [5432]},
    ("flags", "flags", "checkout"): {"state": "ENABLED", "variants": {"on": True}},
    ("canaryMatch",): {"header": "X-Canary", "value": "always"},
    ("green",): {"version": "1.1.0", "backend": {"image": "registry.example/backend:1.1.0"}},
    ("prometheus",): {"url": "https://prometheus.example"},
    ("watch",): {"image": "registry.example/teal:1"},
    ("services", "backend", "bakeMetrics", "orders"): {"query": "x", "atLeast": 1},
    ("services", "backend", "gates", "metrics", "own", "orders"): {"query": "x", "atLeast": 1},
}
"""What an object has to be for a setting in it to be looked at. Others are `{}`: what they lack is reported, too."""

NAMES: Mapping[str, str] = {
    "services": "backend",
    "backing": "database",
    "bakeMetrics": "orders",
    "own": "orders",
    "requests": "prices",
    "paths": "v1",
    "flags": "checkout",
}
"""How what has a name is called."""

WRONG: tuple[Any, ...] = (
    None,
    "",
    "no such 'value' \"$(x)\"",
    [],
    [1, ["x"]],
    {},
    {"a b": {"c": 1}},
    {'A-"b".c/d[0]': "x"},
    {"": None},
    -1,
    10**9,
    1.5,
    True,
)
"""What a setting may be given; where it is taken, it is no error."""


def places(model: type[BaseModel] = Settings, at: Where = ()) -> Iterator[Where]:
    """Every setting, and one that there is not in every object."""
    yield (*at, "noSuchKey")
    for name, field in model.model_fields.items():
        key = field.alias or name
        yield (*at, key)
        for inner, named in _within(field.annotation, NAMES.get(key, "some")):
            yield from places(inner, (*at, key, *named))
    extra = get_annotations(model).get("__pydantic_extra__")
    for inner, _ in _within(extra, ""):
        yield (*at, "backend")
        yield from places(inner, (*at, "backend"))


def _within(annotation: Any, name: str) -> Iterator[tuple[type[BaseModel], Where]]:  # noqa: ANN401 - any type
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation, ()
    elif get_origin(annotation) is Annotated:
        yield from _within(get_args(annotation)[0], name)
    else:
        container = get_origin(annotation) in (tuple, get_origin(Mapping[str, str]))
        for part in get_args(annotation):
            for inner, at in _within(part, name):
                yield inner, ((0 if get_origin(annotation) is tuple else name, *at) if container else at)


def with_value(where: Where, value: object) -> Config:
    """A config with this at a place, and what it needs on the way."""
    config = deepcopy(BASE)
    config["router"] = {"alb": "alb", "gateway": "gateway", "canaryMatch": "gateway"}.get(str(where[0]), "service")
    place: Any = config
    for depth, key in enumerate(where[:-1], 1):
        _put(place, key, PARENTS.get(where[:depth], [] if isinstance(where[depth], int) else {}), anew=False)
        place = place[key]
    _put(place, where[-1], value, anew=True)
    return config


def _put(place: Any, key: int | str, value: object, *, anew: bool) -> None:  # noqa: ANN401 - any JSON
    if isinstance(key, int):
        place.append(deepcopy(value))
    elif anew or key not in place:
        place[key] = deepcopy(value)
