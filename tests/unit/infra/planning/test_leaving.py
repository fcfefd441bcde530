"""What becomes of the colour that traffic leaves: it keeps its pods first, and shrinks after the confirmation alone."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from pulumi.runtime import mocks
from teal_infra.planning.live import Live

from teal.model.colours import Colour
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
        found[f"{request.type.rpartition(':')[2]} {request.name}"] = waits
        return register(self, request)

    monkeypatch.setattr(mocks.MockMonitor, "RegisterResource", note)
    return found


def live() -> Live:
    """Traffic is on blue, which has ten pods of an autoscaler that would do with three."""
    return Live(
        services={
            "backend": LiveService(
                colour=Colour.BLUE, selector={}, annotations={}, resource_version="1", writer="pulumi-kubernetes-teal"
            )
        },
        slots={("backend", Colour.BLUE): LiveSlot(annotations={}, replicas=10, ready=10, version="1.0.0")},
        autoscalers={"backend-blue": LiveAutoscaler(annotations={}, minimum=3)},
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
