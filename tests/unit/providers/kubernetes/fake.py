"""An API server in memory: enough of one to see what the provider asks, and how it takes the answers."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Final

import httpx2

from sandbox.providers.kubernetes.api import Api
from sandbox.providers.kubernetes.cluster import Cluster
from sandbox.providers.properties import Map

ADDRESS: Final = "https://kubernetes.test"
_SERVED: Final = {
    "/api/v1": {"ConfigMap": ("configmaps", True), "Namespace": ("namespaces", False), "Pod": ("pods", True)},
    "/apis/apps/v1": {"Deployment": ("deployments", True), "ReplicaSet": ("replicasets", True)},
}

Answer = Callable[[httpx2.Request], httpx2.Response]


class FakeServer:
    """Objects by path; every request is noted; `answers` answer in its place, in turn (None: itself)."""

    def __init__(self) -> None:
        """Serve nothing but discovery."""
        self.objects: dict[str, Map] = {}
        self.requests: list[httpx2.Request] = []
        self.answers: list[Answer | None] = []
        self.watches: dict[str, list[list[Map]]] = {}
        self.play = asyncio.Event()
        self.play.set()
        self._ended = asyncio.Event()
        self._asked = asyncio.Event()

    @property
    def api(self) -> Api:
        """A client of this server."""
        return Api(httpx2.AsyncClient(base_url=ADDRESS, transport=httpx2.MockTransport(self._answer)), address=ADDRESS)

    def cluster(self, **config: str) -> Cluster:
        """A cluster behind this server."""
        return Cluster(self.api, config)

    @property
    def asked(self) -> list[str]:
        """What was asked, as `METHOD path`; discovery left out."""
        return [f"{it.method} {it.url.path}" for it in self.requests if it.url.path not in _SERVED]

    def sent(self, method: str) -> tuple[Map, dict[str, str]]:
        """Return body and parameters of the last request of a method."""
        request = [it for it in self.requests if it.method == method][-1]
        return json.loads(request.content), dict(request.url.params)

    async def was_asked(self, line: str, times: int = 1) -> None:
        """Wait until something was asked so many times."""
        while self.asked.count(line) < times:
            self._asked.clear()
            await self._asked.wait()

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        self._asked.set()
        if self.answers and (answer := self.answers.pop(0)) is not None:
            return answer(request)
        if request.method == "GET":
            return self._show(request)
        path = request.url.path
        if request.method == "PATCH":
            return httpx2.Response(200, json={**json.loads(request.content), **self.objects.get(path, {})})
        return _missing() if path not in self.objects else httpx2.Response(200, json=self.objects[path])

    def _show(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.path
        if path in _SERVED:
            kinds = _SERVED[path].items()
            resources = [{"kind": kind, "name": plural, "namespaced": inside} for kind, (plural, inside) in kinds]
            status = [{**resource, "name": f"{resource['name']}/status"} for resource in resources]
            return httpx2.Response(200, json={"resources": [*resources, *status]})
        if request.url.params.get("watch"):
            return httpx2.Response(200, content=self._watch(path))
        if path in self.objects:
            return httpx2.Response(200, json=self.objects[path])
        inside = [item for key, item in self.objects.items() if key.rpartition("/")[0] == path]
        if inside or path in self.watches:
            kind = {"kind": "List", "apiVersion": "v1", "metadata": {"resourceVersion": "1"}}
            return httpx2.Response(200, json={**kind, "items": inside})
        return _missing()

    async def _watch(self, path: str) -> AsyncIterator[bytes]:
        """Play the events of one connection once `play` is set, then end it; the last connection stays open."""
        await self.play.wait()
        connections = self.watches.get(path, [])
        for event in connections.pop(0) if connections else []:
            yield json.dumps(event).encode() + b"\n"
        if not connections:
            await self._ended.wait()


def _missing() -> httpx2.Response:
    return httpx2.Response(404, json={"message": "not found", "code": 404})


def no(code: int, message: str = "no", **status: object) -> Answer:
    """Build an answer that refuses."""
    return lambda _request: httpx2.Response(code, json={"code": code, "message": message, **status})


def dead(_request: httpx2.Request) -> httpx2.Response:
    """Answer nothing: the connection is refused."""
    message = "Connection refused"
    raise httpx2.ConnectError(message)
