"""Settings of services that nobody asks: workers, which take their work from a queue."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

from teal_infra.settings.owned import Refusal, mapping


class Kind(StrEnum):
    """What a service is to those who need it."""

    SERVICE = "service"
    """It is asked for something, at its port."""
    WORKER = "worker"
    """It takes its work from a queue: no port, no Service, no route."""


WITHOUT: Mapping[str, Any] = {
    "versionPath": None,
    "requestMetrics": {"preset": "none"},
    "shutdown": {"waitSeconds": 0, "drainSeconds": 0, "closeConnectionsPath": None},
}
"""What a worker has in place of the defaults: nobody asks its pods anything, and no router has to forget them."""

_DOORS = (
    *("port", "ingress", "routing", "frontDoor", "previewDoor", "probes", "probePath", "versionPath"),
    *("requestMetrics", "alerts"),
)
_CONSEQUENCE = "it would have no effect"


def as_worker(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """A service's raw settings, with what a worker does without."""
    shutdown = {**WITHOUT["shutdown"], **mapping(given.get("shutdown"))}
    kept = {key: each for key, each in given.items() if key != "port" or each is not None}
    return {**WITHOUT, **kept, "shutdown": shutdown}


def refusals(service: Mapping[str, Any]) -> Iterator[Refusal]:
    """What a service says although, being of its kind, it has no such thing."""
    if service.get("kind") != Kind.WORKER:
        if "overlap" in service:
            yield Refusal(("overlap",), "it is said of workers alone (kind: worker)", _CONSEQUENCE)
        return
    for key in _DOORS:
        if service.get(key) is not None:
            yield Refusal((key,), "a worker has no port: nobody asks it anything", _CONSEQUENCE)
    for key in ("smoke", "contract"):
        if mapping(service.get("gates")).get(key) is not None:
            yield Refusal(("gates", key), "a worker has no port: no request reaches it", _CONSEQUENCE)
    for key in ("waitSeconds", "drainSeconds", "closeConnectionsPath", "closeConnectionsSeconds"):
        if key in mapping(service.get("shutdown")):
            what = "a worker gets SIGTERM at once, and shutdown.gracePeriodSeconds for the work that it has"
            yield Refusal(("shutdown", key), what, _CONSEQUENCE)
