"""Plays a Prometheus: it scrapes every pod every two seconds, and answers the queries that teal makes, and no other.

It keeps series as Prometheus does: one begins with its first sample, so that a counter of errors is absent until there
is one, it ends with its pod, and what was not scraped again is believed for five minutes.
"""

import json
import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import parse_qs

from teal.model.colours import Colour
from teal.monitoring.queries import Queries
from teal.spec.request_metrics import RequestMetrics
from tests.simulation.cluster.clock import EPOCH
from tests.simulation.cluster.world import Pod

URL = "https://prometheus.simulated"
LOOKBACK = 300.0
"""The seconds for which Prometheus believes a sample that no other follows."""
FAST, SLOW = 0.05, 5.0
"""The seconds of a request's time, and of one that is slow."""
SLOWEST = 0.05
"""The share of requests above the 95th percentile."""

Samples = list[tuple[float, float]]
"""The times and values of a series."""


@dataclass(kw_only=True, slots=True)
class Scraper:
    """What was scraped of each pod, and the numbers that come of it."""

    metrics: RequestMetrics | None
    """How the services count their requests."""
    away_until: float = 0
    """The virtual time until which nothing is scraped."""
    scraped: float = 0
    """When it scraped last."""
    pods: dict[str, dict[str, Samples]] = field(
        default_factory=lambda: defaultdict[str, dict[str, Samples]](lambda: defaultdict[str, Samples](list))
    )
    """The series of each pod, by name: requests answered well (`ok`) and not (`error`), `slow` ones, and `up`."""
    gone: dict[str, float] = field(default_factory=dict[str, float])
    """Since when a pod that was scraped is not there."""
    unknown: list[str] = field(default_factory=list[str])
    """The queries that it was asked and cannot answer: there must be none."""

    def scrape(self, pods: Iterable[Pod], now: float) -> float:
        """Read what each pod has counted, note which of them are gone, and return when that was done last."""
        if now < self.away_until:
            return self.scraped
        self.scraped, there = now, set[str]()
        for pod in pods:
            there.add(pod.name)
            for name, value in pod.counted.items():
                if value or name == "up":
                    self.pods[pod.name][name].append((now, float(value)))
        for name in self.pods.keys() - there:
            self.gone.setdefault(name, now)
        return now

    def answer(self, content: bytes, now: float) -> bytes:
        """Answer one instant query, as Prometheus does over HTTP."""
        asked = {key: values[0] for key, values in parse_qs(content.decode()).items()}
        at = (datetime.fromisoformat(asked["time"]) - EPOCH).total_seconds() if "time" in asked else now
        result = [
            {"metric": labels, "value": [at, str(value)]} for labels, value in self._evaluated(asked["query"], at)
        ]
        return json.dumps({"status": "success", "data": {"resultType": "vector", "result": result}}).encode()

    def _evaluated(self, query: str, at: float) -> Iterator[tuple[Mapping[str, str], float]]:
        """Yield the series that a query comes to."""
        about = _about(query, self.metrics)
        names = [name for name in self.pods if re.fullmatch(about.queries.pods, name)]
        if query == about.queries.pods_up:
            for name in names:
                if self._latest(name, "up", at) is not None:
                    yield {"pod": name}, 1.0
            return
        for colour in Colour:
            of_colour = [each for each in names if f"-{colour}-" in each]
            value = self._number(query, about, of_colour, at)
            if value is not None:
                yield {"colour": str(colour)}, value

    def _number(self, query: str, about: "_About", names: list[str], at: float) -> float | None:
        queries, window = about.queries, about.text
        if "count by (pod)" in query:
            found = [self._latest(name, each, at) for name in names for each in ("ok", "error")]
            count = sum(each is not None for each in found) if "http_requests_total{" in query else 0
            return count or None
        ok, error, slow = (
            [grown for name in names if (grown := self._grown(name, series, about.window, at)) is not None]
            for series in ("ok", "error", "slow")
        )
        if not ok and not error:
            return None
        every = sum(ok) + sum(error)
        late = SLOW if sum(slow) > SLOWEST * every else FAST
        answers = {
            queries.counted(window): every,
            queries.counted_error_share(window): sum(error) / every if every else math.nan,
            queries.counted_p95_seconds(window, about.bound): late if every else math.nan,
        }
        if query not in answers:
            self.unknown.append(query)
        return answers.get(query)

    def _latest(self, pod: str, name: str, at: float) -> float | None:
        """Return a series' value as of a time; None where it has none that is believed."""
        if self.gone.get(pod, math.inf) <= at:
            return None
        found = next((each for each in reversed(self.pods[pod][name]) if each[0] <= at), None)
        return found[1] if found is not None and found[0] > at - LOOKBACK else None

    def _grown(self, pod: str, name: str, window: float, at: float) -> float | None:
        """Return how much a series has grown within a window; one that is younger has grown from zero."""
        now, before = self._latest(pod, name, at), self._latest(pod, name, at - window)
        return now if now is None or before is None else now - before


@dataclass(frozen=True, kw_only=True, slots=True)
class _About:
    """What one query is about."""

    queries: Queries
    text: str
    """The window, in PromQL's notation."""
    bound: float

    @property
    def window(self) -> float:
        """The window in seconds."""
        return int(self.text[:-2]) / 1000 if self.text.endswith("ms") else int(self.text[:-1])


def _about(query: str, metrics: RequestMetrics | None) -> _About:
    """Return what a query is about, as its text says it."""

    def found(pattern: str, other: str) -> str:
        match = re.search(pattern, query)
        return match[1] if match else other

    pods = found(r'pod=~"([^"]*)"', "")
    service = found(r'"pod", "([a-z]+)-\(', "") or pods.partition("-")[0]
    queries = Queries(namespace=found(r'namespace="([^"]*)"', ""), service=service, pods=pods, metrics=metrics)
    text, bound = found(r"offset (\d+m?s)", "0s"), found(r">= ([0-9.]+)\) or \(", "0")
    return _About(queries=queries, text=text, bound=float(bound))
