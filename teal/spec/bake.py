"""How a flip is watched, as its stack declares it. It is stored with the flip, so that no owner needs the config."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Self

from pydantic import Field

from teal.gates.replies import Request
from teal.model.live import LiveService
from teal.model.routes import AlbRoute, RouterKind
from teal.model.stored import Model
from teal.model.workers import Worker
from teal.spec.request_metrics import DEFAULT, RequestMetrics

DECLARED = "TEAL_BAKE_PLAN"
"""The watch's environment variable with the declared `BakePlan`, as JSON."""

P95 = "p95"
"""The name of the built-in check of a service's response time."""


class Slowness(Model):
    """The bounds of the 95th percentile of response times."""

    seconds: float
    """The percentile has to be below this many seconds."""
    times_before: float
    """The percentile may be at most this many times that of the colour that traffic left, before the flip."""
    floor_seconds: float = 0.0
    """The least that the percentile before the flip is taken for: a multiple of a few milliseconds means nothing."""


class BakeMetric(Model):
    """A number of the stack's own, and its bounds."""

    query: str
    """PromQL, as in a gate's check; `{live}` is the colour that was left. Where it is empty, nothing is asked."""
    at_least: float | None = None
    below: float | None = None
    at_least_times_before: float | None = None
    at_most_times_before: float | None = None
    floor: float = 0.0
    """The least value that the number before the flip is taken for by `at_most_times_before`."""


class ServiceBake(Model):
    """What is watched of one service beside its pods. What is empty here is not watched."""

    path: str = ""
    """The path that a healthy service answers with a status below 400; empty where nobody asks its front door over
    HTTP."""
    close_path: str = ""
    """The path at which a pod is asked to close its kept-alive connections; empty where it cannot be asked."""
    close_seconds: int = 60
    host: str = ""
    """The host name for a router's own door, where several services share it."""
    port: str = Field(default="http", exclude_if=lambda each: each == "http")
    """The port of the Service through which the API server reaches what is live, by name or number."""
    tls: bool = Field(default=False, exclude_if=lambda each: not each)
    """Whether that port speaks TLS."""
    headers: Mapping[str, str] = Field(default_factory=dict[str, str], exclude_if=lambda each: not each)
    """The headers that it is asked with."""
    metrics: RequestMetrics | None = DEFAULT
    """How its requests are counted; None where they are not, so that nothing is known of live traffic's errors."""
    slowness: Slowness | None = None
    """The bounds of its response time; None where there are none, or where it has no histogram of it."""
    own: Mapping[str, BakeMetric] = Field(default_factory=dict[str, BakeMetric])
    """The stack's own numbers, by name."""
    worker: Worker | None = Field(default=None, exclude_if=lambda each: each is None)
    """How it works, if it is a worker; None for a service that takes requests."""

    @property
    def request(self) -> Request:
        """The request that a healthy service answers with a status below 400."""
        return Request(path=self.path or "/", headers=self.headers, tls=self.tls)

    @property
    def checks(self) -> Sequence[str]:
        """The names of the checks that Prometheus is asked beside its errors."""
        slow = self.slowness is not None and self.metrics is not None and self.metrics.duration is not None
        return [*([P95] if slow else []), *self.own]


class BakePlan(Model):
    """How a flip is watched. It is stored with the flip, so that no owner needs the stack config."""

    services: dict[str, ServiceBake]
    router: RouterKind = RouterKind.SERVICE
    routes: dict[str, AlbRoute] = Field(default_factory=dict[str, AlbRoute])
    """The listener rule of each service in AWS, once there is one."""
    alarms: bool = False
    """Whether the router has its own alarms on each colour."""
    reachable: bool = True
    """Whether a router's own door is asked, where it has one; False asks the live colour through the API server."""
    seconds: Annotated[float, Field(ge=0)]
    error_percent: float
    """The percentage of errors above which traffic goes back."""
    prometheus: str = ""
    """The URL of Prometheus; empty where there is none, so that nothing is known of live traffic's numbers."""
    samples: int
    """How many requests of live traffic the error rate has to rest on."""
    window: int
    """The seconds over which the error rate is computed."""

    def routed(self, live: Mapping[str, LiveService]) -> Self:
        """Return the plan with the routes that were read, so that no later owner has to search for them."""
        found = {name: each.route for name, each in live.items() if each.route is not None}
        return self.model_copy(update={"routes": {**self.routes, **found}})

    @property
    def asked(self) -> Sequence[str]:
        """The services whose front door is asked."""
        return [name for name, each in self.services.items() if each.path]

    @property
    def doors(self) -> Sequence[str]:
        """The services that have a front door, whether or not its path is known: all except workers."""
        return [name for name, each in self.services.items() if each.worker is None]

    @property
    def workers(self) -> Mapping[str, Worker]:
        """The workers among the services, which take no requests."""
        return {name: each.worker for name, each in self.services.items() if each.worker is not None}

    @property
    def crons(self) -> Sequence[str]:
        """Those of the workers that have no pods but those of their Jobs."""
        return [name for name, each in self.workers.items() if each.cron]

    @property
    def ending_seconds(self) -> int:
        """The seconds in which the pods of all workers have finished their work."""
        return max((each.grace_seconds for each in self.workers.values()), default=0)

    @property
    def counting(self) -> Sequence[str]:
        """The services whose live traffic Prometheus knows."""
        return [name for name, each in self.services.items() if self.prometheus and each.metrics is not None]


def cautious(plan: BakePlan) -> BakePlan:
    """Return a plan that is safe although the stack may not have declared it: no pod and none of its doors is asked.

    What directs traffic is searched for among what the stack has made, and front doors are asked through the API
    server. None of its queries is sent to Prometheus, so the stack's own numbers stay unknown and the flip unproven.
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
