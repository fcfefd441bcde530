"""Settings of a service's target groups: how an Application Load Balancer speaks to the pods, and checks them."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from teal_infra.settings.base import Model, Path, clash, superfluous, wrong
from teal_infra.settings.numbers import AWS, PortNumber
from teal_infra.settings.pod.probes import Probe

Matcher = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,3}(-[0-9]{1,3})?(,[0-9]{1,3}(-[0-9]{1,3})?)*$")]

ANY = "200-499"
"""The statuses that show that a server exists, whatever it says of the path: the most that AWS takes for HTTP."""

READY = "200-399"
"""The statuses that a kubelet takes of a readiness probe."""

GRPC_HEALTH = "/grpc.health.v1.Health/Check"
"""The health protocol of gRPC, as a path."""


class TargetHealthCheck(Model):
    """What the load balancer asks the pods of one service for. How often, `teal:alb.healthCheck` says for all."""

    path: Path | None = Field(
        default=None,
        description=(
            "The path that each target is asked for. By default it is that of `teal:alb.healthCheck`, or the readiness "
            "probe's; where neither is, `/`. Under GRPC it is the method, and by default gRPC's own health check where "
            "the readiness probe is by `grpc`."
        ),
        json_schema_extra=wrong("every target would be unhealthy"),
        examples=["/healthz"],
    )
    port: PortNumber | None = Field(
        default=None,
        description="The port of the pods that is asked. Without it, it is the service's own.",
        json_schema_extra=wrong("every target would be unhealthy"),
        examples=["9090"],
    )
    protocol: Literal["HTTP", "HTTPS"] = Field(
        default="HTTP",
        description="The protocol in which it is asked. The service's own port is asked as it speaks, if by TLS.",
        json_schema_extra=wrong("every target would be unhealthy"),
    )
    matcher: Matcher | None = Field(
        default=None,
        description=(
            "The statuses of a good answer: HTTP's (`200`, `200-299`, `200,302`), or gRPC's under GRPC (`0`, `0,12`). "
            "By default it is 200, or 0 under GRPC, of a path that is given here or by `teal:alb.healthCheck`, and 200 "
            "to 399 of the readiness probe's, as for a kubelet. Otherwise it is any that says that a server is there, "
            "below 500: also where that probe sends `headers`, which no load balancer does."
        ),
        json_schema_extra=wrong("every target would be unhealthy, or none"),
        examples=["200-299"],
    )


class TargetGroup(Model):
    """How an Application Load Balancer speaks to the pods of one service."""

    protocol_version: Literal["HTTP1", "HTTP2", "GRPC"] = Field(
        default="HTTP1",
        description=(
            "What the load balancer speaks to the pods. HTTP2 and GRPC need HTTPS listeners, and clients that speak it "
            "themselves: AWS answers others 464. What has traffic keeps what it speaks; the other colour changes first."
        ),
        json_schema_extra=wrong("AWS would refuse the target group"),
    )
    algorithm: Literal["round_robin", "least_outstanding_requests", "weighted_random"] = Field(
        default="round_robin",
        description="How the load balancer chooses among the pods of a colour.",
        json_schema_extra=wrong("AWS would refuse the target group"),
    )
    slow_start_seconds: Annotated[int, Field(ge=30, le=900, json_schema_extra=AWS)] | None = Field(
        default=None,
        description=(
            "How long a new pod gets fewer requests than the others, rising to its share. Without it, its share is "
            "whole at once. AWS takes it with the algorithm round_robin alone."
        ),
        json_schema_extra=wrong("AWS would refuse the target group"),
        examples=["30"],
    )
    health_check: TargetHealthCheck = Field(
        default=TargetHealthCheck(), description="What the load balancer asks the pods for."
    )

    @model_validator(mode="after")
    def _as_aws_takes_it(self) -> Self:
        least, most = (0, 99) if self.protocol_version == "GRPC" else (200, 499)
        for each in (self.health_check.matcher or "").split(","):
            first, _, last = each.partition("-")
            if each and not least <= int(first) <= int(last or first) <= most:
                what = f"{each} is no status of {self.protocol_version}, nor a range of them ({least} to {most})"
                raise superfluous("healthCheck.matcher", what, "AWS would refuse the target group")
        if self.slow_start_seconds is not None and self.algorithm != "round_robin":
            what = f"slowStartSeconds is {self.slow_start_seconds}, and AWS takes a slow start with round_robin alone"
            raise clash("algorithm", what, remedy="round_robin")
        return self

    def asked(self, common: str | None, readiness: Probe, path: str | None) -> tuple[str, str]:
        """Return the path that targets are asked for, and the statuses of a good answer.

        Args:
            common: the path that the stack gives all services; None where it gives none.
            readiness: the readiness probe.
            path: the path that this probe asks the service's own port for; None where it asks something else.
        """
        own, given = self.health_check, self.health_check.path or common
        if self.protocol_version == "GRPC":
            given = own.path or (GRPC_HEALTH if readiness.grpc is not None else None)
            return given or "/AWS.ALB/healthcheck", own.matcher or ("0" if given else "0-99")
        accepted = "200" if given else READY if path and not readiness.headers else ANY
        return given or path or "/", own.matcher or accepted
