"""Each kind of resource and function of the stand-in `aws` provider does as AWS does, in the sandbox's AWS."""

# The published stubs of the provider service name a module that does not exist, so its calls have no types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import re

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2

from sandbox.providers.properties import Map
from tests.unit.aws.conftest import Aws
from tests.unit.aws.network import subnets, vpc
from tests.unit.aws.provider.declaring import (
    ALARM,
    BALANCER,
    INGRESS,
    RECORD,
    RULE,
    SECURITY,
    Stub,
    forward,
    invoke,
    new_balancer,
    new_group,
    new_listener,
    own_inputs,
)
from tests.unit.aws.provider.resource import Resource, said


def test_a_flip_changes_two_weights_and_no_arn(stub: Stub, aws: Aws) -> None:
    """In place: rule, listener and target groups are the same ones afterwards."""
    blue, green = new_group(stub, aws, "flip-blue"), new_group(stub, aws, "flip-green")
    listener = new_listener(stub, new_balancer(stub, aws, "flip"), 18001)
    every = [{"pathPattern": {"values": ["/*"]}}]
    inputs = {"listenerArn": listener.id, "priority": 10, "conditions": every}
    rule = Resource(stub, RULE, "rule").create({**inputs, "actions": forward(blue, green, (100, 0))})
    flipped = {**inputs, "actions": forward(blue, green, (0, 100))}
    found = rule.diff(flipped)
    paths = [f"actions[0].forward.targetGroups[{index}].weight" for index in (0, 1)]
    assert sorted(found.detailedDiff) == paths
    assert not found.replaces
    before = rule.id
    rule.update(flipped)
    (live,) = aws.client("elbv2").describe_rules(RuleArns=[before])["Rules"]
    weights = {each["TargetGroupArn"]: each["Weight"] for each in live["Actions"][0]["ForwardConfig"]["TargetGroups"]}
    assert weights == {blue.id: 0, green.id: 100}
    assert (rule.state["arn"], rule.state["listenerArn"]) == (before, listener.id)
    assert rule.diff(flipped).changes == provider_pb2.DiffResponse.DIFF_NONE


@pytest.mark.parametrize(
    ("inputs", "replaces"),
    [
        ({"healthCheck": {"path": "/health/ready", "interval": 10}}, False),
        ({"deregistrationDelay": 30}, False),
        ({"port": 8001}, True),
        ({"targetType": "instance"}, True),
    ],
)
def test_a_target_group_changes_in_place_where_aws_can(stub: Stub, aws: Aws, inputs: Map, replaces: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Health check and attributes can; port and target type cannot."""
    group = new_group(stub, aws, "changing", healthCheck={"path": "/"})
    changed = {**own_inputs(group), **inputs}
    found = group.diff(changed)
    assert bool(found.replaces) is replaces
    assert not found.deleteBeforeReplace  # the new one has another name
    if not replaces:
        arn = group.id
        group.update(changed)
        assert group.state["arn"] == arn
        live = aws.client("elbv2").describe_target_groups(TargetGroupArns=[arn])["TargetGroups"][0]
        delay = group.state["deregistrationDelay"]
        wanted = ("/health/ready", 10, 300) if "healthCheck" in inputs else ("/", 30, 30)
        assert (live["HealthCheckPath"], live["HealthCheckIntervalSeconds"], delay) == wanted


def test_a_group_in_use_is_not_deleted_and_a_gone_one_is(stub: Stub, aws: Aws) -> None:
    """A rule that leads to it holds it; what somebody else deleted is deleted."""
    blue, green = new_group(stub, aws, "held"), new_group(stub, aws, "other")
    listener = new_listener(stub, new_balancer(stub, aws, "holding"), 18003)
    inputs = {"listenerArn": listener.id, "conditions": [{"pathPattern": {"values": ["/*"]}}]}
    rule = Resource(stub, RULE, "rule").create({**inputs, "actions": forward(blue, green, (100, 0))})
    assert rule.state["priority"] == 1
    with pytest.raises(grpc.RpcError) as failure:
        green.delete()
    assert "ResourceInUse" in said(failure.value)
    rule.delete()
    rule.delete()
    green.delete()
    assert green.read()[0] == ""
    green.delete()


def test_tags_are_the_providers_and_ones_own(stub: Stub, aws: Aws) -> None:
    """As `tagsAll`; removed ones go."""
    group = new_group(stub, aws, "tagged", tags={"colour": "blue"})
    assert group.state["tagsAll"] == {"colour": "blue", "team": "shop"}
    group.update({**own_inputs(group), "tags": {"a": "b"}})
    described = aws.client("elbv2").describe_tags(ResourceArns=[group.id])["TagDescriptions"][0]["Tags"]
    assert {tag["Key"]: tag["Value"] for tag in described} == {"a": "b", "team": "shop"}


def test_a_tag_that_somebody_else_wrote_stays_until_the_state_differs(stub: Stub, aws: Aws) -> None:
    """As with Pulumi's provider, which compares tags with its state and not with AWS."""
    group = new_group(stub, aws, "foreign", tags={"colour": "blue"})
    elb = aws.client("elbv2")
    elb.add_tags(ResourceArns=[group.id], Tags=[{"Key": "colour", "Value": "green"}])
    group.update({**own_inputs(group), "tags": {"colour": "blue", "a": "b"}})
    described = elb.describe_tags(ResourceArns=[group.id])["TagDescriptions"][0]["Tags"]
    assert {each["Key"]: each["Value"] for each in described} == {"colour": "green", "a": "b", "team": "shop"}


def test_security_groups_and_their_rules(stub: Stub, aws: Aws) -> None:
    """A group begins with no rules at all; a rule's ports change in place, its group does not."""
    group = Resource(stub, SECURITY, "balancer").create({"vpcId": vpc(aws), "description": "of a test"})
    assert group.state["egress"] == []
    inputs = {"securityGroupId": group.id, "ipProtocol": "tcp", "fromPort": 80, "toPort": 80, "cidrIpv4": "0.0.0.0/0"}
    rule = Resource(stub, INGRESS, "http").create(inputs)
    assert rule.state["securityGroupRuleId"] == rule.id
    assert not rule.diff({**inputs, "toPort": 81}).replaces
    rule.update({**inputs, "toPort": 81})
    live = aws.client("ec2").describe_security_groups(GroupIds=[group.id])["SecurityGroups"][0]
    assert [(each["FromPort"], each["ToPort"]) for each in live["IpPermissions"]] == [(80, 81)]
    rule.delete()
    assert rule.read()[0] == ""
    group.delete()
    assert group.read()[0] == ""


def test_an_alarm_of_a_ratio(stub: Stub, aws: Aws) -> None:
    """Queries and dimensions go to CloudWatch and come back; its id is its name."""
    metric = {"namespace": "AWS/ApplicationELB", "period": 60, "stat": "Sum"}
    dimensions = {"LoadBalancer": "app/a/b", "TargetGroup": "targetgroup/c/d"}
    inputs = {
        "comparisonOperator": "GreaterThanThreshold",
        "evaluationPeriods": 2,
        "threshold": 5,
        "treatMissingData": "notBreaching",
        "metricQueries": [
            {"id": "rate", "expression": "100 * errors / requests", "returnData": True},
            {"id": "errors", "metric": {**metric, "metricName": "HTTPCode_Target_5XX_Count", "dimensions": dimensions}},
            {"id": "requests", "metric": {**metric, "metricName": "RequestCount", "dimensions": dimensions}},
        ],
    }
    alarm = Resource(stub, ALARM, "errors").create(inputs)
    assert alarm.id == alarm.state["name"]
    assert alarm.state["metricQueries"][1]["metric"]["dimensions"] == dimensions
    alarm.update({**inputs, "threshold": 1})
    (live,) = aws.client("cloudwatch").describe_alarms(AlarmNames=[alarm.id])["MetricAlarms"]
    assert (live["Threshold"], len(live["Metrics"])) == (1, 3)
    assert alarm.read()[1]["threshold"] == 1
    alarm.delete()
    assert alarm.read()[0] == ""


def test_an_alias_record(stub: Stub, aws: Aws) -> None:
    """It leads to a load balancer by its name and zone."""
    zone = aws.client("route53").create_hosted_zone(Name="shop.example", CallerReference="1")["HostedZone"]["Id"]
    identifier = zone.rpartition("/")[2]
    balancer = new_balancer(stub, aws, "recorded")
    alias = {"name": balancer.state["dnsName"], "zoneId": balancer.state["zoneId"], "evaluateTargetHealth": True}
    inputs = {"zoneId": identifier, "name": "www.shop.example", "type": "A", "aliases": [alias]}
    record = Resource(stub, RECORD, "www").create(inputs)
    assert record.id == f"{identifier}_www.shop.example_A"
    assert record.state["fqdn"] == "www.shop.example"
    assert record.state["aliases"][0]["name"].rstrip(".") == balancer.state["dnsName"]
    record.delete()
    assert record.read()[0] == ""


def test_lookups(stub: Stub, aws: Aws) -> None:
    """Account, network, subnets, and a load balancer by tags that only it has."""
    assert invoke(stub, "aws:index/getCallerIdentity:getCallerIdentity", {})["accountId"] == "123456789012"
    network = invoke(stub, "aws:ec2/getVpc:getVpc", {"default": True})
    assert (network["id"], network["default"]) == (vpc(aws), True)
    filters = [{"name": "vpc-id", "values": [network["id"]]}]
    assert invoke(stub, "aws:ec2/getSubnets:getSubnets", {"filters": filters})["ids"] == sorted(subnets(aws))
    made = Resource(stub, BALANCER, "tagged").create({"subnets": subnets(aws), "tags": {"app": "lookups"}})
    found = invoke(stub, "aws:lb/getLoadBalancer:getLoadBalancer", {"tags": {"app": "lookups"}})
    assert (found["arn"], found["dnsName"]) == (made.id, made.state["dnsName"])
    with pytest.raises(grpc.RpcError) as failure:
        invoke(stub, "aws:lb/getLoadBalancer:getLoadBalancer", {"tags": {"app": "nobody's"}})
    assert "0 of load balancer match" in said(failure.value)


def test_a_load_balancer_and_its_attributes(stub: Stub, aws: Aws) -> None:
    """Attributes are inputs with types; a protected one is not deleted."""
    balancer = Resource(stub, BALANCER, "kept").create({"subnets": subnets(aws), "enableDeletionProtection": True})
    assert re.fullmatch(r"app/kept-[0-9a-f]{7}/[0-9a-f]{16}", balancer.state["arnSuffix"])
    assert (balancer.state["idleTimeout"], balancer.state["enableDeletionProtection"]) == (60, True)
    with pytest.raises(grpc.RpcError) as failure:
        balancer.delete()
    assert "OperationNotPermitted" in said(failure.value)
    balancer.update({"subnets": subnets(aws), "enableDeletionProtection": False, "idleTimeout": 120})
    assert (balancer.state["idleTimeout"], balancer.state["enableDeletionProtection"]) == (120, False)
    balancer.delete()
    assert balancer.read()[0] == ""
