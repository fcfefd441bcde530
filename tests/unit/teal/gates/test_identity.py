"""Version: every endpoint is what was declared."""

import pytest

from teal import gates
from teal.colours import Colour
from teal.gates import Answer
from teal.verdict import Outcome

GREEN = Colour.GREEN
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
        ([Answer(endpoint="b", version="", colour="green")], Outcome.FAILED, "version none"),
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


def test_what_a_pod_says_fills_no_screen() -> None:
    """A version of a thousand characters is cut, and the rest of the evidence stays."""
    long = Answer(endpoint="b", version="x" * 1000, colour="green")
    assert "of colour green" in gates.version("backend", GREEN, "1.1.0", [long]).seen
