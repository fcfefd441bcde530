"""Every router has one entry, and both of its modules are found by it."""

from importlib import import_module
from inspect import signature
from typing import Any

import pytest
from teal_infra import traffic
from teal_infra.settings import Settings
from teal_infra.settings.reach.routing import RouterSettings
from teal_infra.settings.reference.table import within
from teal_infra.traffic import declared

from teal import routers
from teal.model.colours import Colour
from teal.model.routes import RouterKind

KINDS = list(RouterKind)


@pytest.mark.filterwarnings("ignore:aws.ec2:DeprecationWarning")  # pulumi-aws warns of itself when it is imported
@pytest.mark.parametrize("kind", KINDS)
def test_a_router_is_found_where_it_is_moved_and_where_it_is_declared(kind: RouterKind) -> None:
    """By the module that its entry names."""
    for package, takes in ((routers, ["cluster", "routes"]), (traffic, ["front", "opts"])):
        module = import_module(f"{package.__name__}.{kind.spec.module}")
        assert list(signature(module.router).parameters) == takes


@pytest.mark.parametrize("kind", [each for each in KINDS if each.spec.settings])
def test_what_a_router_needs_is_a_key_of_the_config(kind: RouterKind) -> None:
    """And so is what has to be set first."""
    [settings] = {model for model, _ in within(Settings.model_fields[kind.spec.settings].annotation)}
    key, what = kind.spec.lacks
    assert issubclass(settings, RouterSettings)
    assert key in {f"{kind.spec.settings}.{each.alias or name}" for name, each in settings.model_fields.items()}
    assert what


@pytest.mark.parametrize(
    "inputs",
    [
        {"metadata": {"name": "backend"}, "spec": {"selector": {"teal/colour": "green"}}},
        {
            "metadata": {"name": "backend"},
            "spec": {"rules": [{"backendRefs": [{"name": "backend-green", "weight": 100}]}]},
        },
    ],
)
def test_a_resource_is_read_by_the_router_that_declared_it(inputs: dict[str, Any]) -> None:
    """By what only its inputs have."""
    found = declared(inputs)
    assert (found.service, found.colour) == ("backend", Colour.GREEN)
