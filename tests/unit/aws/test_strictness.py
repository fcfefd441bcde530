"""What AWS refuses, the sandbox's AWS refuses; moto alone takes all of it."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError  # pyright: ignore[reportMissingTypeStubs] - there are none

from tests.unit.aws.balancer import Balancer
from tests.unit.aws.conftest import Aws
from tests.unit.aws.network import subnets, vpc


@pytest.fixture(scope="module")
def balancer(running_aws: Aws) -> Balancer:
    """A load balancer with a listener, a rule and two target groups, for refusals that change nothing."""
    return Balancer.create(running_aws, "strict", 18100)


def _code(call: Callable[[], object]) -> str:
    with pytest.raises(ClientError) as refused:
        call()
    error: Any = refused.value
    return str(error.response["Error"]["Code"])


def test_a_load_balancers_name_is_its_own(aws: Aws, balancer: Balancer) -> None:
    """And not too long."""
    for name, code in (("strict", "DuplicateLoadBalancerName"), ("x" * 33, "ValidationError")):
        assert _code(lambda n=name: balancer.elb.create_load_balancer(Name=n, Subnets=subnets(aws))) == code


def test_a_load_balancer_has_two_zones(aws: Aws, balancer: Balancer) -> None:
    """One subnet is one zone."""
    (here,) = balancer.elb.describe_load_balancers(Names=["strict"])["LoadBalancers"]
    assert (here["Scheme"], len(here["AvailabilityZones"]) > 1) == ("internet-facing", True)
    one = subnets(aws)[:1]
    assert _code(lambda: balancer.elb.create_load_balancer(Name="one", Subnets=one)) == "ValidationError"
    assert "one" not in [each["LoadBalancerName"] for each in balancer.elb.describe_load_balancers()["LoadBalancers"]]


def test_one_listener_a_port(balancer: Balancer) -> None:
    """Another one is refused; HTTPS needs a certificate."""
    default = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}]
    given = {"LoadBalancerArn": balancer.arn, "DefaultActions": default}
    again = {**given, "Port": 18100, "Protocol": "HTTP"}
    assert _code(lambda: balancer.elb.create_listener(**again)) == "DuplicateListener"
    secure = {**given, "Port": 18101, "Protocol": "HTTPS"}
    assert _code(lambda: balancer.elb.create_listener(**secure)) == "CertificateNotFound"


def test_a_target_group_is_of_one_load_balancer(aws: Aws, balancer: Balancer) -> None:
    """Another one's rule cannot lead to it; freed, it can."""
    other = Balancer.create(aws, "other", 18102)
    foreign = balancer.forward({"blue": 1})
    code = _code(lambda: balancer.elb.modify_rule(RuleArn=other.rule, Actions=foreign))
    assert code == "TargetGroupAssociationLimit"
    spare = other.groups["green"]
    other.weigh({"blue": 1})
    described = balancer.elb.describe_target_groups(TargetGroupArns=[spare])["TargetGroups"][0]
    assert described["LoadBalancerArns"] == []
    other.delete()


@pytest.mark.parametrize(
    ("weights", "sticky"),
    [({"blue": 1000, "green": 0}, 0), ({"blue": 0, "green": 0}, 0), ({"blue": 1, "green": 1}, 604801)],
)
def test_weights_and_stickiness_have_limits(balancer: Balancer, weights: dict[str, int], sticky: int) -> None:
    """0 to 999, not all 0, seven days; the rule stays as it is."""
    before = balancer.weights()
    actions = balancer.forward(weights, sticky_s=sticky)
    assert _code(lambda: balancer.elb.modify_rule(RuleArn=balancer.rule, Actions=actions)) == "ValidationError"
    assert balancer.weights() == before


def test_priorities_have_limits_and_an_order(balancer: Balancer) -> None:
    """1 to 50000; rules are described by priority, the default one last."""
    every = [{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/a"]}}]
    given = {"ListenerArn": balancer.listener, "Conditions": every, "Actions": balancer.forward({"blue": 1})}
    assert _code(lambda: balancer.elb.create_rule(**given, Priority=50001)) == "ValidationError"
    assert _code(lambda: balancer.elb.create_rule(**given, Priority=10)) == "PriorityInUse"
    balancer.elb.create_rule(**given, Priority=5)
    rules = balancer.elb.describe_rules(ListenerArn=balancer.listener)["Rules"]
    assert [rule["Priority"] for rule in rules] == ["5", "10", "default"]


@pytest.mark.parametrize(
    "attribute", [("no.such.attribute", "1"), ("deregistration_delay.timeout_seconds", "3601")], ids=str
)
def test_attributes_are_known_and_within_limits(balancer: Balancer, attribute: tuple[str, str]) -> None:
    """Of a target group."""
    given = [{"Key": attribute[0], "Value": attribute[1]}]
    group = balancer.groups["blue"]
    refused = _code(lambda: balancer.elb.modify_target_group_attributes(TargetGroupArn=group, Attributes=given))
    assert refused == "ValidationError"


def test_health_checks_have_limits(aws: Aws, balancer: Balancer) -> None:
    """When a target group is made, and when it is changed."""
    elb, group = balancer.elb, balancer.groups["blue"]
    made = {"Name": "hasty", "Protocol": "HTTP", "Port": 80, "VpcId": vpc(aws), "HealthCheckIntervalSeconds": 301}
    assert _code(lambda: elb.create_target_group(**made)) == "ValidationError"
    assert _code(lambda: elb.modify_target_group(TargetGroupArn=group, HealthyThresholdCount=11)) == "ValidationError"
    slow = {"TargetGroupArn": group, "HealthCheckTimeoutSeconds": 5}
    assert _code(lambda: elb.modify_target_group(**slow)) == "ValidationError"  # the interval is 5 s, too


def test_what_is_protected_or_in_use_stays(balancer: Balancer) -> None:
    """A load balancer, and a target group that a rule leads to with weight 0."""
    elb, protection = balancer.elb, "deletion_protection.enabled"
    balancer.weigh({"blue": 1, "green": 0})
    assert _code(lambda: elb.delete_target_group(TargetGroupArn=balancer.groups["green"])) == "ResourceInUse"
    for value in ("true", "false"):
        given = [{"Key": protection, "Value": value}]
        elb.modify_load_balancer_attributes(LoadBalancerArn=balancer.arn, Attributes=given)
        if value == "true":
            assert _code(lambda: elb.delete_load_balancer(LoadBalancerArn=balancer.arn)) == "OperationNotPermitted"


def test_a_security_group_in_use_stays(aws: Aws) -> None:
    """Until its load balancer is gone; one that does not exist is none."""
    ec2, elb = aws.client("ec2"), aws.client("elbv2")
    group = ec2.create_security_group(GroupName="used", Description="of a test", VpcId=vpc(aws))["GroupId"]
    named = {"Name": "guarded", "Subnets": subnets(aws)}
    assert _code(lambda: elb.create_load_balancer(**named, SecurityGroups=["sg-nobody"])) == "InvalidSecurityGroup"
    arn = elb.create_load_balancer(**named, SecurityGroups=[group])["LoadBalancers"][0]["LoadBalancerArn"]
    assert _code(lambda: ec2.delete_security_group(GroupId=group)) == "DependencyViolation"
    elb.delete_load_balancer(LoadBalancerArn=arn)
    ec2.delete_security_group(GroupId=group)


def test_an_alarm_begins_without_data_and_keeps_its_state(aws: Aws) -> None:
    """Not OK: whoever asks right after it was made has not been told that all is well."""
    cloudwatch = aws.client("cloudwatch")
    alarm = {
        "AlarmName": "errors",
        "Namespace": "AWS/ApplicationELB",
        "MetricName": "HTTPCode_Target_5XX_Count",
        "ComparisonOperator": "GreaterThanThreshold",
        "EvaluationPeriods": 1,
        "Period": 60,
        "Statistic": "Sum",
    }

    def state() -> str:
        return str(cloudwatch.describe_alarms(AlarmNames=["errors"])["MetricAlarms"][0]["StateValue"])

    cloudwatch.put_metric_alarm(**alarm, Threshold=1)
    assert state() == "INSUFFICIENT_DATA"
    cloudwatch.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="ordered")
    cloudwatch.put_metric_alarm(**alarm, Threshold=2)
    assert state() == "ALARM"


def test_an_alarm_that_nobody_sets_decides_by_its_missing_data(aws: Aws) -> None:
    """There are no metrics here: what is missing breaches, or does not, as the alarm says."""
    cloudwatch = aws.client("cloudwatch")
    wanted = {"notBreaching": "OK", "breaching": "ALARM", "missing": "INSUFFICIENT_DATA"}
    for missing in wanted:
        cloudwatch.put_metric_alarm(
            AlarmName=f"decides-{missing}",
            TreatMissingData=missing,
            Namespace="AWS/ApplicationELB",
            MetricName="RequestCount",
            Statistic="Sum",
            ComparisonOperator="GreaterThanThreshold",
            EvaluationPeriods=1,
            Period=60,
            Threshold=1,
        )

    def states() -> dict[str, str]:
        alarms = cloudwatch.describe_alarms(AlarmNamePrefix="decides-")["MetricAlarms"]
        return {alarm["TreatMissingData"]: alarm["StateValue"] for alarm in alarms}

    assert set(states().values()) == {"INSUFFICIENT_DATA"}
    aws.until(lambda: states() == wanted, seconds=20)


def test_ordered_errors_come_as_often_as_ordered(aws: Aws, balancer: Balancer) -> None:
    """In the service's own form, for the operation that was named; then all is well again."""
    aws.order(answers=[{"operation": "DescribeRules", "code": "Throttling", "times": 2}])
    rules = {"ListenerArn": balancer.listener}
    assert balancer.elb.describe_listeners(ListenerArns=[balancer.listener])["Listeners"]
    assert [_code(lambda: balancer.elb.describe_rules(**rules)) for _ in range(2)] == ["Throttling"] * 2
    assert balancer.elb.describe_rules(**rules)["Rules"]
    aws.order(answers=[{"operation": "*", "code": "InternalFailure", "status": 500}])
    assert _code(lambda: aws.client("ec2").describe_vpcs()) == "InternalFailure"
    aws.order(answers=[{"operation": "DescribeAlarms", "code": "Throttling", "status": 400}])
    assert _code(lambda: aws.client("cloudwatch").describe_alarms()) == "Throttling"
