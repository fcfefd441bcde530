"""Settings of capacity: how many pods a colour has, and how many may be missing."""

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, JsonValue, model_validator
from pydantic.alias_generators import to_camel

from teal_infra.settings.base import Model, clash, superfluous, wrong
from teal_infra.settings.numbers import KUBERNETES, SLIP, Few, Percent
from teal_infra.settings.pod import Many

Use = Annotated[int, Field(ge=1, le=10_000, json_schema_extra=SLIP)]
"""A percentage of what pods request, of which they may use several times as much."""


_BY_USE = ("cpu_percent", "memory_percent")
_OWN = ("min_replicas", "max_replicas", "metrics", "scale_down_window_seconds", "behavior", "idle_percent")
"""The settings that only the stack's own autoscaler uses, beside `_BY_USE`."""


class Autoscaling(Model):
    """A HorizontalPodAutoscaler per colour.

    Where it is on, nothing but the autoscaler writes replicas; where it is off, a colour has `replicas` pods.
    """

    enabled: bool = Field(
        default=True,
        description="Whether an autoscaler decides how many pods a colour has.",
        json_schema_extra=wrong("it would be unclear who scales"),
    )
    min_replicas: Few = Field(
        default=3,
        description="How many pods a colour has at least.",
        json_schema_extra=wrong("the live colour could shrink to nothing", source="the production guide"),
    )
    max_replicas: Few = Field(
        default=20,
        description="How many pods a colour has at most.",
        json_schema_extra=wrong("the autoscaler would be refused by the API server", source="the production guide"),
    )
    external: bool = Field(
        default=False,
        description=(
            "Whether an autoscaler of somebody else's scales each colour's Deployment (`SERVICE-blue`, "
            "`SERVICE-green`): KEDA's ScaledObject, or a HorizontalPodAutoscaler that this stack does not make. teal "
            "then makes none, and writes no replicas, but for those that a flip needs of the new colour right before "
            "its proof. How many pods a colour keeps while it has no traffic is that autoscaler's to say."
        ),
        json_schema_extra=wrong("two would scale the same pods, or nobody"),
        examples=["true"],
    )
    metrics: Annotated[tuple[Mapping[str, JsonValue], ...], Field(min_length=1)] | None = Field(
        default=None,
        description=(
            "What the autoscaler goes by, as Kubernetes' own list of MetricSpec (autoscaling/v2) has it: requests, the "
            "length of a queue. In place of `cpuPercent` and `memoryPercent`."
        ),
        json_schema_extra=wrong("pods would scale too late or never"),
        examples=[
            (
                '\'[{"type": "External", "external": {"metric": {"name": "queue"}, '
                '"target": {"type": "AverageValue", "averageValue": "30"}}}]\''
            )
        ],
    )
    cpu_percent: Use | None = Field(
        default=70,
        description=(
            "The average use of the requested processor time that the autoscaler aims at. Null: it does not go by that."
        ),
        json_schema_extra=wrong("pods would scale too late or never", source="the production guide"),
    )
    memory_percent: Use | None = Field(
        default=80,
        description=(
            "The average use of the requested memory that the autoscaler aims at. Null: it does not go by that."
        ),
        json_schema_extra=wrong("pods would scale too late or never", source="the production guide"),
    )
    scale_down_window_seconds: Annotated[int, Field(ge=0, le=3600, json_schema_extra=KUBERNETES)] = Field(
        default=300,
        description="How long fewer pods have to suffice before some are taken away.",
        json_schema_extra=wrong("pods would come and go with every lull", source="Kubernetes' default"),
    )
    behavior: Mapping[str, JsonValue] | None = Field(
        default=None,
        description=(
            "How fast the autoscaler adds pods and takes them away, as Kubernetes' own HorizontalPodAutoscalerBehavior "
            "(autoscaling/v2) has it: `scaleUp` and `scaleDown` with their policies. `scaleDownWindowSeconds` is the "
            "window of `scaleDown` unless this sets it."
        ),
        json_schema_extra=wrong("pods would scale too late or too fast"),
        examples=[
            '\'{"scaleUp": {"policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}]}}\'',
        ],
    )
    idle_percent: Percent = Field(
        default=100,
        description="The percentage of `minReplicas` that the idle colour keeps until it is retired.",
        json_schema_extra=wrong(
            "the idle colour would have no stated capacity", source="teal: a rollback waits for no pods"
        ),
    )

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        if self.ours and self.min_replicas > self.max_replicas:
            what = f"minReplicas {self.min_replicas} is above maxReplicas {self.max_replicas}"
            raise clash("minReplicas", what, remedy=self.max_replicas)
        beside = [name for name in _BY_USE if name in self.model_fields_set and getattr(self, name) is not None]
        idle, why = [*_OWN, *beside], "external says that another autoscaler decides"
        if self.fixed:
            why = "enabled says that none decides"
        elif self.ours:
            idle, why = beside if self.metrics is not None else [], "metrics take its place"
        if useless := next((name for name in idle if name in self.model_fields_set), None):
            raise superfluous(to_camel(useless), f"{to_camel(useless)} is set, and {why}", "it would have no effect")
        if self.ours and self.metrics is None and self.cpu_percent is None and self.memory_percent is None:
            what = "cpuPercent and memoryPercent are null and metrics not set, so the autoscaler has nothing to go by"
            raise clash("cpuPercent", what)
        return self

    @property
    def ours(self) -> bool:
        """Whether the stack makes the autoscaler."""
        return self.enabled and not self.external

    @property
    def fixed(self) -> bool:
        """Whether a colour has as many pods as the stack says, and nobody scales it."""
        return not self.enabled and not self.external

    @property
    def idle_replicas(self) -> int:
        """The pods that the idle colour keeps: its share of the minimum, rounded up."""
        return -(-self.min_replicas * self.idle_percent // 100)


def _none(given: object) -> object:
    return Autoscaling(enabled=False) if given is None or given is False else given


MaybeAutoscaling = Annotated[Autoscaling, BeforeValidator(_none, json_schema_input_type=Autoscaling | None)]
"""An autoscaler, or null or false, which say that there is none."""


class Disruption(Model):
    """A PodDisruptionBudget per colour: how many of its pods may be missing, or how many have to be there."""

    max_unavailable: Many | None = Field(
        default=1,
        description=(
            "How many pods of a colour may be evicted at a time: a number, or a percentage of them. Further evictions "
            "are answered 429."
        ),
        json_schema_extra=wrong(
            "a drained node could take the whole colour at once", source="teal: nodes are drained one pod at a time"
        ),
    )
    min_available: Many | None = Field(
        default=None,
        description=(
            "How many pods of a colour have to be there whatever is evicted: a number, or a percentage of them. In "
            "place of `maxUnavailable`."
        ),
        json_schema_extra=wrong("a drained node could take the whole colour at once, or could never be drained"),
        examples=["50%"],
    )

    @model_validator(mode="after")
    def _one_bound(self) -> Self:
        both = self.min_available is not None and self.max_unavailable is not None
        if both and "max_unavailable" in self.model_fields_set:
            what = "maxUnavailable and minAvailable are set, and a budget has one bound"
            raise superfluous("maxUnavailable", what, "the API server would refuse the budget")
        return self

    @property
    def bound(self) -> Mapping[str, int | str]:
        """The bound as Kubernetes names it; empty where there is none."""
        if self.min_available is not None:
            return {"min_available": self.min_available}
        return {} if self.max_unavailable is None else {"max_unavailable": self.max_unavailable}
