"""Settings of capacity: how many pods a colour has, and how many may be missing."""

from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from teal_infra.settings.base import Model, Percent, Seconds, wrong

Pods = Annotated[int, Field(ge=1, le=1000)]


class Autoscaling(Model):
    """A HorizontalPodAutoscaler per colour; 3 to 20 pods, CPU 70 %, memory 80 % are the production guide's figures.

    Where it is on, nothing but the autoscaler writes replicas; where it is off,
    a colour has `replicas` pods.
    """

    enabled: bool = Field(
        default=True,
        description="Whether an autoscaler decides how many pods a colour has.",
        json_schema_extra=wrong("it would be unclear who scales"),
        examples=["true"],
    )
    min_replicas: Pods = Field(
        default=3,
        description="How many pods a colour has at least.",
        json_schema_extra=wrong("the live colour could shrink to nothing"),
        examples=["3"],
    )
    max_replicas: Pods = Field(
        default=20,
        description="How many pods a colour has at most.",
        json_schema_extra=wrong("the autoscaler would be refused by the API server"),
        examples=["20"],
    )
    cpu_percent: Percent = Field(
        default=70,
        description="The average use of the requested processor time, in percent, that the autoscaler aims at.",
        json_schema_extra=wrong("pods would scale too late or never"),
        examples=["70"],
    )
    memory_percent: Percent = Field(
        default=80,
        description="The average use of the requested memory, in percent, that the autoscaler aims at.",
        json_schema_extra=wrong("pods would scale too late or never"),
        examples=["80"],
    )
    scale_down_window_seconds: Seconds = Field(
        default=300,
        description=(
            "How long fewer pods have to suffice before some are taken away, in seconds; Kubernetes' own default."
        ),
        json_schema_extra=wrong("pods would come and go with every lull"),
        examples=["300"],
    )
    idle_percent: Percent = Field(
        default=100,
        description=(
            "The percentage of `minReplicas` that the idle colour keeps until it is retired. With 100, a rollback need"
            " not wait for pods."
        ),
        json_schema_extra=wrong("the idle colour would have no stated capacity"),
        examples=["100"],
    )

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        if self.min_replicas > self.max_replicas:
            raise PydanticCustomError(
                "clash",
                "minReplicas {low} is above maxReplicas {high}",
                {
                    "field": "minReplicas",
                    "remedy": self.max_replicas,
                    "low": self.min_replicas,
                    "high": self.max_replicas,
                },
            )
        return self

    @property
    def idle_replicas(self) -> int:
        """Pods that the idle colour keeps: its share of the minimum, rounded up."""
        return -(-self.min_replicas * self.idle_percent // 100)


class Disruption(Model):
    """A PodDisruptionBudget per colour."""

    max_unavailable: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=1,
        description="How many pods of a colour may be evicted at a time; further evictions are answered 429.",
        json_schema_extra=wrong("a drained node could take the whole colour at once"),
        examples=["1"],
    )
