"""Asks the stack's Prometheus how many requests each colour answers now. Nothing is judged by it."""

import asyncio
from collections.abc import Mapping

from pydantic import Field

from teal.adapters.prometheus import Prometheus
from teal.gates.samples import Lack, Queried, number
from teal.model.colours import Colour
from teal.model.stored import Model
from teal.monitoring.queries import Queries
from teal.spec.request_metrics import DEFAULT
from teal.status.look import Status

WINDOW = 30
"""The seconds over which requests are counted where no flip says over how many its errors are."""

UNANSWERED = "Prometheus gave no answer. Next: see that its address (PROMETHEUS_URL) and PROMETHEUS_TOKEN are right"
UNCOUNTED = "no service counts its requests. Next: services.NAME.requestMetrics (docs/observability.md)"


class Rate(Model):
    """The requests to one service of one colour; a value is None where Prometheus has no number for it."""

    per_second: float | None = None
    failed: float | None = None
    """The share of the requests that was answered with an error, 0 to 1."""


class Requests(Model):
    """The requests to all services, as Prometheus said it at one moment."""

    services: Mapping[str, Mapping[Colour, Rate]] = Field(default_factory=dict[str, Mapping[Colour, Rate]])
    window: int = WINDOW
    """The seconds over which the requests are counted."""
    why: str = ""
    """Why there are no numbers; empty where there are."""

    def total(self, colour: Colour) -> float:
        """Return how many requests a second a colour answers, over all services."""
        return sum(each[colour].per_second or 0.0 for each in self.services.values())


async def ask(prometheus: Prometheus, namespace: str, status: Status) -> Requests:
    """Ask for the rates of every service that counts its requests."""
    plan = status.last.plan if status.last is not None else None
    window = plan.window if plan is not None and plan.window else WINDOW
    names = {name for each in status.colours.values() for name, pods in each.items() if not pods.worker}
    counting = {name: plan.services[name].metrics if plan and name in plan.services else DEFAULT for name in names}
    asked = [
        (name, Queries(namespace=namespace, service=name, metrics=metrics))
        for name, metrics in sorted(counting.items())
        if metrics is not None
    ]
    answers = await asyncio.gather(
        *(
            prometheus.query(each)
            for _, queries in asked
            for each in (queries.request_rate(f"{window}s"), queries.error_share(f"{window}s"))
        )
    )
    if any(each.error is not None for each in answers):  # its text may name an address that is nobody's to see
        return Requests(window=window, why=UNANSWERED)
    found = {
        name: {colour: Rate(per_second=_of(rate, colour), failed=_of(share, colour)) for colour in Colour}
        for (name, _), rate, share in zip(asked, answers[::2], answers[1::2], strict=True)
    }
    return Requests(services=found, window=window, why="" if found else UNCOUNTED)


def _of(queried: Queried, colour: Colour) -> float | None:
    """Return the value of a colour's series; None where it has no number."""
    found = number(queried, colour)
    return None if isinstance(found, Lack) else found
