"""What becomes of the colour that traffic leaves: it keeps its pods first, and shrinks after the confirmation alone."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from pulumi.runtime import mocks
from teal_infra.planning.live import Live
from teal_infra.planning.move import move_of
from teal_infra.settings.load import load

from teal.model.colours import Colour
from teal.model.labels import PARTS
from teal.model.live import LiveAutoscaler, LiveService, LiveSlot
from tests.unit.infra.declaring import config, declared

Needs = Mapping[str, set[str]]
"""By kind and name of a resource: those of the resources that it waits for, its parents' included."""


@pytest.fixture
def needs(monkeypatch: pytest.MonkeyPatch) -> Needs:
    """What every resource that is registered waits for."""
    found: dict[str, set[str]] = {}
    register: Callable[[Any, Any], Any] = mocks.MockMonitor.RegisterResource  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]  # no types

    def note(self: mocks.MockMonitor, request: Any) -> Any:  # noqa: ANN401 - a message of the engine's protocol
        waits = {f"{urn.split('::')[2].rpartition(':')[2]} {urn.rpartition('::')[2]}" for urn in request.dependencies}
        name = f"{request.type.rpartition(':')[2]} {request.name}"
        assert name not in found, f"{name} is declared twice, which an engine refuses in the middle of an update"
        found[name] = waits
        return register(self, request)

    monkeypatch.setattr(mocks.MockMonitor, "RegisterResource", note)
    return found


def live(minimum: int = 3) -> Live:
    """Traffic is on blue, which has ten pods of an autoscaler that would do with so many."""
    return Live(
        services={
            "backend": LiveService(
                colour=Colour.BLUE, selector={}, annotations={}, resource_version="1", writer="pulumi-kubernetes-teal"
            )
        },
        slots={("backend", Colour.BLUE): LiveSlot(annotations={}, replicas=10, ready=10, version="1.0.0")},
        autoscalers={"backend-blue": LiveAutoscaler(annotations={}, minimum=minimum)},
        record={"colour": "blue"},
        at="2026-01-01T12:00:00+00:00",
    )


@pytest.mark.parametrize("state", ["running", "stopped"])
async def test_the_leaving_colour_keeps_its_pods_before_traffic_moves(needs: Needs, state: str) -> None:
    """Its floor is written before the write, and waits for no confirmation; its pods do, also where they are to end."""
    raw = config("green", "service")
    blue = {**json.loads(raw["blue"]), "state": state}
    found = await declared({**raw, "blue": json.dumps(blue)}, live())
    assert found["HorizontalPodAutoscaler", "backend-blue-autoscaler"]["spec"]["minReplicas"] == 10
    assert "HorizontalPodAutoscaler backend-blue-autoscaler" in needs["Service backend-active"]
    assert "ConfigMap teal-confirmed" not in needs["HorizontalPodAutoscaler backend-blue-autoscaler"]
    assert "ConfigMap teal-confirmed" in needs["Deployment backend-blue"]


@pytest.mark.parametrize(("minimum", "asked"), [(9, True), (10, False)])
async def test_an_autoscaler_that_keeps_them_anyway_goes_with_the_colour_that_ends(
    minimum: int, *, asked: bool
) -> None:
    """It is not declared, so this update deletes it at its end; nor does a gate demand that it was asked."""
    raw = config("green", "service")
    raw = {**raw, "blue": json.dumps({**json.loads(raw["blue"]), "state": "stopped"})}
    found = await declared(raw, live(minimum))
    assert ("backend-blue-autoscaler" in found.names("HorizontalPodAutoscaler")) is asked
    assert found["Deployment", "backend-blue"]["spec"]["replicas"] == 0
    assert move_of(load(raw, stack="dev"), live(minimum)).flip_set["backend"].keeps is asked


def scaled(*, ours: bool, number: int | None) -> Live:
    """Blue is live with ten pods, and with an autoscaler, of this stack or not; an update declared so many of them."""
    parts = json.dumps({"replicas": number})
    return replace(
        live(),
        slots={("backend", Colour.BLUE): LiveSlot(annotations={PARTS: parts}, replicas=10, ready=10, version="1.0.0")},
        autoscalers={"backend-blue": LiveAutoscaler(annotations={}, minimum=3, ours=ours)},
    )


@pytest.mark.parametrize(
    ("ours", "number", "pinned"), [(True, None, True), (True, 8, True), (True, 12, False), (False, None, False)]
)
async def test_an_autoscaler_that_goes_does_not_undo_the_number_that_is_written(
    needs: Needs,
    number: int | None,
    *,
    ours: bool,
    pinned: bool,
) -> None:
    """It asks for that number before; the next update, which has no number to write, does not declare it any more."""
    fixed = {"backend": {"port": 8000, "replicas": 12, "autoscaling": {"enabled": False}}}
    raw = {**config("blue", "service"), "services": json.dumps(fixed)}
    found = await declared(raw, scaled(ours=ours, number=number))
    assert found["Deployment", "backend-blue"]["spec"]["replicas"] == 12
    autoscalers = found.names("HorizontalPodAutoscaler")
    assert autoscalers == (["backend-blue-autoscaler"] if pinned else [])
    if pinned:
        spec = found["HorizontalPodAutoscaler", "backend-blue-autoscaler"]["spec"]
        assert (spec["minReplicas"], spec["maxReplicas"]) == (12, 12)
        assert "HorizontalPodAutoscaler backend-blue-autoscaler" in needs["Deployment backend-blue"]


async def test_a_flip_may_end_an_autoscaler_as_well(needs: Needs) -> None:
    """What guards the pods of the colour that traffic leaves is declared once, before the move, and shrinks nothing."""
    fixed = {"backend": {"port": 8000, "replicas": 10, "autoscaling": {"enabled": False}}}
    found = await declared(
        {**config("green", "service"), "services": json.dumps(fixed)}, scaled(ours=True, number=None)
    )
    assert "PodDisruptionBudget backend-blue-budget" in needs
    assert found["Deployment", "backend-blue"]["spec"]["replicas"] == 10
    assert "backend-blue-autoscaler" not in found.names("HorizontalPodAutoscaler")
