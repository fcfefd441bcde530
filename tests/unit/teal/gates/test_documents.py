"""Contract: what the comparison found, what is deprecated, and what that has to answer."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from teal.gates.documents import (
    Change,
    Compared,
    ContractPlan,
    Tried,
    changes,
    deprecations,
    document,
    early,
    one_of_several,
)
from teal.gates.openapi import Operation, described
from teal.gates.replies import Reply
from teal.model.colours import Colour
from teal.model.verdict import Outcome

GREEN, BLUE = Colour.GREEN, Colour.BLUE
PASSED, FAILED, INCONCLUSIVE, ERROR = Outcome
PLAN = ContractPlan(path="/openapi.json")
REMOVED = Change(id="api-path-removed-without-deprecation", text="api path removed", operation="GET /use-cases")
OLD = Operation(method="get", path="/old", url="/old", askable=True, dated=False)
POST = Operation(method="post", path="/old", url="/old", askable=False, dated=False)
MARKED = Reply(status=200, headers={"deprecation": "true", "sunset": "Thu, 31 Dec 2026 23:59:59 GMT"})


def openapi(paths: Any, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """An OpenAPI document."""
    return {"openapi": "3.1.0", "paths": paths, **more}


GET: dict[str, Any] = {"get": {"responses": {}}}


@pytest.mark.parametrize(
    ("reply", "lack", "why"),
    [
        (Reply(status=200, body=json.dumps(openapi({"/": GET})).encode()), None, ""),
        (Reply(status=404, body=b"{}"), INCONCLUSIVE, "/openapi.json of green answered 404"),
        (Reply(status=200, body=b"<html>"), INCONCLUSIVE, "no OpenAPI document"),
        (Reply(status=200, body=b"[]"), INCONCLUSIVE, "no OpenAPI document"),
        (Reply(status=200, body=b'{"a": 1}'), INCONCLUSIVE, "no OpenAPI document"),
        # Documents without operations would break nobody, whatever the other one has.
        (Reply(status=200, body=json.dumps(openapi({})).encode()), INCONCLUSIVE, "with operations"),
        (Reply(status=200, body=json.dumps(openapi([])).encode()), INCONCLUSIVE, "with operations"),
        (Reply(status=200, body=json.dumps(openapi({"/": {"get": 1}})).encode()), INCONCLUSIVE, "with operations"),
        (
            Reply(status=200, body=json.dumps(openapi({"/": GET})).encode(), whole=False),
            INCONCLUSIVE,
            "no OpenAPI document",
        ),
        (Reply(late=True), ERROR, "no answer in time"),
        (Reply(error="no endpoints available"), ERROR, "could not be asked: no endpoints available"),
    ],
)
def test_an_answer_is_a_document_or_says_why_not(reply: Reply, lack: Outcome | None, why: str) -> None:
    """An empty document would agree with everything."""
    found = document(reply, "/openapi.json", GREEN)
    if lack is None:
        assert found == openapi({"/": GET})
    else:
        assert isinstance(found, Compared)
        assert found.lack is lack
        assert why in found.why


@pytest.mark.parametrize(
    ("compared", "outcome", "seen"),
    [
        (Compared(), PASSED, "0 breaking changes"),
        (Compared(changes=[REMOVED]), FAILED, "GET /use-cases: api path removed (api-path-removed-without"),
        (Compared(changes=[REMOVED] * 3), FAILED, "api path removed"),
        (Compared(changes=[REMOVED] * 5), FAILED, "and 2 more"),
        (Compared(lack=ERROR, why="there is no oasdiff on PATH"), ERROR, "no oasdiff on PATH"),
        (Compared(lack=INCONCLUSIVE, why="no document"), INCONCLUSIVE, "no document"),
        (Compared(changes=[REMOVED], lack=ERROR, why="killed"), ERROR, "killed"),
    ],
)
def test_nothing_that_clients_use_is_gone(compared: Compared, outcome: Outcome, seen: str) -> None:
    """One change is enough; not to have compared is no pass."""
    verdict = changes("backend", GREEN, BLUE, PLAN, compared)
    assert (verdict.gate, verdict.outcome) == ("contract.changes", outcome)
    assert seen in verdict.seen


def test_a_change_that_the_stack_allows_is_named_in_the_evidence() -> None:
    """By the tool's id; the others still count."""
    plan = ContractPlan(path="/openapi.json", allowed=frozenset({REMOVED.id}))
    verdict = changes("backend", GREEN, BLUE, plan, Compared(changes=[REMOVED]))
    assert verdict.outcome is PASSED
    assert REMOVED.id in verdict.needed
    other = Change(id="other", text="t", operation="GET /")
    assert changes("backend", GREEN, BLUE, plan, Compared(changes=[REMOVED, other])).outcome is FAILED


def test_changes_that_are_allowed_are_named_all_the_same() -> None:
    """Whoever asks later what a release broke finds it in the history of its flip."""
    plan = ContractPlan(path="/openapi.json", allowed=frozenset({REMOVED.id}))
    verdict = changes("backend", GREEN, BLUE, plan, Compared(changes=[REMOVED] * 4))
    assert verdict.seen == f"4 breaking changes, which are allowed: {'; '.join([str(REMOVED)] * 3)} and 1 more"


def test_each_of_several_documents_has_verdicts_of_its_own() -> None:
    """Called by its name, as the plan says beforehand."""
    plan = ContractPlan(path="/v1.json", name="v1", others=["/v2.json"])
    found = [changes("backend", GREEN, BLUE, plan, Compared()), deprecations("backend", GREEN, plan, [])]
    assert [each.gate for each in found] == ["contract.changes.v1", "contract.deprecations.v1"]
    assert {each.gate for each in found} == plan.gates
    assert ContractPlan(path="/v1.json").gates == {"contract.changes", "contract.deprecations"}


NOT_FOUND, GONE = (Reply(status=each) for each in (404, 410))
BROKEN = Reply(status=500)
THERE = Reply(status=200, body=json.dumps(openapi({"/": GET})).encode())


@pytest.mark.parametrize(
    ("old", "new", "others", "seen"),
    [
        (THERE, THERE, True, ("compared", "compared")),
        (NOT_FOUND, THERE, True, ("nothing", "compared")),  # it is new
        (GONE, THERE, True, ("nothing", "compared")),
        (GONE, GONE, True, ("nothing", "empty")),  # its time was over before
        (GONE, NOT_FOUND, True, ("nothing", "empty")),
        (THERE, NOT_FOUND, True, ("compared", "empty")),  # it goes now
        (THERE, GONE, True, ("compared", "empty")),
        # Asked at a wrong path, or of a service that is not well: nobody knows what it offers.
        (NOT_FOUND, NOT_FOUND, True, ("404", "404")),
        (NOT_FOUND, THERE, False, ("404", "compared")),
        (GONE, GONE, False, ("410", "410")),
        (THERE, GONE, False, ("compared", "410")),
        (BROKEN, THERE, True, ("500", "compared")),
        (THERE, BROKEN, True, ("compared", "500")),
        (BROKEN, GONE, True, ("500", "410")),
        (NOT_FOUND, BROKEN, True, ("404", "500")),
    ],
)
def test_a_version_may_come_and_one_that_goes_takes_all_it_had_along(
    old: Reply, new: Reply, *, others: bool, seen: tuple[str, str]
) -> None:
    """As long as the colour that lacks it has another document."""
    read = (document(old, "/v1.json", BLUE), document(new, "/v1.json", GREEN))
    found = one_of_several(*read, live_has_another=others, destination_has_another=others)
    assert tuple(map(_kind, found)) == seen


def _kind(read: Any) -> str:  # noqa: ANN401 - a document, or what there is in place of one
    if not isinstance(read, Compared):
        return "compared" if read["paths"] else "empty"
    return read.why.split()[-1] if read.lack is not None else "nothing"


@pytest.mark.parametrize("live", [None, GREEN])
def test_where_nobody_else_is_live_there_are_no_clients_to_break(live: Colour | None) -> None:
    """The first release of all, and a flip that was cut off after its write."""
    assert changes("backend", GREEN, live, PLAN, Compared()).outcome is PASSED


@pytest.mark.parametrize(
    ("headers", "missing"),
    [
        ({"deprecation": "true", "sunset": "Thu, 31 Dec 2026 23:59:59 GMT"}, ""),
        ({"deprecation": "@1688169599", "sunset": "Thu, 31 Dec 2026 23:59:59 GMT"}, ""),
        ({"sunset": "Thu, 31 Dec 2026 23:59:59 GMT"}, "without Deprecation"),
        ({"deprecation": " ", "sunset": "Thu, 31 Dec 2026 23:59:59 GMT"}, "without Deprecation"),
        ({"deprecation": "true"}, "without a date in Sunset"),
        ({"deprecation": "true", "sunset": "soon"}, "without a date in Sunset"),
        ({"deprecation": "true", "sunset": "2026-12-31"}, "without a date in Sunset"),
        ({}, "without Deprecation and a date in Sunset"),
    ],
)
def test_what_is_deprecated_says_so_and_until_when(headers: dict[str, str], missing: str) -> None:
    """Both headers, and a date that a client can read."""
    verdict = deprecations("backend", GREEN, PLAN, [Tried(operation=OLD, reply=Reply(status=200, headers=headers))])
    assert verdict.outcome is (FAILED if missing else PASSED)
    assert missing in verdict.seen


@pytest.mark.parametrize(
    ("tried", "outcome", "seen"),
    [
        ([], PASSED, "0 of 0 deprecated operations"),
        ([Tried(operation=POST, reply=None)], PASSED, "0 of 1 deprecated operations say so, 1 were not tried"),
        ([Tried(operation=OLD, reply=MARKED), Tried(operation=POST, reply=None)], PASSED, "1 of 2"),
        ([Tried(operation=OLD, reply=Reply(late=True))], ERROR, "GET /old (no answer in time)"),
        ([Tried(operation=OLD, reply=Reply(error="refused"))], ERROR, "GET /old (refused)"),
        (
            [Tried(operation=OLD, reply=Reply(late=True)), Tried(operation=OLD, reply=Reply(status=404))],
            FAILED,
            "GET /old answered 404 without Deprecation",
        ),
    ],
)
def test_each_that_can_be_tried_is(tried: list[Tried], outcome: Outcome, seen: str) -> None:
    """Those that cannot are counted."""
    verdict = deprecations("backend", GREEN, PLAN, tried)
    assert verdict.outcome is outcome
    assert seen in verdict.seen


def test_without_a_document_nothing_is_known_of_deprecations() -> None:
    """That is no pass either."""
    lack = Compared(lack=INCONCLUSIVE, why="/openapi.json of green answered 404")
    assert deprecations("backend", GREEN, PLAN, [], lack).outcome is INCONCLUSIVE


@pytest.mark.parametrize(
    ("paths", "askable"),
    [
        ({"/old": {"get": {"deprecated": True}}}, True),
        ({"/old": {"get": {"deprecated": True, "parameters": [{"name": "a", "in": "query"}]}}}, True),
        ({"/old": {"get": {"deprecated": True, "parameters": [{"name": "a", "required": True}]}}}, False),
        ({"/old": {"get": {"deprecated": True}, "parameters": [{"name": "a", "required": True}]}}, False),
        ({"/old": {"get": {"deprecated": True, "parameters": [{"$ref": "#/components/parameters/A"}]}}}, False),
        ({"/old": {"get": {"deprecated": True, "parameters": [{"$ref": "#/components/parameters/B"}]}}}, True),
        ({"/old": {"get": {"deprecated": True, "parameters": [{"$ref": "#/nowhere"}]}}}, False),
        ({"/old": {"get": {"deprecated": True, "parameters": [{"$ref": "https://elsewhere.example"}]}}}, False),
        ({"/old": {"get": {"deprecated": True, "parameters": ["?"]}}}, False),
        ({"/old/{id}": {"get": {"deprecated": True}}}, False),
        ({"/old": {"post": {"deprecated": True}}}, False),
        ({"/old": {"delete": {"deprecated": True}}}, False),
    ],
)
def test_only_what_needs_nothing_and_changes_nothing_is_tried(paths: dict[str, Any], *, askable: bool) -> None:
    """A GET without parameters that have to be given."""
    parameters = {"A": {"name": "a", "required": True}, "B": {"name": "b", "required": False}}
    (found,) = described(openapi(paths, components={"parameters": parameters}), deprecated=True)
    assert found.askable is askable


@pytest.mark.parametrize("flag", [None, False, "true", 1])
def test_what_is_not_marked_is_not_deprecated(flag: object) -> None:
    """True is the one value that the specification has for it."""
    assert described(openapi({"/old": {"get": {"deprecated": flag}}}), deprecated=True) == []


@pytest.mark.parametrize(
    ("servers", "url"),
    [
        (None, "/old"),
        (list[str](), "/old"),
        ([{"url": "/"}], "/old"),
        ([{"url": "/v1/"}, {"url": "/v2"}], "/v1/old"),
        ([{"url": "https://gateway.example/v1"}], "/old"),
        ([{"url": "//elsewhere.example"}], "/old"),
        ([{"description": "none"}], "/old"),
        ("?", "/old"),
    ],
)
def test_a_relative_server_comes_first(servers: object, url: str) -> None:
    """It is what the service puts before its paths; an absolute one is the address of whatever stands before it."""
    (found,) = described(openapi({"/old": {"get": {"deprecated": True}}}, servers=servers), deprecated=True)
    assert (found.path, found.url) == ("/old", url)


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        (MARKED, None),
        (Reply(status=200, headers={"sunset": "Thu, 31 Dec 2026 23:59:58 GMT"}), None),
        (Reply(status=200, headers={"sunset": "Fri, 01 Jan 2027 00:00:00 GMT"}), "its Sunset is 2027-01-01"),
        (Reply(status=200, headers={"deprecation": "true"}), "no Sunset is known of it"),
        (Reply(late=True), "no Sunset is known of it"),
        (None, "no Sunset is known of it"),
    ],
)
def test_what_is_deprecated_may_go_when_its_time_is_over(reply: Reply | None, text: str | None) -> None:
    """At that very second, by what the live colour told its clients; without a date, never."""
    now = datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)
    found = early(Tried(operation=OLD, reply=reply), now)
    assert (found.text if found else None) == (f"deprecated, removed, and {text}" if text else None)
