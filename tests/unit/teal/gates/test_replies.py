"""Smoke: what the preview door answers, at each of its bounds."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teal import gates
from teal.gates.replies import Reply, Request, SmokeCheck, at
from teal.model.colours import Colour
from teal.model.verdict import Outcome, Verdict

PASSED, FAILED, ERROR = Outcome.PASSED, Outcome.FAILED, Outcome.ERROR
CHECK = SmokeCheck(name="prices", request=Request(path="/pricing"), within_seconds=2)
PRICES = {"models": [{"name": "small", "price": 0.5, "free": False, "limit": None}], "a/b": 1, "a~b": 2}
GOOD = Reply(status=200, body=json.dumps(PRICES).encode(), seconds=0.1)


def judge(check: SmokeCheck = CHECK, reply: Reply = GOOD) -> Verdict:
    """The gate's verdict."""
    return gates.smoke("backend", Colour.GREEN, check, reply)


@pytest.mark.parametrize(
    ("reply", "outcome", "seen"),
    [
        (GOOD, PASSED, "GET /pricing answered 200 in 0.100 s"),
        (replace(GOOD, status=199), FAILED, "answered 199 in 0.100 s, not 200"),
        (replace(GOOD, status=201), FAILED, "answered 201 in 0.100 s, not 200"),
        (replace(GOOD, status=500), FAILED, "answered 500"),
        (replace(GOOD, seconds=1.999), PASSED, "in 1.999 s"),
        (replace(GOOD, seconds=2.0), PASSED, "in 2.000 s"),
        (replace(GOOD, seconds=2.001), FAILED, "in 2.001 s, later than 2 s"),
        (Reply(late=True), FAILED, "was not answered within 2 s"),
        (Reply(error="no endpoints available"), ERROR, "could not be asked: no endpoints available"),
    ],
)
def test_an_answer_has_its_status_within_its_time(reply: Reply, outcome: Outcome, seen: str) -> None:
    """The bound itself passes; who was not asked has not failed, and has not passed."""
    verdict = judge(reply=reply)
    assert verdict.outcome is outcome
    assert seen in verdict.seen
    assert verdict.gate == "smoke.prices"


@pytest.mark.parametrize(("text", "outcome"), [("small", PASSED), ("Small", FAILED), ("large", FAILED)])
def test_an_answer_contains_what_it_has_to(text: str, outcome: Outcome) -> None:
    """Letter for letter."""
    assert judge(replace(CHECK, contains=text)).outcome is outcome


@pytest.mark.parametrize(
    ("pointer", "value", "outcome", "seen"),
    [
        ("/models/0/name", "small", PASSED, ""),
        ("/models/0/name", "large", FAILED, 'with "small" at /models/0/name'),
        ("/models/0/price", 0.5, PASSED, ""),
        ("/models/0/free", False, PASSED, ""),
        ("/models/0/free", 0, FAILED, "with false at /models/0/free"),  # to Python, False is 0
        ("/models/0/limit", None, PASSED, ""),
        ("/models/0/price", "0.5", FAILED, "with 0.5 at"),
        ("/models/1/name", "small", FAILED, "with nothing at /models/1/name"),
        ("/models/x/name", "small", FAILED, "with nothing at /models/x/name"),
        ("/models/0/name/first", "s", FAILED, "with nothing at"),
        ("/models", "small", FAILED, "with a list at /models"),
        ("/models/0", "small", FAILED, "with an object at /models/0"),
        ("/a~1b", 1, PASSED, ""),
        ("/a~0b", 2, PASSED, ""),
    ],
)
def test_an_answer_holds_its_values(pointer: str, value: str | float | None, outcome: Outcome, seen: str) -> None:
    """By JSON pointer; nothing there is not the same as null."""
    verdict = judge(replace(CHECK, values={pointer: value}))
    assert verdict.outcome is outcome
    assert seen in verdict.seen


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff\xfe", b"[" * 100_000])
def test_a_body_that_is_no_json_holds_nothing(body: bytes) -> None:
    """Whatever it is, it is evidence, and no exception."""
    verdict = judge(replace(CHECK, values={"/a": 1}), replace(GOOD, body=body))
    assert verdict.outcome is FAILED
    assert f"with {len(body)} bytes that are no JSON" in verdict.seen


def test_all_that_is_wrong_is_said_at_once() -> None:
    """Nobody mends one thing and learns of the next."""
    check = replace(CHECK, contains="large", values={"/models": 1})
    verdict = judge(check, replace(GOOD, status=500, seconds=3))
    for part in ("not 200", "later than 2 s", "without 'large'", "with a list at /models"):
        assert part in verdict.seen


def test_nothing_is_shown_that_was_not_asked_for() -> None:
    """An error page may hold anything, a request's headers, body and query as well: none of it is evidence."""
    request = Request(path="/a?key=SECRET", method="POST", headers={"X-Key": "SECRET"}, body="SECRET")
    verdict = judge(
        replace(CHECK, request=request, contains="fine"), Reply(status=500, body=b"SECRET", headers={"x": "SECRET"})
    )
    assert "SECRET" not in f"{verdict!r}{verdict}{request!r}{Reply(body=b'SECRET')!r}"


def test_what_is_shown_is_one_printable_line() -> None:
    """An answer can neither forge a line of a log nor hide one."""
    reply = replace(GOOD, body=json.dumps({"a": "x\n2026 PASSED\x1b[2J\u202e" + "y" * 500}).encode())
    verdict = judge(replace(CHECK, values={"/a": 1}), reply)
    assert verdict.seen.isprintable()
    assert len(verdict.seen) < 200


@pytest.mark.parametrize(
    ("path", "contained"),
    [
        ("/", True),
        ("/a/b?c=../d", True),
        ("/a.b/..c", True),
        ("", False),
        ("a", False),
        ("/..", False),
        ("/a/../b", False),
        ("/a/./b", False),
        ("/a/%2e%2e/b", False),
        ("/a/%252e%252e/b", False),
        ("/a/..%2fb", False),
        ("/a\\..\\b", False),
    ],
)
def test_a_path_has_no_way_up(path: str, *, contained: bool) -> None:
    """Behind the API server's proxy, the way up leads to everything that the credentials may read."""
    assert Request(path=path).contained is contained


@given(
    document=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    ),
    pointer=st.text("/~01ab", max_size=12).map(lambda text: f"/{text}"),
)
def test_a_pointer_finds_something_or_says_that_it_does_not(document: object, pointer: str) -> None:
    """Never anything else, whatever a service answers."""
    try:
        at(document, pointer)
    except LookupError:
        return
    assert isinstance(document, dict | list)
