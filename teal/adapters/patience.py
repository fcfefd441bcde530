"""Decides which answers of an API server, or of a proxy before it, are worth a retry. Its functions are pure."""

from http import HTTPStatus

import httpx2

MOST_SECONDS = 3.0
"""The longest wait between two attempts, whatever an answer asks for. A lease lasts four times as long."""


class BusyError(Exception):
    """An answer that says nothing about the request: too many requests (429), or a fault of the server (5xx)."""

    def __init__(self, response: httpx2.Response) -> None:
        """Keep the status, and how long the server asks to be left alone."""
        super().__init__(f"answered {response.status_code}")
        self.pause = _asked_for(response)


def busy(response: httpx2.Response) -> bool:
    """Return whether the same request may get another answer in a moment."""
    status = response.status_code
    return status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR


def require_settled(response: httpx2.Response) -> None:
    """Accept an answer that would be the same in a moment.

    Raises:
        BusyError: the answer may be another one in a moment.
    """
    if busy(response):
        raise BusyError(response)


def again(error: Exception) -> bool | float:
    """Return whether a failed request is worth another attempt; a number is the seconds to wait before it.

    This is a `stamina` backoff hook.
    """
    if isinstance(error, BusyError):
        return error.pause or True
    return isinstance(error, httpx2.TransportError)


def _asked_for(response: httpx2.Response) -> float:
    """Return the seconds of the header `Retry-After`, at most `MOST_SECONDS`; 0 where it names none."""
    said = response.headers.get("Retry-After", "")
    return min(float(said), MOST_SECONDS) if said.isdecimal() else 0.0
