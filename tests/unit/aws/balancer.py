"""A load balancer of the tests: one listener, one rule with weights, a target group a colour."""

from dataclasses import dataclass
from typing import Any

from tests.unit.aws.conftest import Aws
from tests.unit.aws.network import subnets, vpc


@dataclass(frozen=True)
class Balancer:
    """Where it is and what it is made of."""

    elb: Any  # boto3 has no types
    arn: str
    address: str
    port: int
    listener: str
    rule: str
    groups: dict[str, str]

    @classmethod
    def create(cls, aws: Aws, name: str, port: int, *, conditions: list[dict[str, Any]] | None = None) -> "Balancer":
        """Make one: all weight on blue, every path; what no rule matches is a 404."""
        elb = aws.client("elbv2")
        balancer = elb.create_load_balancer(Name=name, Subnets=subnets(aws))["LoadBalancers"][0]
        groups: dict[str, str] = {}
        for colour in ("blue", "green"):
            made = elb.create_target_group(
                Name=f"{name}-{colour}",
                Protocol="HTTP",
                Port=8000,
                VpcId=vpc(aws),
                TargetType="ip",
                HealthCheckPath="/health",
                HealthCheckIntervalSeconds=5,
                HealthCheckTimeoutSeconds=2,
                HealthyThresholdCount=2,
                UnhealthyThresholdCount=2,
            )
            groups[colour] = made["TargetGroups"][0]["TargetGroupArn"]
        default = {"StatusCode": "404", "ContentType": "text/plain", "MessageBody": "it's nothing"}
        made = elb.create_listener(
            LoadBalancerArn=balancer["LoadBalancerArn"],
            Port=port,
            Protocol="HTTP",
            DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": default}],
        )
        listener = made["Listeners"][0]["ListenerArn"]
        every = [{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/*"]}}]
        made = elb.create_rule(
            ListenerArn=listener,
            Priority=10,
            Conditions=conditions or every,
            Actions=cls._forward(groups, {"blue": 100, "green": 0}),
        )
        rule = made["Rules"][0]["RuleArn"]
        return cls(elb, balancer["LoadBalancerArn"], balancer["DNSName"], port, listener, rule, groups)

    @staticmethod
    def _forward(groups: dict[str, str], weights: dict[str, int], sticky_s: int = 0) -> list[dict[str, Any]]:
        config: dict[str, Any] = {
            "TargetGroups": [{"TargetGroupArn": groups[name], "Weight": weight} for name, weight in weights.items()]
        }
        if sticky_s:
            config["TargetGroupStickinessConfig"] = {"Enabled": True, "DurationSeconds": sticky_s}
        return [{"Type": "forward", "ForwardConfig": config}]

    def forward(self, weights: dict[str, int], sticky_s: int = 0) -> list[dict[str, Any]]:
        """Actions that forward with these weights."""
        return self._forward(self.groups, weights, sticky_s)

    def weigh(self, weights: dict[str, int], sticky_s: int = 0) -> None:
        """Change the rule."""
        self.elb.modify_rule(RuleArn=self.rule, Actions=self.forward(weights, sticky_s))

    def weights(self) -> dict[str, int]:
        """The rule's weights by ARN."""
        (rule,) = self.elb.describe_rules(RuleArns=[self.rule])["Rules"]
        return {
            group["TargetGroupArn"]: group["Weight"] for group in rule["Actions"][0]["ForwardConfig"]["TargetGroups"]
        }

    def register(self, colour: str, *addresses: str, port: int = 8000) -> None:
        """Register targets."""
        targets = [{"Id": address, "Port": port} for address in addresses]
        self.elb.register_targets(TargetGroupArn=self.groups[colour], Targets=targets)

    def deregister(self, colour: str, *addresses: str) -> None:
        """Deregister targets."""
        targets = [{"Id": address} for address in addresses]
        self.elb.deregister_targets(TargetGroupArn=self.groups[colour], Targets=targets)

    def states(self, colour: str) -> dict[str, str]:
        """The states of a colour's targets by address."""
        found = self.elb.describe_target_health(TargetGroupArn=self.groups[colour])["TargetHealthDescriptions"]
        return {target["Target"]["Id"]: target["TargetHealth"]["State"] for target in found}

    def delete(self) -> None:
        """Delete it with its listener and rule; its target groups stay."""
        self.elb.delete_load_balancer(LoadBalancerArn=self.arn)
