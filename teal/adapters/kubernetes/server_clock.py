"""Tells the time by the API server's clock, the only one that all who write a stack's records have in common.

Each answer of the API server is dated, to the second. This machine's clock is taken as it is while it agrees with those
dates. Otherwise it is corrected by the least that makes it agree. So a clock that is right keeps its fractions of a
second.
"""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx2

_SECOND = timedelta(seconds=1)
"""The precision of an answer's date, which has no fractions."""


class ServerClock:
    """A clock that goes by the dates of the API server's answers."""

    def __init__(self) -> None:
        """Begin with this machine's time, until an answer is heard."""
        self._ahead = timedelta()
        """By how much the API server's clock is ahead of this machine's."""

    def hear(self, asked: datetime, response: httpx2.Response) -> None:
        """Take the date of an answer, if it has one.

        Args:
            asked: what `machine` said before the request was sent.
            response: the API server's answer.
        """
        try:
            date = parsedate_to_datetime(response.headers.get("date", ""))
        except ValueError:
            return  # a proxy before it may have taken the date away
        date = date if date.tzinfo else date.replace(tzinfo=UTC)  # `-0000` is UTC too, and is parsed without a zone
        least, most = date - machine(), date + _SECOND - asked
        self._ahead = max(least, min(most, self._ahead))

    def now(self, timespec: str = "seconds") -> str:
        """Return this moment, RFC 3339 in UTC."""
        return (machine() + self._ahead).isoformat(timespec=timespec)


def machine() -> datetime:
    """Return the time by this machine's clock."""
    return datetime.now(UTC)
