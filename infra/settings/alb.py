"""Settings of `router: alb`: the Application Load Balancer in front of a stack, and how it looks at targets."""

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from infra.settings.base import Model, Path, PortNumber
from infra.settings.network import Cidr

VpcId = Annotated[str, StringConstraints(pattern=r"^vpc-[0-9a-f]{8,17}$")]
SubnetId = Annotated[str, StringConstraints(pattern=r"^subnet-[0-9a-f]{8,17}$")]
_ARN = r"^arn:aws[a-z-]*:"
BalancerArn = Annotated[str, StringConstraints(pattern=_ARN + r"elasticloadbalancing:.+:loadbalancer/app/.+$")]
ListenerArn = Annotated[str, StringConstraints(pattern=_ARN + r"elasticloadbalancing:.+:listener/app/.+$")]
CertificateArn = Annotated[str, StringConstraints(pattern=_ARN + r"acm:.+:certificate/.+$")]


class ExistingBalancer(Model):
    """A load balancer that is there already, by its ARN or by tags that only it has."""

    arn: BalancerArn | None = Field(
        default=None,
        description="no such load balancer would be found",
        examples=["arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/shared/0123456789abcdef"],
    )
    tags: Mapping[str, str] = Field(
        default_factory=dict[str, str], description="no such load balancer would be found", examples=["shared"]
    )
    listener_arn: ListenerArn | None = Field(
        default=None,
        description="the rule would be of no listener",
        examples=["arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/shared/0123456789abcdef/0123"],
    )
    """A listener of it that is there, too, for live traffic; without it teal makes its own."""

    @model_validator(mode="after")
    def _named(self) -> Self:
        if (self.arn is None) == (not self.tags):
            raise PydanticCustomError("clash", "it takes either an ARN or tags to find it by", {"field": "arn"})
        return self


class HealthCheck(Model):
    """How the load balancer asks its targets. The service's guide: every 30 s, 5 s for an answer, twice to be sure."""

    path: Path = Field(
        default="/health/ready", description="every target would be unhealthy", examples=["/health/ready"]
    )
    interval_seconds: Annotated[int, Field(ge=5, le=300)] = Field(
        default=30, description="AWS would refuse the target group", examples=["30"]
    )
    timeout_seconds: Annotated[int, Field(ge=2, le=120)] = Field(
        default=5, description="AWS would refuse the target group", examples=["5"]
    )
    healthy_threshold: Annotated[int, Field(ge=2, le=10)] = Field(
        default=2, description="AWS would refuse the target group", examples=["2"]
    )
    unhealthy_threshold: Annotated[int, Field(ge=2, le=10)] = Field(
        default=2, description="AWS would refuse the target group", examples=["2"]
    )

    @model_validator(mode="after")
    def _in_time(self) -> Self:
        if self.timeout_seconds >= self.interval_seconds:
            raise PydanticCustomError(
                "clash",
                "timeoutSeconds {timeout} is not shorter than intervalSeconds {interval}",
                {"field": "timeoutSeconds", "timeout": self.timeout_seconds, "interval": self.interval_seconds},
            )
        return self


class TargetAlarms(Model):
    """CloudWatch alarms on each colour's targets; one that rings keeps traffic away, and ends a bake.

    5 % errors and 2 s at the 95th percentile: the delivery guide's bounds. An unhealthy target: the service's guide.
    """

    enabled: bool = Field(default=True, description="nobody could say whether alarms are meant", examples=["true"])
    """False: none are made, and none is asked at a flip."""
    error_percent: Annotated[float, Field(gt=0, le=100)] = Field(
        default=5, description="the alarm would ring over nothing, or never", examples=["5"]
    )
    latency_seconds: Annotated[float, Field(gt=0, le=60)] = Field(
        default=2, description="the alarm would ring over nothing, or never", examples=["2"]
    )
    """95th percentile of the time to a target's answer."""
    unhealthy_targets: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=1, description="the alarm would ring over nothing, or never", examples=["1"]
    )
    """From which it rings."""
    minutes: Annotated[int, Field(ge=1, le=60)] = Field(
        default=2, description="the alarm would ring over a moment, or too late", examples=["2"]
    )
    """In a row; the delivery guide's window."""
    actions: tuple[Annotated[str, StringConstraints(pattern=_ARN)], ...] = Field(
        default=(), description="nobody would be told", examples=["'[\"arn:aws:sns:eu-west-1:123456789012:oncall\"]'"]
    )
    """What is told when one rings or ends to: SNS topics."""


class Alb(Model):
    """The Application Load Balancer of `router: alb`. HTTP leads to HTTPS where there is a certificate."""

    vpc_id: VpcId = Field(description="AWS would refuse the target groups", examples=["vpc-0123456789abcdef0"])
    subnet_ids: tuple[SubnetId, ...] = Field(
        default=(),
        description="AWS would refuse the load balancer, which takes subnets of two zones",
        examples=["subnet-0123456789abcdef0"],
    )
    load_balancer: ExistingBalancer | None = None
    """Without it teal makes one."""
    internal: bool = Field(default=False, description="the load balancer would face the wrong side", examples=["false"])
    callers: tuple[Cidr, ...] = Field(
        default=(), description="nobody could connect to the load balancer", examples=["0.0.0.0/0"]
    )
    """Who may send live traffic."""
    test_callers: tuple[Cidr, ...] = Field(
        default=(), description="somebody else could see the idle colour", examples=["10.0.0.0/16"]
    )
    """Who may use the test listener; without any, the VPC."""
    certificate_arn: CertificateArn | None = Field(
        default=None,
        description="clients would get no certificate",
        examples=["arn:aws:acm:eu-west-1:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef"],
    )
    ssl_policy: str = Field(
        default="ELBSecurityPolicy-TLS13-1-2-2021-06",
        description="AWS would refuse the listener",
        examples=["ELBSecurityPolicy-TLS13-1-2-2021-06"],
    )
    """AWS's recommended one."""
    http_port: PortNumber = Field(default=80, description="nobody would find the listener", examples=["80"])
    https_port: PortNumber = Field(default=443, description="nobody would find the listener", examples=["443"])
    test_port: PortNumber = Field(default=9000, description="nobody would find the idle colour", examples=["9000"])
    """Of the listener that leads to the idle colour."""
    health_check: HealthCheck = HealthCheck()
    deregistration_delay_seconds: Annotated[int, Field(ge=0, le=3600)] = Field(
        default=30, description="requests in flight would be cut off", examples=["30"]
    )
    """The service's guide. For requests to a pod that goes."""
    stickiness_seconds: Annotated[int, Field(ge=1, le=604800)] | None = Field(
        default=None, description="clients would change colours between requests, or never", examples=["60"]
    )
    """For how long a client stays with the colour that it got first. It beats the weights: after a flip such clients
    stay with the old colour until then, so `teal:settleSeconds` has to be as long."""
    alarms: TargetAlarms = TargetAlarms()
    knock: bool = Field(
        default=True, description="the bake would ask a door that it cannot reach, or none", examples=["true"]
    )
    """Whether the machine that runs `pulumi up`, and the watch, can reach the listener: the bake asks it then. False:
    the bake asks the live colour through the API server; what happens before it, only the alarms see."""
    protect: bool = Field(
        default=True, description="what carries live traffic could be deleted, or could not", examples=["true"]
    )
    """Whether AWS's deletion protection and the engine's guard the load balancer, its listeners and its rules."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.load_balancer is not None:
            return self
        if len({*self.subnet_ids}) < 2:  # noqa: PLR2004 - AWS's rule
            raise PydanticCustomError(
                "clash",
                "subnetIds names {count}; a load balancer of its own takes two, in two zones",
                {"field": f"subnetIds[{len({*self.subnet_ids})}]", "count": len({*self.subnet_ids})},
            )
        if not self.callers:
            raise PydanticCustomError(
                "clash", "callers names nobody who may send live traffic", {"field": "callers[0]"}
            )
        return self

    @model_validator(mode="after")
    def _apart(self) -> Self:
        ports = [self.http_port, self.test_port, *([self.https_port] if self.certificate_arn else [])]
        if len({*ports}) < len(ports):
            raise PydanticCustomError(
                "clash",
                "httpPort, httpsPort and testPort are {ports}: each listener takes its own",
                {"field": "testPort", "ports": ", ".join(map(str, ports))},
            )
        return self
