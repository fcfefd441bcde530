"""What a change of the config comes to, in a word and with its reasons: `plan_table/` reads as a specification."""

import pytest

from teal.plans.model import Word
from tests.unit.infra.plan_table import moving, rolling, staying, unsafe
from tests.unit.infra.plan_table.rows import Row

TABLE = [
    *(*staying.NOTHING, *staying.PREPARE, *staying.RETIRE),
    *(*moving.FLIP, *moving.CANARY, *moving.RELEASE, *moving.ROLLBACK),
    *(*rolling.ROLLING, *unsafe.UNSAFE),
]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.what)
def test_a_change_comes_to_a_word_and_its_reasons(row: Row) -> None:
    """The word; and a reason for each that is expected, in that order, and no other."""
    found = row.plan
    assert found.word is row.word, found.reasons
    assert len(found.reasons) == len(row.says), found.reasons
    for reason, said in zip(found.reasons, row.says, strict=True):
        assert said in reason


def test_the_table_has_every_word() -> None:
    """And at least forty changes."""
    assert {row.word for row in TABLE} == set(Word)
    assert len(TABLE) >= 40
