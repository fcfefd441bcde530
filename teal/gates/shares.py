"""Computes whether a number of requests can tell a share from a bound, with Wilson's score interval. Pure.

One error in twenty requests is 5 %, and says next to nothing about whether 5 % of the release's answers are errors. The
interval holds all shares that make the count not too unlikely. Only where it lies on one side of a bound is the side
known. (E. B. Wilson 1927; the interval that NIST's handbook of statistics recommends.)
"""

import math

Z = 1.645
"""One-sided, 95 %: of a hundred releases exactly at the bound, five are taken to be on one given side of it."""

MOST = 10_000
"""The most requests that anybody sends: a bound of per mille cannot be judged within a minute."""


def interval(share: float, count: float) -> tuple[float, float]:
    """Return the least and the greatest share that the count speaks for; 0 and 1 where nothing was counted.

    Args:
        share: the share that was counted, 0 to 1.
        count: the number of requests that it was computed from.
    """
    if count <= 0:
        return 0.0, 1.0
    square = Z * Z / count
    centre = (share + square / 2) / (1 + square)
    reach = Z * math.sqrt(share * (1 - share) / count + square / (4 * count)) / (1 + square)
    # Rounding must not leave the counted share outside.
    return max(0.0, min(share, centre - reach)), min(1.0, max(share, centre + reach))


def needed(bound: float, share: float = 0.0) -> int:
    """Return how many requests are needed to tell a share from a bound.

    Args:
        bound: the bound, above 0 and up to 1.
        share: the share that is expected: usually none that fails.

    Returns:
        The number of requests, `MOST` at most: no number tells a share at the bound from it.
    """
    high = 1
    while high < MOST and not _tells(bound, share, high):
        high *= 2
    low, high = high // 2, min(high, MOST)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _tells(bound, share, middle) else (middle, high)
    return high


def _tells(bound: float, share: float, count: float) -> bool:
    low, high = interval(share, count)
    return high < bound or low > bound
