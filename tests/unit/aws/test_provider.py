"""The stand-in `aws` provider, through Pulumi's protocol, against the sandbox's AWS."""

# The published stubs of the provider service name a module that does not exist, so its calls have no types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import re
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from sandbox.providers.aws.provider import AwsProvider
from sandbox.providers.properties import UNKNOWN, Map, from_struct, to_struct
from tests.unit.aws.conftest import Aws
from tests.unit.aws.network import subnets, vpc
from tests.unit.aws.resource import Resource, said

_BALANCER = "aws:lb/loadBalancer:LoadBalancer"
_GROUP = "aws:lb/targetGroup:TargetGroup"
_LISTENER = "aws:lb/listener:Listener"
_RULE = "aws:lb/listenerRule:ListenerRule"
_SECURITY = "aws:ec2/securityGroup:SecurityGroup"
_INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
_ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
_RECORD = "aws:route53/record:Record"

Stub = provider_pb2_grpc.ResourceProviderStub


@contextmanager
def _served() -> Generator[Stub]:
    server = grpc.server(ThreadPoolExecutor(4))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(AwsProvider(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield Stub(channel)
    server.stop(grace=None)


@pytest.fixture(scope="module")
def stub(running_aws: Aws) -> Iterator[Stub]:
    """The provider, configured with a tag of its own for everything."""
    settings = {"aws:config:region": "eu-west-1", "aws:config:defaultTags": '{"tags": {"team": "shop"}}'}
    with _served() as stub, pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ENDPOINT_URL", running_aws.endpoint)
        stub.Configure(provider_pb2.ConfigureRequest(variables=settings))
        yield stub


def _failures(stub: Stub, type_: str, inputs: Map) -> dict[str, str]:
    urn = f"urn:pulumi:test::provider::{type_}::it"
    answer = stub.Check(provider_pb2.CheckRequest(urn=urn, name="it", type=type_, news=to_struct(inputs)))
    return {failure.property: failure.reason for failure in answer.failures}


def _invoke(stub: Stub, token: str, args: Map) -> Map:
    answer = stub.Invoke(provider_pb2.InvokeRequest(tok=token, args=to_struct(args)))
    return from_struct(getattr(answer, "return"))


def _group(stub: Stub, aws: Aws, name: str, **inputs: Any) -> Resource:  # noqa: ANN401 - inputs of a target group
    given = {"port": 8000, "protocol": "HTTP", "targetType": "ip", "vpcId": vpc(aws), **inputs}
    return Resource(stub, _GROUP, name).create(given)


def _balancer(stub: Stub, aws: Aws, name: str) -> Resource:
    return Resource(stub, _BALANCER, name).create({"subnets": subnets(aws)})


def _listener(stub: Stub, balancer: Resource, port: int) -> Resource:
    none = {"type": "fixed-response", "fixedResponse": {"contentType": "text/plain", "statusCode": "404"}}
    return Resource(stub, _LISTENER, f"listener{port}").create(
        {"loadBalancerArn": balancer.id, "port": port, "defaultActions": [none]}
    )


def _forward(blue: Resource, green: Resource, shares: tuple[int, int]) -> list[Map]:
    groups = [{"arn": group.id, "weight": weight} for group, weight in zip((blue, green), shares, strict=True)]
    return [{"type": "forward", "forward": {"targetGroups": groups}}]


def _said(resource: Resource) -> Map:
    """What the program said, without the name that was given."""
    return {key: value for key, value in resource.inputs.items() if key not in ("name", "__defaults")}


def test_a_flip_changes_two_weights_and_no_arn(stub: Stub, aws: Aws) -> None:
    """In place: rule, listener and target groups are the same ones afterwards."""
    blue, green = _group(stub, aws, "flip-blue"), _group(stub, aws, "flip-green")
    listener = _listener(stub, _balancer(stub, aws, "flip"), 18001)
    every = [{"pathPattern": {"values": ["/*"]}}]
    inputs = {"listenerArn": listener.id, "priority": 10, "conditions": every}
    rule = Resource(stub, _RULE, "rule").create({**inputs, "actions": _forward(blue, green, (100, 0))})
    flipped = {**inputs, "actions": _forward(blue, green, (0, 100))}
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


def test_names_are_given_as_pulumi_does(stub: Stub, aws: Aws) -> None:
    """The logical name and seven hexadecimal digits; kept by updates, since a new one would be a new target group."""
    group = _group(stub, aws, "named")
    assert re.fullmatch(r"named-[0-9a-f]{7}", group.state["name"])
    assert group.check({"port": 8000})["name"] == group.state["name"]
    assert "32" in _failures(stub, _GROUP, {"name": "x" * 33})["name"]
    assert "hyphens" in _failures(stub, _GROUP, {"name": "under_score"})["name"]


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
    group = _group(stub, aws, "changing", healthCheck={"path": "/"})
    changed = {**_said(group), **inputs}
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


def test_what_was_named_by_hand_is_deleted_before_it_is_replaced(stub: Stub, aws: Aws) -> None:
    """Or its successor could not have its name."""
    inputs = {"name": "fixed-by-hand", "port": 8000, "protocol": "HTTP", "vpcId": vpc(aws)}
    group = Resource(stub, _GROUP, "fixed").create(inputs)
    found = group.diff({**group.inputs, "port": 8001})
    assert found.replaces == ["port"]
    assert found.deleteBeforeReplace


def test_a_preview_knows_what_it_cannot_know(stub: Stub) -> None:
    """A missing output would be None to a program, and its `apply` would fail; unknown inputs are let through."""
    inputs = {"port": 8000, "protocol": "HTTP", "vpcId": UNKNOWN, "name": UNKNOWN, "tags": {"colour": "blue"}}
    preview = Resource(stub, _GROUP, "previewed").preview(inputs)
    assert {preview[key] for key in ("arn", "arnSuffix", "loadBalancerArns", "vpcId")} == {UNKNOWN}
    assert preview["tagsAll"] == {"colour": "blue", "team": "shop"}
    weighed = [{"type": "forward", "forward": {"targetGroups": [{"arn": UNKNOWN, "weight": 100}]}}]
    rule = {"listenerArn": UNKNOWN, "conditions": [{"pathPattern": {"values": ["/*"]}}], "actions": weighed}
    assert Resource(stub, _RULE, "rule").preview(rule)["arn"] == UNKNOWN


@pytest.mark.parametrize(
    ("type_", "inputs", "property_"),
    [
        (_GROUP, {"healthCheck": {"interval": 4}}, "healthCheck.interval"),
        (_GROUP, {"healthCheck": {"timeout": 1}}, "healthCheck.timeout"),
        (_GROUP, {"deregistrationDelay": 3601}, "deregistrationDelay"),
        (_GROUP, {"stickiness": {"type": "lb_cookie", "cookieDuration": 604801}}, "stickiness.cookieDuration"),
        (_GROUP, {"lambdaMultiValueHeadersEnabled": True}, "lambdaMultiValueHeadersEnabled"),
        (_BALANCER, {"subnets": ["a", "b"], "loadBalancerType": "network"}, "loadBalancerType"),
        (_BALANCER, {"subnets": ["a", "b"], "name": "internal-shop"}, "name"),
        (_RULE, {"priority": 50001}, "priority"),
        (_RULE, {"actions": [{"type": "forward"}]}, "actions[0]"),
        (
            _RULE,
            {"actions": [{"type": "forward", "forward": {"targetGroups": [{"arn": "a", "weight": 1000}]}}]},
            "actions[0].forward.targetGroups[0].weight",
        ),
        (_RULE, {"conditions": [{"cookie": {"values": ["a"]}}]}, "conditions[0]"),
        (_ALARM, {"metricName": "RequestCount", "treatMissingData": "fine"}, "treatMissingData"),
        (_INGRESS, {"ipProtocol": "tcp"}, "cidrIpv4"),
    ],
)
def test_check_refuses_what_aws_would(stub: Stub, type_: str, inputs: Map, property_: str) -> None:
    """Before anything is touched, by the property's name."""
    assert property_ in _failures(stub, type_, inputs)


def test_what_aws_refuses_comes_with_its_code(stub: Stub, aws: Aws) -> None:
    """And surely nothing happened."""
    balancer = _balancer(stub, aws, "refused")
    _listener(stub, balancer, 18002)
    with pytest.raises(grpc.RpcError) as failure:
        _listener(stub, balancer, 18002)
    assert "DuplicateListener" in said(failure.value)
    assert isinstance(failure.value, grpc.Call)
    assert failure.value.code() is grpc.StatusCode.FAILED_PRECONDITION


def test_a_group_in_use_is_not_deleted_and_a_gone_one_is(stub: Stub, aws: Aws) -> None:
    """A rule that leads to it holds it; what somebody else deleted is deleted."""
    blue, green = _group(stub, aws, "held"), _group(stub, aws, "other")
    listener = _listener(stub, _balancer(stub, aws, "holding"), 18003)
    inputs = {"listenerArn": listener.id, "conditions": [{"pathPattern": {"values": ["/*"]}}]}
    rule = Resource(stub, _RULE, "rule").create({**inputs, "actions": _forward(blue, green, (100, 0))})
    assert rule.state["priority"] == 1
    with pytest.raises(grpc.RpcError) as failure:
        green.delete()
    assert "ResourceInUse" in said(failure.value)
    rule.delete()
    rule.delete()
    green.delete()
    assert green.read()[0] == ""
    green.delete()


def test_drift_is_read_and_what_is_as_written_stays_so(stub: Stub, aws: Aws) -> None:
    """A foreign change of a weight shows in the inputs; the order of an action, which nobody wrote, does not."""
    blue, green = _group(stub, aws, "drift-blue"), _group(stub, aws, "drift-green")
    listener = _listener(stub, _balancer(stub, aws, "drift"), 18004)
    inputs = {"listenerArn": listener.id, "priority": 5, "conditions": [{"pathPattern": {"values": ["/*"]}}]}
    rule = Resource(stub, _RULE, "rule").create({**inputs, "actions": _forward(blue, green, (100, 0))})
    assert rule.read() == (rule.id, rule.inputs)
    client = aws.client("elbv2")
    groups = [{"TargetGroupArn": blue.id, "Weight": 60}, {"TargetGroupArn": green.id, "Weight": 40}]
    client.modify_rule(RuleArn=rule.id, Actions=[{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}])
    _, live = rule.read()
    assert live["actions"][0]["forward"]["targetGroups"][1] == {"arn": green.id, "weight": 40}
    assert live["priority"] == 5


def test_tags_are_the_providers_and_ones_own(stub: Stub, aws: Aws) -> None:
    """As `tagsAll`; removed ones go."""
    group = _group(stub, aws, "tagged", tags={"colour": "blue"})
    assert group.state["tagsAll"] == {"colour": "blue", "team": "shop"}
    group.update({**_said(group), "tags": {"a": "b"}})
    described = aws.client("elbv2").describe_tags(ResourceArns=[group.id])["TagDescriptions"][0]["Tags"]
    assert {tag["Key"]: tag["Value"] for tag in described} == {"a": "b", "team": "shop"}


def test_a_tag_that_somebody_else_wrote_stays_until_the_state_differs(stub: Stub, aws: Aws) -> None:
    """As with Pulumi's provider, which compares tags with its state and not with AWS."""
    group = _group(stub, aws, "foreign", tags={"colour": "blue"})
    elb = aws.client("elbv2")
    elb.add_tags(ResourceArns=[group.id], Tags=[{"Key": "colour", "Value": "green"}])
    group.update({**_said(group), "tags": {"colour": "blue", "a": "b"}})
    described = elb.describe_tags(ResourceArns=[group.id])["TagDescriptions"][0]["Tags"]
    assert {each["Key"]: each["Value"] for each in described} == {"colour": "green", "a": "b", "team": "shop"}


def test_security_groups_and_their_rules(stub: Stub, aws: Aws) -> None:
    """A group begins with no rules at all; a rule's ports change in place, its group does not."""
    group = Resource(stub, _SECURITY, "balancer").create({"vpcId": vpc(aws), "description": "of a test"})
    assert group.state["egress"] == []
    inputs = {"securityGroupId": group.id, "ipProtocol": "tcp", "fromPort": 80, "toPort": 80, "cidrIpv4": "0.0.0.0/0"}
    rule = Resource(stub, _INGRESS, "http").create(inputs)
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
    alarm = Resource(stub, _ALARM, "errors").create(inputs)
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
    balancer = _balancer(stub, aws, "recorded")
    alias = {"name": balancer.state["dnsName"], "zoneId": balancer.state["zoneId"], "evaluateTargetHealth": True}
    inputs = {"zoneId": identifier, "name": "www.shop.example", "type": "A", "aliases": [alias]}
    record = Resource(stub, _RECORD, "www").create(inputs)
    assert record.id == f"{identifier}_www.shop.example_A"
    assert record.state["fqdn"] == "www.shop.example"
    assert record.state["aliases"][0]["name"].rstrip(".") == balancer.state["dnsName"]
    record.delete()
    assert record.read()[0] == ""


def test_lookups(stub: Stub, aws: Aws) -> None:
    """Account, network, subnets, and a load balancer by tags that only it has."""
    assert _invoke(stub, "aws:index/getCallerIdentity:getCallerIdentity", {})["accountId"] == "123456789012"
    network = _invoke(stub, "aws:ec2/getVpc:getVpc", {"default": True})
    assert (network["id"], network["default"]) == (vpc(aws), True)
    filters = [{"name": "vpc-id", "values": [network["id"]]}]
    assert _invoke(stub, "aws:ec2/getSubnets:getSubnets", {"filters": filters})["ids"] == sorted(subnets(aws))
    made = Resource(stub, _BALANCER, "tagged").create({"subnets": subnets(aws), "tags": {"app": "lookups"}})
    found = _invoke(stub, "aws:lb/getLoadBalancer:getLoadBalancer", {"tags": {"app": "lookups"}})
    assert (found["arn"], found["dnsName"]) == (made.id, made.state["dnsName"])
    with pytest.raises(grpc.RpcError) as failure:
        _invoke(stub, "aws:lb/getLoadBalancer:getLoadBalancer", {"tags": {"app": "nobody's"}})
    assert "0 of load balancer match" in said(failure.value)


def test_a_load_balancer_and_its_attributes(stub: Stub, aws: Aws) -> None:
    """Attributes are inputs with types; a protected one is not deleted."""
    balancer = Resource(stub, _BALANCER, "kept").create({"subnets": subnets(aws), "enableDeletionProtection": True})
    assert re.fullmatch(r"app/kept-[0-9a-f]{7}/[0-9a-f]{16}", balancer.state["arnSuffix"])
    assert (balancer.state["idleTimeout"], balancer.state["enableDeletionProtection"]) == (60, True)
    with pytest.raises(grpc.RpcError) as failure:
        balancer.delete()
    assert "OperationNotPermitted" in said(failure.value)
    balancer.update({"subnets": subnets(aws), "enableDeletionProtection": False, "idleTimeout": 120})
    assert (balancer.state["idleTimeout"], balancer.state["enableDeletionProtection"]) == (120, False)
    balancer.delete()
    assert balancer.read()[0] == ""


def test_what_was_begun_is_kept_and_finished(stub: Stub, aws: Aws) -> None:
    """A target group whose attributes are refused exists: the engine gets its id, and its next update sets them."""
    aws.order(answers=[{"operation": "ModifyTargetGroupAttributes", "code": "InvalidConfigurationRequest"}])
    group = Resource(stub, _GROUP, "begun")
    inputs = {"port": 8000, "protocol": "HTTP", "vpcId": vpc(aws), "deregistrationDelay": 30}
    with pytest.raises(grpc.RpcError) as failure:
        group.create(inputs)
    assert group.reasons == [said(failure.value)]
    assert "InvalidConfigurationRequest" in group.reasons[0]
    assert (group.id, group.state["deregistrationDelay"]) == (group.state["arn"], 300)
    group.update(_said(group))
    assert group.state["deregistrationDelay"] == 30


def test_half_an_update_is_told_as_half(stub: Stub, aws: Aws) -> None:
    """What is live afterwards is the state; of one that did nothing, nothing is."""
    group = _group(stub, aws, "half", deregistrationDelay=30)
    wanted = {**_said(group), "healthCheck": {"path": "/ready"}, "deregistrationDelay": 60}
    aws.order(answers=[{"operation": "ModifyTargetGroupAttributes", "code": "InvalidConfigurationRequest"}])
    with pytest.raises(grpc.RpcError):
        group.update(wanted)
    assert (group.state["healthCheck"]["path"], group.state["deregistrationDelay"]) == ("/ready", 30)
    aws.order(answers=[{"operation": "ModifyTargetGroupAttributes", "code": "InvalidConfigurationRequest"}])
    with pytest.raises(grpc.RpcError) as failure:
        group.update(wanted)
    assert isinstance(failure.value, grpc.Call)
    assert failure.value.code() is grpc.StatusCode.FAILED_PRECONDITION


def test_throttled_calls_are_tried_again(stub: Stub, aws: Aws) -> None:
    """As Pulumi's provider does; only a lasting refusal fails."""
    aws.order(answers=[{"operation": "CreateTargetGroup", "code": "Throttling", "times": 2}])
    assert _group(stub, aws, "throttled").id


def test_types_and_functions_it_does_not_know_are_refused(stub: Stub) -> None:
    """By name: what a stand-in leaves out must not be left out silently."""
    with pytest.raises(grpc.RpcError) as failure:
        _failures(stub, "aws:s3/bucket:Bucket", {})
    assert "aws:s3/bucket:Bucket" in said(failure.value)
    with pytest.raises(grpc.RpcError) as failure:
        _invoke(stub, "aws:ec2/getAmi:getAmi", {})
    assert "getAmi" in said(failure.value)


@pytest.mark.parametrize("endpoint", ["", "https://elasticloadbalancing.eu-west-1.amazonaws.com", "http://192.0.2.1"])
def test_there_is_no_way_to_a_real_account(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    """Without an endpoint on this machine nothing is configured, so nothing is asked."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    with _served() as stub, pytest.raises(grpc.RpcError) as failure:
        stub.Configure(provider_pb2.ConfigureRequest())
    assert f"AWS_ENDPOINT_URL is {endpoint!r}" in said(failure.value)


def test_settings_it_would_ignore_are_refused(stub: Stub) -> None:
    """Another account's role, say."""
    request = provider_pb2.CheckRequest(news=to_struct({"region": "eu-west-1", "assumeRoles": "[]"}))
    assert [failure.property for failure in stub.CheckConfig(request).failures] == ["assumeRoles"]
