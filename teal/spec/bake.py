"""How a flip is watched, as its stack declares it. Kept with the flip: whoever goes on with it needs no config."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from teal.model.live import LiveService
from teal.model.routes import AlbRoute, RouterKind
from teal.model.workers import Worker
from teal.spec.request_metrics import DEFAULT, RequestMetrics

DECLARED = "TEAL_BAKE_PLAN"
"""Environment variable of the watch: how the stack declares that a flip is watched, as a `BakePlan` in JSON."""

P95 = "p95"
"""Name of the built-in check of how slow a service is."""


class _Kept(BaseModel):
    """Whoever goes on with a bake reads this from the record of its flip, and needs no stack config."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)


class Slowness(_Kept):
    """Bounds of the 95th percentile of the requests' time."""

    seconds: float
    """The percentile has to be below it."""
    times_before: float
    """The percentile is at most so many times that of the colour that traffic has left, before the flip."""
    floor_seconds: float = 0.0
    """The percentile before the flip is taken for at least this: no multiple of a few milliseconds means anything."""


class BakeMetric(_Kept):
    """A number of the stack's own, and its bounds."""

    query: str
    """PromQL, as a check of the gates has it; `{live}` is the colour that was left. Empty: nobody is asked."""
    at_least: float | None = None
    below: float | None = None
    at_least_times_before: float | None = None
    at_most_times_before: float | None = None
    floor: float = 0.0
    """What it was before is taken for at least by `at_most_times_before`."""


class ServiceBake(_Kept):
    """What is asked of one service's front door; of one that has none, a worker say, its pods alone are watched."""

    path: str = ""
    """Answered with a status below 400 by a service that is well; empty where nobody asks it over HTTP, and its pods
    are all that is watched."""
    close_path: str = ""
    """Where a pod is asked to end its kept-alive connections; empty where it cannot be asked."""
    close_seconds: int = 60
    host: str = ""
    """Named to a router's own door, where several services share it."""
    port: str = Field(default="http", exclude_if=lambda each: each == "http")
    """Of the Service through which the API server reaches what is live: its name, or its number."""
    metrics: RequestMetrics | None = DEFAULT
    """How its requests are counted; None where they are not: then nothing is said of live traffic's errors."""
    slowness: Slowness | None = None
    """How slow its requests may be; None where nobody asks, or it has no histogram of their time."""
    own: Mapping[str, BakeMetric] = Field(default_factory=dict[str, BakeMetric])
    """The stack's own numbers, by name."""
    worker: Worker | None = Field(default=None, exclude_if=lambda each: each is None)
    """None for a service that is asked for something: there its record is no longer than it has to be."""

    @property
    def checks(self) -> Sequence[str]:
        """Names of what is asked of Prometheus beside its errors."""
        slow = self.slowness is not None and self.metrics is not None and self.metrics.duration is not None
        return [*([P95] if slow else []), *self.own]


class BakePlan(_Kept):
    """How a flip is watched. Kept with the flip: who goes on with it needs no stack config."""

    services: dict[str, ServiceBake]
    router: RouterKind = RouterKind.SERVICE
    routes: dict[str, AlbRoute] = Field(default_factory=dict[str, AlbRoute])
    """What directs each service's traffic in AWS, once that is there."""
    alarms: bool = False
    """Whether the router has alarms of its own over each colour."""
    reachable: bool = True
    """Whether a router's door is asked itself, where it has one; False asks the live colour through the API server."""
    seconds: Annotated[float, Field(ge=0)]
    error_percent: float
    """Above which traffic goes back."""
    prometheus: str = ""
    """Its URL; empty where there is none, and the front door is the only evidence."""
    samples: int
    """Requests of live traffic that the error rate has to rest on."""
    window: int
    """Seconds over which the error rate is taken."""

    def routed(self, live: Mapping[str, LiveService]) -> Self:
        """The plan with what directs traffic, as far as that was read: who goes on with it need not search for it."""
        found = {name: each.route for name, each in live.items() if each.route is not None}
        return self.model_copy(update={"routes": {**self.routes, **found}})

    @property
    def asked(self) -> Sequence[str]:
        """Services whose front door is asked."""
        return [name for name, each in self.services.items() if each.path]

    @property
    def doors(self) -> Sequence[str]:
        """Services that have a front door, whether or not a path of it is known: all but workers."""
        return [name for name, each in self.services.items() if each.worker is None]

    @property
    def workers(self) -> Mapping[str, Worker]:
        """Those of the services that nobody asks."""
        return {name: each.worker for name, each in self.services.items() if each.worker is not None}

    @property
    def crons(self) -> Sequence[str]:
        """Those of the workers that have no pods but those of their Jobs."""
        return [name for name, each in self.workers.items() if each.cron]

    @property
    def ending_seconds(self) -> int:
        """Within which the pods of all workers have finished their work."""
        return max((each.grace_seconds for each in self.workers.values()), default=0)

    @property
    def counting(self) -> Sequence[str]:
        """Services of whose live traffic Prometheus knows."""
        return [name for name, each in self.services.items() if self.prometheus and each.metrics is not None]


def cautious(plan: BakePlan) -> BakePlan:
    """A plan of which nobody knows whether the stack declared it: no pod is told anything, no door of it is asked.

    What directs traffic is searched for by what the stack has made, and the front door is asked through the API server.
    Prometheus is sent no query of it; the stack's own numbers stay unknown, and the flip unproven.
    """
    services = {
        name: each.model_copy(
            update={
                "close_path": "",
                "host": "",
                "own": {own: metric.model_copy(update={"query": ""}) for own, metric in each.own.items()},
            }
        )
        for name, each in plan.services.items()
    }
    return plan.model_copy(update={"services": services, "routes": {}, "reachable": False})
