"""What is asked of Prometheus about one service, by colour: PromQL as text. Asks nobody, judges nothing.

Two labels are needed of whoever scrapes: `namespace` and `pod`. Every common
setup gives them (a job over annotated pods, the operator's PodMonitor). The
service and its colour are read from the pod's name, which its Deployment
decides, so that neither a relabelling nor a label of the service's own has to
be agreed on. A label `colour` that a service happens to have means nothing.

How the service names its metrics is `teal.spec.request_metrics`' to say; beside
those there are `up`, which Prometheus makes, `process_start_time_seconds`,
which its client libraries do, and `service_ready` and `kube_pod_status_ready`,
which may be absent.
"""

from dataclasses import dataclass

from teal.model.colours import Colour
from teal.spec.request_metrics import DEFAULT, RequestMetrics, quoted

QUANTILE = 0.95


@dataclass(frozen=True, kw_only=True, slots=True)
class Queries:
    """The questions about one service.

    Each is an instant vector with the label `colour` and no other, where nothing
    else is said. A colour without pods or without traffic is absent from it.
    """

    namespace: str
    service: str
    pods: str = ""
    """Which pods, as a regular expression; default: all of the service's. A placeholder may stand here as well."""

    metrics: RequestMetrics | None = DEFAULT
    """How the service counts its requests; None where it does not: then nobody may ask for them."""

    def request_rate(self, window: str) -> str:
        """Requests per second."""
        return self._sum(self._rate(self._requests.requests, window))

    def error_share(self, window: str) -> str:
        """Share of requests answered with an error, 0 to 1.

        A colour that never failed has no series of an error at all: it reads as
        0, not as absent. A colour that had no request in the window is not a
        number, which no bound is ever below. A colour whose series have no
        status is absent: how many of its requests failed, nobody knows.
        """
        name = self._requests.requests
        return _share(
            failed=self._sum(self._rate(name, window, self._failed)),
            told=self._sum(self._rate(name, window, self._told)),
            every=self.request_rate(window),
        )

    def counted(self, window: str) -> str:
        """Requests within the window to the pods that are there now, to the last one.

        Not `increase`: that knows nothing of what a series held when it was seen
        first. An idle colour's series begin with its test traffic, and its
        5xx series with its first error, so all of them could go metrics_error between
        two scrapes. A series that is younger than the window counts whole.
        """
        return self._sum(self._grown(self._requests.requests, window))

    def counted_error_share(self, window: str) -> str:
        """Share of the counted requests that were answered with an error, 0 to 1; otherwise as `error_share`."""
        name = self._requests.requests
        return _share(
            failed=self._sum(self._grown(name, window, self._failed)),
            told=self._sum(self._grown(name, window, self._told)),
            every=self.counted(window),
        )

    def counted_p95_seconds(self, window: str, bound: float) -> str:
        """95th percentile of the counted requests' time to the last byte, seconds.

        Beyond its last finite bucket a histogram knows nothing, and Prometheus
        answers where that bucket ends. That is the truth only about bounds that
        are no higher: above those, the answer is infinite, which is no number.

        Args:
            window: of the requests.
            bound: what the answer is compared with, in seconds.
        """
        name = f"{self._duration}_bucket"
        value = self._quantile(self._sum(self._grown(name, window), "le"))
        finite = self._sum(self._grown(name, window, ', le!="+Inf"'), "le")
        every = self._sum(self._grown(name, window, ', le="+Inf"'))
        known = f"{value} and max by (colour) ({finite}) >= {QUANTILE} * {every}"
        return f"(({known}) or ({value} >= {bound:g}) or ({value} * Inf))"

    def average_seconds(self, window: str) -> str:
        """Mean time to the last byte, seconds."""
        sums, counts = (self._sum(self._rate(f"{self._duration}_{part}", window)) for part in ("sum", "count"))
        return self._in_seconds(f"{sums} / {counts}")

    def p95_seconds(self, window: str) -> str:
        """95th percentile of the time to the last byte, seconds; exact where the histogram has a bucket's edge.

        Never more than where its last finite bucket ends.
        """
        return self._quantile(self._sum(self._rate(f"{self._duration}_bucket", window), "le"))

    @property
    def active_requests(self) -> str:
        """Requests in flight, over all pods; nobody may ask where there is no such gauge."""
        return self._sum(f"{self._requests.in_flight}{{{self._pods}}}")

    def series(self, name: str, label: str = "") -> str:
        """How many series of a name there are, by colour; of those alone that have a label, where one is given."""
        matcher = f', {label}!=""' if label else ""
        return self._sum(f"count by (pod) ({name}{{{self._pods}{matcher}}})")

    @property
    def unhealthy_pods(self) -> str:
        """Pods that do not answer their scrape, say that they are not ready, or are not ready for their kubelet.

        The last is known where kube-state-metrics is scraped, and only that sees
        a pod that was never scheduled.
        """
        ill = " or ".join(
            f"{each} == 0"
            for each in (
                f"up{{{self._pods}}}",
                f"service_ready{{{self._pods}}}",
                f'kube_pod_status_ready{{{self._pods}, condition="true"}}',
            )
        )
        return f"count by (colour) ({self._coloured(f'max by (pod) ({ill})')})"

    @property
    def ready_pods(self) -> str:
        """Pods that are ready for their kubelet; without kube-state-metrics, that say so; without that, that answer."""
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
        """1 of every pod that answers each of its scrapes, 0 of one that does not; labelled by `pod`, not by colour."""
        return f"min by (pod) (up{{{self._pods}}})"

    def restarts(self, window: str) -> str:
        """How often a container began anew within its pod. A rollout's new pods are none."""
        starts = f"max by (pod) (changes(process_start_time_seconds{{{self._pods}}}[{window}]))"
        return f"sum by (colour) ({self._coloured(starts)})"

    @property
    def active_colour(self) -> str:
        """The colour that answers more than half of all requests, and its share; nothing while nobody asks.

        Where traffic goes, not where it was declared to go: Prometheus knows no
        selector. Follows a flip within half the window, 30 s.
        """
        return self._majority("")

    @property
    def flips(self) -> str:
        """The colour that has the traffic which another had a minute ago; nothing at all other times."""
        before = self._majority(" offset 1m")
        return f"({self._majority('')} unless {before}) and on () {before}"

    def _majority(self, offset: str) -> str:
        rate = self._sum(self._rate(self._requests.requests, "1m", offset=offset))
        return f"({rate} / on () group_left () sum({rate}) > 0.5)"

    def _rate(self, metric: str, window: str, matcher: str = "", offset: str = "") -> str:
        return f"rate({metric}{{{self._counted}{matcher}}}[{window}]{offset})"

    def _grown(self, metric: str, window: str, matcher: str = "") -> str:
        """By how much each present series of a counter has grown; one that is younger than the window from zero."""
        series = f"{metric}{{{self._counted}{matcher}}}"
        return f"(increase({series}[{window}]) and {series} and {series} offset {window}) or {series}"

    def _sum(self, vector: str, label: str = "") -> str:
        """A sum over pods, by colour, and by one more label where it is given.

        By pod first: a label of the service's own that is called `colour` is gone before the pod says which it is.
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
    def _told(self) -> str:
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


def _share(*, failed: str, told: str, every: str) -> str:
    """How much of all failed, where the series say what became of requests."""
    return f"(({failed} or 0 * {every}) / {every} and {told})"
