"""The watch ends what is idle, under faults: never what traffic reaches, and a way back onto it works."""

import pytest

from tests.simulation.run import simulate, spare

pytestmark = pytest.mark.filterwarnings("ignore:coroutine:RuntimeWarning")
"""A process that dies between making a coroutine and running it leaves that one unawaited."""

SEEDS = 100


@pytest.mark.timeout(1800)
def test_no_invariant_is_violated_where_the_watch_ends_what_is_idle() -> None:
    """Updates flip back while it does, processes die in between, writes are late; it does end pods in many seeds."""
    spare()
    outcomes = [simulate(seed, retires=True) for seed in range(SEEDS)]
    assert not [(each.seed, each.violations) for each in outcomes if each.violations]
    assert sum(each.ended > 0 for each in outcomes) > SEEDS / 4
