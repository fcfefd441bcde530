"""What a person reads of a gate that asks the cluster, a load balancer or a person: what was seen and needed."""

from datetime import UTC, datetime, timedelta

import pytest

from teal import gates
from teal.gates.alarms import alarms
from teal.gates.approvals import FLIP_SET, Approval, ApprovalPlan, Vouched
from teal.gates.endpoints import capacity
from teal.gates.targets import needed, targets
from teal.model.verdict import Outcome
from teal.spec.gates import GatePlan
from tests.unit.teal.gates.evidence_cases import (
    BLUE,
    CHECK,
    CONTRACT,
    ERROR,
    FAILED,
    GREEN,
    INCONCLUSIVE,
    METRICS,
    PASSED,
    SERIES,
    spoken,
)

UNSURE = "a is INSUFFICIENT_DATA, b is INSUFFICIENT_DATA"


def test_capacity_asks_for_nothing_of_an_autoscaler_that_is_not_there() -> None:
    """One endpoint is enough where live has none."""
    asked = "the API server for the EndpointSlices and Deployments of backend, and for the live autoscaler"
    found = capacity("backend", GREEN, ready=1, live=BLUE, live_ready=0)
    assert spoken(found) == (PASSED, "green has 1 ready endpoint", "1 (at least one)", asked)


NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
YES = Approval(
    colour=GREEN, versions={"backend": "1.1.0"}, releases={"backend": "d"}, by="a" * 90, at=NOW - timedelta(minutes=5)
)
SAID = f"{'a' * 79}… approved green with backend 1.1.0 at 2026-11-21T11:55:00Z"
ASKED = "ConfigMap teal-approval"


def plan(**more: object) -> ApprovalPlan:
    """What an approval has to be, of an API server that vouches for names."""
    given: dict[str, object] = {"max_age": timedelta(hours=1), "releases": {"backend": "d"}, **more}
    return ApprovalPlan(vouched=Vouched(since=NOW - timedelta(days=1)), versions={"backend": "1.1.0"}, now=NOW, **given)  # pyright: ignore[reportArgumentType] - as the cases have them


@pytest.mark.parametrize(
    ("of", "data", "outcome", "seen", "more"),
    [
        (plan(), {}, INCONCLUSIVE, "nobody approved anything", ""),
        (plan(), {"by": "a"}, ERROR, "the ConfigMap holds no approval: it names no colour, or nobody", ""),
        (plan(), {"colour": "green"}, ERROR, "the ConfigMap holds no approval: it names no colour, or nobody", ""),
        (
            plan(),
            {"colour": "green", "by": "a", "versions": '{"backend": 1}'},
            ERROR,
            "the ConfigMap holds no approval: its versions and releases are not by service",
            "",
        ),
        (
            plan(),
            {**YES.as_data(), "releases": '{"backend": 1}'},
            ERROR,
            "the ConfigMap holds no approval: its versions and releases are not by service",
            "",
        ),
        (
            plan(),
            {**YES.as_data(), "at": "2026-11-21T11:55:00"},
            ERROR,
            "the ConfigMap holds no approval: its time has no zone",
            "",
        ),
        (plan(), YES.as_data(), PASSED, SAID, ""),
        (
            plan(releases={"backend": "e"}),
            YES.as_data(),
            FAILED,
            f"{SAID}, and backend of green has been changed since",
            "",
        ),
        (plan(used=frozenset({f"{YES} of before"})), YES.as_data(), FAILED, f"{SAID}, which another flip has used", ""),
        (
            plan(another=True, updater="a" * 90),
            YES.as_data(),
            FAILED,
            f"{SAID}, and runs this update as well",
            f", by somebody else than {'a' * 79}…",
        ),
    ],
)
def test_approval(of: ApprovalPlan, data: dict[str, str], outcome: Outcome, seen: str, more: str) -> None:
    """Who said yes to what and when, and what is wrong with it."""
    found = gates.approval(GREEN, of, data)
    needed = f"an approval of green with backend 1.1.0, at most 1:00:00 old{more}"
    asked = f"{ASKED}, {YES}" if "approved green" in seen else ASKED
    assert (found.service, *spoken(found)) == (FLIP_SET, outcome, seen, needed, asked)


def test_an_approval_is_named_by_a_digest_and_dated_in_utc() -> None:
    """Whatever zone it was given in."""
    assert str(YES).removeprefix("approval ").isalnum()
    assert len(str(YES)) == len("approval ") + 16
    given = {**YES.as_data(), "at": "2026-11-21T12:55:00+01:00"}
    assert Approval.read(given).at.tzinfo is UTC


def test_a_release_that_was_confirmed_is_asked_for_less() -> None:
    """That it is there, is what it was, and answers."""
    whole = GatePlan(version="1", version_path="/", asked=(CHECK, CONTRACT, METRICS, SERIES))
    assert whole.gates > whole.for_rollback().gates == {"capacity", "version", "smoke.price"}
    assert whole.for_rollback() == GatePlan(version="1", version_path="/", asked=(CHECK,))


@pytest.mark.parametrize(
    ("here", "need", "outcome", "seen"),
    [
        ({"healthy": 2, "draining": 0}, 2, PASSED, "green has 2 healthy targets"),
        ({"healthy": 1, "initial": 2, "draining": 1}, 2, FAILED, "green has 1 healthy target (1 draining, 2 initial)"),
        ({"initial": 3}, 1, FAILED, "green has 0 healthy targets (3 initial)"),
    ],
)
def test_targets(here: dict[str, int], need: int, outcome: Outcome, seen: str) -> None:
    """What the load balancer calls healthy, and what the others are."""
    asked = "elasticloadbalancing for the health of the targets of backend in both colours"
    found = targets("backend", GREEN, here=here, need=need)
    assert (found.gate, *spoken(found)) == ("targets", outcome, seen, f"{need} healthy", asked)


@pytest.mark.parametrize(
    ("there", "share", "carried", "need"),
    [
        ({"healthy": 4, "initial": 9}, 100, None, 4),
        ({}, 100, None, 1),
        ({"healthy": 11}, 10, None, 2),  # a part of a target is one
        ({"healthy": 10}, 10, None, 1),
        ({"healthy": 6}, 100, 4, 4),  # what serves now has scaled out since
        ({"healthy": 3}, 100, 4, 3),
        ({"healthy": 3}, 100, 0, 1),
    ],
)
def test_targets_that_are_needed(there: dict[str, int], share: int, carried: int | None, need: int) -> None:
    """As many as serve, or their part of a share; never none."""
    assert needed(there, share=share, carried=carried) == need


def test_all_of_the_traffic_is_to_move_unless_a_share_is_named() -> None:
    """So as many are needed as serve."""
    assert needed({"healthy": 4}) == 4


@pytest.mark.parametrize(
    ("states", "outcome", "seen"),
    [
        ({"a": "OK", "b": "OK"}, PASSED, "2 alarms on the targets of green are quiet"),
        ({"b": "ALARM", "a": "OK"}, FAILED, "b rings"),
        ({"b": "ALARM", "a": "ALARM", "c": "INSUFFICIENT_DATA"}, FAILED, "a, b ring"),
        ({"b": "INSUFFICIENT_DATA", "a": "INSUFFICIENT_DATA", "c": "OK"}, INCONCLUSIVE, UNSURE),
        ({}, INCONCLUSIVE, "no alarm is on the targets of green"),
    ],
)
def test_alarms(states: dict[str, str], outcome: Outcome, seen: str) -> None:
    """One without data is not quiet."""
    asked = "cloudwatch for the alarms on the target group of backend in green"
    found = alarms("backend", GREEN, states)
    assert (found.gate, *spoken(found)) == ("alarms", outcome, seen, "every alarm on them OK", asked)
