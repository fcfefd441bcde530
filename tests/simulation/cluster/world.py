"""Plays a cluster: Deployments make pods, kubelets ready them, EndpointSlices and the data path follow.

All of it is late: controllers look every half second, and what a selector leads to changes some time after its write.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

from teal.model.colours import Colour
from teal.model.labels import COLOUR_LABEL, NAME_LABEL, VERSION_LABEL
from teal.model.routes import Split, said
from teal.model.workers import COLOUR, record
from tests.simulation.cluster.clock import VirtualLoop
from tests.simulation.cluster.store import By, Object, Store, Written

TICK = 0.5
AUTOSCALER_TICKS = 10
SCRAPE_TICKS = 4
CLIENTS = 4
"""The requests of live traffic in a tick, for each service."""
DRAIN = 1.0
"""The seconds from a pod's end to its disappearance."""


Behind = list[tuple[str, bool, bool]]
"""The names of pods, whether each is ready, and whether it is ending."""


def chance(*what: object) -> float:
    """Return a number of [0, 1) that depends on nothing but what it is for."""
    return crc32(repr(what).encode()) * 2654435761 % 2**32 / 2**32


def split_of(route: Mapping[str, Any]) -> Split:
    """Return how an HTTPRoute, or a listener rule, shares out the requests."""
    if "weights" in route["spec"]:
        given = {colour: route["spec"]["weights"][colour] for colour in Colour}
        return Split(weights=given, said=said(route["metadata"].get("annotations", {})))
    name, marks = route["metadata"]["name"], route["metadata"].get("annotations", {})
    given = {each["name"]: each["weight"] for each in route["spec"]["rules"][-1]["backendRefs"]}
    return Split(weights={colour: given[f"{name}-{colour}"] for colour in Colour}, said=said(marks))


@dataclass(frozen=True, kw_only=True, slots=True)
class Release:
    """A release, and how it behaves."""

    version: str
    errors: float = 0
    """The share of its requests that are answered 500."""
    hangs: float = 0
    """The share of its requests that are never answered."""
    slow: float = 0
    """The share of its requests that are answered well, and far too late."""
    live: bool = False
    """Whether only live traffic meets any of that, and none of the questions of gates and bakes."""
    after: int = 0
    """How many requests a pod answers before any of that shows."""
    starts: float | None = 1.5
    """The seconds from a pod's start until it is ready; None where it never is."""

    @property
    def failing(self) -> float:
        """The share of requests that it will not answer well."""
        return self.errors + self.hangs + self.slow


@dataclass(kw_only=True, slots=True)
class Pod:
    """A pod of a slot."""

    name: str
    slot: str
    release: Release
    born: float
    asked: int = 0
    ends: float | None = None
    flaps_until: float = 0
    counted: Counter[str] = field(default_factory=lambda: Counter(up=1, ok=0, error=0, slow=0))
    """What its metrics say: that it is up, and how many requests it has answered well, not well, and slowly."""

    def ready(self, now: float) -> bool:
        """Return whether its kubelet calls it ready."""
        starts = self.release.starts
        return self.ends is None and starts is not None and self.born + starts <= now and now >= self.flaps_until

    def answer(self, *, live: bool = False) -> str:
        """Return what becomes of one request, of live traffic or another: `ok`, `error`, `slow` or `hang`."""
        self.asked += 1
        what = self._behaves() if live or not self.release.live else "ok"
        self.counted["error" if what == "error" else "ok"] += what != "hang"
        self.counted["slow"] += what == "slow"
        return what

    def _behaves(self) -> str:
        release = self.release
        if not release.failing or self.asked <= release.after:
            return "ok"
        draw = chance(self.name, self.asked)
        if draw >= release.failing:
            return "ok"
        if draw < release.errors:
            return "error"
        return "hang" if draw < release.errors + release.hangs else "slow"


@dataclass(frozen=True, kw_only=True, slots=True)
class Served:
    """What live traffic of a service met within one tick."""

    at: float
    asked: int
    failed: int
    version: str
    """The version of the pods that answered; empty where there was none."""


@dataclass(kw_only=True, slots=True)
class World:
    """The cluster behind the API server."""

    loop: VirtualLoop
    store: Store
    lag: float = 0.3
    """The seconds from a selector's write until anything follows it."""
    load: int = 2
    """How many pods live traffic needs, as an autoscaler sees it."""
    workers: frozenset[str] = frozenset()
    """The services that nobody asks: what directs them is a record, and no EndpointSlice has their pods."""
    releases: dict[str, Release] = field(default_factory=dict[str, Release])
    pods: list[Pod] = field(default_factory=list[Pod])
    flapped: bool = False
    """Whether pods of a colour were unready for a while, as those of no healthy release are."""
    slices: dict[str, Behind] = field(default_factory=dict[str, Behind])
    """The pods behind each Service."""
    seen_ready: dict[str, float] = field(default_factory=dict[str, float])
    """When each slot was last seen with a ready endpoint."""
    served: dict[str, list[Served]] = field(default_factory=lambda: defaultdict[str, list[Served]](list))
    selected: dict[str, list[tuple[float, str]]] = field(
        default_factory=lambda: defaultdict[str, list[tuple[float, str]]](list)
    )
    """When each Service's selector was written, and the slot that it led to then."""
    canaries: dict[str, tuple[str, int]] = field(default_factory=dict[str, tuple[str, int]])
    """The slot that has a share of each service's requests beside the live one, and how many percent."""
    scrape: Callable[[Iterable[Pod], float], float] | None = None
    """What a Prometheus does at a time, and when it has scraped last; None where there is none."""
    scraped: float = 0
    ticks: int = 0
    _born: int = 0
    _settled: dict[str, Object] = field(default_factory=dict[str, Object])
    """The Deployments by name, as they were when there was nothing left to do for them."""

    def written(self, write: Written) -> None:
        """Note where a selector leads from now on."""
        worker = next((each for each in self.workers if write.name == record(each)), None)
        if worker is not None and write.kind == "configmaps":
            self.selected[worker].append((write.at, f"{worker}-{write.after['data'][COLOUR]}"))
        if write.kind == "services":
            selector = write.after["spec"]["selector"]
            self.selected[write.name].append((write.at, f"{selector.get(NAME_LABEL)}-{selector.get(COLOUR_LABEL)}"))
        if write.kind in {"httproutes", "listenerrules"}:
            split = split_of(write.after)
            self.selected[write.name].append((write.at, f"{write.name}-{split.colour}"))
            other = f"{write.name}-{split.colour.other}" if split.colour and split.share else ""
            self.canaries[write.name] = (other, split.share)

    def leads(self, service: str, *, late: bool = True) -> str:
        """Return the slot that a Service's traffic reaches now, or, unless `late`, the one that its selector names."""
        known = self.selected[service]
        until = self.loop.time() - (self.lag if late else 0)
        index = bisect_left(known, (until, "~"))
        return known[max(index - 1, 0)][1] if known else ""

    def serving(self, service: str) -> set[str]:
        """Return the slots that any of its requests reach, or are to reach."""
        return {*(self.leads(service, late=late) for late in (True, False)), self.canaries.get(service, ("", 0))[0]}

    def tick(self) -> None:
        """Let half a second of every controller's life pass."""
        now = self.loop.time()
        self.ticks += 1
        for deployment in list(self.store.list("deployments")):
            self._deploy(deployment, now)
        self.pods = [each for each in self.pods if each.ends is None or each.ends > now]
        behind = {each["metadata"]["name"]: Behind() for each in self.store.list("deployments")}
        for pod in self.pods:
            ready = pod.ready(now)
            behind[pod.slot].append((pod.name, ready, pod.ends is not None))
            if ready:
                self.seen_ready[pod.slot] = now
        for name, each in behind.items():
            if name.rpartition("-")[0] not in self.workers:
                self.slices[name] = each
        for service in self.selected.keys() - self.workers if self.workers else self.selected:
            self.slices[service] = behind.get(self.leads(service), Behind())
            self._serve(service, now)
        if self.ticks % AUTOSCALER_TICKS == 0:
            for each in list(self.store.list("horizontalpodautoscalers")):
                self._scale(each)
        if self.scrape is not None and self.ticks % SCRAPE_TICKS == 0:
            self.scraped = self.scrape(self.pods, now)

    def ready(self, service: str) -> list[Pod]:
        """Return the pods that a Service's slices call ready, and that are still there."""
        named = {name for name, ready, _ in self.slices.get(service, ()) if ready}
        return [each for each in self.pods if each.name in named]

    def of(self, slot: str) -> Iterator[Pod]:
        """Return the pods of a slot that are not ending."""
        return (each for each in self.pods if each.slot == slot and each.ends is None)

    def _deploy(self, deployment: Object, now: float) -> None:
        name, wanted = deployment["metadata"]["name"], deployment["spec"]["replicas"]
        if self._settled.get(name) is deployment and not self.flapped:
            return
        release = self.releases[deployment["spec"]["template"]["metadata"]["labels"][VERSION_LABEL]]
        pods = [*self.of(name)]
        new = [each for each in pods if each.release is release]
        old = [each for each in pods if each.release is not release]
        # Pods are replaced one by one, as the slots' strategy has it (maxSurge 1, maxUnavailable 0).
        for _ in range(min(wanted - len(new), wanted + 1 - len(new) - len(old))):
            self._born += 1
            self.pods.append(Pod(name=f"{name}-{self._born:x}-0", slot=name, release=release, born=now))
        ready = sum(each.ready(now) for each in new)
        spare = [*old[: max(0, ready + len(old) - wanted)], *new[wanted:]]
        for each in spare:
            each.ends = now + DRAIN
        status = {
            "replicas": len(new) + len(old),
            "updatedReplicas": len(new),
            "readyReplicas": ready,
            "observedGeneration": deployment["metadata"]["generation"],
        }
        if deployment.get("status") != status:
            self.store.patch("deployments", name, {"status": status}, By(actor="controller"))
        elif ready == wanted == len(pods):
            self._settled[name] = deployment

    def _scale(self, autoscaler: Object) -> None:
        name = autoscaler["metadata"]["name"]
        spec = autoscaler["spec"]
        live = any(self.leads(service) == name for service in self.selected)
        desired = min(max(spec["minReplicas"], self.load if live else 0), spec["maxReplicas"])
        if autoscaler.get("status", {}).get("desiredReplicas") != desired:
            self.store.patch(
                "horizontalpodautoscalers",
                name,
                {"status": {"desiredReplicas": desired}},
                By(actor="autoscaler"),
            )
        current = self.store.get("deployments", name)["spec"]["replicas"]
        if current not in {0, desired}:
            self.store.patch("deployments", name, {"spec": {"replicas": desired}}, By(actor="autoscaler"))

    def _serve(self, service: str, now: float) -> None:
        pods = self.ready(service)
        canary, share = self.canaries.get(service, ("", 0))
        if chance(service, now) * 100 < share:  # all requests of a moment go to one release
            pods = self.ready(canary)
        failed = CLIENTS
        if pods and self.scrape is None and not any(each.release.failing for each in pods):
            failed = 0  # whichever pod answers
        for request in range(failed if pods else 0):
            pod = pods[int(chance(service, now, request) * len(pods))]
            failed -= pod.answer(live=True) == "ok"
        version = pods[0].release.version if pods else ""
        self.served[service].append(Served(at=now, asked=CLIENTS, failed=failed, version=version))
