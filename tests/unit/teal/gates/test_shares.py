"""Wilson's interval, by his definition, and how many requests it takes to tell a share from a bound."""

import math

from hypothesis import given
from hypothesis import strategies as st

from teal.gates import shares


@given(count=st.integers(1, 10_000), part=st.floats(0, 1))
def test_the_ends_of_the_interval_are_as_unlikely_as_it_allows(count: int, part: float) -> None:
    """What was counted is Z standard deviations of each end away from it: Wilson's own definition."""
    share = round(part * count) / count
    low, high = shares.interval(share, count)
    assert 0 <= low <= share <= high <= 1
    for end in (low, high):
        away = shares.Z * math.sqrt(end * (1 - end) / count)
        assert math.isclose(abs(share - end), away, rel_tol=1e-6, abs_tol=1e-7)


def test_nothing_counted_says_nothing() -> None:
    """Any share may be."""
    assert shares.interval(0, 0) == (0.0, 1.0)


@given(bound=st.floats(0.002, 0.5), share=st.floats(0, 1))
def test_as_many_as_are_needed_suffice_and_one_less_does_not(bound: float, share: float) -> None:
    """The number that is computed is the least; a share at the bound is never told from it."""
    count = shares.needed(bound, share)

    def told(number: int) -> bool:
        low, high = shares.interval(share, number)
        return high < bound or low > bound

    assert told(count) or count == shares.MOST
    assert count == 1 or not told(count - 1)
