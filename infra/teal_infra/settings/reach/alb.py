"""Settings of `router: alb`: the Application Load Balancer in front of a stack, and its health checks."""

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from teal.gates.alarms import GATE as ALARMS
from teal_infra.settings.base import Model, Path, clash, wrong
from teal_infra.settings.numbers import AWS, SLIP, Few, Patience, PortNumber, SomePercent
from teal_infra.settings.reach.network import Cidr
from teal_infra.settings.reach.routing import RouterSettings

VpcId = Annotated[str, StringConstraints(pattern=r"^vpc-[0-9a-f]{8,17}$")]
SubnetId = Annotated[str, StringConstraints(pattern=r"^subnet-[0-9a-f]{8,17}$")]
_ARN = r"^arn:aws[a-z-]*:"
BalancerArn = Annotated[str, StringConstraints(pattern=_ARN + r"elasticloadbalancing:.+:loadbalancer/app/.+$")]
ListenerArn = Annotated[str, StringConstraints(pattern=_ARN + r"elasticloadbalancing:.+:listener/app/.+$")]
CertificateArn = Annotated[str, StringConstraints(pattern=_ARN + r"acm:.+:certificate/.+$")]


Answers = Annotated[int, Field(ge=2, le=10, json_schema_extra=AWS)]


class ExistingBalancer(Model):
    """A load balancer that is there already, by its ARN or by tags that only it has."""

    arn: BalancerArn | None = Field(
        default=None,
        description="The ARN of the load balancer.",
        json_schema_extra=wrong("no such load balancer would be found"),
        examples=["arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/shared/0123456789abcdef"],
    )
    tags: Mapping[str, str] = Field(
        default_factory=dict[str, str],
        description="Tags that this load balancer has and no other.",
        json_schema_extra=wrong("no such load balancer would be found"),
        examples=["shared"],
    )
    listener_arn: ListenerArn | None = Field(
        default=None,
        description="The ARN of the listener that takes live traffic. Without it, teal makes a listener of its own.",
        json_schema_extra=wrong("the rule would be of no listener"),
        examples=["arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/shared/0123456789abcdef/0123"],
    )

    @model_validator(mode="after")
    def _named(self) -> Self:
        if (self.arn is None) == (not self.tags):
            mend = {"tags": None} if self.tags else {"arn": ...}
            raise clash("arn", "it takes either an ARN or tags to find it by", mend=mend)
        return self


class HealthCheck(Model):
    """How the load balancer asks its targets."""

    path: Path | None = Field(
        default=None,
        description=(
            "The path that the load balancer asks each target for, of every service whose `targetGroup` names none. By "
            "default it is the readiness probe's."
        ),
        json_schema_extra=wrong("every target would be unhealthy"),
        examples=["/health/ready"],
    )
    interval_seconds: Annotated[int, Field(ge=5, le=300, json_schema_extra=AWS)] = Field(
        default=30,
        description="The time between two health checks of a target.",
        json_schema_extra=wrong("AWS would refuse the target group", source="the service guide"),
    )
    timeout_seconds: Annotated[int, Field(ge=2, le=120, json_schema_extra=AWS)] = Field(
        default=5,
        description="How long a target has to answer a health check; less than `intervalSeconds`.",
        json_schema_extra=wrong("AWS would refuse the target group", source="the service guide"),
    )
    healthy_threshold: Answers = Field(
        default=2,
        description="How many health checks in a row have to pass before a target is healthy.",
        json_schema_extra=wrong("AWS would refuse the target group", source="the service guide"),
    )
    unhealthy_threshold: Answers = Field(
        default=2,
        description="How many health checks in a row have to fail before a target is unhealthy.",
        json_schema_extra=wrong("AWS would refuse the target group", source="the service guide"),
    )

    @model_validator(mode="after")
    def _in_time(self) -> Self:
        if self.timeout_seconds >= self.interval_seconds:
            what = f"timeoutSeconds {self.timeout_seconds} is not shorter than intervalSeconds {self.interval_seconds}"
            raise clash("timeoutSeconds", what, remedy=self.interval_seconds - 1)
        return self


class TargetAlarms(Model):
    """CloudWatch alarms on each colour's targets; one that rings keeps traffic away, and ends a bake."""

    enabled: bool = Field(
        default=True,
        description=(
            "Whether the stack makes alarms on both target groups, and asks them at a flip and during its bake."
        ),
        json_schema_extra=wrong("nobody could say whether alarms are meant"),
    )
    error_percent: SomePercent = Field(
        default=5,
        description="The percentage of requests answered 5xx above which an alarm rings.",
        json_schema_extra=wrong("the alarm would ring over nothing, or never", source="the delivery guide"),
    )
    latency_seconds: Patience = Field(
        default=2,
        description="The 95th percentile of the time to a target's answer above which an alarm rings.",
        json_schema_extra=wrong("the alarm would ring over nothing, or never", source="the delivery guide"),
    )
    unhealthy_targets: Few = Field(
        default=1,
        description="The number of unhealthy targets from which an alarm rings.",
        json_schema_extra=wrong("the alarm would ring over nothing, or never", source="the service guide"),
    )
    minutes: Annotated[int, Field(ge=1, le=60, json_schema_extra=SLIP)] = Field(
        default=2,
        description="For how many minutes in a row a bound has to be exceeded before its alarm rings.",
        json_schema_extra=wrong(
            "the alarm would ring over a moment, or too late", source="teal: as long as the delivery guide's window"
        ),
    )
    actions: tuple[Annotated[str, StringConstraints(pattern=_ARN)], ...] = Field(
        default=(),
        description="The SNS topics that are told when an alarm begins to ring, and when it stops.",
        json_schema_extra=wrong("nobody would be told"),
        examples=["'[\"arn:aws:sns:eu-west-1:123456789012:oncall\"]'"],
    )


class Alb(RouterSettings):
    """The Application Load Balancer of `router: alb`. HTTP leads to HTTPS where there is a certificate."""

    vpc_id: VpcId = Field(
        description="The VPC of the target groups.",
        json_schema_extra=wrong("AWS would refuse the target groups"),
        examples=["vpc-0123456789abcdef0"],
    )
    subnet_ids: tuple[SubnetId, ...] = Field(
        default=(),
        description="The subnets of a load balancer of the stack's own: two at least, in two zones.",
        json_schema_extra=wrong("AWS would refuse the load balancer, which takes subnets of two zones"),
        examples=["subnet-0123456789abcdef0"],
    )
    load_balancer: ExistingBalancer | None = Field(
        default=None, description="A load balancer that exists already. Without it, the stack makes its own."
    )
    internal: bool = Field(
        default=False,
        description="Whether the load balancer has private addresses alone.",
        json_schema_extra=wrong("the load balancer would face the wrong side"),
    )
    callers: tuple[Cidr, ...] = Field(
        default=(),
        description="The networks (CIDRs) from which live traffic may come.",
        json_schema_extra=wrong("nobody could connect to the load balancer"),
        examples=["0.0.0.0/0"],
    )
    test_callers: tuple[Cidr, ...] = Field(
        default=(),
        description="The networks (CIDRs) that may use the test listener. Without any, the VPC may.",
        json_schema_extra=wrong("somebody else could see the idle colour"),
        examples=["10.0.0.0/16"],
    )
    certificate_arn: CertificateArn | None = Field(
        default=None,
        description=(
            "The ACM certificate of the HTTPS listener. With it, HTTP leads to HTTPS; without it, there is HTTP alone."
        ),
        json_schema_extra=wrong("clients would get no certificate"),
        examples=["arn:aws:acm:eu-west-1:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef"],
    )
    ssl_policy: str = Field(
        default="ELBSecurityPolicy-TLS13-1-2-2021-06",
        description="The TLS policy of the HTTPS listener.",
        json_schema_extra=wrong(
            "AWS would refuse the listener", source="AWS recommended it before its post-quantum policies of 2025"
        ),
    )
    http_port: PortNumber = Field(
        default=80,
        description="The port of the HTTP listener.",
        json_schema_extra=wrong("nobody would find the listener", source="HTTP"),
    )
    https_port: PortNumber = Field(
        default=443,
        description="The port of the HTTPS listener.",
        json_schema_extra=wrong("nobody would find the listener", source="HTTPS"),
    )
    test_port: PortNumber = Field(
        default=9000,
        description="The port of the test listener, which leads to the idle colour.",
        json_schema_extra=wrong("nobody would find the idle colour", source="teal: live traffic has other ports"),
    )
    health_check: HealthCheck = Field(
        default=HealthCheck(), description="How the load balancer finds out whether a pod is healthy."
    )
    deregistration_delay_seconds: Annotated[int, Field(ge=0, le=3600, json_schema_extra=AWS)] = Field(
        default=30,
        description="How long requests to a pod that goes may still take.",
        json_schema_extra=wrong("requests in flight would be cut off", source="the service guide"),
    )
    idle_timeout_seconds: Annotated[int, Field(ge=1, le=4000, json_schema_extra=AWS)] | None = Field(
        default=None,
        description=(
            "How long a connection may be silent before the load balancer ends it: longer than the longest silence of "
            "a WebSocket, and shorter than the pods' own timeout. Without it, AWS's 60."
        ),
        json_schema_extra=wrong("AWS would refuse the load balancer"),
        examples=["60"],
    )
    stickiness_seconds: Annotated[int, Field(ge=1, le=604800, json_schema_extra=AWS)] | None = Field(
        default=None,
        description=(
            "How long a client stays with the colour that it got first. It overrides the weights: after a flip such "
            "clients stay with the old colour for as long, so `teal:settleSeconds` has to be as long."
        ),
        json_schema_extra=wrong("clients would change colours between requests, or stay with one for too long"),
        examples=["60"],
    )
    alarms: TargetAlarms = Field(
        default=TargetAlarms(), description="CloudWatch alarms on the targets of both colours."
    )
    reachable: bool = Field(
        default=True,
        description=(
            "Whether the machine that runs `pulumi up`, and the watch, can reach the listener, so that the bake asks "
            "it. Otherwise the bake asks the live colour through the API server, and only the alarms see what happens "
            "before it."
        ),
        json_schema_extra=wrong("the bake would ask a door that it cannot reach, or none"),
    )
    max_rules: Annotated[int, Field(ge=1, le=5000, json_schema_extra=SLIP)] = Field(
        default=100,
        description=(
            "How many rules the load balancer takes, those of its default actions left out. AWS raises it when it is "
            "asked to."
        ),
        json_schema_extra=wrong("AWS would refuse a rule in the middle of an update", source="AWS's default quota"),
    )
    protect: bool = Field(
        default=True,
        description=(
            "Whether AWS's deletion protection and the engine's guard the load balancer, its listeners and its rules."
        ),
        json_schema_extra=wrong("what carries live traffic could be deleted by mistake, or not be deleted on purpose"),
    )

    @property
    def without(self) -> frozenset[str]:
        """The alarms gate, where there are no alarms."""
        return frozenset() if self.alarms.enabled else frozenset({ALARMS.name})
