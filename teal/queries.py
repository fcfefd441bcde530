"""What is asked of Prometheus about one service, by colour: PromQL as text. Asks nobody, judges nothing.

Two labels are needed of whoever scrapes: `namespace` and `pod`. Every common
setup gives them (a job over annotated pods, the operator's PodMonitor). The
service and its colour are read from the pod's name, which its Deployment
decides, so that no relabelling has to be agreed on.

The metrics are the service's own (docs/contract.md), but for `up`, which
Prometheus makes, `process_start_time_seconds`, which its client libraries do,
and `kube_pod_status_ready`, which may be absent.
"""

from dataclasses import dataclass

from teal.colours import Colour


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

    def request_rate(self, window: str) -> str:
        """Requests per second."""
        return f"sum by (colour) (rate(http_requests_total{{{self._pods}}}[{window}]))"

    def error_share(self, window: str) -> str:
        """Share of requests answered 5xx, 0 to 1.

        A colour that never failed has no 5xx series at all: it reads as 0, not
        as absent. A colour that had no request in the window is not a number,
        which no bound is ever below.
        """
        failed = f'sum by (colour) (rate(http_requests_total{{{self._pods}, status=~"5.."}}[{window}]))'
        every = self.request_rate(window)
        return f"({failed} or 0 * {every}) / {every}"

    def counted(self, window: str) -> str:
        """Requests within the window to the pods that are there now, to the last one.

        Not `increase`: that knows nothing of what a series held when it was seen
        first. An idle colour's series begin with its test traffic, and its
        5xx series with its first error, so all of them could go unseen between
        two scrapes. A series that is younger than the window counts whole.
        """
        return f"sum by (colour) ({self._grown('http_requests_total', window)})"

    def counted_error_share(self, window: str) -> str:
        """Share of the counted requests that were answered 5xx, 0 to 1; not a number where there were none."""
        failed = self._grown("http_requests_total", window, ', status=~"5.."')
        every = self.counted(window)
        return f"(sum by (colour) ({failed}) or 0 * {every}) / {every}"

    def counted_p95_seconds(self, window: str) -> str:
        """95th percentile of the counted requests' time to the last byte, seconds."""
        buckets = self._grown("http_request_duration_seconds_bucket", window)
        return f"histogram_quantile(0.95, sum by (colour, le) ({buckets}))"

    def average_seconds(self, window: str) -> str:
        """Mean time to the last byte, seconds."""
        sums, counts = (
            f"sum by (colour) (rate(http_request_duration_seconds_{part}{{{self._pods}}}[{window}]))"
            for part in ("sum", "count")
        )
        return f"{sums} / {counts}"

    def p95_seconds(self, window: str) -> str:
        """95th percentile of the time to the last byte, seconds; exact where the histogram has a bucket's edge."""
        buckets = f"sum by (colour, le) (rate(http_request_duration_seconds_bucket{{{self._pods}}}[{window}]))"
        return f"histogram_quantile(0.95, {buckets})"

    @property
    def active_requests(self) -> str:
        """Requests in flight, over all pods."""
        return f"sum by (colour) (http_requests_active{{{self._pods}}})"

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
        rate = f"rate(http_requests_total{{{self._pods}}}[1m]{offset})"
        return f"(sum by (colour) ({rate}) / on () group_left () sum({rate}) > 0.5)"

    def _grown(self, metric: str, window: str, matcher: str = "") -> str:
        """By how much each present series of a counter has grown; one that is younger than the window from zero."""
        series = f"{metric}{{{self._pods}{matcher}}}"
        return f"(increase({series}[{window}]) and {series} and {series} offset {window}) or {series}"

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
