"""A drain is over when nobody should still come and nothing is in flight, or when its time is up."""

import pytest

from workload.pricing.lifecycle import Lifecycle


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        """Begin at an instant that is not zero."""
        self.now = 1000.0

    def __call__(self) -> float:
        """The time."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock that stands."""
    return Clock()


@pytest.fixture
def lifecycle(clock: Clock) -> Lifecycle:
    """An instance that lingers for 3 s."""
    return Lifecycle(linger_seconds=3, clock=clock)


def test_lingers_even_if_idle(lifecycle: Lifecycle, clock: Clock) -> None:
    """An idle instance is not drained before its linger has passed: callers may still come."""
    lifecycle.begin_drain(30, exits=True)
    clock.now += 2.9
    assert not lifecycle.over
    clock.now += 0.2
    assert lifecycle.over


def test_waits_for_requests_in_flight(lifecycle: Lifecycle, clock: Clock) -> None:
    """A request in flight keeps the instance beyond its linger."""
    lifecycle.active_requests = 1
    lifecycle.begin_drain(30, exits=True)
    clock.now += 29
    assert not lifecycle.over
    lifecycle.active_requests = 0
    assert lifecycle.over


def test_ends_when_time_is_up(lifecycle: Lifecycle, clock: Clock) -> None:
    """A request that never ends does not keep the instance beyond the drain's timeout."""
    lifecycle.active_requests = 1
    lifecycle.begin_drain(30, exits=True)
    clock.now += 30
    assert lifecycle.over
    assert not lifecycle.drained


def test_drained_without_exit_waits_for_the_signal(lifecycle: Lifecycle, clock: Clock) -> None:
    """A preStop hook's drain leaves the process running; SIGTERM then ends it at once."""
    lifecycle.begin_drain(25, exits=False)
    clock.now += 100
    assert lifecycle.drained
    assert not lifecycle.over
    lifecycle.begin_drain(30, exits=True)
    assert lifecycle.over


@pytest.mark.parametrize(("first", "second", "ends_after"), [(30, 10, 10), (10, 30, 10)])
def test_earlier_deadline_holds(lifecycle: Lifecycle, clock: Clock, first: int, second: int, ends_after: int) -> None:
    """A second request for a drain can shorten it and cannot lengthen it."""
    lifecycle.active_requests = 1
    lifecycle.begin_drain(first, exits=True)
    lifecycle.begin_drain(second, exits=True)
    clock.now += ends_after - 0.1
    assert not lifecycle.over
    clock.now += 0.2
    assert lifecycle.over


def test_closing_connections_ends_by_itself(lifecycle: Lifecycle, clock: Clock) -> None:
    """Connections are closed for the stated seconds, and no drain begins."""
    lifecycle.close_connections(5)
    assert lifecycle.closes_connections
    clock.now += 5
    assert not lifecycle.closes_connections
    assert lifecycle.drain is None
