"""Speaks the API server's HTTP, as far as teal and Pulumi's provider do."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from urllib.parse import parse_qs, unquote, urlsplit

from teal.model.labels import COLOUR_LABEL
from tests.simulation.cluster.clock import EPOCH
from tests.simulation.cluster.scraping import Scraper
from tests.simulation.cluster.store import By, Object, RefusalError, Store
from tests.simulation.cluster.world import World, chance

VERSION_PATH = "/deployment/metadata"
NAMESPACE = "teal"

_PATH = re.compile(r"/apis?/(?:[\w.]+/)?v\d\w*/namespaces/teal/(?P<kind>[a-z]+)(?:/(?P<name>[^/]+)(?:/(?P<more>.*))?)?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A request as it arrives."""

    actor: str
    method: str
    url: str
    content: bytes
    content_type: str = ""
    sent: float = 0

    @property
    def what(self) -> str:
        """The request in a few words, for scripts and for the choice of faults; the same in each run of a seed."""
        return _what(self.method, self.url)


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """What a URL names: an object, a kind, or, with neither, another path of the API server's."""

    path: str
    params: Mapping[str, str]
    kind: str = ""
    name: str = ""
    more: str = ""


@cache  # the same few hundred URLs are asked for all the time
def target_of(url: str) -> Target:
    """Return what a URL names."""
    split = urlsplit(url)
    params = {key: values[0] for key, values in parse_qs(split.query).items()}
    found = _PATH.fullmatch(split.path)
    if found is None:
        return Target(path=split.path, params=params)
    name, more = unquote(found["name"] or ""), found["more"] or ""
    return Target(path=split.path, params=params, kind=found["kind"], name=name, more=more)


@cache
def _what(method: str, url: str) -> str:
    target = target_of(url)
    if not target.kind:
        return f"{method} {target.path.rpartition('/')[2]}"
    return " ".join(filter(None, [method, target.kind, target.name, target.more.partition("/")[0]]))


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """An answer to a request; one that `hangs` never arrives."""

    status: int = 200
    content: bytes = b"{}"
    hangs: bool = False
    found: Object | None = None


class Api:
    """Answers requests from a store and a world."""

    def __init__(
        self, store: Store, world: World, seed: int, scraper: Scraper | None, policies: Mapping[str, Object]
    ) -> None:
        """Prepare to serve this cluster, its Prometheus where it has one, and its admission policies by path."""
        self._scraper = scraper
        self._policies = policies
        self._store = store
        self._world = world
        self._seed = seed
        self._proxied = 0
        self._lists: tuple[int, dict[tuple[str, str], Answer]] = (0, {})
        """The lists of pods and EndpointSlices of this tick, by kind and selector: nothing but a tick changes them."""

    def answer(self, asked: Asked) -> Answer:
        """Do what is asked, at this moment."""
        try:
            return self._answer(asked)
        except RefusalError as refusal:
            return refused(refusal.status, refusal.reason, refusal.message)

    def _answer(self, asked: Asked) -> Answer:
        target = target_of(asked.url)
        kind, name, more, params = target.kind, target.name, target.more, target.params
        if target.path.endswith("/api/v1/query") and self._scraper is not None:
            return Answer(content=self._scraper.answer(asked.content, self._world.loop.time()))
        if not kind:
            return self._cluster_wide(target.path, asked.actor)
        if more.startswith("proxy"):
            return self._proxy(kind, name, more.removeprefix("proxy").partition("?")[0])
        if more == "portforward":
            raise RefusalError(403, "Forbidden", "pods/portforward is forbidden")
        if asked.method == "GET":
            return self._read(kind, name, params)
        if asked.method == "DELETE":
            self._store.delete(kind, name)
            return Answer()
        return self._write(asked, kind, name, params)

    def _cluster_wide(self, path: str, actor: str) -> Answer:
        if path.endswith("/selfsubjectreviews"):
            at = (EPOCH + timedelta(seconds=int(self._world.loop.time()))).isoformat()
            who = {"userInfo": {"username": actor}}
            return _said({"metadata": {"creationTimestamp": at}, "status": who}, 201)
        if path not in self._policies:
            raise RefusalError(404, "NotFound", path)
        return _said(self._policies[path])

    def _read(self, kind: str, name: str, params: Mapping[str, str]) -> Answer:
        if kind in {"targets", "alarms"}:
            return _said(self._targets(name) if kind == "targets" else {name: "OK"})
        if name:
            return Answer(content=self._store.text(kind, name), found=self._store.get(kind, name))
        selector = params.get("labelSelector", "")
        if kind in {"endpointslices", "pods"}:
            return self._listed(kind, selector)
        items = [self._store.text(kind, each["metadata"]["name"]) for each in self._store.list(kind, selector)]
        return Answer(content=b'{"items": [' + b", ".join(items) + b"]}")

    def _listed(self, kind: str, selector: str) -> Answer:
        """Return a list of what controllers and kubelets made, as it was at the last tick."""
        tick, known = self._lists
        if tick != self._world.ticks:
            tick, known = self._lists = self._world.ticks, {}
        if (kind, selector) not in known:
            items = self._slices(selector) if kind == "endpointslices" else self._pods(selector)
            known[kind, selector] = _said({"items": items})
        return known[kind, selector]

    def _write(self, asked: Asked, kind: str, name: str, params: Mapping[str, str]) -> Answer:
        body: Object = json.loads(asked.content)
        manager, force = params.get("fieldManager", "unknown"), params.get("force") == "true"
        by = By(actor=asked.actor, manager=manager, sent=asked.sent, force=force)
        if asked.method == "POST":
            written = self._store.create(kind, body, by)
        elif asked.method == "PUT":
            written = self._store.replace(kind, name, body, by)
        elif "apply-patch" in asked.content_type:
            written = self._store.apply(kind, name, body, by)
        else:
            written = self._store.patch(kind, name, body, by)
        text = self._store.text(kind, written["metadata"]["name"])
        return Answer(status=201 if asked.method == "POST" else 200, content=text)

    def events(self, url: str) -> list[bytes]:
        """Return what a watch of one Service is told at once: its versions since the one that it names."""
        params = target_of(url).params
        name = params["fieldSelector"].partition("=")[2]
        return [
            json.dumps({"type": "MODIFIED", "object": each}).encode() + b"\n"
            for each in self._store.versions
            if each["metadata"]["name"] == name
            and int(each["metadata"]["resourceVersion"]) > int(params["resourceVersion"])
        ]

    def _slices(self, selector: str) -> list[Object]:
        wanted = selector.partition("=")[2]
        return [
            {
                "metadata": {"labels": {"kubernetes.io/service-name": service}},
                "ports": [{"name": "http", "port": 8000}],
                "endpoints": [
                    {
                        "conditions": {"ready": ready, "terminating": ending},
                        "targetRef": {"kind": "Pod", "name": pod},
                    }
                    for pod, ready, ending in behind
                ],
            }
            for service, behind in self._world.slices.items()
            if wanted in {"", service}
        ]

    def _pods(self, selector: str) -> list[Object]:
        wanted = selector.partition("=")[2]
        found: list[Object] = []
        for each in self._world.pods:
            service, _, colour = each.slot.rpartition("-")
            if wanted in {"", service}:
                labels = {COLOUR_LABEL: colour, "app.kubernetes.io/version": each.release.version}
                metadata = {"name": each.name, "resourceVersion": "1", "labels": labels}
                if each.ends is not None:
                    metadata["deletionTimestamp"] = "now"
                image = f"registry.example/{service}:{each.release.version}"
                status = {
                    "phase": "Running",
                    "conditions": [{"type": "Ready", "status": str(each.ready(self._world.loop.time()))}],
                    "containerStatuses": [{"name": service, "imageID": f"{image}@sha256:{each.release.version}"}],
                }
                spec = {"containers": [{"name": service, "image": image}]}
                found.append({"metadata": metadata, "spec": spec, "status": status})
        return found

    def _targets(self, slot: str) -> Object:
        """Return how many targets of a slot are in each state, as a load balancer's health checks see them."""
        now = self._world.loop.time()
        states = [
            "draining" if each.ends is not None else "healthy" if each.ready(now) else "unhealthy"
            for each in self._world.pods
            if each.slot == slot
        ]
        return {state: states.count(state) for state in states}

    def _proxy(self, kind: str, name: str, path: str) -> Answer:
        target, _, _ = name.partition(":")
        pods = self._world.ready(target) if kind == "services" else self._world.pods
        pods = pods if kind == "services" else [each for each in pods if each.name == target]
        if not pods:
            reason = f'no endpoints available for service "{target}"' if kind == "services" else "no such pod"
            return refused(503, "ServiceUnavailable", reason)
        self._proxied += 1
        pod = pods[int(chance(self._seed, "proxy", self._proxied) * len(pods))]
        if path == VERSION_PATH:
            colour = pod.slot.rpartition("-")[2]
            return _said({"version": pod.release.version, "deployment_group": colour})
        what = pod.answer()
        return Answer(hangs=what == "hang", status=500 if what == "error" else 200, content=b'"said"')


def refused(status: int, reason: str, message: str) -> Answer:
    """Return what the API server says for itself."""
    return _said({"kind": "Status", "reason": reason, "message": message, "code": status}, status)


def _said(what: Object, status: int = 200) -> Answer:
    return Answer(status=status, content=json.dumps(what).encode())
