"""The alert rules of a service, as data: what is watched, above which bound, for how long, and what it means.

Nothing is sent from here: Prometheus evaluates the rules, and Alertmanager notifies people. docs/observability.md says
for each rule what to do.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from teal.monitoring.queries import Queries

_UNHEALTHY_SECONDS = 120


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounds:
    """The values above which alerts fire; they do not fire at them."""

    unhealthy_pods: int
    active_requests: int
    average_milliseconds: int
    error_percent: float
    critical_error_percent: float
    p95_seconds: float
    restarts: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """One alert, for either colour."""

    alert: str
    expr: str
    wait: str
    """How long the condition must hold (Prometheus' `for`)."""
    severity: Literal["warning", "critical"]
    """`critical` keeps a release from being promoted; `warning` is what somebody should look at today."""
    summary: str
    """A Prometheus template of one sentence."""


def rules(queries: Queries, bounds: Bounds, starting_seconds: int = 0) -> Iterator[Rule]:
    """Yield all alerts of one service, the most urgent first, without those on metrics that it lacks.

    A colour without pods or traffic fires none of them: it is idle, retired or gone, and metrics cannot tell which. Nor
    does a pod that has not been there for longer than it may take to start.
    """
    who = f"{queries.service} {{{{ $labels.colour }}}}"
    share = "{{ $value | humanizePercentage }}"
    duration = "{{ $value | humanizeDuration }}"
    metrics = queries.metrics
    yield Rule(
        alert="TealPodsUnhealthy",
        expr=f"{queries.unhealthy_pods} > {bounds.unhealthy_pods}",
        # By default a pod starts within 80 s, and drains within 45 s, which counts for nothing either.
        wait="2m" if starting_seconds <= _UNHEALTHY_SECONDS else f"{starting_seconds}s",
        severity="critical",
        summary=f"{who}: {{{{ $value }}}} pods are not ready or do not answer (bound: {bounds.unhealthy_pods})",
    )
    if metrics is not None:
        yield Rule(
            alert="TealErrorRateCritical",
            expr=f"{queries.error_share('2m')} > {_share(bounds.critical_error_percent)}",
            wait="1m",
            severity="critical",
            summary=f"{who}: {share} of requests fail (bound: {bounds.critical_error_percent:g}%)",
        )
    if metrics is not None and metrics.duration is not None:
        yield Rule(
            alert="TealSlowestRequestsSlow",
            expr=f"{queries.p95_seconds('2m')} > {bounds.p95_seconds:g}",
            wait="2m",
            severity="critical",
            summary=f"{who}: one request in 20 takes longer than {duration} (bound: {bounds.p95_seconds:g}s)",
        )
    if metrics is not None:
        yield Rule(
            alert="TealErrorRateHigh",
            expr=f"{queries.error_share('5m')} > {_share(bounds.error_percent)}",
            wait="5m",
            severity="warning",
            summary=f"{who}: {share} of requests fail (bound: {bounds.error_percent:g}%)",
        )
    if metrics is not None and metrics.duration is not None:
        yield Rule(
            alert="TealResponsesSlow",
            expr=f"{queries.average_seconds('5m')} > {bounds.average_milliseconds / 1000:g}",
            wait="5m",
            severity="warning",
            summary=f"{who}: a request takes {duration} on average (bound: {bounds.average_milliseconds}ms)",
        )
    if metrics is not None and metrics.in_flight is not None:
        yield Rule(
            alert="TealActiveRequestsHigh",
            expr=f"{queries.active_requests} > {bounds.active_requests}",
            wait="2m",
            severity="warning",
            summary=f"{who}: {{{{ $value }}}} requests are in flight (bound: {bounds.active_requests})",
        )
    yield Rule(
        alert="TealContainersRestarted",
        expr=f"{queries.restarts('15m')} > {bounds.restarts}",
        wait="0s",
        severity="warning",
        summary=f"{who}: {{{{ $value }}}} restarts within 15 minutes (bound: {bounds.restarts})",
    )


def rule_groups(queries: Queries, bounds: Bounds, runbook: str, starting_seconds: int = 0) -> Mapping[str, Any]:
    """Return one service's rules in the shape of a rules file, which is also that of a PrometheusRule's `spec`.

    Args:
        queries: the service's queries.
        bounds: the bounds of the service's alerts.
        runbook: the URL or path of the page that says what to do, with a section for each alert, named after it.
        starting_seconds: how long its pods may take until they are ready.
    """
    return {
        "groups": [
            {
                "name": f"teal-{queries.namespace}-{queries.service}",
                "rules": [
                    {
                        "alert": rule.alert,
                        "expr": rule.expr,
                        "for": rule.wait,
                        "labels": {
                            "severity": rule.severity,
                            "namespace": queries.namespace,
                            "service": queries.service,
                        },
                        "annotations": {
                            "summary": rule.summary,
                            "runbook_url": f"{runbook}#{rule.alert.lower()}",
                        },
                    }
                    for rule in rules(queries, bounds, starting_seconds)
                ],
            }
        ]
    }


def _share(percent: float) -> str:
    return f"{percent / 100:g}"
