"""What time it is by the API server, whose clock is the only one that all who write a stack's records have in common.

Each answer of the API server is dated, to the second. This machine's clock counts as right as long as it is one that
could have been read at that server, and is corrected by as little as makes it so where it is not: times written on a
machine that is right stay as precise as they are.
"""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx2

_SECOND = timedelta(seconds=1)
"""An answer's date has no fractions."""


class ServerClock:
    """A clock that goes by what the API server says."""

    def __init__(self) -> None:
        """Nothing was heard yet: until then it is this machine's."""
        self._ahead = timedelta()
        """By how much the API server's clock is ahead of this machine's."""

    def hear(self, asked: datetime, response: httpx2.Response) -> None:
        """Take the date of an answer, if it has one.

        Args:
            asked: what `machine` said before the request was sent.
            response: of the API server.
        """
        try:
            date = parsedate_to_datetime(response.headers.get("date", ""))
        except ValueError:
            return  # what stands before it may have taken the date away
        date = date if date.tzinfo else date.replace(tzinfo=UTC)  # `-0000` is UTC, too, and read without a zone
        least, most = date - machine(), date + _SECOND - asked
        self._ahead = max(least, min(most, self._ahead))

    def now(self, timespec: str = "seconds") -> str:
        """This moment, RFC 3339 in UTC."""
        return (machine() + self._ahead).isoformat(timespec=timespec)


def machine() -> datetime:
    """What time it is by this machine."""
    return datetime.now(UTC)
