"""The queries about one service, by colour, as PromQL text. They are neither sent nor judged here.

Whoever scrapes has to set two labels, `namespace` and `pod`, which every common setup does (a job over annotated pods,
the operator's PodMonitor). The service and its colour are read from the pod's name, which its Deployment decides, so
that neither relabelling nor a label of the service's own is needed. A label `colour` that a service happens to have is
ignored.

`teal.spec.request_metrics` has the names of the service's metrics. Others are `up`, which Prometheus makes,
`process_start_time_seconds`, which its client libraries do, and `service_ready` and those of kube-state-metrics
(`kube_pod_…`), which may be absent.
"""

from dataclasses import dataclass

from teal.model.colours import Colour
from teal.spec.request_metrics import DEFAULT, RequestMetrics, quoted

QUANTILE = 0.95


def duration(seconds: float) -> str:
    """Return a time in PromQL's notation, to the millisecond."""
    return f"{round(1000 * seconds)}ms"


@dataclass(frozen=True, kw_only=True, slots=True)
class Queries:
    """The queries about one service.

    Where nothing else is said, each is an instant vector with the label `colour` and no other. A colour without pods or
    without traffic is absent from it.
    """

    namespace: str
    service: str
    pods: str = ""
    """Which pods, as a regular expression; default: all of the service's. It may be a placeholder."""

    metrics: RequestMetrics | None = DEFAULT
    """How the service counts its requests; None where it does not. A query for them then raises `ValueError`."""

    def request_rate(self, window: str) -> str:
        """Return the query for requests per second."""
        return self._sum(self._rate(self._requests.requests, window))

    def error_share(self, window: str) -> str:
        """Return the query for the share of requests that were answered with an error, 0 to 1.

        A colour that never failed has no series of errors at all: it reads as 0, and is not absent. A colour without
        requests in the window gives NaN, which no bound is ever below. A colour whose series have no status is absent:
        nobody knows how many of its requests failed.
        """
        name = self._requests.requests
        return _share(
            failed=self._sum(self._rate(name, window, self._failed)),
            with_status=self._sum(self._rate(name, window, self._with_status)),
            every=self.request_rate(window),
        )

    def counted(self, window: str) -> str:
        """Return the query for the requests in the window, to the last one, to the pods that exist now.

        It does not use `increase` alone, which ignores what a series held when it was first seen. An idle colour's
        series begin with its test traffic, and its 5xx series with its first error, so all of them could be missed
        between two scrapes. A series that is younger than the window counts in full, and one that nobody has scraped
        within it counts nothing.
        """
        return self._sum(self._grown(self._requests.requests, window))

    def counted_error_share(self, window: str) -> str:
        """Return the query for the share of the counted requests with an error, 0 to 1; otherwise as `error_share`."""
        name = self._requests.requests
        return _share(
            failed=self._sum(self._grown(name, window, self._failed)),
            with_status=self._sum(self._grown(name, window, self._with_status)),
            every=self.counted(window),
        )

    def counted_p95_seconds(self, window: str, bound: float) -> str:
        """Return the query for the 95th percentile of the counted requests' response time, in seconds.

        A histogram knows nothing beyond its last finite bucket, and Prometheus then answers the end of that bucket.
        That is true only for bounds that are no higher. For higher bounds the answer is infinite, which is no number.

        Args:
            window: the window of the requests.
            bound: the bound that the answer is compared with, in seconds.
        """
        name = f"{self._duration}_bucket"
        value = self._quantile(self._sum(self._grown(name, window), "le"))
        finite = self._sum(self._grown(name, window, ', le!="+Inf"'), "le")
        every = self._sum(self._grown(name, window, ', le="+Inf"'))
        known = f"{value} and max by (colour) ({finite}) >= {QUANTILE} * {every}"
        return f"(({known}) or ({value} >= {bound:g}) or ({value} * Inf))"

    def used(self, counter: str, label: str, window: str) -> str:
        """Return the query for how much a counter has grown in the window, by colour and by one of its labels.

        Pods that have ended count as well, since the window may be longer than their lives. A series that began within
        the window counts in full, and one that never grew counts as 0.
        """
        series = f'{counter}{{{self._pods}, {label}!=""}}'
        grown = f"(increase({series}[{window}]) and {series} offset {window}) or max_over_time({series}[{window}])"
        return self._sum(grown, label)

    def average_seconds(self, window: str) -> str:
        """Return the query for the mean response time, in seconds."""
        sums, counts = (self._sum(self._rate(f"{self._duration}_{part}", window)) for part in ("sum", "count"))
        return self._in_seconds(f"{sums} / {counts}")

    def p95_seconds(self, window: str) -> str:
        """Return the query for the 95th percentile of response times, in seconds; it is exact at a bucket's edge.

        It is never more than the end of the last finite bucket.
        """
        return self._quantile(self._sum(self._rate(f"{self._duration}_bucket", window), "le"))

    @property
    def active_requests(self) -> str:
        """The query for requests in flight, over all pods. It must not be used where there is no such gauge."""
        return self._sum(f"{self._requests.in_flight}{{{self._pods}}}")

    def series(self, name: str, label: str = "") -> str:
        """Return the query for the number of series of a name, by colour; with a label only, where one is given."""
        matcher = f', {label}!=""' if label else ""
        return self._sum(f"count by (pod) ({name}{{{self._pods}{matcher}}})")

    @property
    def unhealthy_pods(self) -> str:
        """The query for pods that do not answer their scrape, or are not ready by their own or the kubelet's word.

        The last of these needs kube-state-metrics, which alone sees a pod that was never scheduled. It also knows the
        pods that count for nothing: those that have ended, as after an eviction, and those that are to end.
        """
        ill = " or ".join(
            f"{each} == 0"
            for each in (
                f"up{{{self._pods}}}",
                f"service_ready{{{self._pods}}}",
                f'kube_pod_status_ready{{{self._pods}, condition="true"}}',
            )
        )
        over = (
            f'kube_pod_status_phase{{{self._pods}, phase=~"Succeeded|Failed"}} == 1 '
            f"or kube_pod_deletion_timestamp{{{self._pods}}}"
        )
        return f"count by (colour) ({self._coloured(f'max by (pod) ({ill}) unless max by (pod) ({over})')})"

    @property
    def ready_pods(self) -> str:
        """The query for ready pods: by the kubelet, or else by their own word, or else by their answers."""
        return " or ".join(
            f"sum by (colour) ({self._coloured(f'max by (pod) ({each})')})"
            for each in (
                f'kube_pod_status_ready{{{self._pods}, condition="true"}}',
                f"service_ready{{{self._pods}}}",
                f"up{{{self._pods}}}",
            )
        )

    @property
    def pods_up(self) -> str:
        """The query for pods that answer, by `pod`: 1 for each one that answers all its scrapes, 0 otherwise."""
        return f"min by (pod) (up{{{self._pods}}})"

    def restarts(self, window: str) -> str:
        """Return the query for restarts of containers within their pods. The new pods of a rollout do not count."""
        starts = f"max by (pod) (changes(process_start_time_seconds{{{self._pods}}}[{window}]))"
        return f"sum by (colour) ({self._coloured(starts)})"

    @property
    def active_colour(self) -> str:
        """The query for the colour that answers more than half of all requests, with its share; empty without requests.

        It shows where traffic goes, not where it is declared to go: Prometheus knows no selector. It follows a flip
        within half the window, 30 s.
        """
        return self._majority("")

    @property
    def flips(self) -> str:
        """The query for the colour that has the traffic which another had a minute ago; empty at other times."""
        before = self._majority(" offset 1m")
        return f"({self._majority('')} unless {before}) and on () {before}"

    def _majority(self, offset: str) -> str:
        rate = self._sum(self._rate(self._requests.requests, "1m", offset=offset))
        return f"({rate} / on () group_left () sum({rate}) > 0.5)"

    def _rate(self, metric: str, window: str, matcher: str = "", offset: str = "") -> str:
        return f"rate({metric}{{{self._counted}{matcher}}}[{window}]{offset})"

    def _grown(self, metric: str, window: str, matcher: str = "") -> str:
        """Return how much each present series of a counter has grown; one that is younger has grown from zero.

        `increase` knows of counters that begin anew, and answers only where there were two scrapes within the window.
        Without them the difference counts, which is 0 for a series that nobody has scraped since.
        """
        series = f"{metric}{{{self._counted}{matcher}}}"
        before = f"{series} offset {window}"
        return f"(increase({series}[{window}]) and {series} and {before}) or ({series} - {before} >= 0) or {series}"

    def _sum(self, vector: str, label: str = "") -> str:
        """Return a sum over pods, by colour and by one more label where it is given.

        It sums by pod first, which drops a service's own label `colour` before the pod's name tells the colour.
        """
        also = f", {label}" if label else ""
        return f"sum by (colour{also}) ({self._coloured(f'sum by (pod{also}) ({vector})')})"

    def _quantile(self, buckets: str) -> str:
        return self._in_seconds(f"histogram_quantile({QUANTILE}, {buckets})")

    def _in_seconds(self, value: str) -> str:
        return f"({value} / 1000)" if self._requests.milliseconds else value

    @property
    def _duration(self) -> str:
        if self._requests.duration is None:
            raise ValueError(f"{self.service} has no histogram of its requests' time; nobody may ask for it")
        return self._requests.duration

    @property
    def _requests(self) -> RequestMetrics:
        if self.metrics is None:
            raise ValueError(f"{self.service} does not count its requests; nobody may ask for them")
        return self.metrics

    @property
    def _failed(self) -> str:
        return f', {self._requests.status}=~"{quoted(self._requests.errors)}"'

    @property
    def _with_status(self) -> str:
        return f', {self._requests.status}!=""'

    @property
    def _counted(self) -> str:
        return ", ".join((self._pods, *self._requests.matchers))

    def _coloured(self, vector: str) -> str:
        return f'label_replace({vector}, "colour", "$1", "pod", "{self._names}")'

    @property
    def _pods(self) -> str:
        return f'namespace="{self.namespace}", pod=~"{self.pods or self._names}"'

    @property
    def _names(self) -> str:
        # A Deployment's pod is named after it, its ReplicaSet's hash and a suffix: none of these two holds a hyphen.
        # Not [^-]+: Prometheus parses a class that holds nearly all of Unicode for milliseconds, at each evaluation.
        return f"{self.service}-({'|'.join(Colour)})-[a-z0-9]+-[a-z0-9]+"


def _share(*, failed: str, with_status: str, every: str) -> str:
    """Return the share of requests that failed, where the series have a status."""
    return f"(({failed} or 0 * {every}) / {every} and {with_status})"
