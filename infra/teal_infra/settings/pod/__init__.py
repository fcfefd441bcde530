"""Settings of a pod in either colour: shutdown, resources, spread, and how many change at a time."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, ModelWrapValidatorHandler, StringConstraints, model_validator

from teal.model.plain import mapping
from teal.model.quantities import amount
from teal_infra.settings.base import Argument, Model, Parts, Path, Quantity, clash, wrong
from teal_infra.settings.numbers import MOST_WORK_SECONDS, FewOrNone, Seconds, SomeSeconds, WorkSeconds, bounds

LAST_SECONDS = 15
"""The seconds from the end of a drain until the kubelet kills a pod, as in the defaults."""


class Shutdown(Model):
    """How a pod ends: wait until it is out of the endpoints, drain, then end."""

    wait_seconds: Seconds = Field(
        default=5,
        description=("How long a pod that is to end goes on as before, until no router sends it requests any more."),
        json_schema_extra=wrong("pods would end before they are out of the endpoints", source="the service guide"),
    )
    drain_seconds: WorkSeconds = Field(
        default=25,
        description="How long requests in flight may still take after that.",
        json_schema_extra=wrong("requests in flight would be cut off", source="the service guide"),
    )
    grace_period_seconds: WorkSeconds = Field(
        default=45,
        description=(
            "How long a pod may take to end before the kubelet kills it; longer than `waitSeconds` and `drainSeconds` "
            "together."
        ),
        json_schema_extra=wrong(
            "the kubelet would kill the pod in the middle of its drain", source="the service guide"
        ),
    )
    drain_command: tuple[Argument, ...] = Field(
        default=(),
        description=(
            "The command that is run in the container as preStop, and waits and drains. Without it, Kubernetes' own "
            "sleep waits, and SIGTERM drains."
        ),
        json_schema_extra=wrong("the pod's preStop hook would fail"),
        examples=['["python3", "-m", "drain"]'],
    )
    close_connections_path: Path | None = Field(
        default=None,
        description=(
            "The path at which a pod is asked, after a flip, to end each kept-alive connection with its next answer "
            "and to stay ready. Without it, connections stay as they are. `contract: true` names it."
        ),
        json_schema_extra=wrong("kept-alive connections would stay with the old colour after a flip"),
        examples=["/deployment/connections/close"],
    )
    close_connections_seconds: SomeSeconds = Field(
        default=60,
        description=(
            "How long after a flip pods of the old colour end connections that way. A client that asks more rarely "
            "keeps its connection."
        ),
        json_schema_extra=wrong(
            "quiet clients would keep their connections to the old colour", source="teal: most clients ask more often"
        ),
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.grace_period_seconds <= self.wait_seconds + self.drain_seconds:
            both = f"waitSeconds {self.wait_seconds} plus drainSeconds {self.drain_seconds}"
            what = f"gracePeriodSeconds {self.grace_period_seconds} is not longer than {both}"
            raise clash("gracePeriodSeconds", what, mend=self._fitting)
        return self

    @property
    def _fitting(self) -> Mapping[str, int | None]:
        """The settings that make it fit: a longer grace period, or the defaults where none may be as long."""
        longer = self.wait_seconds + self.drain_seconds + LAST_SECONDS
        if longer <= MOST_WORK_SECONDS:
            return {"gracePeriodSeconds": longer}
        return {"waitSeconds": None, "drainSeconds": None, "gracePeriodSeconds": None}


class ResourceAmounts(Model):
    """CPU and memory in Kubernetes quantities."""

    cpu: Quantity = Field(
        description="Processor time, in cores (`2`) or thousandths of one (`500m`).",
        json_schema_extra=wrong("the API server would refuse the pods", unit="cores"),
        examples=["500m"],
    )
    memory: Quantity = Field(
        description="Memory, in bytes or with a unit (`512Mi`).",
        json_schema_extra=wrong("the API server would refuse the pods", unit="bytes"),
        examples=["512Mi"],
    )


class Limits(Model):
    """CPU and memory in Kubernetes quantities. Of what is not said, or null, there is no limit."""

    cpu: Quantity | None = Field(
        default=None,
        description="Processor time, in cores (`2`) or thousandths of one (`500m`).",
        json_schema_extra=wrong("the API server would refuse the pods", unit="cores"),
        examples=["1"],
    )
    memory: Quantity | None = Field(
        default=None,
        description="Memory, in bytes or with a unit (`1Gi`).",
        json_schema_extra=wrong("the API server would refuse the pods", unit="bytes"),
        examples=["1Gi"],
    )


class Resources(Parts):
    """What a pod asks for and what it may use at most. Limits that are given are all that there are.

    Where nothing is asked for, no more than the limit is: a container with a limit alone is treated so by Kubernetes.
    """

    whole: ClassVar[frozenset[str]] = frozenset({"limits"})

    requests: ResourceAmounts = Field(
        default=ResourceAmounts(cpu="500m", memory="512Mi"),
        description="What a node has to have free for the pod; by default no more than its limits.",
        json_schema_extra=wrong(source="the production guide"),
    )
    limits: Limits = Field(
        default=Limits(cpu="1", memory="1Gi"),
        description="What the pod may use at most.",
        json_schema_extra=wrong(source="the production guide"),
    )

    @model_validator(mode="wrap")
    @classmethod
    def _within_limits(cls, data: object, handler: ModelWrapValidatorHandler[Self]) -> Self:
        resources = handler(data)
        given = mapping(mapping(data).get("requests"))
        asked, limits = resources.requests.model_dump(), resources.limits.model_dump(exclude_none=True)
        lower = {each: limits[each] for each in limits.keys() - given if amount(limits[each]) < amount(asked[each])}
        if not lower:
            return resources
        return resources.model_copy(update={"requests": resources.requests.model_copy(update=lower)})


Many = FewOrNone | Annotated[str, StringConstraints(pattern=r"^(100|[1-9]?[0-9])%$")]
"""A number of pods, or a percentage of those that a colour has."""


class Rollout(Model):
    """How the pods of a colour are replaced, where their Deployment changes in place."""

    max_surge: Many = Field(
        default=1,
        description="How many pods there may be beyond a colour's own meanwhile: a number, or a percentage of them.",
        json_schema_extra=wrong("the API server would refuse the Deployment", source="the zero-downtime guide"),
    )
    max_unavailable: Many = Field(
        default=0,
        description="How many of a colour's pods may be missing meanwhile: a number, or a percentage of them.",
        json_schema_extra=wrong("live pods would end before others take their place", source="the zero-downtime guide"),
    )
    min_ready_seconds: Seconds = Field(
        default=0,
        description="How long a new pod has to be ready before it counts as available.",
        json_schema_extra=wrong(
            "a pod that fails soon after its start would count too early", source="Kubernetes' default"
        ),
        examples=["10"],
    )

    @model_validator(mode="after")
    def _moves(self) -> Self:
        if {self.max_surge, self.max_unavailable} <= {0, "0%"}:
            raise clash("maxSurge", "maxSurge and maxUnavailable are both 0, so no pod could be replaced", remedy=1)
        return self


class Spread(Model):
    """How firmly a colour's pods are kept apart, so that it does not hang on one machine or zone.

    `soft` prefers it (`ScheduleAnyway`). `hard` leaves a pod pending rather than have one node or zone hold two more
    than another (`DoNotSchedule`, a skew of 1); where no node has the label, no pod would start.
    """

    nodes: Literal["soft", "hard"] = Field(
        default="soft",
        description="How firmly they are kept apart on nodes.",
        json_schema_extra=wrong(
            "the API server would refuse the pods", source="teal: the zero-downtime guide's `hard` takes many nodes"
        ),
    )
    zones: Literal["soft", "hard"] = Field(
        default="soft",
        description="How firmly they are kept apart in zones.",
        json_schema_extra=wrong("the API server would refuse the pods"),
    )


User = Annotated[
    int, Field(ge=1, le=2**31 - 1, json_schema_extra=bounds("Kubernetes, whose `restricted` level refuses root"))
]


PullPolicy = Annotated[
    Literal["IfNotPresent", "Always", "Never"],
    Field(
        description="When a node pulls the image.",
        json_schema_extra=wrong("the API server would refuse the pods"),
    ),
]


class Process(Model):
    """What runs in the service's container, and as which user; where it is not set, the image decides."""

    command: tuple[Argument, ...] = Field(
        default=(),
        description="What is run in the container instead of the image's ENTRYPOINT.",
        json_schema_extra=wrong("the container would not start"),
        examples=["'[\"gunicorn\"]'"],
    )
    args: tuple[Argument, ...] = Field(
        default=(),
        description="The arguments of it, instead of the image's CMD.",
        json_schema_extra=wrong("the container would not start"),
        examples=["'[\"shop.wsgi\"]'"],
    )
    image_pull_secrets: tuple[str, ...] = Field(
        default=(),
        description="The Secrets in the namespace with which nodes sign in to the images' registry.",
        json_schema_extra=wrong("no node could pull the image"),
        examples=["'[\"registry\"]'"],
    )
    run_as_user: User | None = Field(
        default=None,
        description=(
            "The number of the user that the containers run as. It is needed where the image names its user by a name: "
            "the kubelet cannot tell whether that is root, and does not start it."
        ),
        json_schema_extra=wrong("the kubelet would refuse to start the containers"),
        examples=["1000"],
    )
    run_as_group: User | None = Field(
        default=None,
        description="The number of the group that the containers run as.",
        json_schema_extra=wrong("the containers would lack rights to their files"),
        examples=["1000"],
    )
    fs_group: User | None = Field(
        default=None,
        description="The number of the group that the volumes' files belong to.",
        json_schema_extra=wrong("the containers could not write to their volumes"),
        examples=["1000"],
    )
