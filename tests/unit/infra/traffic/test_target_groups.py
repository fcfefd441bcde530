"""`router: alb`: how a load balancer speaks to the pods of each service, and what it asks them."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.unit.infra.declaring import ALB, CALLERS, Declared, config, declared

# pulumi-aws says this when it is imported, of a resource that teal has not.
pytestmark = pytest.mark.filterwarnings("ignore:aws.ec2/encryptioncontrol:DeprecationWarning")

SECURE = {**ALB, "certificateArn": "arn:aws:acm:eu-west-1:123456789012:certificate/0123"}


async def behind(service: Mapping[str, Any], alb: Mapping[str, Any] = SECURE) -> Declared:
    """What a stack behind a load balancer declares."""
    services = json.dumps({"backend": {**CALLERS, **service}})
    return await declared({**config(), "alb": json.dumps(alb), "services": services})


@pytest.mark.parametrize(
    ("service", "common", "path", "matcher"),
    [
        ({}, {}, "/", "200-499"),
        ({"probes": {"readiness": {"path": "/up"}}}, {}, "/up", "200-399"),
        ({"probes": {"readiness": {"path": "/up", "headers": {"Host": "shop.example"}}}}, {}, "/up", "200-499"),
        ({"probes": {"readiness": {"path": "/up", "port": 9000}}}, {}, "/", "200-499"),
        ({"contract": True}, {}, "/health/ready", "200-399"),
        ({"contract": True}, {"path": "/healthz"}, "/healthz", "200"),
        ({"targetGroup": {"healthCheck": {"path": "/own", "matcher": "200,302"}}}, {"path": "/x"}, "/own", "200,302"),
        ({"targetGroup": {"protocolVersion": "GRPC"}}, {}, "/AWS.ALB/healthcheck", "0-99"),
        (
            {"targetGroup": {"protocolVersion": "GRPC"}, "probes": {"readiness": {"grpc": {}}}},
            {"path": "/healthz"},
            "/grpc.health.v1.Health/Check",
            "0",
        ),
    ],
)
async def test_targets_are_asked_for_what_they_have(
    service: Mapping[str, Any], common: Mapping[str, Any], path: str, matcher: str
) -> None:
    """The service's own word, then the stack's, then the readiness probe's; else whether anybody is there."""
    check = (await behind(service, {**SECURE, "healthCheck": common}))["TargetGroup", "backend-blue"]["healthCheck"]
    assert (check["path"], check["matcher"]) == (path, matcher)
    assert (check["port"], check["protocol"]) == ("traffic-port", "HTTP")


@pytest.mark.parametrize(("port", "asked"), [(None, "HTTPS"), (8000, "HTTPS"), (9000, "HTTP")])
async def test_targets_that_speak_tls_are_spoken_to_so(port: int | None, asked: str) -> None:
    """Their requests, and the health check at the same port; at another one it is as the check says."""
    over_tls = {"readiness": {"path": "/up", "scheme": "HTTPS"}}
    group = (await behind({"port": 8000, "probes": over_tls, "targetGroup": {"healthCheck": {"port": port}}}))[
        "TargetGroup", "backend-blue"
    ]
    assert (group["protocol"], group["healthCheck"]["protocol"]) == ("HTTPS", asked)


async def test_a_target_group_speaks_what_its_service_does() -> None:
    """Version, algorithm and slow start are AWS's own attributes, and none is sent that is its default."""
    plain = (await behind({}))["TargetGroup", "backend-blue"]
    assert not {"protocolVersion", "slowStart", "loadBalancingAlgorithmType"} & plain.keys()
    own = {"protocolVersion": "HTTP2", "slowStartSeconds": 60}
    made = (await behind({"targetGroup": own}))["TargetGroup", "backend-green"]
    assert (made["protocolVersion"], made["slowStart"]) == ("HTTP2", 60)
    spread = (await behind({"targetGroup": {"algorithm": "weighted_random"}}))["TargetGroup", "backend-green"]
    assert spread["loadBalancingAlgorithmType"] == "weighted_random"


async def test_a_port_of_its_own_for_health_checks_is_let_through() -> None:
    """By the load balancer's security group, the binding's rules, and the pods' network policy."""
    found = await behind({"targetGroup": {"healthCheck": {"port": 9090, "protocol": "HTTPS"}}})
    check = found["TargetGroup", "backend-blue"]["healthCheck"]
    assert (check["port"], check["protocol"]) == ("9090", "HTTPS")
    assert {"balancer-out-8000", "balancer-out-9090"} == {*found.names("SecurityGroupEgressRule")}
    binding = found["TargetGroupBinding", "backend-blue-binding"]["spec"]["networking"]["ingress"][0]
    assert [each["port"] for each in binding["ports"]] == ["http", 9090]
    policy = found["NetworkPolicy", "backend-network"]["spec"]["ingress"]
    assert 9090 in {port["port"] for rule in policy for port in rule.get("ports", ())}


async def test_the_idle_timeout_is_the_balancers() -> None:
    """For WebSockets that are silent for longer than AWS's minute."""
    assert "idleTimeout" not in (await behind({}))["LoadBalancer", "balancer"]
    found = await behind({}, {**SECURE, "idleTimeoutSeconds": 3600})
    assert found["LoadBalancer", "balancer"]["idleTimeout"] == 3600


async def test_the_protocol_is_said_to_the_controller_too() -> None:
    """The Service by which it finds pods carries it."""
    found = await behind({"appProtocol": "kubernetes.io/h2c"})
    assert found["Service", "backend-blue-targets"]["spec"]["ports"][0]["appProtocol"] == "kubernetes.io/h2c"
