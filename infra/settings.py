"""The stack config as frozen models: names, bounds and defaults. `infra.config` reads and reports.

A field's `description` is what a wrong value would have caused, its first
`examples` entry the value that the mending command sets.
"""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from teal.colours import Colour


def _env_text(value: object) -> object:
    """YAML's true and 8 become what a process sees: `true` and `8`."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


def _whole_number_text(value: object) -> object:
    """`config set --path` turns 42 into a number; as a version it is text. 1.10 is refused: it has become 1.1."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Name = Annotated[str, StringConstraints(pattern=r"^[a-z]([-a-z0-9]*[a-z0-9])?$", max_length=40)]
PortNumber = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[int, Field(ge=0, le=3600)]
Path = Annotated[str, StringConstraints(pattern=r"^/")]
Quantity = Annotated[str, BeforeValidator(_env_text), StringConstraints(pattern=r"^[0-9]+(\.[0-9]+)?(m|[kMGT]i?)?$")]
EnvValue = Annotated[str, BeforeValidator(_env_text)]
EnvName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class Probe(_Model):
    """One probe of a container; units are seconds and counts, as in Kubernetes."""

    path: Path = Field(description="the kubelet would ask a path that no server has", examples=["/health/ready"])
    initial_delay_seconds: Seconds = 0
    period_seconds: Annotated[int, Field(ge=1, le=3600)] = 10
    timeout_seconds: Annotated[int, Field(ge=1, le=3600)] = 5
    failure_threshold: Annotated[int, Field(ge=1, le=1000)] = 3


class Probes(_Model):
    """The three probes. Liveness and readiness as in the service's guide, startup as in the rolling update's.

    Startup: 60 s in all (12 x 5 s). Liveness: every 30 s, 3 failures restart.
    Readiness: every 10 s, 1 failure takes the pod out of the endpoints.
    """

    startup: Probe = Probe(path="/health/live", period_seconds=5, failure_threshold=12)
    liveness: Probe = Probe(path="/health/live", initial_delay_seconds=30, period_seconds=30)
    readiness: Probe = Probe(path="/health/ready", initial_delay_seconds=10, failure_threshold=1)


class Shutdown(_Model):
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


class ResourceAmounts(_Model):
    """CPU and memory in Kubernetes quantities."""

    cpu: Quantity = Field(description="the API server would refuse the pods", examples=["500m"])
    memory: Quantity = Field(description="the API server would refuse the pods", examples=["512Mi"])


class Resources(_Model):
    """What a pod asks for and what it may use at most."""

    requests: ResourceAmounts = ResourceAmounts(cpu="500m", memory="512Mi")
    limits: ResourceAmounts = ResourceAmounts(cpu="1", memory="1Gi")


class Door(_Model):
    """How a Service is reached from outside the pods' network."""

    type: Literal["ClusterIP", "NodePort", "LoadBalancer"] = Field(
        default="ClusterIP", description="no Service of such a type exists", examples=["ClusterIP"]
    )
    port: PortNumber = Field(default=80, description="nothing could connect to the Service", examples=["80"])
    host: str | None = Field(default=None, description="the URL in the stack outputs would lead nowhere")
    """Where a NodePort answers; without it the outputs name the Service's address in the cluster."""


class FrontDoor(Door):
    """The active Service: where live traffic comes in."""

    node_port: PortNumber | None = Field(
        default=None, description="the API server would refuse the Service", examples=["30080"]
    )


class PreviewDoor(Door):
    """One Service a colour, always on that colour: for tests before a flip."""

    node_ports: Mapping[Colour, PortNumber] = Field(
        default_factory=dict[Colour, int], description="the API server would refuse the Service", examples=["30081"]
    )


class ServiceSettings(_Model):
    """What is true of a service in either colour."""

    port: PortNumber = Field(
        default=8000, description="no probe and no Service could reach the pods", examples=["8000"]
    )
    replicas: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=3, description="the colour would have no capacity to prove", examples=["3"]
    )
    front_door: FrontDoor = FrontDoor()
    preview_door: PreviewDoor = PreviewDoor()
    probes: Probes = Probes()
    shutdown: Shutdown = Shutdown()
    resources: Resources = Resources()
    progress_deadline_seconds: Annotated[int, Field(ge=5, le=3600)] = Field(
        default=600, description="a slot that never becomes ready would be waited for too long", examples=["600"]
    )
    """After which a rollout without progress has failed; Kubernetes' own default."""
    version_path: Path = Field(
        default="/deployment/metadata", description="no pod could say what it is", examples=["/deployment/metadata"]
    )
    image_pull_policy: Literal["IfNotPresent", "Always", "Never"] = Field(
        default="IfNotPresent", description="the API server would refuse the pods", examples=["IfNotPresent"]
    )


class SlotService(_Model):
    """One service of one release."""

    image: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][^\s]*[:@][^\s]+$")] = Field(
        description="no pod could start: an image is repository:tag or repository@sha256:digest",
        examples=["registry.example/backend@sha256:0123abcd"],
    )
    env: Mapping[EnvName, EnvValue] = Field(
        default_factory=dict[str, str], description="the container would not see this variable", examples=["text"]
    )


class Slot(BaseModel):
    """One colour's release: its version, and an image and environment for each service."""

    model_config = ConfigDict(frozen=True, extra="allow")
    __pydantic_extra__: dict[str, SlotService]  # pyright: ignore[reportIncompatibleVariableOverride]  # pydantic's way to type extras

    version: Annotated[
        str,
        BeforeValidator(_whole_number_text),
        StringConstraints(pattern=r"^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$"),
    ] = Field(
        description="nobody could tell which release answers (quote it: YAML reads 1.10 as the number 1.1)",
        examples=['"1.4.2"'],
    )

    @property
    def services(self) -> Mapping[str, SlotService]:
        """The slot's services by name."""
        return self.__pydantic_extra__


class Settings(_Model):
    """The whole of a stack's `teal:` config."""

    active_colour: Colour = Field(description="teal would not know where live traffic belongs", examples=["blue"])
    router: Literal["service"] = Field(
        default="service", description="there is no such router to move traffic with", examples=["service"]
    )
    namespace: Name = Field(default="teal", description="the API server would refuse the namespace", examples=["teal"])
    environment: str = Field(default="", description="pods would report the wrong ENV", examples=["production"])
    region: str = Field(default="", description="pods would report the wrong REGION", examples=["eu-west-1"])
    services: Annotated[Mapping[Name, ServiceSettings], Field(min_length=1)] = Field(
        description="there would be nothing to deliver", examples=['\'{"backend": {"port": 8000}}\'']
    )
    blue: Slot | None = None
    green: Slot | None = None

    def slot(self, colour: Colour) -> Slot | None:
        """What is declared for a colour; None where it has no release."""
        return self.blue if colour is Colour.BLUE else self.green

    @property
    def active_slot(self) -> Slot:
        """The release that live traffic is declared to reach."""
        slot = self.slot(self.active_colour)
        if slot is None:
            raise ValueError(f"no slot {self.active_colour}: infra.config refuses such a stack")
        return slot
