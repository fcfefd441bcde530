"""What every verdict has in common: four outcomes, and evidence that can be shown and kept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from teal.model.verdict import MOST, Outcome, Verdict, printable, unproven


def verdict(outcome: Outcome = Outcome.FAILED, seen: str = "0 ready") -> Verdict:
    """Some verdict."""
    return Verdict(gate="capacity", service="backend", outcome=outcome, seen=seen, needed="2", asked="the API server")


def test_only_passed_lets_traffic_move() -> None:
    """Every outcome but `PASSED` is unproven."""
    assert {each.outcome for each in unproven(map(verdict, Outcome))} == set(Outcome) - {Outcome.PASSED}


def test_a_verdict_is_one_line() -> None:
    """It says what was seen and what was needed."""
    assert str(verdict()) == "capacity of backend FAILED: 0 ready; needed: 2"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb\tc  d ", "a b c d"),
        ("\x1b[31mred", "�[31mred"),
        ("\u202eevil", "�evil"),
        ("x" * 11, "xxxxxxxxx…"),
        ("x" * 10, "x" * 10),
    ],
)
def test_a_text_is_one_short_printable_line(text: str, shown: str) -> None:
    """Here of at most ten characters."""
    assert printable(text, 10) == shown


@given(text=st.text())
def test_no_evidence_forges_a_line(text: str) -> None:
    """Whatever was answered, on a screen, in a log and in the history."""
    line = str(verdict(seen=text * 20))
    assert line.isprintable()
    assert len(line) < 2 * MOST


def test_evidence_stays_bounded_where_it_is_kept() -> None:
    """A history is read back by pydantic, past the class's own way in."""
    kept = TypeAdapter(Verdict).dump_json(verdict(seen="x" * 10_000))
    assert len(kept) < 2 * MOST
    assert TypeAdapter(Verdict).validate_json(kept) == verdict(seen="x" * 10_000)
