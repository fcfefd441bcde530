"""What each gate decides, at each of its bounds."""

import pytest

from teal import gates
from teal.colours import Colour
from teal.gates import Answer
from teal.verdict import Outcome, Verdict, unproven

GREEN, BLUE = Colour.GREEN, Colour.BLUE


@pytest.mark.parametrize(
    ("ready", "live", "live_ready", "outcome"),
    [
        (2, BLUE, 2, Outcome.PASSED),
        (3, BLUE, 2, Outcome.PASSED),
        (1, BLUE, 2, Outcome.FAILED),
        (0, BLUE, 2, Outcome.FAILED),
        (1, BLUE, 0, Outcome.PASSED),
        (0, BLUE, 0, Outcome.FAILED),
        (1, None, 0, Outcome.PASSED),
        (0, None, 0, Outcome.FAILED),
    ],
)
def test_capacity_needs_what_live_has_and_at_least_one(
    ready: int, live: Colour | None, live_ready: int, outcome: Outcome
) -> None:
    """Capacity passes from the live colour's ready endpoints upwards, never on none."""
    assert gates.capacity("backend", GREEN, ready=ready, live=live, live_ready=live_ready).outcome is outcome


RIGHT = Answer(endpoint="a", version="1.1.0", colour="green")


@pytest.mark.parametrize(
    ("answers", "outcome", "seen"),
    [
        ([RIGHT, RIGHT], Outcome.PASSED, "2 of 2 answered version 1.1.0"),
        (
            [RIGHT, Answer(endpoint="b", version="1.0.0", colour="green")],
            Outcome.FAILED,
            "1 of 2 answered version 1.0.0",
        ),
        ([Answer(endpoint="b", version="1.1.0", colour="blue")], Outcome.FAILED, "of colour blue"),
        ([RIGHT, Answer(endpoint="b", error="timed out")], Outcome.ERROR, "1 of 2 could not be asked (b: timed out)"),
        (
            [Answer(endpoint="b", version="0", colour="green"), Answer(endpoint="c", error="x")],
            Outcome.FAILED,
            "version 0",
        ),
        ([], Outcome.INCONCLUSIVE, "no endpoint"),
    ],
)
def test_version_needs_every_endpoint_to_answer_as_declared(answers: list[Answer], outcome: Outcome, seen: str) -> None:
    """One endpoint with another version, colour or no answer is enough not to pass."""
    verdict = gates.version("backend", GREEN, "1.1.0", answers)
    assert verdict.outcome is outcome
    assert seen in verdict.seen


def test_only_passed_lets_traffic_move() -> None:
    """Every outcome but `PASSED` is unproven."""
    verdicts = [Verdict(gate="g", service="s", outcome=outcome, seen="x", needed="y") for outcome in Outcome]
    assert {verdict.outcome for verdict in unproven(verdicts)} == set(Outcome) - {Outcome.PASSED}
