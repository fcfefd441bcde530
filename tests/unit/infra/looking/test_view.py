"""Where traffic was by time, for how long it was watched, and who may be said yes to."""

from collections.abc import Sequence

import pytest
from teal_infra.looking.view import Shown

from teal.history.model import Flip, Stage
from teal.model.colours import Colour
from tests.unit.infra.looking.looks import BAKING, MOVED, NOW, REVERTED, look
from tests.unit.teal.notifications.flips import flip

BEHIND = REVERTED.model_copy(update={"decided_at": "2026-01-01T00:00:02.500+00:00"})
"""Of which the end was told by a machine whose clock is behind."""

CONFIRMED = flip(Stage.CONFIRMED, 6, **MOVED, ended="2026-01-01T00:00:33+00:00")

LATE = flip(Stage.CONFIRMED, 6, **MOVED, ended="2026-01-01T00:01:00+00:00")
"""Which took longer than its bake."""


@pytest.mark.parametrize(
    ("of", "spans"),
    [
        (BAKING, [("blue", 1.0), ("moving to green", 2.0), ("green", 17.0)]),
        (REVERTED, [("blue", 1.0), ("moving to green", 2.0), ("green", 12.0), ("moving back to blue", 1.0)]),
        (CONFIRMED, [("blue", 1.0), ("moving to green", 2.0), ("green", 30.0)]),
        (flip(Stage.PROVEN), [("blue", 1.0), ("moving to green", 19.0)]),
        (BEHIND, [("blue", 1.0), ("moving to green", 2.0), ("green", 0.0), ("moving back to blue", 13.0)]),
        (flip(Stage.REFUSED, allowed_at="", ended="2026-01-01T00:00:04+00:00"), [("blue", 4.0)]),
        (flip(Stage.REFUSED, ended="2026-01-01T00:00:04+00:00"), [("blue", 4.0)]),
        (flip(Stage.CONFIRMED, origin=None, allowed_at="", ended="2026-01-01T00:00:00+00:00"), [("nothing", 0.0)]),
    ],
)
def test_traffic_is_where_the_record_says(of: Flip, spans: Sequence[tuple[str, float]]) -> None:
    """From the beginning to the end, or to now; the parts are the whole."""
    found = Shown(flip=of, until=NOW).spans
    assert [(each.who, each.seconds) for each in found] == spans
    assert round(sum(each.width for each in found)) == (100 if found[-1].seconds else 0)
    assert [each.left for each in found] == sorted(each.left for each in found)


def test_a_clock_that_is_told_in_whole_seconds_goes_not_back() -> None:
    """A flip that ended within the second in which it was watched."""
    ended = flip(Stage.CONFIRMED, bake_began_at="2026-01-01T00:00:01.700+00:00", ended="2026-01-01T00:00:01+00:00")
    assert [each.seconds for each in Shown(flip=ended, until=NOW).spans] == [1.0, 0.7, 0.0]


@pytest.mark.parametrize(
    ("of", "seconds"), [(BAKING, 17.0), (REVERTED, 12.0), (CONFIRMED, 30.0), (BEHIND, 0.0), (flip(), 0.0), (LATE, 30.0)]
)
def test_a_bake_is_as_long_as_it_was_watched(of: Flip, seconds: float) -> None:
    """Up to now, to its verdict, or to its end."""
    assert Shown(flip=of, until=NOW).baked_seconds == seconds


def test_an_idle_release_can_be_approved() -> None:
    """While no flip is under way."""
    assert look().approvable is None
    assert look(REVERTED, live=Colour.BLUE).approvable is Colour.GREEN


def test_a_trend_is_a_line_as_high_as_the_most_requests() -> None:
    """Both colours have the same scale."""
    assert (look().line(Colour.BLUE), look().line(Colour.GREEN)) == ("0.0,15.0 100.0,29.0", "0.0,29.0 100.0,1.0")
