"""The tests declare these by the stand-in provider, and ask it so."""

# The published stubs of the provider service name a module that does not exist, so its calls have no types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from sandbox.providers.aws.provider import AwsProvider
from sandbox.providers.properties import Map, from_struct, to_struct
from tests.unit.aws.conftest import Aws
from tests.unit.aws.network import subnets, vpc
from tests.unit.aws.provider.resource import Resource

BALANCER = "aws:lb/loadBalancer:LoadBalancer"
GROUP = "aws:lb/targetGroup:TargetGroup"
LISTENER = "aws:lb/listener:Listener"
RULE = "aws:lb/listenerRule:ListenerRule"
SECURITY = "aws:ec2/securityGroup:SecurityGroup"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
RECORD = "aws:route53/record:Record"

Stub = provider_pb2_grpc.ResourceProviderStub


@contextmanager
def served() -> Generator[Stub]:
    """Serve the provider, not configured yet."""
    server = grpc.server(ThreadPoolExecutor(4))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(AwsProvider(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield Stub(channel)
    server.stop(grace=None)


def failures(stub: Stub, type_: str, inputs: Map) -> dict[str, str]:
    """What is wrong with these inputs, by property."""
    urn = f"urn:pulumi:test::provider::{type_}::it"
    answer = stub.Check(provider_pb2.CheckRequest(urn=urn, name="it", type=type_, news=to_struct(inputs)))
    return {failure.property: failure.reason for failure in answer.failures}


def invoke(stub: Stub, token: str, args: Map) -> Map:
    """What a function returns."""
    answer = stub.Invoke(provider_pb2.InvokeRequest(tok=token, args=to_struct(args)))
    return from_struct(getattr(answer, "return"))


def new_group(stub: Stub, aws: Aws, name: str, **inputs: Any) -> Resource:  # noqa: ANN401 - inputs of a target group
    """A target group of addresses."""
    given = {"port": 8000, "protocol": "HTTP", "targetType": "ip", "vpcId": vpc(aws), **inputs}
    return Resource(stub, GROUP, name).create(given)


def new_balancer(stub: Stub, aws: Aws, name: str) -> Resource:
    """A load balancer in all subnets."""
    return Resource(stub, BALANCER, name).create({"subnets": subnets(aws)})


def new_listener(stub: Stub, balancer: Resource, port: int) -> Resource:
    """A listener that finds nothing."""
    none = {"type": "fixed-response", "fixedResponse": {"contentType": "text/plain", "statusCode": "404"}}
    return Resource(stub, LISTENER, f"listener{port}").create(
        {"loadBalancerArn": balancer.id, "port": port, "defaultActions": [none]}
    )


def forward(blue: Resource, green: Resource, shares: tuple[int, int]) -> list[Map]:
    """The action of a rule that gives both target groups their shares."""
    groups = [{"arn": group.id, "weight": weight} for group, weight in zip((blue, green), shares, strict=True)]
    return [{"type": "forward", "forward": {"targetGroups": groups}}]


def own_inputs(resource: Resource) -> Map:
    """What the program said, without the name that was given."""
    return {key: value for key, value in resource.inputs.items() if key not in ("name", "__defaults")}
