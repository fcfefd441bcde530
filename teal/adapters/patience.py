"""What is worth asking again: what an API server, or whatever stands before it, answers for a moment only. Pure."""

from http import HTTPStatus

import httpx2

MOST_SECONDS = 3.0
"""Between two tries, whatever an answer asks for: a lease is four times as long."""


class BusyError(Exception):
    """An answer that says nothing of what was asked: too many requests (429), or a fault of the server's (5xx)."""

    def __init__(self, response: httpx2.Response) -> None:
        """Keep what was answered, and for how long the server asks to be left alone."""
        super().__init__(f"answered {response.status_code}")
        self.pause = _asked_for(response)


def busy(response: httpx2.Response) -> bool:
    """Whether the same request may be answered otherwise in a moment."""
    status = response.status_code
    return status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR


def require_settled(response: httpx2.Response) -> None:
    """Let pass an answer that will be the same in a moment.

    Raises:
        BusyError: it is none.
    """
    if busy(response):
        raise BusyError(response)


def again(error: Exception) -> bool | float:
    """Whether a failed request is worth another try; a number is the seconds to wait before it.

    A `stamina` backoff hook.
    """
    if isinstance(error, BusyError):
        return error.pause or True
    return isinstance(error, httpx2.TransportError)


def _asked_for(response: httpx2.Response) -> float:
    """Seconds of the header `Retry-After`, bounded; 0 where it names none."""
    said = response.headers.get("Retry-After", "")
    return min(float(said), MOST_SECONDS) if said.isdecimal() else 0.0
