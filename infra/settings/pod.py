"""Settings of a pod in either colour: probes, shutdown, resources."""

from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from infra.settings.base import Model, Parts, Path, Quantity, Seconds


class Probe(Model):
    """One probe of a container; units are seconds and counts, as in Kubernetes."""

    path: Path = Field(description="the kubelet would ask a path that no server has", examples=["/health/ready"])
    initial_delay_seconds: Seconds = 0
    period_seconds: Annotated[int, Field(ge=1, le=3600)] = 10
    timeout_seconds: Annotated[int, Field(ge=1, le=3600)] = 5
    failure_threshold: Annotated[int, Field(ge=1, le=1000)] = 3


class Probes(Parts):
    """The three probes. Liveness and readiness as in the service's guide, startup as in the rolling update's.

    Startup: 60 s in all (12 x 5 s). Liveness: every 30 s, 3 failures restart.
    Readiness: every 10 s, 1 failure takes the pod out of the endpoints.
    """

    startup: Probe = Probe(path="/health/live", period_seconds=5, failure_threshold=12)
    liveness: Probe = Probe(path="/health/live", initial_delay_seconds=30, period_seconds=30)
    readiness: Probe = Probe(path="/health/ready", initial_delay_seconds=10, failure_threshold=1)


class Shutdown(Model):
    """How a pod ends: wait until it is out of the endpoints, drain, then end."""

    wait_seconds: Seconds = Field(default=5, description="pods would end before they are out of the endpoints")
    drain_seconds: Seconds = Field(default=25, description="requests in flight would be cut off")
    grace_period_seconds: Seconds = Field(
        default=45, description="the kubelet would kill the pod in the middle of its drain", examples=["45"]
    )
    drain_command: tuple[str, ...] = Field(
        default=(),
        description="the pod's preStop hook would fail",
        examples=['["python3", "-m", "drain"]'],
    )
    """Run in the container as preStop (wait and drain). Empty: Kubernetes' own sleep, then SIGTERM drains."""
    close_connections_path: Path | None = Field(
        default="/deployment/connections/close",
        description="kept-alive connections would stay with the old colour after a flip",
        examples=["/deployment/connections/close"],
    )
    """Where a pod is asked, from within, to end each kept-alive connection with its next answer and stay ready."""
    close_connections_seconds: Annotated[int, Field(ge=1, le=3600)] = Field(
        default=60, description="quiet clients would keep their connections to the old colour", examples=["60"]
    )
    """For how long after a flip; a client that asks more rarely keeps its connection."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.grace_period_seconds <= self.wait_seconds + self.drain_seconds:
            raise PydanticCustomError(
                "clash",
                "gracePeriodSeconds {grace} is not longer than waitSeconds {wait} plus drainSeconds {drain}",
                {
                    "field": "gracePeriodSeconds",
                    "grace": self.grace_period_seconds,
                    "wait": self.wait_seconds,
                    "drain": self.drain_seconds,
                },
            )
        return self


class ResourceAmounts(Model):
    """CPU and memory in Kubernetes quantities."""

    cpu: Quantity = Field(description="the API server would refuse the pods", examples=["500m"])
    memory: Quantity = Field(description="the API server would refuse the pods", examples=["512Mi"])


class Resources(Parts):
    """What a pod asks for and what it may use at most."""

    requests: ResourceAmounts = ResourceAmounts(cpu="500m", memory="512Mi")
    limits: ResourceAmounts = ResourceAmounts(cpu="1", memory="1Gi")
