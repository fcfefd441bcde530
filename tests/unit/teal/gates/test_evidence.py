"""What a person reads of a gate that asks the release itself: what was seen, what was needed, and who was asked."""

from datetime import UTC, datetime

import pytest

from teal.gates.documents import Change, Compared, ContractPlan, Tried, changes, deprecations, early
from teal.gates.identity import Answer, version
from teal.gates.openapi import Operation
from teal.gates.replies import Reply, not_asked, smoke
from teal.model.colours import Colour
from teal.model.verdict import Outcome
from tests.unit.teal.gates.evidence_cases import (
    BLUE,
    CHECK,
    CONTRACT,
    ERROR,
    FAILED,
    GREEN,
    INCONCLUSIVE,
    PASSED,
    spoken,
)

REMOVED = Change(id="removed", text="api path removed", operation="GET /old")
OLD = Operation(method="get", path="/old", url="/old", askable=True, dated=False)
ALLOWING = ContractPlan(path="/openapi.json", allowed=frozenset({"b", "a"}))
CHANGES = {"needed": "no change that breaks clients of blue", "asked": "backend in both colours for /openapi.json"}
CHANGES["asked"] += ", and oasdiff for what breaks"
MARKS = {
    "needed": "Deprecation and Sunset in the answers of deprecated operations",
    "asked": "backend-green for /openapi.json, and for what is deprecated there",
}
UNMARKED = "GET /old answered 200 without Deprecation and a date in Sunset"
IDENTITY = {
    "needed": "version 1.1.0 from every ready endpoint of green",
    "asked": "every ready endpoint of backend-green for /metadata, through the API server",
}
SMOKE = {
    "needed": f"200 within 2 s, with '{'a' * 59}…', with 1 at /a, with \"ü\" at /b, with true at /c",
    "asked": "backend-green, through the API server, for GET /price",
}
WRONG = 'with nothing at /a, with "u" at /b, with 1 at /c'


@pytest.mark.parametrize(
    ("live", "plan", "compared", "outcome", "seen"),
    [
        (None, CONTRACT, Compared(), PASSED, "nothing is live that could be broken"),
        (GREEN, CONTRACT, Compared(), PASSED, "green is live already"),
        (BLUE, CONTRACT, Compared(), PASSED, "0 breaking changes"),
        (BLUE, ALLOWING, Compared(lack=ERROR, why="no oasdiff"), ERROR, "no oasdiff"),
        (BLUE, CONTRACT, Compared(changes=[REMOVED]), FAILED, "GET /old: api path removed (removed)"),
        (
            BLUE,
            CONTRACT,
            Compared(changes=[REMOVED] * 3),
            FAILED,
            "; ".join(["GET /old: api path removed (removed)"] * 3),
        ),
        (
            BLUE,
            CONTRACT,
            Compared(changes=[REMOVED] * 4),
            FAILED,
            "; ".join(["GET /old: api path removed (removed)"] * 3) + " and 1 more",
        ),
    ],
)
def test_changes(live: Colour | None, plan: ContractPlan, compared: Compared, outcome: Outcome, seen: str) -> None:
    """Three are named, and how many more there are."""
    needed = f"no change that breaks clients of {live or 'live'}" + (", but for a, b" if plan is ALLOWING else "")
    assert spoken(changes("backend", GREEN, live, plan, compared)) == (outcome, seen, needed, CHANGES["asked"])


def test_long_words_of_others_are_cut() -> None:
    """A tool's, or a service's."""
    long = "x" * 200
    assert str(Change(id=long, text=long, operation=long)) == f"{'x' * 109}…: {'x' * 109}… ({'x' * 109}…)"
    named = Operation(method="get", path=f"/{long}", url="", askable=True, dated=False)
    found = deprecations("backend", GREEN, CONTRACT, [Tried(operation=named, reply=Reply(status=200))])
    assert found.seen == f"GET /{'x' * 104}…"


@pytest.mark.parametrize(
    ("tried", "outcome", "seen"),
    [
        ([Reply(status=200)], FAILED, UNMARKED),
        ([Reply(status=200)] * 3, FAILED, "; ".join([UNMARKED] * 3)),
        ([Reply(status=200)] * 5, FAILED, "; ".join([UNMARKED] * 3) + " and 2 more"),
        (
            [Reply(late=True), Reply(error="refused")],
            ERROR,
            "could not be asked: GET /old (no answer in time); GET /old (refused)",
        ),
        ([None], PASSED, "0 of 1 deprecated operations say so, 1 were not tried: they need parameters or have effects"),
        ([], PASSED, "0 of 0 deprecated operations say so"),
    ],
)
def test_deprecations(tried: list[Reply | None], outcome: Outcome, seen: str) -> None:
    """Three are named, and how many more there are."""
    found = deprecations("backend", GREEN, CONTRACT, [Tried(operation=OLD, reply=each) for each in tried])
    assert spoken(found) == (outcome, seen, MARKS["needed"], MARKS["asked"])


@pytest.mark.parametrize(
    ("headers", "says"),
    [
        ({}, "no Sunset is known of it"),
        ({"sunset": "Thu, 31 Dec 2026 23:59:59 -0000"}, "no Sunset is known of it"),  # which says that it has no zone
        ({"sunset": "Thu, 31 Dec 2026 23:59:59 GMT"}, "its Sunset is 2026-12-31"),
    ],
)
def test_an_early_removal(headers: dict[str, str], says: str) -> None:
    """By the id that the stack would allow it by."""
    found = early(Tried(operation=OLD, reply=Reply(status=200, headers=headers)), datetime(2026, 11, 1, tzinfo=UTC))
    text = f"deprecated, removed, and {says}"
    assert found == Change(id="deprecated-operation-removed", text=text, operation="GET /old")


@pytest.mark.parametrize(
    ("answers", "outcome", "seen"),
    [
        ([], INCONCLUSIVE, "no endpoint was there to ask"),
        ([Answer(endpoint="a", version="1.1.0", colour="green")], PASSED, "1 of 1 answered version 1.1.0"),
        ([Answer(endpoint="a")], FAILED, "1 of 1 answered version none of colour none"),
        (
            [
                Answer(endpoint="a", version="v" * 50, colour="c" * 50),
                Answer(endpoint="b", version="1.0.0", colour="green"),
            ],
            FAILED,
            f"1 of 2 answered version 1.0.0 of colour green, 1 of 2 answered version {'v' * 39}… of colour {'c' * 39}…",
        ),
        ([Answer(endpoint="a", error="refused")], ERROR, "1 of 1 could not be asked (a: refused)"),
    ],
)
def test_version(answers: list[Answer], outcome: Outcome, seen: str) -> None:
    """Every wrong answer, and how many gave it."""
    found = version("backend", GREEN, "1.1.0", answers, path="/metadata")
    assert spoken(found) == (outcome, seen, IDENTITY["needed"], IDENTITY["asked"])


@pytest.mark.parametrize(
    ("reply", "outcome", "seen"),
    [
        (Reply(error="refused"), ERROR, "GET /price could not be asked: refused"),
        (
            Reply(status=500, body=b'{"b": "u", "c": 1}', seconds=3),
            FAILED,
            f"GET /price answered 500 in 3.000 s, not 200, later than 2 s, without '{'a' * 59}…' in 18 bytes, {WRONG}",
        ),
        (
            Reply(status=200, body=b"a" * 70, whole=False, seconds=1),
            FAILED,
            "GET /price answered 200 in 1.000 s, with the first 70 bytes that are no JSON",
        ),
    ],
)
def test_smoke(reply: Reply, outcome: Outcome, seen: str) -> None:
    """All that an answer falls short of; of the query nothing."""
    assert spoken(smoke("backend", GREEN, CHECK, reply)) == (outcome, seen, SMOKE["needed"], SMOKE["asked"])


def test_a_request_that_a_preview_does_not_send() -> None:
    """It is neither a pass nor a failure."""
    seen, asked = "not asked in a preview: GET /price may change something", "nobody, instead of backend-green"
    found = not_asked("backend", GREEN, CHECK)
    assert (found.gate, *spoken(found)) == ("smoke.price", INCONCLUSIVE, seen, SMOKE["needed"], asked)
