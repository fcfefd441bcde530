"""What the alerts must do, as promtool's tests: a service's metrics over 30 minutes, and who fires at the 20th.

Series are written as promtool does: `0+99x120` is a counter that grows by 99
every 15 seconds, 120 times.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from teal.monitoring.alerts import Bounds, rule_groups
from teal.monitoring.queries import Queries

QUERIES = Queries(namespace="shop", service="backend")
BOUNDS = Bounds(
    unhealthy_pods=0,
    active_requests=1000,
    average_milliseconds=500,
    error_percent=1,
    critical_error_percent=5,
    p95_seconds=2,
    restarts=0,
)
RULES = rule_groups(QUERIES, BOUNDS, "docs/observability.md")

_SERVICE = 'namespace="shop", service="backend"'

Series = dict[str, str]


def pod(colour: str = "green", number: int = 1, *, service: str = "backend", namespace: str = "shop") -> str:
    """Labels of a target."""
    return f'namespace="{namespace}", pod="{service}-{colour}-6d5f7c9b8d-abcd{number}"'


def requests(target: str, **by_status: str) -> Series:
    """Counted requests of a pod, by status: `requests(pod(), s200="0+99x120")`. No label of it says the colour."""
    return {f'http_requests_total{{{target}, status="{status[1:]}"}}': values for status, values in by_status.items()}


def times(target: str, *, sums: str, count: str) -> Series:
    """Total time and number of requests."""
    name, labels = "http_request_duration_seconds", f"{{{target}}}"
    return {f"{name}_sum{labels}": sums, f"{name}_count{labels}": count}


def buckets(target: str, **by_edge: str) -> Series:
    """A histogram: `buckets(pod(), le2="0+96x120", leInf="0+100x120")`."""
    edges = {edge[2:].replace("Inf", "+Inf"): values for edge, values in by_edge.items()}
    return {f'http_request_duration_seconds_bucket{{{target}, le="{edge}"}}': values for edge, values in edges.items()}


@dataclass(frozen=True, kw_only=True)
class Case:
    """One fact about the alerts."""

    fact: str
    series: Series
    firing: Mapping[str, str] = field(default_factory=dict[str, str])
    """Names of alerts, each with the colour it fires for; no other fires."""

    def promtool(self) -> Mapping[str, Any]:
        """The case as promtool reads it."""
        return {
            "name": self.fact,
            "interval": "15s",
            "input_series": [{"series": series, "values": values} for series, values in self.series.items()],
            "promql_expr_test": [
                {
                    "expr": 'sum by (alertname, colour, namespace, service) (ALERTS{alertstate="firing"})',
                    "eval_time": "20m",
                    "exp_samples": [
                        {"labels": f'{{alertname="{alert}", colour="{colour}", {_SERVICE}}}', "value": 1}
                        for alert, colour in self.firing.items()
                    ],
                }
            ],
        }


_GREEN, _OTHER = pod(), pod(number=2)
_DOWN_FOR_A_MINUTE = "1x76 0x4 1x40"  # at 19 of 30 minutes
_DOWN_FOR_FOUR = "1x64 0x56"

CASES = (
    Case(fact="nothing is scraped: nobody is alarmed", series={}),
    Case(
        fact="a colour that nobody asks is idle, not broken",
        series={
            **requests(_GREEN, s200="500+0x120", s500="20+0x120"),
            **times(_GREEN, sums="9000+0x120", count="500+0x120"),
            **buckets(_GREEN, le2="1+0x120", leInf="500+0x120"),
            f"up{{{_GREEN}}}": "1x120",
        },
    ),
    Case(fact="a colour without any 5xx series is well", series=requests(_GREEN, s200="0+100x120")),
    Case(fact="errors below 1 % are tolerated", series=requests(_GREEN, s200="0+100x120", s500="0+1x120")),
    Case(
        fact="errors above 1 % are reported",
        series=requests(_GREEN, s200="0+98x120", s500="0+1x120"),
        firing={"TealErrorRateHigh": "green"},
    ),
    Case(
        fact="errors below 5 % are not urgent",
        series=requests(_GREEN, s200="0+20x120", s503="0+1x120"),
        firing={"TealErrorRateHigh": "green"},
    ),
    Case(
        fact="errors above 5 % are urgent",
        series=requests(_GREEN, s200="0+18x120", s503="0+1x120"),
        firing={"TealErrorRateHigh": "green", "TealErrorRateCritical": "green"},
    ),
    Case(
        fact="a colour that answers nothing but errors has no other series to compare with",
        series=requests(_GREEN, s500="0+10x120"),
        firing={"TealErrorRateHigh": "green", "TealErrorRateCritical": "green"},
    ),
    Case(fact="a client's mistakes are not the service's", series=requests(_GREEN, s200="0+1x120", s404="0+99x120")),
    Case(
        fact="errors of one colour are not watered down by the other's successes",
        series=requests(_GREEN, s200="0+9x120", s500="0+1x120")
        | requests(pod("blue"), s200="0+9000x120", s500="0+1x120"),
        firing={"TealErrorRateHigh": "green", "TealErrorRateCritical": "green"},
    ),
    Case(
        fact="errors are counted over all pods of the colour",
        series=requests(_GREEN, s200="0+9x120", s500="0+1x120") | requests(_OTHER, s200="0+990x120"),
    ),
    Case(
        fact="errors that began three minutes ago are urgent before they are a tendency",
        series=requests(_GREEN, s200="0+90x68 6120+50x52", s500="0+0x68 0+50x52"),
        firing={"TealErrorRateCritical": "green"},
    ),
    Case(
        fact="errors that ended seven minutes ago are over",
        series=requests(_GREEN, s200="0+90x120", s500="0+10x50 500+0x70"),
    ),
    Case(
        fact="another namespace's service of the same name is not this one",
        series=requests(pod(namespace="other"), s500="0+10x120") | {f"up{{{pod(namespace='other')}}}": "0x120"},
    ),
    Case(
        fact="a service whose name begins with this one's is not this one",
        series=requests(pod(service="backend-blue"), s500="0+10x120")
        | {f"up{{{pod(service='backend-blue')}}}": "0x120"},
    ),
    Case(fact="499 ms on average are fast enough", series=times(_GREEN, sums="0+49.9x120", count="0+100x120")),
    Case(
        fact="501 ms on average are slow",
        series=times(_GREEN, sums="0+50.1x120", count="0+100x120"),
        firing={"TealResponsesSlow": "green"},
    ),
    Case(
        fact="4 % of requests beyond 2 s leave the 95th percentile below it",
        series=buckets(_GREEN, le1="0+50x120", le2="0+96x120", leInf="0+100x120"),
    ),
    Case(
        fact="6 % of requests beyond 2 s bring it above",
        series=buckets(_GREEN, le1="0+50x120", le2="0+94x120", **{"le2.5": "0+100x120"}, leInf="0+100x120"),
        firing={"TealSlowestRequestsSlow": "green"},
    ),
    Case(
        fact="1000 requests in flight are within capacity",
        series={f"http_requests_active{{{_GREEN}}}": "1000x120"},
    ),
    Case(
        fact="1001 are not, spread over pods",
        series={
            f"http_requests_active{{{_GREEN}}}": "600x120",
            f"http_requests_active{{{_OTHER}}}": "401x120",
        },
        firing={"TealActiveRequestsHigh": "green"},
    ),
    Case(
        fact="two colours at their capacity are each within it",
        series={
            f"http_requests_active{{{_GREEN}}}": "1000x120",
            f"http_requests_active{{{pod('blue')}}}": "1000x120",
        },
    ),
    Case(
        fact="a burst of requests is no shortage",
        series={f"http_requests_active{{{_GREEN}}}": "10x76 2000x4 10x40"},
    ),
    Case(fact="a pod that answers and is ready is well", series={f"up{{{_GREEN}}}": "1x120"}),
    Case(
        fact="a pod that does not answer is unhealthy",
        series={f"up{{{_GREEN}}}": _DOWN_FOR_FOUR, f"up{{{_OTHER}}}": "1x120"},
        firing={"TealPodsUnhealthy": "green"},
    ),
    Case(fact="a pod that starts for a minute is not", series={f"up{{{_GREEN}}}": _DOWN_FOR_A_MINUTE}),
    Case(
        fact="a pod that says it is not ready is unhealthy, though it answers",
        series={f"up{{{_GREEN}}}": "1x120", f"service_ready{{{_GREEN}}}": _DOWN_FOR_FOUR},
        firing={"TealPodsUnhealthy": "green"},
    ),
    Case(
        fact="a pod that never ran is unhealthy where kube-state-metrics knows of it",
        series={f'kube_pod_status_ready{{{_GREEN}, condition="true"}}': "0x120"},
        firing={"TealPodsUnhealthy": "green"},
    ),
    Case(
        fact="a pod that was evicted stays as an object, and is nobody's trouble",
        series={
            f'kube_pod_status_ready{{{_GREEN}, condition="true"}}': "0x120",
            f'kube_pod_status_phase{{{_GREEN}, phase="Failed"}}': "1x120",
            f'kube_pod_status_phase{{{_GREEN}, phase="Pending"}}': "0x120",
        },
    ),
    Case(
        fact="a pod that is pending is",
        series={
            f'kube_pod_status_ready{{{_GREEN}, condition="true"}}': "0x120",
            f'kube_pod_status_phase{{{_GREEN}, phase="Failed"}}': "0x120",
            f'kube_pod_status_phase{{{_GREEN}, phase="Pending"}}': "1x120",
        },
        firing={"TealPodsUnhealthy": "green"},
    ),
    Case(
        fact="a pod that drains for minutes is to end",
        series={
            f"up{{{_GREEN}}}": "1x120",
            f"service_ready{{{_GREEN}}}": _DOWN_FOR_FOUR,
            f"kube_pod_deletion_timestamp{{{_GREEN}}}": "_x64 1700000000x56",
        },
    ),
    Case(
        fact="the series of the other conditions of a ready pod are 0 and mean nothing",
        series={
            f'kube_pod_status_ready{{{_GREEN}, condition="true"}}': "1x120",
            f'kube_pod_status_ready{{{_GREEN}, condition="false"}}': "0x120",
        },
    ),
    Case(
        fact="a colour that was retired has no pods, and that is meant",
        series={f"up{{{_GREEN}}}": "1x60 _x60", f"up{{{pod('blue')}}}": "1x120"},
    ),
    Case(
        fact="a container that began anew in its pod has restarted",
        series={f"process_start_time_seconds{{{_GREEN}}}": "100x60 1000x60"},
        firing={"TealContainersRestarted": "green"},
    ),
    Case(
        fact="a restart is seen across the scrapes that failed meanwhile",
        series={f"process_start_time_seconds{{{_GREEN}}}": "100x50 _x10 1000x60"},
        firing={"TealContainersRestarted": "green"},
    ),
    Case(
        fact="a restart more than a quarter of an hour ago is over",
        series={f"process_start_time_seconds{{{_GREEN}}}": "100x15 500x105"},
    ),
    Case(
        fact="a rollout's new pods are no restarts",
        series={
            f"process_start_time_seconds{{{_GREEN}}}": "100x60 _x60",
            f"process_start_time_seconds{{{_OTHER}}}": "_x60 1000x60",
        },
    ),
)
