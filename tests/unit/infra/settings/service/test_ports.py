"""Ports, probes, autoscaling, budgets and target groups as a stack says them: what is refused, and with which words."""

from collections.abc import Mapping
from typing import Any

import pytest
from teal_infra.settings.reach.worker import refusals
from teal_infra.settings.service import ServiceSettings

from tests.unit.infra.declaring import ALB
from tests.unit.infra.settings.service.refusing import refusal


@pytest.mark.parametrize(
    ("service", "says", "remedy"),
    [
        (
            {"probes": {"readiness": {"path": "/", "grpc": {}}}},
            "path and grpc are given, and a probe is of one kind",
            "rm --path 'teal:services.backend.probes.readiness.grpc'",
        ),
        (
            {"probes": {"liveness": {"exec": ["true"], "port": 9000}}},
            "a command is run in the container, at no port",
            "rm --path 'teal:services.backend.probes.liveness.port'",
        ),
        (
            {"probes": {"liveness": {"port": "management"}}},
            "no port of the pods is called management",
            "set --path 'teal:services.backend.probes.liveness.port' 8000",
        ),
        (
            {"frontDoor": {"extraPorts": {"admin": {"port": 81, "targetPort": "admin"}}}},
            "no port of the pods is called admin",
            "set --path 'teal:services.backend.frontDoor.extraPorts.admin.targetPort' 8000",
        ),
        (
            {"requestMetrics": {"port": "admin"}},
            "no port of the pods is called admin",
            "set --path 'teal:services.backend.requestMetrics.port' 8000",
        ),
        (
            {"ports": {"http": 9000}},
            "http is the name of the service's own port",
            "rm --path 'teal:services.backend.ports.http'",
        ),
        (
            {"port": 9000, "ports": {"management": 9000}},
            "9000 is the number of port, too",
            "rm --path 'teal:services.backend.ports.management'",
        ),
        (
            {"frontDoor": {"loadBalancerClass": "service.k8s.aws/nlb"}},
            "the type ClusterIP, which has no load balancer",
            "set --path 'teal:services.backend.frontDoor.type' LoadBalancer",
        ),
        (
            {"autoscaling": {"metrics": [{"type": "External"}], "cpuPercent": 50}},
            "cpuPercent is set, and metrics take its place",
            "rm --path 'teal:services.backend.autoscaling.cpuPercent'",
        ),
        (
            {"autoscaling": {"external": True, "minReplicas": 2}},
            "minReplicas is set, and external says that another autoscaler decides",
            "rm --path 'teal:services.backend.autoscaling.minReplicas'",
        ),
        (
            {"autoscaling": {"enabled": False, "idlePercent": 50}},
            "idlePercent is set, and enabled says that none decides",
            "rm --path 'teal:services.backend.autoscaling.idlePercent'",
        ),
        (
            {"replicas": 1},
            "replicas is 1, and an autoscaler (of 3 to 20 pods) decides how many there are",
            "set --path 'teal:services.backend.autoscaling.enabled' false",
        ),
        (
            {"replicas": 1, "autoscaling": {"minReplicas": 2}},
            "replicas is 1, and an autoscaler (of 2 to 20 pods) decides how many there are",
            "rm --path 'teal:services.backend.replicas'",
        ),
        (
            {"replicas": 1, "autoscaling": {"external": True}},
            "replicas is 1, and an autoscaler (somebody else's) decides how many there are",
            "rm --path 'teal:services.backend.replicas'",
        ),
        (
            {"autoscaling": {"cpuPercent": None, "memoryPercent": None}},
            "the autoscaler has nothing to go by",
            "set --path 'teal:services.backend.autoscaling.cpuPercent' 70",
        ),
        (
            {"disruption": {"maxUnavailable": 1, "minAvailable": "50%"}},
            "a budget has one bound",
            "rm --path 'teal:services.backend.disruption.maxUnavailable'",
        ),
        *(
            (
                {"targetGroup": {"protocolVersion": protocol, "healthCheck": {"matcher": matcher}}},
                f"{matcher} is no status of {protocol}",
                "rm --path 'teal:services.backend.targetGroup.healthCheck.matcher'",
            )
            for protocol, matcher in (("GRPC", "200"), ("HTTP1", "700"), ("HTTP2", "300-200"), ("HTTP1", "0"))
        ),
        (
            {"frontDoor": {"portName": "admin", "extraPorts": {"admin": {"port": 81, "targetPort": 9000}}}},
            "admin is the portName of the same door",
            "rm --path 'teal:services.backend.frontDoor.extraPorts.admin'",
        ),
        (
            {"frontDoor": {"portName": "", "extraPorts": {"admin": {"port": 81, "targetPort": 9000}}}},
            "the port has no name, and the door has further ones",
            "rm --path 'teal:services.backend.frontDoor.portName'",
        ),
        (
            {"previewDoor": {"type": "NodePort"}},
            "previewDoor.type is NodePort, and network.callers names no address",
            "set --path 'teal:services.backend.network.callers.nodes.cidrs[0]' 10.20.0.0/16",
        ),
        (
            {"rollout": {"minReadySeconds": 600}},
            "progressDeadlineSeconds 600 is not longer than rollout.minReadySeconds 600",
            "set --path 'teal:services.backend.progressDeadlineSeconds' 1200",
        ),
        (
            {"volumes": {"tmp": {"mountPath": "/var/tmp"}}},  # noqa: S108 - the container's own
            "tmp is the volume at /tmp: give this one another name",
            "rm --path 'teal:services.backend.volumes.tmp'",
        ),
        (
            {"volumes": {"all": {"mountPath": "//"}}},
            "the folder is all that the image has",
            "rm --path 'teal:services.backend.volumes.all'",
        ),
        (
            {"targetGroup": {"slowStartSeconds": 30, "algorithm": "weighted_random"}},
            "AWS takes a slow start with round_robin alone",
            "set --path 'teal:services.backend.targetGroup.algorithm' round_robin",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_what_mends_it(service: Mapping[str, Any], says: str, remedy: str) -> None:
    """At its place, and the next command is the one that clears it."""
    said = refusal(service)
    assert says in said
    assert f"Next: pulumi config {remedy}" in said


@pytest.mark.parametrize(
    ("gates", "remedy"),
    [
        (
            {"smoke": {"requests": {"home": {"path": "/"}}}},
            "rm --path 'teal:services.backend.gates.smoke.requests'",
        ),
        ({"contract": {}}, "rm --path 'teal:services.backend.gates.contract'"),
        ({"metrics": {}}, "set --path 'teal:services.backend.gates.metrics.traffic.enabled' false"),
    ],
)
def test_nothing_asks_pods_that_the_api_server_cannot_reach(gates: Mapping[str, Any], remedy: str) -> None:
    """No flip could pass."""
    said = refusal({"gates": gates}, podsReachable="false", prometheus={"url": "http://127.0.0.1:9090"})
    assert "podsReachable is false" in said
    assert f"Next: pulumi config {remedy}" in said


def test_http_2_behind_a_balancer_needs_its_https() -> None:
    """AWS forwards it from no other listener."""
    said = refusal({"network": {"policies": False}, "targetGroup": {"protocolVersion": "HTTP2"}}, router="alb", alb=ALB)
    assert "targetGroup.protocolVersion of backend is HTTP2, which AWS forwards from HTTPS listeners alone" in said
    assert "Next: pulumi config set --path 'teal:alb.certificateArn'" in said


def test_the_idle_timeout_of_a_balancer_of_somebody_elses_is_theirs() -> None:
    """It would have no effect."""
    known = {"vpcId": ALB["vpcId"], "loadBalancer": {"tags": {"shared": "yes"}}, "idleTimeoutSeconds": 300}
    said = refusal({"network": {"policies": False}}, router="alb", alb=known)
    assert "the load balancer is there already" in said
    assert "Next: pulumi config rm --path 'teal:alb.idleTimeoutSeconds'" in said


def test_a_port_that_is_quoted_is_a_number() -> None:
    """No port can be called so: a name has a letter at least, which may be all of it."""
    quoted = {"port": "9090"}
    service = ServiceSettings.model_validate(
        {
            "ports": {"m": 9090, "8-h": 9091},
            "probes": {"readiness": quoted, "liveness": {"port": "m"}},
            "requestMetrics": quoted,
            "frontDoor": {"extraPorts": {"admin": {"port": 81, "targetPort": "9090"}}},
        }
    )
    assert (service.probes.readiness.port, service.request_metrics.port) == (9090, 9090)
    assert service.front_door.extra_ports["admin"].target_port == 9090
    worker = {"kind": "worker", "probes": {"readiness": quoted}}
    assert not [*refusals(worker)]


def test_the_name_of_a_port_has_a_letter() -> None:
    """The API server would refuse the pods."""
    for name in ("8081", "80-81", "a--b", "-a", "a-", ""):
        said = refusal({"ports": {name: 9090}})
        assert "no probe and no Service could name them. Next: pulumi config rm --path" in said


def test_no_autoscaler_is_said_by_null_too() -> None:
    """As no limit and no budget are."""
    for none in (None, False):
        assert ServiceSettings.model_validate({"autoscaling": none}).autoscaling.fixed
