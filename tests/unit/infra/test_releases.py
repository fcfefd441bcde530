"""What 'confirmed before' means: the same release, with all that it runs with."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from teal_infra.planning import slots
from teal_infra.planning.live import Live
from teal_infra.planning.move import move_of
from teal_infra.settings import Settings
from teal_infra.settings.load import load

from teal.model.colours import Colour
from tests.unit.infra.recording import config, declared

DATABASE = {"kind": "database", "host": "db.example", "network": {"cidrs": ["192.0.2.0/24"], "ports": [5432]}}
SERVICE: dict[str, Any] = {"port": 8000, "backing": ["database"]}


def settings(service: Mapping[str, Any] = SERVICE, **more: Mapping[str, Any]) -> Settings:
    """Of a stack of one service with a database."""
    given = {"backing": {"database": DATABASE}, "services": {"backend": service}, **more}
    return load({**config(), **{key: json.dumps(value) for key, value in given.items()}}, stack="dev")


def release(declared: Settings, colour: Colour = Colour.BLUE) -> str:
    """By what a colour is known that was confirmed."""
    return slots.release(declared, colour)


@pytest.mark.parametrize(
    "changed",
    [
        settings({**SERVICE, "probes": {"readiness": {"path": "/ready-enough"}}}),
        settings({**SERVICE, "resources": {"limits": {"memory": "2Gi"}}}),
        settings({**SERVICE, "shutdown": {"gracePeriodSeconds": 120}}),
        settings({**SERVICE, "access": {"readCluster": True}}),
        settings({**SERVICE, "network": {"policies": False}}),
        settings(backing={"database": {**DATABASE, "host": "another.example"}}),
        settings(blue={"version": "1.0.0", "backend": {"image": "registry.example/backend:2"}}),
        settings(blue={"version": "1.0.0", "backend": {"image": "registry.example/backend:1", "env": {"A": "1"}}}),
    ],
    ids=["probe", "resources", "shutdown", "access", "network", "backing", "image", "env"],
)
def test_what_a_slot_runs_with_makes_it_another_release(changed: Settings) -> None:
    """It was not confirmed so: every gate is asked again, and a person where the stack wants one."""
    assert release(changed) != release(settings())


@pytest.mark.parametrize(
    "changed",
    [
        settings({**SERVICE, "autoscaling": {"minReplicas": 5}}),
        settings({**SERVICE, "gates": {"contract": {}}}),
        settings(bake={"seconds": 9}),
    ],
    ids=["pods", "gates", "bake"],
)
def test_what_is_measured_anew_or_runs_nowhere_does_not(changed: Settings) -> None:
    """How many pods there are, the capacity gate measures in a rollback as well."""
    assert release(changed) == release(settings())


def test_both_places_that_ask_mean_the_same() -> None:
    """The move's proof, which asks fewer gates of it, and the plan, which calls it a rollback."""
    declared = settings()
    assert move_of(declared, Live()).release == release(declared, declared.active_colour)


async def test_a_refused_release_that_crashes_blocks_no_drain() -> None:
    """A pod that is not ready answers nobody, so an eviction may take it; by default its budget would refuse."""
    budgets = [spec for (kind, _), spec in (await declared(config())).items() if kind == "PodDisruptionBudget"]
    assert len(budgets) == 2
    assert {each["spec"]["unhealthyPodEvictionPolicy"] for each in budgets} == {"AlwaysAllow"}
