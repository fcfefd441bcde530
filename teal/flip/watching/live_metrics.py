"""Reads the numbers of live traffic from Prometheus during a bake."""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import asynccontextmanager

from teal.adapters.prometheus import Prometheus, PrometheusAccess
from teal.flip.watching.checks import checks
from teal.gates.samples import MetricCheck, Queried
from teal.model.colours import Colour
from teal.model.errors import UnreachableError
from teal.monitoring.queries import Queries, duration
from teal.spec.bake import ServiceBake
from teal.spec.credentials import Credentials
from teal.spec.request_metrics import DEFAULT, RequestMetrics


class LiveMetrics:
    """Asks Prometheus for one colour's requests and errors."""

    def __init__(self, prometheus: Prometheus, namespace: str) -> None:
        """Prepare to ask about the services of a namespace."""
        self._prometheus = prometheus
        self._namespace = namespace

    async def traffic(
        self, service: str, colour: Colour, window: float, pods: Iterable[str], metrics: RequestMetrics = DEFAULT
    ) -> tuple[float | None, float]:
        """Return the share of a colour's requests in the last `window` seconds that failed, 0 to 1, and their number.

        Only these pods count: within the window the colour may have had others, of another release.

        Raises:
            UnreachableError: Prometheus gave no answer.
        """
        queries = Queries(namespace=self._namespace, service=service, pods="|".join(pods) or "none", metrics=metrics)
        share, count = await asyncio.gather(
            self._prometheus.query(queries.counted_error_share(duration(window))),
            self._prometheus.query(queries.counted(duration(window))),
        )
        shares, counts = _of(share, colour), _of(count, colour)
        return (shares[0] if shares else None), (counts[0] if counts else 0.0)

    async def measure(  # noqa: PLR0913 - what is asked, of whom, and of when
        self,
        check: MetricCheck,
        colour: Colour,
        *,
        pods: Iterable[str],
        left: Colour | None,
        window: float,
        at: str = "",
    ) -> Queried:
        """Return the result of a check's query for these pods of a colour, over some seconds until now or a time."""
        query = check.query.replace("{pods}", "|".join(pods) or "none").replace("{window}", duration(window))
        return await self._prometheus.query(query.replace("{colour}", colour).replace("{live}", left or ""), at)

    def checks(self, service: str, of: ServiceBake) -> Sequence[MetricCheck]:
        """Return the checks of a service beside its errors."""
        return checks(service, self._namespace, metrics=of.metrics, slowness=of.slowness, own=of.own)


@asynccontextmanager
async def connect(url: str, credentials: Credentials, namespace: str) -> AsyncGenerator[LiveMetrics | None]:
    """Open the Prometheus of a stack; None where it has none."""
    if not url:
        yield None
        return
    async with Prometheus.connect(PrometheusAccess(url=url, credentials=credentials)) as prometheus:
        yield LiveMetrics(prometheus, namespace)


def _of(queried: Queried, colour: Colour) -> Sequence[float]:
    """Return the values of a colour's series: one, or none where there was no traffic.

    Raises:
        UnreachableError: Prometheus gave no answer.
    """
    if queried.error is not None:
        raise UnreachableError(queried.error)
    return [each.value for each in queried.series if each.labels.get("colour") == colour]
