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
    *("previewDoor", "probePath", "versionPath", "requestMetrics", "alerts"),
)
_ENDING = ("waitSeconds", "drainSeconds", "closeConnectionsPath", "closeConnectionsSeconds")

_WITHOUT: Sequence[tuple[Sequence[tuple[str, ...]], str]] = (
    ([(each,) for each in _DOORS], "a worker has no port: nobody asks it anything"),
    ([("gates", each) for each in ("smoke", "contract")], "a worker has no port: no request reaches it"),
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
    ([("gates", "metrics")], "a cron job has no pods that could be measured before it is live"),
)
"""Settings that a cron job has no use for, and why."""

_CONSEQUENCE = "it would have no effect"


def as_worker(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a service's raw settings with a worker's defaults."""
    shutdown = {**WITHOUT["shutdown"], **mapping(given.get("shutdown"))}
    kept = {key: each for key, each in given.items() if key != "port" or each is not None}
    without = {**WITHOUT, **_OF_CRON} if given.get("kind") == Kind.CRON else WITHOUT
    return {**without, **kept, "shutdown": shutdown}


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
