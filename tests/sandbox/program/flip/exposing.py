"""A service that counts its requests as some library does. It is run by `python3 -c`, and needs nothing but Python.

`SERIES` is what that library exposes: each series, and by how much it grows with a request that is answered well, and
with one that is answered 500. `ERROR_EVERY` says which requests those are; of a `SLOW` one every request is beyond all
finite buckets.
"""

import json
import os
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import FrameType

SERIES: list[tuple[str, float, float]] = json.loads(os.environ["SERIES"])
ERROR_EVERY = int(os.environ.get("ERROR_EVERY", "0"))
SLOW = bool(os.environ.get("SLOW"))

counted = {200: 0, 500: 0}
turn = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    """Answers `/pricing`, `/metrics`, and whatever a probe asks for."""

    def do_GET(self) -> None:
        """Count what is asked of the API, and nothing else."""
        if self.path == "/metrics":
            return self.answer(200, exposed())
        if self.path != "/pricing":
            return self.answer(200, "well")
        with turn:
            status = 500 if ERROR_EVERY and sum(counted.values()) % ERROR_EVERY == 0 else 200
            counted[status] += 1
        return self.answer(status, "priced")

    def answer(self, status: int, text: str) -> None:
        """With a text."""
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


def exposed() -> str:
    """All series, as a Prometheus reads them."""
    with turn:
        well, ill = counted[200], counted[500]
    lines: list[str] = []
    for series, good, bad in SERIES:
        if not SLOW or 'le="' not in series or 'le="+Inf"' in series:
            lines.append(f"{series} {good * well + bad * ill}")
        else:
            lines.append(f"{series} 0")
    return "\n".join(lines) + "\n"


def end(_number: int, _frame: FrameType | None) -> None:
    """End at once: the first process of a container is not ended by a signal that it has no handler for."""
    sys.exit(0)


signal.signal(signal.SIGTERM, end)
ThreadingHTTPServer(("", int(os.environ["PORT"])), Handler).serve_forever()
