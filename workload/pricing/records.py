"""What is remembered of requests: Prometheus metrics for machines, `/telemetry` for people.

Only business requests are recorded. Probes and scrapes would make an idle colour look proven (a stream of fast 200s)
and a draining one look broken (its readiness answers 503).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, disable_created_metrics
from prometheus_client.exposition import generate_latest

from workload.pricing.catalogue import Model
from workload.pricing.schemas import now
from workload.pricing.versions.choice import VERSIONS

disable_created_metrics()  # a `_created` series beside every counter would double what is scraped, and tells nothing

_BUCKETS = sorted({*Histogram.DEFAULT_BUCKETS, 2.0})  # with an edge where alerts have their bound

_LABELS = ("colour", "version", "status", "path", "method")


@dataclass
class Endpoint:
    """What is remembered of one path and method; times in seconds."""

    calls: int = 0
    errors: int = 0
    total: float = 0.0
    shortest: float = float("inf")
    longest: float = 0.0
    first_called: datetime = field(default_factory=now)
    last_called: datetime = field(default_factory=now)


@dataclass
class Adoption:
    """What is remembered of one provider; cost in USD."""

    requests: int = 0
    models: set[str] = field(default_factory=set[str])
    cost: float = 0.0
    last_requested: datetime = field(default_factory=now)


class Records:
    """The record of one instance since its start."""

    def __init__(self, colour: str, version: str) -> None:
        """Begin an empty record; `colour` and `version` label every metric."""
        self.endpoints: dict[tuple[str, str], Endpoint] = {}
        self.adoption: dict[str, Adoption] = {}
        self._identity = (colour, version)
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._requests = Counter("http_requests_total", "Requests answered.", _LABELS, registry=self._registry)
        self._durations = Histogram(
            "http_request_duration_seconds",
            "Time to the last byte.",
            _LABELS,
            registry=self._registry,
            buckets=_BUCKETS,
        )
        self._served = Counter(
            "api_requests_total",
            "Requests of clients by version of the API; none that was refused because of its version.",
            ("colour", "version", "api_version"),
            registry=self._registry,
        )
        for each in VERSIONS:  # 0 is an answer too: nobody asked for it
            self._served.labels(*self._identity, each)
        self._children: dict[tuple[int, str, str], tuple[Counter, Histogram]] = {}

    def request(self, path: str, method: str, status: int, seconds: float) -> None:
        """Record an answered request; `path` is a route of the API or `unmatched`, so that labels stay few."""
        key = (status, path, method)
        children = self._children.get(key)
        if children is None:
            labels = (*self._identity, str(status), path, method)
            children = self._children[key] = (self._requests.labels(*labels), self._durations.labels(*labels))
        children[0].inc()
        children[1].observe(seconds)
        endpoint = self.endpoints.get((path, method))
        if endpoint is None:
            endpoint = self.endpoints[path, method] = Endpoint()
        endpoint.calls += 1
        endpoint.errors += status >= 500  # noqa: PLR2004 - the server's errors
        endpoint.total += seconds
        endpoint.shortest = min(endpoint.shortest, seconds)
        endpoint.longest = max(endpoint.longest, seconds)
        endpoint.last_called = now()

    def served(self, api_version: str) -> None:
        """Record that a request was led to a version of the API."""
        self._served.labels(*self._identity, api_version).inc()

    def watch(self, name: str, meaning: str, value: Callable[[], float]) -> None:
        """Have each scrape see what `value` returns then."""
        gauge = Gauge(name, meaning, ("colour", "version"), registry=self._registry)
        gauge.labels(*self._identity).set_function(value)

    def asked_for(self, model: Model, cost: float) -> None:
        """Record that a price of `model` was asked for, and the cost in USD that was named."""
        adoption = self.adoption.setdefault(model.provider, Adoption())
        adoption.requests += 1
        adoption.models.add(model.name)
        adoption.cost += cost
        adoption.last_requested = now()

    def exposition(self) -> bytes:
        """All metrics in Prometheus's text format."""
        return generate_latest(self._registry)
