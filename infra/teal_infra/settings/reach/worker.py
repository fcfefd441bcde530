"""Settings of services that nobody asks: workers, which take their work from a queue, and cron jobs."""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

from teal.model.plain import mapping
from teal_infra.settings.owned import Refusal


class Kind(StrEnum):
    """What a service is to those who need it."""

    SERVICE = "service"
    """It takes requests at its port."""
    WORKER = "worker"
    """It takes its work from a queue, and has no port, no Service and no route."""
    CRON = "cron"
    """It has a time for its work: a worker whose pods come and go with its Jobs."""


WITHOUT: Mapping[str, Any] = {
    "requestMetrics": {"preset": "none"},
    "shutdown": {"waitSeconds": 0, "drainSeconds": 0},
}
"""What a worker has in place of the defaults: its pods get no requests, and no router has to drop them."""

_OF_CRON: Mapping[str, Any] = {"autoscaling": {"enabled": False}, "replicas": 1, "disruption": None}
"""What a cron job has in place of the defaults as well: one schedule."""

_DOORS = (
    *("port", "ports", "appProtocol", "contract", "ingress", "ingresses", "routing", "targetGroup", "frontDoor"),
    *("previewDoor", "probePath", "versionPath", "alerts"),
)
_COUNTED = ("preset", "requests", "status", "errors", "duration", "milliseconds", "durations", "inFlight", "route")
_ENDING = ("waitSeconds", "drainSeconds", "closeConnectionsPath", "closeConnectionsSeconds")

_WITHOUT: Sequence[tuple[Sequence[tuple[str, ...]], str]] = (
    ([(each,) for each in _DOORS], "a worker has no port: nobody asks it anything"),
    ([("gates", each) for each in ("smoke", "contract")], "a worker has no port: no request reaches it"),
    (
        [("requestMetrics", each) for each in _COUNTED],
        "a worker counts no requests: port and path alone say where Prometheus scrapes it",
    ),
    (
        [("network", each) for each in ("callers", "ingressController")],
        "a worker has no port for requests: nobody calls it",
    ),
    (
        [("metadata", each) for each in ("frontDoor", "previewDoor", "ingress", "route")],
        "a worker has no such object",
    ),
    (
        [("shutdown", each) for each in _ENDING],
        "a worker gets SIGTERM at once, and shutdown.gracePeriodSeconds for the work that it has",
    ),
)
"""Settings that a worker has no use for, with the reason."""

_WITHOUT_PODS: Sequence[tuple[Sequence[tuple[str, ...]], str]] = (
    (
        [(each,) for each in ("replicas", "autoscaling", "disruption", "rollout", "progressDeadlineSeconds")],
        "the pods of a cron job are those of its Jobs: none of them is there for good",
    ),
    ([("probes",)], "a pod of a cron job is at its end when its command is, and a Job counts that alone"),
    ([("overlap",)], "one colour of a cron job runs its schedule, and what runs already goes on to its end"),
    (
        [("requestMetrics",), ("network", "prometheus")],
        "the pods of a cron job may end before anybody scrapes them",
    ),
    ([("gates", "metrics")], "a cron job has no pods that could be measured before it is live"),
)
"""Settings that a cron job has no use for, and why."""

_CONSEQUENCE = "it would have no effect"


def as_worker(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a service's raw settings with a worker's defaults."""
    parts = {
        key: {**each, **mapping(given.get(key))}
        for key, each in WITHOUT.items()
        if isinstance(given.get(key, {}), dict | None)
    }
    kept = {key: each for key, each in given.items() if key != "port" or each is not None}
    without: Mapping[str, Any] = _OF_CRON if given.get("kind") == Kind.CRON else {}
    return {**without, **kept, **parts}


def refusals(service: Mapping[str, Any]) -> Iterator[Refusal]:
    """Yield what a service sets although its kind has no such thing."""
    kind = str(service.get("kind"))
    if kind in {Kind.WORKER, Kind.CRON}:
        yield from _superfluous(service, _WITHOUT)
    if kind == Kind.CRON:
        yield from _superfluous(service, _WITHOUT_PODS)
    elif "cron" in service:
        yield Refusal(("cron",), "it is said of cron jobs alone (kind: cron)", _CONSEQUENCE)
    if kind == Kind.WORKER:
        yield from _unreachable(mapping(service.get("probes")))
        yield from _unscraped(service)
    elif "overlap" in service and kind != Kind.CRON:
        yield Refusal(("overlap",), "it is said of workers alone (kind: worker)", _CONSEQUENCE)


def _superfluous(
    service: Mapping[str, Any], without: Sequence[tuple[Sequence[tuple[str, ...]], str]]
) -> Iterator[Refusal]:
    for keys, what in without:
        for *within, key in keys:
            there = service
            for each in within:
                there = mapping(there.get(each))
            if there.get(key) is not None:
                yield Refusal((*within, key), what, _CONSEQUENCE)


def _unreachable(probes: Mapping[str, Any]) -> Iterator[Refusal]:
    for name, probe in probes.items():
        if probe is not None and "exec" not in mapping(probe) and not str(mapping(probe).get("port")).isdecimal():
            what = "a worker has no port of its own: its probe is a command (exec), or names a port by its number"
            yield Refusal(("probes", name), what, "the kubelet would connect to nobody")


def _unscraped(service: Mapping[str, Any]) -> Iterator[Refusal]:
    port, prometheus = mapping(service.get("requestMetrics")).get("port"), mapping(service.get("network"))
    if isinstance(port, str):
        what = "a worker has no named ports: Prometheus scrapes it at a port by its number"
        yield Refusal(("requestMetrics", "port"), what, "nobody would scrape it")
    elif port is None and prometheus.get("prometheus") is not None:
        what = "the worker names no port at which Prometheus scrapes it (requestMetrics.port)"
        yield Refusal(("network", "prometheus"), what, _CONSEQUENCE)
