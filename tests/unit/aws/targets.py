"""These targets stand behind a load balancer, and this is what a client gets through it."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any

import httpx2

from tests.unit.aws.balancer import Balancer

PORTS = count(18200)
"""No two listeners have the same one."""


class Target(ThreadingHTTPServer):
    """A target: it says its colour, and can be made unhealthy, slow or gone."""

    daemon_threads = True

    def __init__(self, colour: str, address: str, port: int = 8000) -> None:
        """Listen."""
        super().__init__((address, port), _Handler)
        self.colour, self.address, self.healthy, self.port = colour, address, True, port
        self.checks = 0
        self.held = threading.Event()
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - the base class's
        """Clients hang up."""

    def end(self) -> None:
        """Stop listening."""
        self.held.set()
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one segment, or each answer takes 40 ms
    server: Target  # pyright: ignore[reportIncompatibleVariableOverride] - the only one it is used with

    def do_GET(self) -> None:
        self.server.checks += self.path == "/health"
        if self.path == "/slow":
            self.server.held.wait(10)
        body = self.server.colour.encode()
        self.send_response(200 if self.server.healthy else 500)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401 - the base class's
        pass


def get(balancer: Balancer, path: str = "/", **headers: str) -> tuple[int, str]:
    """The status and the text of an answer; the status is 0 where nobody listens."""
    try:
        found = httpx2.get(f"http://{balancer.address}:{balancer.port}{path}", headers=headers, timeout=10)
    except httpx2.ConnectError:
        return 0, ""  # it does not listen yet
    return found.status_code, found.text


def status(balancer: Balancer) -> int:
    """Of an answer."""
    return get(balancer)[0]
