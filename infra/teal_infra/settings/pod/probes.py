"""Settings of a pod's ports and probes: how the kubelet finds out whether it has started, lives and is ready."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from teal_infra.settings.base import Argument, Model, Parts, Path, clash, superfluous, wrong
from teal_infra.settings.evidence.smoke import AnyHeader, HeaderValue
from teal_infra.settings.numbers import Few, PortNumber, Seconds, SomeSeconds

HTTP = "http"
"""The name of the port for a service's requests."""

PortName = Annotated[str, StringConstraints(pattern=r"^([0-9]-?)*[a-z](-?[a-z0-9])*$", max_length=15)]
"""The name of a port, as Kubernetes takes it (IANA_SVC_NAME): with a letter, so that a text of digits is a number."""

AppProtocol = Annotated[
    str, StringConstraints(pattern=r"^([a-z0-9][-a-z0-9.]*/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$", max_length=100)
]

KINDS = ("path", "tcp", "grpc", "exec")
"""The kinds of a probe, of which at most one is given."""


class Grpc(Model):
    """A probe by gRPC's own health protocol."""

    service: str = Field(
        default="",
        description="The service whose health is asked for. Without it, it is the whole server's.",
        json_schema_extra=wrong("the server would know of no such service"),
        examples=["shop.v1.Catalogue"],
    )


class Probe(Model):
    """One probe of a container, of one kind: by `path` (HTTP), `grpc`, `exec`, or by connecting, which is `tcp`."""

    path: Path | None = Field(
        default=None,
        description="The path that the kubelet asks the pod for, over HTTP; 200 to 399 passes.",
        json_schema_extra=wrong("the kubelet would ask a path that no server has"),
        examples=["/healthz"],
    )
    tcp: Literal[True] | None = Field(
        default=None,
        description="The kubelet connects to the port, and asks nothing. A probe that names no other kind is this one.",
        json_schema_extra=wrong("the kubelet would not know how to probe"),
        examples=["true"],
    )
    grpc: Grpc | None = Field(
        default=None, description="The kubelet asks by gRPC's health protocol; without TLS, as Kubernetes has it."
    )
    exec: Annotated[tuple[Argument, ...], Field(min_length=1)] | None = Field(
        default=None,
        description="The command that the kubelet runs in the container; status 0 passes.",
        json_schema_extra=wrong("the kubelet would have no command to run"),
        examples=["'[\"pg_isready\"]'"],
    )
    port: PortNumber | PortName | None = Field(
        default=None,
        description="The port that is probed: a number, or a name in `ports`. By default it is the service's.",
        json_schema_extra=wrong("the kubelet would probe a port without a server"),
        examples=["9090"],
    )
    scheme: Literal["HTTP", "HTTPS"] | None = Field(
        default=None,
        description=(
            "Whether the kubelet asks over TLS (`HTTPS`), for whatever certificate. Of the readiness probe on the "
            "service's own port it says that this port speaks TLS: whatever else asks it, then does so, too."
        ),
        json_schema_extra=wrong("every probe would fail"),
        examples=["HTTPS"],
    )
    headers: Mapping[AnyHeader, HeaderValue] = Field(
        default_factory=dict[str, str],
        description=(
            "The headers that are sent with the path. Those of the readiness probe on the service's own port are sent "
            "by the smoke gate's request to it, and by the bake."
        ),
        json_schema_extra=wrong("every probe would fail"),
        examples=["text"],
    )
    initial_delay_seconds: Seconds = Field(
        default=0,
        description="How long after a container's start the first probe is made.",
        json_schema_extra=wrong(
            "a container would be asked before it can answer, or too late", source="Kubernetes' default"
        ),
        examples=["10"],
    )
    period_seconds: SomeSeconds = Field(
        default=10,
        description="The time between two probes.",
        json_schema_extra=wrong("the API server would refuse the pods", source="Kubernetes' default"),
    )
    timeout_seconds: SomeSeconds = Field(
        default=5,
        description="How long an answer may take.",
        json_schema_extra=wrong("the API server would refuse the pods", source="the service guide"),
    )
    failure_threshold: Few = Field(
        default=3,
        description="How many probes in a row have to fail before the kubelet acts.",
        json_schema_extra=wrong("the API server would refuse the pods", source="Kubernetes' default", unit="probes"),
    )

    @property
    def patience_seconds(self) -> int:
        """How long it may fail from a container's start on before the kubelet acts."""
        return self.initial_delay_seconds + self.period_seconds * self.failure_threshold

    @model_validator(mode="after")
    def _of_one_kind(self) -> Self:
        given = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(given) > 1:
            what = f"{' and '.join(given)} are given, and a probe is of one kind"
            raise superfluous(given[-1], what, "the API server would refuse the pods")
        if self.exec is not None and self.port is not None:
            raise superfluous("port", "a command is run in the container, at no port", "it would have no effect")
        http = [name for name in ("scheme", "headers") if getattr(self, name)]
        if http and self.path is None:
            what = "the probe asks for no path, and only HTTP has schemes and headers"
            raise superfluous(http[0], what, "it would have no effect", *http[1:])
        return self


class Probes(Parts):
    """The three probes. By default the kubelet connects to the service's port, which suits whatever listens there."""

    startup: Probe | None = Field(
        default=Probe(period_seconds=5, failure_threshold=12),
        description="The probe that a container has to pass once before the others begin. Null: there is none.",
        json_schema_extra=wrong(source="the zero-downtime guide: a minute to start"),
    )
    liveness: Probe | None = Field(
        default=Probe(initial_delay_seconds=30, period_seconds=30, timeout_seconds=5, failure_threshold=3),
        description="The probe whose failure restarts a container. Null: there is none.",
        json_schema_extra=wrong(source="the service guide"),
    )
    readiness: Probe = Field(
        default=Probe(initial_delay_seconds=10, period_seconds=10, failure_threshold=1),
        description="The probe whose failure takes a pod out of the Service's endpoints.",
        json_schema_extra=wrong(source="the service guide"),
    )

    @property
    def starting_seconds(self) -> int:
        """How long a container may take to be ready: until its startup probe fails for good, and readiness is asked."""
        then = self.readiness
        return (self.startup.patience_seconds if self.startup else 0) + then.initial_delay_seconds + then.period_seconds

    @property
    def given(self) -> Mapping[str, Probe]:
        """The probes that are set, by name."""
        every = {"startup": self.startup, "liveness": self.liveness, "readiness": self.readiness}
        return {name: probe for name, probe in every.items() if probe is not None}


def require_ports(port: int, ports: Mapping[str, int], probes: Probes, beside: Mapping[str, int | str | None]) -> None:
    """Refuse ports that are named or numbered twice, and settings that name a port which does not exist.

    Args:
        port: the service's own port.
        ports: its further ports, by name.
        probes: the probes of its pods.
        beside: what else leads to a port of the pods, by setting.

    Raises:
        PydanticCustomError: the message names the first; its field is where to mend it.
    """
    if HTTP in ports:
        raise superfluous(f"ports.{HTTP}", f"{HTTP} is the name of the service's own port", "two would have one name")
    numbers = {port: "port"}
    for name, number in ports.items():
        if number in numbers:
            raise superfluous(
                f"ports.{name}", f"{number} is the number of {numbers[number]}, too", "the API server would warn of it"
            )
        numbers[number] = f"ports.{name}"
    named = {f"probes.{name}.port": probe.port for name, probe in probes.given.items()}
    for field, each in {**named, **beside}.items():
        if isinstance(each, str) and each not in {HTTP, *ports}:
            raise clash(field, f"no port of the pods is called {each} (`ports` names them)", remedy=port)
