"""How many pods a colour is asked for."""

import pytest

from infra import capacity
from infra.live import Live
from infra.scaling import Capacity
from infra.settings.scaling import Autoscaling
from teal.colours import Colour
from teal.live import LiveAutoscaler, LiveService, LiveSlot

SCALING = Autoscaling(min_replicas=3, max_replicas=20, idle_percent=50)
NOW = "2026-01-01T12:00:00+00:00"


def live(colour: Colour, replicas: int, floor: str | None = None) -> Live:
    """Traffic on a colour that has so many pods; green's autoscaler with a floor."""
    service = LiveService(colour=colour, selector={}, annotations={}, resource_version="1", writer="w")
    annotations = {"teal/floor": floor} if floor else {}
    return Live(
        services={"backend": service},
        slots={("backend", colour): LiveSlot(annotations={}, replicas=replicas)},
        autoscalers={"backend-green": LiveAutoscaler(annotations=annotations, minimum=3)},
        at=NOW,
    )


def asked(found: Live, colour: Colour = Colour.GREEN) -> Capacity:
    """What a colour is asked for while green is declared active."""
    return capacity.of(SCALING, "backend", colour, active=Colour.GREEN, live=found)


def test_the_idle_colour_keeps_its_share_rounded_up() -> None:
    """Half of three pods are two."""
    assert asked(live(Colour.GREEN, 3), Colour.BLUE) == Capacity(minimum=2)


@pytest.mark.parametrize(("serving", "expected"), [(3, 3), (2, 3), (8, 8)])
def test_before_a_flip_the_destination_is_brought_to_what_serves(serving: int, expected: int) -> None:
    """To the live colour's present pods, never below the minimum."""
    assert asked(live(Colour.BLUE, serving)).minimum == expected


def test_the_demand_of_a_flip_is_noted() -> None:
    """So that the next update knows since when it is in force."""
    assert asked(live(Colour.BLUE, 8)).floor == f"8@{NOW}"


@pytest.mark.parametrize(
    ("since", "expected"),
    [
        ("2026-01-01T11:55:01+00:00", Capacity(minimum=8, floor="8@2026-01-01T11:55:01+00:00")),
        ("2026-01-01T11:55:00+00:00", Capacity(minimum=3)),
    ],
)
def test_the_demand_ends_when_the_autoscaler_has_seen_the_traffic(since: str, expected: Capacity) -> None:
    """After the scale-down window, at the next update."""
    assert asked(live(Colour.GREEN, 8, floor=f"8@{since}")) == expected


def test_with_nothing_live_the_minimum_is_asked_for() -> None:
    """A first update has nobody to match."""
    assert asked(Live(at=NOW)) == Capacity(minimum=3)
