"""Approval: a person's yes to this very flip, not long ago."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from teal import gates
from teal.gates.approvals import FLIP_SET, Approval, ApprovalPlan, Vouched
from teal.model.colours import Colour
from teal.model.verdict import Outcome, Verdict

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
RELEASES = {"backend": "digest-b", "frontend": "digest-f"}
VERSIONS = {"backend": "1.1.0", "frontend": "2.0.0"}
PLAN = ApprovalPlan(
    max_age=timedelta(hours=1),
    releases=RELEASES,
    versions=VERSIONS,
    vouched=Vouched(since=NOW - timedelta(days=1)),
    now=NOW,
)
SECOND = timedelta(seconds=1)
YES = partial(Approval, releases=RELEASES, by="anna@example")


def given(
    colour: Colour = Colour.GREEN, versions: dict[str, str] | None = None, age: timedelta = timedelta(minutes=5)
) -> dict[str, str]:
    """What the cluster keeps of an approval."""
    return YES(colour=colour, versions=versions or VERSIONS, at=NOW - age).as_data()


@pytest.mark.parametrize(
    ("data", "outcome", "seen"),
    [
        (given(), Outcome.PASSED, "anna@example approved green with backend 1.1.0, frontend 2.0.0"),
        (given(age=timedelta(0)), Outcome.PASSED, "2026-11-21T12:00:00Z"),
        (given(age=PLAN.max_age - SECOND), Outcome.PASSED, ""),
        (given(age=PLAN.max_age), Outcome.PASSED, ""),
        (given(age=PLAN.max_age + SECOND), Outcome.FAILED, "at 2026-11-21T10:59:59Z"),
        (given(age=-timedelta(minutes=1)), Outcome.PASSED, ""),  # clocks differ by a little
        (given(age=-timedelta(minutes=1) - SECOND), Outcome.ERROR, "still to come by the API server's clock"),
        (given(colour=Colour.BLUE), Outcome.FAILED, "approved blue"),
        (given(versions={**VERSIONS, "backend": "1.0.9"}), Outcome.FAILED, "backend 1.0.9"),
        (given(versions={"backend": "1.1.0"}), Outcome.FAILED, "approved green with backend 1.1.0 at"),
        (given(versions={**VERSIONS, "third": "1"}), Outcome.FAILED, "third 1"),
        ({}, Outcome.INCONCLUSIVE, "nobody approved anything"),
        ({**given(), "colour": "red"}, Outcome.ERROR, "it names no colour"),
        ({**given(), "by": ""}, Outcome.ERROR, "nobody"),
        ({**given(), "versions": "1.1.0"}, Outcome.ERROR, "versions and releases are not by service"),
        ({**given(), "at": "yesterday"}, Outcome.ERROR, "the ConfigMap holds no approval"),
        ({**given(), "at": "2026-11-21T11:59:00"}, Outcome.ERROR, "no zone"),
        ({"colour": "green"}, Outcome.ERROR, "the ConfigMap holds no approval"),
    ],
)
def test_a_yes_is_to_this_flip_and_young(data: dict[str, str], outcome: Outcome, seen: str) -> None:
    """To its colour, to each of its versions and to nothing else, and the last instant still counts."""
    verdict = gates.approval(Colour.GREEN, PLAN, data)
    assert (verdict.gate, verdict.service, verdict.outcome) == ("approval", FLIP_SET, outcome)
    assert seen in verdict.seen


def test_an_approval_is_kept_and_read_back() -> None:
    """As text, in a ConfigMap."""
    approval = YES(colour=Colour.GREEN, versions=VERSIONS, at=NOW)
    assert Approval.read(approval.as_data()) == approval


def judged(plan: ApprovalPlan, data: dict[str, str] | None = None) -> Verdict:
    """An approval of green, five minutes old, by a plan."""
    return gates.approval(Colour.GREEN, plan, data or given())


def test_another_release_of_the_same_version_is_not_what_was_approved() -> None:
    """An image, a probe or a variable was changed since, and the version's text was left as it is."""
    verdict = judged(replace(PLAN, releases={**RELEASES, "frontend": "another"}))
    assert verdict.outcome is Outcome.FAILED
    assert verdict.seen.endswith("and frontend of green has been changed since")


def test_an_approval_that_names_no_release_is_none() -> None:
    """As a teal before this one wrote it, or a hand."""
    data = {key: value for key, value in given().items() if key != "releases"}
    assert judged(PLAN, data).outcome is Outcome.ERROR


def test_an_approval_is_used_once() -> None:
    """The same yes does not let a second flip pass; a new one of the same person does."""
    first = judged(PLAN)
    assert first.outcome is Outcome.PASSED
    used = replace(PLAN, used=frozenset({first.asked}))
    again = judged(used)
    assert (again.outcome, "which another flip has used" in again.seen) == (Outcome.FAILED, True)
    assert judged(used, given(age=SECOND)).outcome is Outcome.PASSED


@pytest.mark.parametrize(("updater", "outcome"), [("anna@example", Outcome.FAILED), ("ben@example", Outcome.PASSED)])
def test_it_may_have_to_be_somebody_else_than_the_updater(updater: str, outcome: Outcome) -> None:
    """Only where the stack says so; the message names who that is."""
    verdict = judged(replace(PLAN, another=True, updater=updater))
    assert verdict.outcome is outcome
    assert f"by somebody else than {updater}" in verdict.needed
    assert judged(replace(PLAN, updater=updater)).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("vouched", "said"),
    [
        (Vouched(why="there is no policy"), "anna@example (self-declared: there is no policy) approved"),
        (Vouched(since=NOW), "anna@example (self-declared: before there was an admission policy) approved"),
        (Vouched(since=NOW - timedelta(minutes=5)), "anna@example approved"),
    ],
)
def test_a_name_that_nobody_vouches_for_is_called_self_declared(vouched: Vouched, said: str) -> None:
    """It counts, as the right to write it does; but nobody is told that the API server said so."""
    verdict = judged(replace(PLAN, vouched=vouched))
    assert (verdict.outcome, verdict.seen.startswith(said)) == (Outcome.PASSED, True)
