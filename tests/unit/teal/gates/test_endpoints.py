"""Capacity: what a colour needs to take over what another one serves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teal import gates
from teal.model.colours import Colour
from teal.model.verdict import Outcome

GREEN, BLUE = Colour.GREEN, Colour.BLUE
PASSED, FAILED = Outcome.PASSED, Outcome.FAILED


@pytest.mark.parametrize(
    ("ready", "live", "live_ready", "live_wanted", "outcome"),
    [
        (1, BLUE, 2, 0, FAILED),
        (2, BLUE, 2, 0, PASSED),
        (3, BLUE, 2, 0, PASSED),
        (0, BLUE, 2, 0, FAILED),
        # The autoscaler of live is scaling up: what it asks for is needed, not what is there yet.
        (3, BLUE, 2, 4, FAILED),
        (4, BLUE, 2, 4, PASSED),
        (5, BLUE, 2, 4, PASSED),
        # It is scaling down: what serves now is needed all the same.
        (3, BLUE, 4, 2, FAILED),
        (4, BLUE, 4, 2, PASSED),
        # Live has nothing left: moving from nothing to nothing helps nobody.
        (0, BLUE, 0, 0, FAILED),
        (1, BLUE, 0, 0, PASSED),
        (0, None, 0, 0, FAILED),
        (1, None, 0, 0, PASSED),
    ],
)
def test_a_destination_needs_what_live_has_and_what_it_asks_for(
    ready: int, live: Colour | None, live_ready: int, live_wanted: int, outcome: Outcome
) -> None:
    """Passes from the larger of the two upwards, never on none."""
    verdict = gates.capacity("backend", GREEN, ready=ready, live=live, live_ready=live_ready, live_wanted=live_wanted)
    assert verdict.outcome is outcome


@pytest.mark.parametrize(
    ("live", "live_ready", "live_wanted", "needed"),
    [
        (BLUE, 2, 0, "2 (what blue has)"),
        (BLUE, 2, 4, "4 (what the autoscaler of blue asks for)"),
        (BLUE, 0, 0, "1 (at least one)"),
        (None, 0, 0, "1 (at least one)"),
    ],
)
def test_the_evidence_says_where_the_number_is_from(
    live: Colour | None, live_ready: int, live_wanted: int, needed: str
) -> None:
    """Without that, nobody could tell why two pods are too few today."""
    verdict = gates.capacity("backend", GREEN, ready=1, live=live, live_ready=live_ready, live_wanted=live_wanted)
    assert verdict.needed == needed
    assert verdict.seen == "green has 1 ready endpoint"


@pytest.mark.parametrize(("outdated", "seen"), [(1, "1 pod that its"), (2, "2 pods that its")])
def test_a_pod_that_is_not_replaced_yet_forbids_a_flip(outdated: int, seen: str) -> None:
    """It is ready, may say the same version, and was never what is declared now."""
    verdict = gates.capacity("backend", GREEN, ready=3, live=BLUE, live_ready=2, outdated=outdated)
    assert verdict.outcome is FAILED
    assert verdict.seen == f"green has 3 ready endpoints, and {seen} last rollout has not replaced yet"
    assert verdict.needed == "2 (what blue has), and none of an older release"


@given(ready=st.integers(0, 50), live_ready=st.integers(0, 50), live_wanted=st.integers(0, 50))
def test_a_flip_never_loses_capacity(ready: int, live_ready: int, live_wanted: int) -> None:
    """What passes has a pod, and has as many as serve now."""
    verdict = gates.capacity("backend", GREEN, ready=ready, live=BLUE, live_ready=live_ready, live_wanted=live_wanted)
    assert (verdict.outcome is PASSED) == (ready >= 1 and ready >= live_ready and ready >= live_wanted)
