"""What a bake asks of a service's numbers beside its errors: its response time, and numbers of the stack. Pure.

Each number has fixed bounds, or bounds relative to the number of the colour that traffic left, as of the moment at
which the write was allowed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from teal.gates.samples import Lack, MetricCheck, Queried, metric, number
from teal.model.colours import Colour
from teal.model.verdict import Outcome, Verdict
from teal.monitoring.queries import Queries
from teal.spec.bake import P95, BakeMetric, Slowness
from teal.spec.request_metrics import RequestMetrics

ENOUGH_REQUESTS = 20
"""How many requests a 95th percentile needs: of fewer, the slowest twentieth is no whole request."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """The last result of one check."""

    check: MetricCheck
    here: Queried
    """Prometheus's answer for the colour that traffic was sent to."""
    before: Queried
    """Prometheus's answer for the colour that traffic has left, before the flip; empty where nobody asked."""


def checks(
    service: str,
    namespace: str,
    *,
    metrics: RequestMetrics | None,
    slowness: Slowness | None,
    own: Mapping[str, BakeMetric],
) -> Sequence[MetricCheck]:
    """Return the checks of one service.

    Args:
        service: the service's name.
        namespace: the namespace of its pods.
        metrics: how it counts its requests; None where it does not.
        slowness: the bounds of its response time; None where there are none.
        own: the stack's own numbers, by name.
    """
    found = [
        MetricCheck(
            name=name,
            query=each.query,
            at_least=each.at_least,
            below=each.below,
            at_least_times_live=each.at_least_times_before,
            at_most_times_live=each.at_most_times_before,
            floor=each.floor,
        )
        for name, each in own.items()
        if each.query
    ]
    if slowness is not None and metrics is not None and metrics.duration is not None:
        queries = Queries(namespace=namespace, service=service, pods="{pods}", metrics=metrics)
        slow = MetricCheck(
            name=P95,
            title="the 95th percentile of the requests' time",
            query=queries.counted_p95_seconds("{window}", slowness.seconds),
            unit="s",
            below=slowness.seconds,
            at_most_times_live=slowness.times_before,
            floor=slowness.floor_seconds,
        )
        found.insert(0, slow)
    return found


def judged(service: str, colour: Colour, measured: Measured, *, left: Colour | None, requests: float) -> Verdict:
    """Judge whether one number of the colour that traffic was sent to keeps its bounds.

    Args:
        service: the service's name.
        colour: the colour.
        measured: the check and its results.
        left: the colour that traffic has left; None where there was none.
        requests: the colour's requests in the window.
    """
    check = measured.check
    if check.name == P95:
        if requests < ENOUGH_REQUESTS and measured.here.error is None:
            return _quiet(service, colour, check, requests)
        if left is not None and isinstance(number(measured.before, left, told=True), Lack):
            left = None  # it had no requests, so there is nothing to compare with, and the fixed bound decides
    found = metric(service, colour, live=left, check=check, here=measured.here, there=measured.before)
    return replace(found, gate=f"bake-{found.gate}")


def unasked(service: str, name: str) -> Verdict:
    """Return the verdict on a number that was never asked for."""
    return Verdict(
        gate=f"bake-metrics.{name}",
        service=service,
        outcome=Outcome.INCONCLUSIVE,
        seen="Prometheus was not asked",
        needed="its answer",
    )


def _quiet(service: str, colour: Colour, check: MetricCheck, requests: float) -> Verdict:
    """Return the verdict where too few requests came for a 95th percentile, which is no release's fault."""
    return Verdict(
        gate=f"bake-{check.gate}",
        service=service,
        outcome=Outcome.PASSED,
        seen=f"{requests:.0f} requests of {colour}, which are too few for a percentile",
        needed=f"below {check.below:g} s, once there are at least {ENOUGH_REQUESTS} requests",
        asked=f"Prometheus for {check.title}",
    )
