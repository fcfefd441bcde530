"""Every default of a stack's config can be overridden, each for itself."""

import json
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any, Literal, get_args, get_origin

import pytest
from pydantic import BaseModel
from teal_infra.settings import Settings
from teal_infra.settings.load import load
from teal_infra.settings.service import ServiceSettings

from teal.model.errors import ConfigError
from tests.unit.infra.settings.errors.configs import ALB

BASE: Mapping[str, Any] = {
    "activeColour": "blue",
    "services": {"backend": {}},
    "blue": {"version": "1.0.0", "backend": {"image": "registry.example/backend:1.0.0"}},
}

Path = tuple[str, ...]

CERTIFICATE = "arn:aws:acm:eu-west-1:123456789012:certificate/0123456789ab"
SOMEBODY = {"cidrs": ["10.0.0.0/8"]}
NEEDED: Mapping[Path, Mapping[str, Any]] = {
    **{
        ("services", "backend", "resources", "requests", each): {"resources": {"limits": {"cpu": "9", "memory": "9Gi"}}}
        for each in ("cpu", "memory")
    },
    **{
        ("services", "backend", door, "type"): {"network": {"callers": {"node": SOMEBODY}}}
        for door in ("frontDoor", "previewDoor")
    },
    ("services", "backend", "overlap"): {"kind": "worker"},
    ("services", "backend", "replicas"): {"autoscaling": {"enabled": False}},
    ("services", "backend", "metadata", "serviceAccount", "create"): {
        "metadata": {"serviceAccount": {"name": "default"}}
    },
    **{
        ("services", "backend", "targetGroup", *path): {"network": {"policies": False}}
        for path in (("protocolVersion",), ("algorithm",), ("healthCheck", "protocol"))
    },
    **{
        ("services", "backend", "network", peer, "allowEverywhere"): {"network": {peer: SOMEBODY}}
        for peer in ("ingressController", "prometheus", "dns")
    },
}
"""What a value is refused without."""

FIXED = {("router",)}
"""There is one router, so far."""

BEHIND: Mapping[str, Mapping[str, str]] = {
    "targetGroup": {"router": "alb", "alb": json.dumps({**ALB, "certificateArn": CERTIFICATE})}
}
"""What has an effect behind another router alone."""


def defaults(model: type[BaseModel], at: Path) -> Iterator[tuple[Path, Any, object]]:
    """Every scalar that has a default: where it stands, its type and what it is."""
    for name, field in model.model_fields.items():
        value: object = field.get_default(call_default_factory=True, validated_data={})
        path = (*at, field.alias or name)
        if isinstance(value, BaseModel):
            yield from within(value, path)
        elif isinstance(value, bool | int | float | str):
            yield path, field.annotation, value


def within(value: BaseModel, at: Path) -> Iterator[tuple[Path, Any, object]]:
    """The same of a default that is a model."""
    for name, field in type(value).model_fields.items():
        inner, path = getattr(value, name), (*at, field.alias or name)
        if isinstance(inner, BaseModel):
            yield from within(inner, path)
        elif isinstance(inner, bool | int | float | str):
            yield path, field.annotation, inner


def others(kind: Any, value: object) -> Iterator[object]:  # noqa: ANN401 - a type
    """Values that are not the default, nearest first."""
    if get_origin(kind) is Literal:
        yield from (each for each in get_args(kind) if each != value)
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int | float):
        yield from (value + 1, value - 1, value + 10, value * 2)
    elif isinstance(value, Enum):
        yield from (each.value for each in type(value) if each is not value)
    elif isinstance(value, str):
        yield from (f"{value}x", f"1{value}", f"{value}/x")


def config(path: Path, value: object) -> dict[str, str]:
    """The smallest stack, with one value set, as Pulumi hands it over."""
    document: dict[str, Any] = json.loads(json.dumps({**BASE, "services": {"backend": NEEDED.get(path, {})}}))
    place = document
    for key in path[:-1]:
        place = place.setdefault(key, {})
    place[path[-1]] = value
    flat = {key: each if isinstance(each, str) else json.dumps(each) for key, each in document.items()}
    return {**flat, **BEHIND.get(path[2] if len(path) > 2 else "", {})}


def read(settings: BaseModel | Mapping[str, Any], path: Path) -> object:
    """What the settings hold at a path of config keys."""
    found: Any = settings
    for key in path:
        if isinstance(found, BaseModel):
            names = {field.alias or name: name for name, field in type(found).model_fields.items()}
            found = getattr(found, names[key])
        else:
            found = found[key]
    return found


CASES = [
    case
    for case in (*defaults(Settings, ()), *defaults(ServiceSettings, ("services", "backend")))
    if case[0] not in FIXED
]


def test_there_are_defaults_to_override() -> None:
    """A walk that found nothing would prove nothing."""
    assert len(CASES) > 60


@pytest.mark.parametrize(("path", "kind", "value"), CASES, ids=[".".join(path) for path, _, _ in CASES])
def test_a_default_is_overridden_by_the_stack(path: Path, kind: Any, value: object) -> None:  # noqa: ANN401 - a type
    """Some other value of the same kind is accepted, and is what the program works with."""
    refused: list[str] = []
    for other in others(kind, value):
        try:
            settings = load(config(path, other), stack="dev")
        except ConfigError as error:
            refused.append(str(error))
            continue
        assert read(settings, path) == other
        return
    pytest.fail(f"{'.'.join(path)} takes nothing but {value!r}:\n" + "\n".join(refused))
