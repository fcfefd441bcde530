"""The stand-in `aws` provider keeps what an engine relies on in Pulumi's protocol, whatever the resource."""

# The published stubs of the provider service name a module that does not exist, so its calls have no types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import re

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2

from sandbox.providers.properties import UNKNOWN, Map, to_struct
from tests.unit.aws.conftest import Aws
from tests.unit.aws.network import vpc
from tests.unit.aws.provider.declaring import (
    ALARM,
    BALANCER,
    GROUP,
    INGRESS,
    RULE,
    Stub,
    failures,
    forward,
    invoke,
    new_balancer,
    new_group,
    new_listener,
    own_inputs,
    served,
)
from tests.unit.aws.provider.resource import Resource, said


def test_names_are_given_as_pulumi_does(stub: Stub, aws: Aws) -> None:
    """The logical name and seven hexadecimal digits; kept by updates, since a new one would be a new target group."""
    group = new_group(stub, aws, "named")
    assert re.fullmatch(r"named-[0-9a-f]{7}", group.state["name"])
    assert group.check({"port": 8000})["name"] == group.state["name"]
    assert "32" in failures(stub, GROUP, {"name": "x" * 33})["name"]
    assert "hyphens" in failures(stub, GROUP, {"name": "under_score"})["name"]


def test_what_was_named_by_hand_is_deleted_before_it_is_replaced(stub: Stub, aws: Aws) -> None:
    """Or its successor could not have its name."""
    inputs = {"name": "fixed-by-hand", "port": 8000, "protocol": "HTTP", "vpcId": vpc(aws)}
    group = Resource(stub, GROUP, "fixed").create(inputs)
    found = group.diff({**group.inputs, "port": 8001})
    assert found.replaces == ["port"]
    assert found.deleteBeforeReplace


def test_a_preview_knows_what_it_cannot_know(stub: Stub) -> None:
    """A missing output would be None to a program, and its `apply` would fail; unknown inputs are let through."""
    inputs = {"port": 8000, "protocol": "HTTP", "vpcId": UNKNOWN, "name": UNKNOWN, "tags": {"colour": "blue"}}
    preview = Resource(stub, GROUP, "previewed").preview(inputs)
    assert {preview[key] for key in ("arn", "arnSuffix", "loadBalancerArns", "vpcId")} == {UNKNOWN}
    assert preview["tagsAll"] == {"colour": "blue", "team": "shop"}
    weighed = [{"type": "forward", "forward": {"targetGroups": [{"arn": UNKNOWN, "weight": 100}]}}]
    rule = {"listenerArn": UNKNOWN, "conditions": [{"pathPattern": {"values": ["/*"]}}], "actions": weighed}
    assert Resource(stub, RULE, "rule").preview(rule)["arn"] == UNKNOWN


@pytest.mark.parametrize(
    ("type_", "inputs", "property_"),
    [
        (GROUP, {"healthCheck": {"interval": 4}}, "healthCheck.interval"),
        (GROUP, {"healthCheck": {"timeout": 1}}, "healthCheck.timeout"),
        (GROUP, {"deregistrationDelay": 3601}, "deregistrationDelay"),
        (GROUP, {"stickiness": {"type": "lb_cookie", "cookieDuration": 604801}}, "stickiness.cookieDuration"),
        (GROUP, {"lambdaMultiValueHeadersEnabled": True}, "lambdaMultiValueHeadersEnabled"),
        (BALANCER, {"subnets": ["a", "b"], "loadBalancerType": "network"}, "loadBalancerType"),
        (BALANCER, {"subnets": ["a", "b"], "name": "internal-shop"}, "name"),
        (RULE, {"priority": 50001}, "priority"),
        (RULE, {"actions": [{"type": "forward"}]}, "actions[0]"),
        (
            RULE,
            {"actions": [{"type": "forward", "forward": {"targetGroups": [{"arn": "a", "weight": 1000}]}}]},
            "actions[0].forward.targetGroups[0].weight",
        ),
        (RULE, {"conditions": [{"cookie": {"values": ["a"]}}]}, "conditions[0]"),
        (ALARM, {"metricName": "RequestCount", "treatMissingData": "fine"}, "treatMissingData"),
        (INGRESS, {"ipProtocol": "tcp"}, "cidrIpv4"),
    ],
)
def test_check_refuses_what_aws_would(stub: Stub, type_: str, inputs: Map, property_: str) -> None:
    """Before anything is touched, by the property's name."""
    assert property_ in failures(stub, type_, inputs)


def test_what_aws_refuses_comes_with_its_code(stub: Stub, aws: Aws) -> None:
    """And surely nothing happened."""
    balancer = new_balancer(stub, aws, "refused")
    new_listener(stub, balancer, 18002)
    with pytest.raises(grpc.RpcError) as failure:
        new_listener(stub, balancer, 18002)
    assert "DuplicateListener" in said(failure.value)
    assert isinstance(failure.value, grpc.Call)
    assert failure.value.code() is grpc.StatusCode.FAILED_PRECONDITION


def test_drift_is_read_and_what_is_as_written_stays_so(stub: Stub, aws: Aws) -> None:
    """A foreign change of a weight shows in the inputs; the order of an action, which nobody wrote, does not."""
    blue, green = new_group(stub, aws, "drift-blue"), new_group(stub, aws, "drift-green")
    listener = new_listener(stub, new_balancer(stub, aws, "drift"), 18004)
    inputs = {"listenerArn": listener.id, "priority": 5, "conditions": [{"pathPattern": {"values": ["/*"]}}]}
    rule = Resource(stub, RULE, "rule").create({**inputs, "actions": forward(blue, green, (100, 0))})
    assert rule.read() == (rule.id, rule.inputs)
    client = aws.client("elbv2")
    groups = [{"TargetGroupArn": blue.id, "Weight": 60}, {"TargetGroupArn": green.id, "Weight": 40}]
    client.modify_rule(RuleArn=rule.id, Actions=[{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}])
    _, live = rule.read()
    assert live["actions"][0]["forward"]["targetGroups"][1] == {"arn": green.id, "weight": 40}
    assert live["priority"] == 5


def test_what_was_begun_is_kept_and_finished(stub: Stub, aws: Aws) -> None:
    """A target group whose attributes are refused exists: the engine gets its id, and its next update sets them."""
    aws.order(answers=[{"operation": "ModifyTargetGroupAttributes", "code": "InvalidConfigurationRequest"}])
    group = Resource(stub, GROUP, "begun")
    inputs = {"port": 8000, "protocol": "HTTP", "vpcId": vpc(aws), "deregistrationDelay": 30}
    with pytest.raises(grpc.RpcError) as failure:
        group.create(inputs)
    assert group.reasons == [said(failure.value)]
    assert "InvalidConfigurationRequest" in group.reasons[0]
    assert (group.id, group.state["deregistrationDelay"]) == (group.state["arn"], 300)
    group.update(own_inputs(group))
    assert group.state["deregistrationDelay"] == 30


def test_half_an_update_is_told_as_half(stub: Stub, aws: Aws) -> None:
    """What is live afterwards is the state; of one that did nothing, nothing is."""
    group = new_group(stub, aws, "half", deregistrationDelay=30)
    wanted = {**own_inputs(group), "healthCheck": {"path": "/ready"}, "deregistrationDelay": 60}
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
    assert new_group(stub, aws, "throttled").id


def test_types_and_functions_it_does_not_know_are_refused(stub: Stub) -> None:
    """By name: what a stand-in leaves out must not be left out silently."""
    with pytest.raises(grpc.RpcError) as failure:
        failures(stub, "aws:s3/bucket:Bucket", {})
    assert "aws:s3/bucket:Bucket" in said(failure.value)
    with pytest.raises(grpc.RpcError) as failure:
        invoke(stub, "aws:ec2/getAmi:getAmi", {})
    assert "getAmi" in said(failure.value)


@pytest.mark.parametrize("endpoint", ["", "https://elasticloadbalancing.eu-west-1.amazonaws.com", "http://192.0.2.1"])
def test_there_is_no_way_to_a_real_account(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    """Without an endpoint on this machine nothing is configured, so nothing is asked."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    with served() as stub, pytest.raises(grpc.RpcError) as failure:
        stub.Configure(provider_pb2.ConfigureRequest())
    assert f"AWS_ENDPOINT_URL is {endpoint!r}" in said(failure.value)


def test_settings_it_would_ignore_are_refused(stub: Stub) -> None:
    """Another account's role, say."""
    request = provider_pb2.CheckRequest(news=to_struct({"region": "eu-west-1", "assumeRoles": "[]"}))
    assert [failure.property for failure in stub.CheckConfig(request).failures] == ["assumeRoles"]
