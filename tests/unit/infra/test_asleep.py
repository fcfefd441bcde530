"""What the program declares of a colour whose pods the watch has ended: they start by a write that an engine makes."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from google.protobuf import json_format
from teal_infra.planning.live import Live
from teal_infra.planning.schema import plans
from teal_infra.program import provision
from teal_infra.provider.ownership import FORCE
from teal_infra.settings.load import load

from teal.adapters.kubernetes.cluster import ClusterAccess
from teal.history.model import Ending, History
from teal.model.colours import Colour
from teal.model.labels import STARTED_AT
from teal.model.live import LiveService, LiveSlot
from tests.unit.infra.components.watching import WATCH
from tests.unit.infra.recording import config
from tests.unit.policies.graphs import registered

AT = "2026-01-01T12:00:00+00:00"
BEFORE = "2026-01-01T00:00:00+00:00"
FIXED = {"port": 8000, "replicas": 4, "autoscaling": {"enabled": False}}


def live(blue: int, marks: Mapping[str, str] | None = None) -> Live:
    """Green is live; blue has so many pods."""
    service = LiveService(
        colour=Colour.GREEN, selector={}, annotations={}, resource_version="7", writer="pulumi-kubernetes-1"
    )
    slots = {
        ("backend", Colour.BLUE): LiveSlot(annotations=marks or {}, replicas=blue),
        ("backend", Colour.GREEN): LiveSlot(annotations={}, replicas=5),
    }
    return Live(services={"backend": service}, slots=slots, record={"colour": "green"}, at=AT)


ENDED = History(ending=Ending(colour=Colour.BLUE, flip=2, at=BEFORE, done=True))


async def blue(found: Live, active: str = "blue", **more: Any) -> tuple[Mapping[str, Any], bool]:  # noqa: ANN401 - any JSON
    """Its Deployment, and whether the engine leaves the number of its pods as it is; without the watch by default."""

    async def program() -> None:
        raw = {
            **config(active),
            **{key: each if isinstance(each, str) else json.dumps(each) for key, each in more.items()},
        }
        settings = load(raw, stack="dev")
        provision(settings, found, ClusterAccess(namespace="teal"), plans(settings, found))

    graph = await registered(program, name="dev")
    (slot,) = [each for each in graph if each.name == "backend-blue" and each.type.endswith(":Deployment")]
    assert [each.name for each in graph if each.name == "backend-blue" and each.type.endswith(":Service")]
    return json_format.MessageToDict(slot.properties), "spec.replicas" in slot.options.ignoreChanges


RETIRES: Mapping[str, Any] = {"watch": WATCH, "retireAfterMinutes": "30"}


@pytest.mark.parametrize(
    ("more", "history"), [(RETIRES, History()), ({}, ENDED), ({"watch": WATCH, "onRefusal": "stop"}, History())]
)
async def test_a_flip_starts_as_many_pods_as_live_has(more: Mapping[str, Any], history: History) -> None:
    """By force, as the watch owns the number; also where the stack no longer asks for endings."""
    declared, left = await blue(replace(live(0), history=history), **more)
    assert declared["spec"]["replicas"] == 5
    assert declared["metadata"]["annotations"] | {STARTED_AT: AT, FORCE: "true"} == declared["metadata"]["annotations"]
    assert not left


async def test_a_number_that_the_stack_gives_is_written_although_it_was_declared_before() -> None:
    """The mark makes the difference."""
    declared, left = await blue(live(0), **RETIRES, services={"backend": FIXED})
    assert declared["spec"]["replicas"] == 4
    assert declared["metadata"]["annotations"][STARTED_AT] == AT
    assert not left


async def test_from_then_on_its_autoscaler_alone_says_how_many() -> None:
    """No longer declared, it would be 1 until the autoscaler has looked; the mark stays, and nothing is written."""
    declared, left = await blue(live(5, {STARTED_AT: BEFORE}), **RETIRES)
    assert declared["metadata"]["annotations"][STARTED_AT] == BEFORE
    assert left
    _, left = await blue(live(5, {STARTED_AT: BEFORE}))
    assert left


async def test_an_idle_colour_that_is_to_run_is_started_too() -> None:
    """Another release was prepared in its slot."""
    declared, _ = await blue(live(0), "green", **RETIRES)
    assert declared["spec"]["replicas"] == 3


EXTERNAL: Mapping[str, Any] = {"services": {"backend": {"port": 8000, "autoscaling": {"external": True}}}}


@pytest.mark.parametrize(
    ("found", "more"),
    [(live(5), RETIRES), (live(0), {}), (live(0), {"watch": WATCH}), (live(0), {**RETIRES, **EXTERNAL})],
)
async def test_no_other_deployment_is_marked(found: Live, more: Mapping[str, Any]) -> None:
    """One that has pods, or that somebody else scaled to none."""
    declared, left = await blue(found, **more)
    assert "replicas" not in declared["spec"]
    assert not {STARTED_AT, FORCE} & declared["metadata"]["annotations"].keys()
    assert not left


async def marks(number: int | None) -> Mapping[str, str]:
    """The annotations of blue's Deployment as an update to a fixed number of pods left it, or to an autoscaler."""
    more: Mapping[str, Any] = {} if number is None else {"services": {"backend": {**FIXED, "replicas": number}}}
    return (await blue(Live(at=BEFORE), **more))[0]["metadata"]["annotations"]


@pytest.mark.parametrize(("number", "found", "stays"), [(4, 6, True), (4, 3, True), (4, 4, False), (5, 6, False)])
async def test_what_somebody_scaled_stays_until_the_stack_says_another_number(
    number: int,
    found: int,
    stays: bool,  # noqa: FBT001 - a parameter of a test
) -> None:
    """An engine writes the number with whatever else changes, and alone after a refresh; it would take live pods."""
    services = {"backend": {**FIXED, "replicas": number}}
    declared, left = await blue(live(found, await marks(4)), services=services)
    assert left is stays
    assert declared["spec"]["replicas"] == number


@pytest.mark.parametrize(
    ("before", "found", "state", "forced"),
    [(None, 2, "stopped", True), (4, 6, "stopped", True), (4, 6, "running", False), (None, 4, "running", False)],
)
async def test_a_number_is_written_whoever_wrote_the_one_that_is_there(
    before: int | None,
    found: int,
    state: str,
    forced: bool,  # noqa: FBT001 - a parameter of a test
) -> None:
    """An autoscaler owns it, or somebody's `kubectl scale`: without force, the API server refuses every update."""
    more: Mapping[str, Any] = {"services": {"backend": FIXED}, "blue": {**json.loads(config()["blue"]), "state": state}}
    declared, _ = await blue(live(found, await marks(before)), "green", **more)
    annotations = declared["metadata"]["annotations"]
    assert (annotations.get(FORCE) == "true") is forced
    again, _ = await blue(live(0 if state == "stopped" else found, annotations), "green", **more)
    assert again["metadata"]["annotations"] == annotations
