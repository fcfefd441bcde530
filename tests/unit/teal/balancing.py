"""A load balancer in moto, in process, as the program makes one; and the bindings that name its target groups."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import boto3  # pyright: ignore[reportMissingTypeStubs]  # there are none
import pytest
from moto import mock_aws
from moto.elbv2.models import ELBv2Backend, FakeHealthStatus

from tests.unit.conftest import FakeApiServer

REGION = "eu-west-1"
BINDINGS = "/apis/elbv2.k8s.aws/v1beta1/namespaces/teal/targetgroupbindings"


@dataclass
class Balancing:
    """One load balancer, one listener, and one rule a service."""

    client: Any
    cloudwatch: Any
    balancer: str
    listener: str
    states: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    """States of the targets of a group, by its ARN; moto itself calls every target healthy."""
    groups: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    rules: dict[str, str] = field(default_factory=dict[str, str])

    def service(self, name: str, blue: int, green: int, **tags: str) -> None:
        """Let there be a service whose rule has these weights."""
        self.groups[name] = {
            colour: self.client.create_target_group(
                Name=f"{name}-{colour}", Protocol="HTTP", Port=8000, VpcId=self._vpc, TargetType="ip"
            )["TargetGroups"][0]["TargetGroupArn"]
            for colour in ("blue", "green")
        }
        self.rules[name] = self.client.create_rule(
            ListenerArn=self.listener,
            Priority=len(self.rules) + 1,
            Conditions=[{"Field": "path-pattern", "PathPatternConfig": {"Values": [f"/{name}"]}}],
            Actions=self._actions(name, blue, green),
            Tags=[{"Key": key, "Value": value} for key, value in {"teal/role": "live", **tags}.items()],
        )["Rules"][0]["RuleArn"]

    def weigh(self, name: str, blue: int, green: int) -> None:
        """Somebody else gives the rule other weights."""
        self.client.modify_rule(RuleArn=self.rules[name], Actions=self._actions(name, blue, green))

    def weights(self, name: str) -> list[int]:
        """Of blue and green, as they are now."""
        (rule,) = self.client.describe_rules(RuleArns=[self.rules[name]])["Rules"]
        return [int(each["Weight"]) for each in rule["Actions"][0]["ForwardConfig"]["TargetGroups"]]

    def targets(self, name: str, **states: list[str]) -> None:
        """Let a colour's targets be in these states."""
        for colour, each in states.items():
            self.states[self.groups[name][colour]] = each

    def alarm(self, name: str, colour: str, state: str) -> None:
        """Let there be an alarm on a colour's targets."""
        group = self.groups[name][colour].rpartition(":")[2]
        alarm = f"{name}-{colour}-errors-0a1b2c3"
        self.cloudwatch.put_metric_alarm(
            AlarmName=alarm,
            ComparisonOperator="GreaterThanThreshold",
            EvaluationPeriods=1,
            Namespace="AWS/ApplicationELB",
            MetricName="HTTPCode_Target_5XX_Count",
            Dimensions=[{"Name": "TargetGroup", "Value": group}],
            Period=60,
            Statistic="Sum",
            Threshold=1,
        )
        self.cloudwatch.set_alarm_state(AlarmName=alarm, StateValue=state, StateReason="a test")

    def bind(self, server: FakeApiServer) -> None:
        """Let the cluster have the bindings of all services."""
        server.answers[BINDINGS] = (
            200,
            {
                "items": [
                    {
                        "metadata": {"labels": {"app.kubernetes.io/name": name, "teal/colour": colour}},
                        "spec": {"targetGroupARN": arn},
                    }
                    for name, colours in self.groups.items()
                    for colour, arn in colours.items()
                ]
            },
        )

    @property
    def _vpc(self) -> str:
        return str(self.client.describe_load_balancers()["LoadBalancers"][0]["VpcId"])

    def _actions(self, name: str, blue: int, green: int) -> list[Mapping[str, Any]]:
        weights = zip(self.groups[name].values(), (blue, green), strict=True)
        groups = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in weights]
        return [{"Type": "forward", "Order": 1, "ForwardConfig": {"TargetGroups": groups}}]


@cache
def clients() -> tuple[Any, Any, Any]:
    """One each for all tests: moto, once it is imported, answers them, and to make one takes long."""
    session: Any = boto3.Session(region_name=REGION)
    return session.client("ec2"), session.client("elbv2"), session.client("cloudwatch")


@pytest.fixture
def balancing(monkeypatch: pytest.MonkeyPatch) -> Iterator[Balancing]:
    """A load balancer with one listener and no service."""
    for key, value in {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}.items():
        monkeypatch.setenv(key, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        network, client, cloudwatch = clients()
        vpc = network.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnets = [
            network.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"{REGION}{zone}")
            for number, zone in enumerate("ab")
        ]
        balancer = client.create_load_balancer(Name="teal", Subnets=[each["Subnet"]["SubnetId"] for each in subnets])
        arn = balancer["LoadBalancers"][0]["LoadBalancerArn"]
        listener = client.create_listener(
            LoadBalancerArn=arn,
            Protocol="HTTP",
            Port=80,
            DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}],
        )["Listeners"][0]["ListenerArn"]
        made = Balancing(client, cloudwatch, arn, listener)

        def health(_: ELBv2Backend, target_group_arn: str, targets: object) -> list[Any]:
            del targets
            states = made.states.get(target_group_arn, [])
            return [
                FakeHealthStatus(f"10.0.0.{number}", "8000", "8000", state) for number, state in enumerate(states, 1)
            ]

        monkeypatch.setattr(ELBv2Backend, "describe_target_health", health)
        yield made
