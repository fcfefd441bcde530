"""How many pods a colour is asked for."""

from dataclasses import replace

import pytest
from teal_infra.components.scaling import Capacity
from teal_infra.planning import capacity
from teal_infra.planning.live import Live
from teal_infra.settings.scaling import Autoscaling

from teal.history.model import Flip, History, Stage
from teal.model.colours import Colour
from teal.model.live import LiveAutoscaler, LiveService, LiveSlot
from teal.spec.bake import BakePlan

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
        ("then", Capacity(minimum=3)),  # whoever may write an autoscaler may write nonsense
        ("2026-01-01T11:55:01", Capacity(minimum=3)),
    ],
)
def test_the_demand_ends_when_the_autoscaler_has_seen_the_traffic(since: str, expected: Capacity) -> None:
    """After the scale-down window, at the next update."""
    assert asked(live(Colour.GREEN, 8, floor=f"8@{since}")) == expected


def test_with_nothing_live_the_minimum_is_asked_for() -> None:
    """A first update has nobody to match."""
    assert asked(Live(at=NOW)) == Capacity(minimum=3)


def under_way(found: Live, origin: Colour) -> Live:
    """The same, with a flip from a colour that nobody has confirmed."""
    plan = BakePlan(services={}, seconds=0, error_percent=5, samples=0, window=10)
    entry = Flip(number=1, origin=origin, to=origin.other, version="1", by="x", begun="", stage=Stage.BAKING, plan=plan)
    return replace(found, history=History(flips=(entry,)))


def test_the_colour_that_traffic_leaves_keeps_its_pods() -> None:
    """However quiet it becomes, and however long the bake: traffic may have to go back."""
    assert asked(live(Colour.BLUE, 10), Colour.BLUE) == Capacity(minimum=10, floor=f"10@{NOW}")
    assert asked(live(Colour.BLUE, 2), Colour.BLUE) == Capacity(minimum=2)  # the same as once it is idle


def test_it_keeps_them_until_an_update_finds_the_move_confirmed() -> None:
    """Its autoscaler has had its way with some of them; the floor is what it was asked for."""
    blue = LiveSlot(annotations={}, replicas=9)
    found = live(Colour.GREEN, 10)
    floors = {"backend-blue": LiveAutoscaler(annotations={}, minimum=10)}
    found = replace(found, slots={**found.slots, ("backend", Colour.BLUE): blue}, autoscalers=floors)
    assert asked(under_way(found, Colour.BLUE), Colour.BLUE) == Capacity(minimum=10, floor=f"10@{NOW}")
    assert asked(found, Colour.BLUE) == Capacity(minimum=2)


def test_nothing_shrinks_while_a_flip_that_traffic_came_back_from_is_open() -> None:
    """Its update died, and somebody else sent traffic back: the floor stays until that flip has been ended."""
    found = replace(live(Colour.GREEN, 10), autoscalers={"backend-green": LiveAutoscaler(annotations={}, minimum=10)})
    assert asked(under_way(found, Colour.GREEN)) == Capacity(minimum=10)
    assert asked(found) == Capacity(minimum=3)


def test_a_colour_without_pods_keeps_none() -> None:
    """What was stopped stays stopped."""
    assert asked(live(Colour.BLUE, 0), Colour.BLUE) == Capacity(minimum=2)


@pytest.mark.parametrize(
    ("here", "there", "traffic", "stopped", "expected"),
    [
        (2, 5, Colour.BLUE, False, 5),  # a flip
        (7, 5, Colour.BLUE, False, 7),
        (0, 5, Colour.BLUE, False, 5),  # scaled to zero while nobody asked it
        (2, 5, Colour.GREEN, False, 2),  # live already: nobody's but the autoscaler's
        (0, 5, Colour.GREEN, True, 1),  # ended by the stack, and no longer declared
        (None, 5, Colour.BLUE, False, 5),
    ],
)
def test_what_somebody_else_scales_keeps_its_pods_but_for_a_flip(
    *, here: int | None, there: int, traffic: Colour, stopped: bool, expected: int
) -> None:
    """A plan says of it what will be, as far as teal has a say."""
    found = live(traffic, 1)
    slots = {("backend", Colour.BLUE): LiveSlot(annotations={}, replicas=there)}
    if here is not None:
        slots["backend", Colour.GREEN] = LiveSlot(annotations={}, replicas=here)
    found = replace(found, slots=slots)
    assert capacity.of_others("backend", Colour.GREEN, active=Colour.GREEN, live=found, stopped=stopped) == expected
