"""Whether a component works is told from what it does, not from its being there."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from sandbox.cluster.daemons.certificates import write_certificates
from sandbox.cluster.daemons.checks import Checker
from sandbox.cluster.daemons.component import Check, Component
from sandbox.cluster.environment import Sandbox
from sandbox.cluster.layout import Layout

_METRIC = "kubeproxy_sync_proxy_rules_last_timestamp_seconds"


class _Server(HTTPServer):
    """Answers every request with `status` and `body`."""

    status = 200
    body = ""


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, _Server)
        self.send_response(self.server.status)
        self.end_headers()
        self.wfile.write(self.server.body.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[_Server]:
    """A component's web server."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def checker(tmp_path: Path) -> Checker:
    """The administrator's look at a sandbox."""
    layout = Layout(Sandbox.named("a", work_tree=tmp_path))
    write_certificates(layout.pki, node="n", node_address="192.0.2.10", service_address="10.96.0.1", server="https://x")
    return Checker(layout)


def _component(check: Check, target: object) -> Component:
    return Component(name="x", argv=(), check=check, target=str(target))


@pytest.mark.parametrize(("status", "works"), [(200, True), (503, False)])
async def test_only_200_counts(server: _Server, checker: Checker, status: int, works: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """An API server that is not ready answers too."""
    server.status = status
    url = f"http://127.0.0.1:{server.server_port}/readyz"
    assert await checker.holds(_component(Check.HTTP, url)) is works


@pytest.mark.parametrize(
    ("body", "works"),
    [
        (f'{_METRIC}{{ip_family="IPv4"}} 1.7952587770542595e+09\n', True),
        (f"{_METRIC} 1.7952587770542595e+09\n", True),
        (f'{_METRIC}{{ip_family="IPv4"}} 0\n', False),
        (f"# HELP {_METRIC} The last time\n", False),
        ("", False),
    ],
)
async def test_kube_proxy_works_once_it_has_written_rules(
    server: _Server,
    checker: Checker,
    body: str,
    works: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """Its /healthz says 200 before that."""
    server.body = body
    url = f"http://127.0.0.1:{server.server_port}/metrics"
    assert await checker.holds(_component(Check.RULES_WRITTEN, url)) is works


@pytest.mark.parametrize("check", [Check.HTTP, Check.RULES_WRITTEN, Check.NODE_READY, Check.NODE_KNOWN])
async def test_nobody_there_is_a_no(checker: Checker, check: Check) -> None:
    """A look never raises: it is repeated."""
    assert await checker.holds(_component(check, "http://127.0.0.1:1/")) is False


async def test_a_socket_nobody_listens_at_is_a_no(checker: Checker, tmp_path: Path) -> None:
    """The file may be there before anybody listens."""
    assert await checker.holds(_component(Check.LISTENS, tmp_path / "absent")) is False
