"""What a change of the config comes to, in a word and with its reasons: `plan_table/` reads as a specification."""

from pathlib import Path

import pytest

from teal.plans.model import Word
from tests.unit.infra.planning.plan_table import TABLE, said
from tests.unit.infra.planning.plan_table.rows import Row

SAID = Path(__file__).parent / "plan_table" / "said.txt"


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.what)
def test_a_change_comes_to_a_word_and_its_reasons(row: Row) -> None:
    """The word; and a reason for each that is expected, in that order, and no other."""
    found = row.plan
    assert found.word is row.word, found.reasons
    assert len(found.reasons) == len(row.says), found.reasons
    for reason, part in zip(found.reasons, row.says, strict=True):
        assert part in reason


def test_the_table_has_every_word() -> None:
    """And at least forty changes."""
    assert {row.word for row in TABLE} == set(Word)
    assert len(TABLE) >= 40


def test_every_plan_says_what_was_read_and_approved() -> None:
    """Word for word; `python -m tests.unit.infra.planning.plan_table` makes a change of it, which the diff shows."""
    assert said().splitlines() == SAID.read_text().splitlines()
