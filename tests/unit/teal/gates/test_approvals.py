"""Approval: a person's yes to this very flip, not long ago."""

from datetime import UTC, datetime, timedelta

import pytest

from teal import gates
from teal.colours import Colour
from teal.gates.approvals import FLIP_SET, Approval, ApprovalPlan
from teal.verdict import Outcome

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
PLAN = ApprovalPlan(max_age=timedelta(hours=1))
VERSIONS = {"backend": "1.1.0", "frontend": "2.0.0"}
SECOND = timedelta(seconds=1)


def given(
    colour: Colour = Colour.GREEN, versions: dict[str, str] | None = None, age: timedelta = timedelta(minutes=5)
) -> dict[str, str]:
    """What the cluster keeps of an approval."""
    return Approval(colour=colour, versions=versions or VERSIONS, by="anna@example", at=NOW - age).as_data()


@pytest.mark.parametrize(
    ("data", "outcome", "seen"),
    [
        (given(), Outcome.PASSED, "anna@example approved green with backend 1.1.0, frontend 2.0.0"),
        (given(age=timedelta(0)), Outcome.PASSED, "2026-11-21T12:00:00Z"),
        (given(age=PLAN.max_age - SECOND), Outcome.PASSED, ""),
        (given(age=PLAN.max_age), Outcome.PASSED, ""),
        (given(age=PLAN.max_age + SECOND), Outcome.FAILED, "at 2026-11-21T10:59:59Z"),
        (given(age=-timedelta(minutes=1)), Outcome.PASSED, ""),  # clocks differ by a little
        (given(age=-timedelta(minutes=1) - SECOND), Outcome.ERROR, "still to come by this machine's clock"),
        (given(colour=Colour.BLUE), Outcome.FAILED, "approved blue"),
        (given(versions={**VERSIONS, "backend": "1.0.9"}), Outcome.FAILED, "backend 1.0.9"),
        (given(versions={"backend": "1.1.0"}), Outcome.FAILED, "approved green with backend 1.1.0 at"),
        (given(versions={**VERSIONS, "third": "1"}), Outcome.FAILED, "third 1"),
        ({}, Outcome.INCONCLUSIVE, "nobody approved anything"),
        ({**given(), "colour": "red"}, Outcome.ERROR, "it names no colour"),
        ({**given(), "by": ""}, Outcome.ERROR, "nobody"),
        ({**given(), "versions": "1.1.0"}, Outcome.ERROR, "versions are not by service"),
        ({**given(), "at": "yesterday"}, Outcome.ERROR, "what is kept is no approval"),
        ({**given(), "at": "2026-11-21T11:59:00"}, Outcome.ERROR, "no zone"),
        ({"colour": "green"}, Outcome.ERROR, "what is kept is no approval"),
    ],
)
def test_a_yes_is_to_this_flip_and_young(data: dict[str, str], outcome: Outcome, seen: str) -> None:
    """To its colour, to each of its versions and to nothing else, and the last instant still counts."""
    verdict = gates.approval(Colour.GREEN, VERSIONS, PLAN, data, NOW)
    assert (verdict.gate, verdict.service, verdict.outcome) == ("approval", FLIP_SET, outcome)
    assert seen in verdict.seen


def test_an_approval_is_kept_and_read_back() -> None:
    """As text, in a ConfigMap."""
    approval = Approval(colour=Colour.GREEN, versions=VERSIONS, by="anna@example", at=NOW)
    assert Approval.read(approval.as_data()) == approval
