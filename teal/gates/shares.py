"""How far a share can be told from a bound, by as many requests as it rests on: Wilson's score interval. Pure.

One error in twenty requests is 5 %, and says next to nothing of whether the
release errs 5 %. The interval holds all shares of which what was counted is
not too unlikely; only where it lies on one side of a bound is the side known.
(E. B. Wilson 1927; the interval that NIST's handbook of statistics recommends.)
"""

import math

Z = 1.645
"""One-sided, 95 %: of a hundred releases at the very bound, five are taken to be on one given side of it."""

MOST = 10_000
"""Requests, beyond which nobody sends any: no bound of per mille is judged in a minute."""


def interval(share: float, count: float) -> tuple[float, float]:
    """The least and the greatest share that what was counted speaks for; all of them where nothing was.

    Args:
        share: of what was counted, 0 to 1.
        count: on how many it rests.
    """
    if count <= 0:
        return 0.0, 1.0
    square = Z * Z / count
    centre = (share + square / 2) / (1 + square)
    reach = Z * math.sqrt(share * (1 - share) / count + square / (4 * count)) / (1 + square)
    # Rounding must not leave what was counted outside.
    return max(0.0, min(share, centre - reach)), min(1.0, max(share, centre + reach))


def needed(bound: float, share: float = 0.0) -> int:
    """How many requests tell a share from a bound.

    Args:
        bound: 0 to 1, above 0.
        share: what is thought to come out: as a rule, none that fails.

    Returns:
        As many as are needed, `MOST` at most: a share at the very bound is told from it by no number.
    """
    high = 1
    while high < MOST and not _told(bound, share, high):
        high *= 2
    low, high = high // 2, min(high, MOST)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _told(bound, share, middle) else (middle, high)
    return high


def _told(bound: float, share: float, count: float) -> bool:
    low, high = interval(share, count)
    return high < bound or low > bound
