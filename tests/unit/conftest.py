"""What several areas' unit tests share."""

import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pulumi.runtime.settings import SETTINGS

# moto would make over a thousand images of machines for each test that asks anything of EC2: half a second each time.
os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"
# Where the tests run in the background of a script, SIGINT is ignored, and so it would be by whatever they start.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def nothing_outstanding() -> None:
    """Forget what a test before left for Pulumi's SDK to await: its event loop is closed, and the SDK fails on it."""
    settings: Any = SETTINGS  # which has both per thread, under a decorator without types
    settings.rpc_manager.clear()
    settings.outputs.clear()


class _Server(ThreadingHTTPServer):
    request_queue_size = 128  # of 5, the default, fifty that connect at once lose most


class FakeApiServer:
    """A real HTTP server on loopback that answers from a table and takes what is written, as an API server would."""

    def __init__(self) -> None:  # noqa: C901 - one short method for each verb
        """Start with an empty cluster: everything is 404."""
        self.answers: dict[str, tuple[int, Any]] = {}
        self.asked: list[str] = []
        self.heard: list[str] = []
        """Method and path of every request, in order; `asked` has the targets of reads alone."""
        self.written: list[Any] = []
        self._services: set[str] = set()
        self._slices: dict[str, Any] = {}
        self.version = 100
        self.fault: Callable[[str, str], int | None] = lambda _method, _path: None
        """Called with method and path of every request; a status is answered in place of anything else. May wait."""
        self.refusal: object = {}
        """The body of such an answer to a write."""
        self.before = True
        """Whether the API server itself answers, and not what stands before it: its answers have an `Audit-Id` then."""
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                fake.asked.append(self.path)
                path = urlsplit(self.path).path
                fake.heard.append(f"GET {path}")
                if (status := fake.fault("GET", path)) is not None:
                    return self._say(status, {})
                known = fake.answers.get(self.path) or fake.answers.get(path) or fake.listed(self.path)
                status, body = known or (404, {"kind": "Status"})
                text = body if isinstance(body, bytes) else json.dumps(body).encode()
                return self._send(status, text)

            def do_POST(self) -> None:
                self._write(f"{urlsplit(self.path).path}/{{name}}")

            def do_PUT(self) -> None:
                self._write(urlsplit(self.path).path)

            def do_PATCH(self) -> None:
                self._write(urlsplit(self.path).path)

            def _write(self, path: str) -> None:
                """Take what is written, under the next resource version; a precondition that does not hold is 409."""
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if (status := fake.fault(self.command, urlsplit(self.path).path)) is not None:
                    return self._say(status, fake.refusal)
                fake.written.append(body)
                fake.heard.append(f"{self.command} {urlsplit(self.path).path}")
                if path.endswith("selfsubjectreviews/{name}"):
                    metadata = {"creationTimestamp": "2026-01-01T00:00:00Z"}
                    return self._say(
                        201, {"metadata": metadata, "status": {"userInfo": {"username": "somebody@example"}}}
                    )
                path = path.format(name=body.get("metadata", {}).get("name", ""))
                _, before = fake.answers.get(path, (404, {"metadata": {}}))
                wanted = body.get("metadata", {}).get("resourceVersion")
                if wanted is not None and wanted != before["metadata"].get("resourceVersion"):
                    return self._say(409, {"kind": "Status", "reason": "Conflict"})
                fake.version += 1
                after = _merged(before, body)
                after["metadata"]["resourceVersion"] = str(fake.version)
                fake.answers[path] = (200, after)
                return self._say(200, after)

            def _say(self, status: int, body: object) -> None:
                self._send(status, json.dumps(body).encode())

            def _send(self, status: int, text: bytes) -> None:
                self.send_response(status)
                if fake.before:
                    self.send_header("Audit-Id", "a request")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                with suppress(ConnectionError):  # who asked may have given up
                    self.wfile.write(text)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
                """Say nothing: tests read `asked`."""

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    @property
    def kubeconfig(self) -> str:
        """A kubeconfig's content that names this server."""
        return json.dumps(
            {
                "clusters": [{"name": "fake", "cluster": {"server": self.url}}],
                "users": [{"name": "fake", "user": {"token": "t"}}],
                "contexts": [{"name": "fake", "context": {"cluster": "fake", "user": "fake"}}],
                "current-context": "fake",
            }
        )

    def service(self, name: str, colour: str, *, writer: str = "pulumi-kubernetes-1", moved_from: str = "") -> None:
        """Let there be an active Service whose selector names a colour."""
        self._services.add(name)
        self.answers[f"/api/v1/namespaces/teal/services/{name}"] = (
            200,
            {
                "metadata": {
                    "name": name,
                    "resourceVersion": "7",
                    "annotations": {"teal/moved-from": moved_from} if moved_from else {},
                    "managedFields": [
                        {"manager": "kube-controller-manager", "fieldsV1": {"f:status": {}}},
                        {
                            "manager": writer,
                            "time": "2026-01-01T00:00:00Z",
                            "fieldsV1": {"f:spec": {"f:selector": {}, "f:ports": {}}},
                        },
                    ],
                },
                "spec": {"selector": {"app.kubernetes.io/name": name, "teal/colour": colour}},
            },
        )

    def pods(self, service: str, colour: str, versions: list[str], *, ready: bool = True) -> None:
        """Let a colour's endpoints be there, each pod answering one of these versions."""
        names = [f"{service}-{colour}-{number}" for number in range(len(versions))]
        self.endpoints(f"{service}-{colour}", names, ready=ready)
        self.answers[f"/api/v1/namespaces/teal/services/{service}-{colour}:http/proxy/health/ready"] = (200, {})
        for name, version in zip(names, versions, strict=True):
            self.answers[f"/api/v1/namespaces/teal/pods/{name}:8000/proxy/deployment/metadata"] = (
                200,
                {"version": version, "deployment_group": colour},
            )

    def endpoints(self, service: str, pods: list[str], *, ready: bool = True, ending: tuple[str, ...] = ()) -> None:
        """Let the EndpointSlice of a Service name these pods; of those that are `ending`, it says so."""
        conditions = {pod: {"ready": ready and pod not in ending, "terminating": pod in ending} for pod in pods}
        self._slices[service] = {
            "metadata": {"labels": {"kubernetes.io/service-name": service}},
            "endpoints": [{"conditions": conditions[pod], "targetRef": {"kind": "Pod", "name": pod}} for pod in pods],
            "ports": [{"name": "http", "port": 8000}],
        }

    def listed(self, target: str) -> tuple[int, Any] | None:
        """The list of a kind, if it is one that is kept here: all active Services, EndpointSlices by their Service."""
        parts = urlsplit(target)
        if parts.path.endswith("/endpointslices"):
            (selector,) = parse_qs(parts.query).get("labelSelector", [""])
            wanted = selector.removeprefix("kubernetes.io/service-name=")
            return 200, {"items": [each for name, each in self._slices.items() if wanted in {"", name}]}
        if parts.path.endswith("/namespaces/teal/services"):
            found = [self.answers.get(f"{parts.path}/{name}", (404, None)) for name in self._services]
            return 200, {"items": [body for status, body in found if status == HTTPStatus.OK]}
        return None

    def stop(self) -> None:
        """Refuse connections from now on."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()


def _merged(before: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """A JSON merge patch."""
    both = {key: _merged(before[key], value) for key, value in patch.items() if isinstance(before.get(key), dict)}
    return {key: value for key, value in {**before, **patch, **both}.items() if value is not None}


@pytest.fixture
def api_server() -> Iterator[FakeApiServer]:
    """A fake API server with an empty cluster."""
    server = FakeApiServer()
    yield server
    server.stop()
