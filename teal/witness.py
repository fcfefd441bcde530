"""What a Prometheus knows of live traffic during a bake."""

from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import asynccontextmanager

from teal.colours import Colour
from teal.errors import UnreachableError
from teal.gates.samples import Queried
from teal.prometheus import Prometheus, PrometheusAccess
from teal.queries import Queries


class Witness:
    """Asks a Prometheus for one colour's requests and errors."""

    def __init__(self, prometheus: Prometheus, namespace: str) -> None:
        """Ask about the services of a namespace."""
        self._prometheus = prometheus
        self._namespace = namespace

    async def traffic(
        self, service: str, colour: Colour, window: int, pods: Iterable[str]
    ) -> tuple[float | None, float]:
        """Share of a colour's requests of the last `window` seconds answered 5xx, 0 to 1, and how many there were.

        Of these pods alone: within the window the colour may have had others, of another release.

        Raises:
            UnreachableError: Prometheus could not say.
        """
        queries = Queries(namespace=self._namespace, service=service, pods="|".join(pods) or "none")
        shares, counts = (
            _of(await self._prometheus.query(queries.counted_error_share(f"{window}s")), colour),
            _of(await self._prometheus.query(queries.counted(f"{window}s")), colour),
        )
        return (shares[0] if shares else None), (counts[0] if counts else 0.0)


@asynccontextmanager
async def connect(url: str, token: str | None, namespace: str) -> AsyncGenerator[Witness | None]:
    """Open the Prometheus of a stack; None where it has none."""
    if not url:
        yield None
        return
    async with Prometheus.connect(PrometheusAccess(url=url, token=token)) as prometheus:
        yield Witness(prometheus, namespace)


def _of(queried: Queried, colour: Colour) -> Sequence[float]:
    """The values of a colour's series: one, or none where there was no traffic.

    Raises:
        UnreachableError: Prometheus could not say.
    """
    if queried.error is not None:
        raise UnreachableError(queried.error)
    return [each.value for each in queried.series if each.labels.get("colour") == colour]
