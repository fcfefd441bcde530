"""What a bake asks of a service's own numbers beside its errors: how slow it is, and what the stack adds. Pure.

Each number keeps fixed bounds, or bounds relative to what the colour that was
left had before the flip: asked as of the moment at which the write was allowed.
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
"""A 95th percentile of fewer requests than these is that of no request: the slowest twentieth of them is none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """What one check came to, the last time it was asked."""

    check: MetricCheck
    here: Queried
    """What Prometheus says of the colour that traffic was sent to."""
    before: Queried
    """What Prometheus says of the colour that traffic has left, before the flip; empty where nobody asked."""


def checks(  # noqa: PLR0913 - of whom, of when, and which
    service: str,
    namespace: str,
    window: int,
    *,
    metrics: RequestMetrics | None,
    slowness: Slowness | None,
    own: Mapping[str, BakeMetric],
) -> Sequence[MetricCheck]:
    """What is asked about one service.

    Args:
        service: the service's name.
        namespace: its pods'.
        window: seconds over which requests are taken.
        metrics: how it counts its requests; None where it does not.
        slowness: bounds of how slow it may be; None where nobody asks.
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
            title=f"the 95th percentile of the requests' time within {window} s",
            query=queries.counted_p95_seconds(f"{window}s", slowness.seconds),
            unit="s",
            below=slowness.seconds,
            at_most_times_live=slowness.times_before,
            floor=slowness.floor_seconds,
        )
        found.insert(0, slow)
    return found


def judged(service: str, colour: Colour, measured: Measured, *, left: Colour | None, requests: float) -> Verdict:
    """One number of the colour that traffic was sent to keeps its bounds.

    Args:
        service: the service's name.
        colour: the colour.
        measured: what was asked, and what came back.
        left: the colour that traffic has left; None where there was none.
        requests: of the colour within the window.
    """
    check = measured.check
    if check.name == P95:
        if requests < ENOUGH_REQUESTS and measured.here.error is None:
            return _quiet(service, colour, check, requests)
        if left is not None and isinstance(number(measured.before, left, told=True), Lack):
            left = None  # nobody asked it for anything: there is nothing to compare with, and the fixed bound holds
    found = metric(service, colour, live=left, check=check, here=measured.here, there=measured.before)
    return replace(found, gate=f"bake-{found.gate}")


def unasked(service: str, name: str) -> Verdict:
    """A number that was never asked for."""
    return Verdict(
        gate=f"bake-metrics.{name}",
        service=service,
        outcome=Outcome.INCONCLUSIVE,
        seen="Prometheus was not asked",
        needed="its answer",
    )


def _quiet(service: str, colour: Colour, check: MetricCheck, requests: float) -> Verdict:
    """There were too few requests to tell a 95th percentile from them, which is no release's fault."""
    return Verdict(
        gate=f"bake-{check.gate}",
        service=service,
        outcome=Outcome.PASSED,
        seen=f"{requests:.0f} requests of {colour}, which are too few for a percentile",
        needed=f"below {check.below:g} s, once there are at least {ENOUGH_REQUESTS} requests",
        asked=f"Prometheus for {check.title}",
    )
