"""Reads who wrote an object, and what it comes to."""

from collections.abc import Mapping
from typing import Any

from teal.history.model import Flip, History, Stage
from teal.model.colours import ENGINE, MANAGER
from teal.model.labels import COLOUR_LABEL, VERSION_LABEL
from tests.simulation.cluster.store import Written
from tests.simulation.cluster.world import split_of

DOORS = frozenset({"services", "httproutes", "listenerrules"})
"""The kinds of what directs live traffic."""


def by_a_flip(write: Written) -> bool:
    """Return whether an engine or teal wrote."""
    return (write.by.manager or write.by.actor).startswith((ENGINE, MANAGER))


def release_of(deployment: Mapping[str, Any] | None) -> str:
    """Return the version of a Deployment's pods; empty where there is none."""
    return deployment["spec"]["template"]["metadata"]["labels"][VERSION_LABEL] if deployment else ""


def colour_of(service: Mapping[str, Any] | None) -> str:
    """Return the colour to which an object sends traffic, or work; empty where there is none."""
    if service and "data" in service:  # a worker's record
        return service["data"]["colour"]
    if service and {"rules", "weights"} & {*service["spec"]}:
        return str(split_of(service).colour or "")
    return service["spec"]["selector"].get(COLOUR_LABEL, "") if service else ""


def open_again(was: Flip, now: Flip, history: History) -> bool:
    """Return whether a flip goes on only because the one that overtook it has moved nothing."""
    if was.overtaken is None:
        return False
    by = history.find(was.overtaken[0])
    moved_nothing = by is not None and by.stage in {Stage.REFUSED, Stage.ABANDONED}
    return moved_nothing and (now.stage, now.reason) == was.overtaken[1:]
