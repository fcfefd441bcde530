"""Ports, probes, autoscalers and budgets, as Kubernetes is told them."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from teal_infra.components import fingerprint
from teal_infra.planning import slots

from teal.model.colours import Colour
from tests.unit.infra.declaring import Declared, config, declared
from tests.unit.infra.worlds import BASE, edited, settings

TIMES = {"initialDelaySeconds": 0, "periodSeconds": 10, "timeoutSeconds": 5, "failureThreshold": 3}
PORTS = {"port": 9000, "ports": {"management": 9090}}


async def stack(service: Mapping[str, Any], **more: object) -> Declared:
    """What a stack with this service declares."""
    given = {"services": {"backend": service}, **more}
    return await declared({**config(router="service"), **{key: json.dumps(each) for key, each in given.items()}})


async def container(service: Mapping[str, Any]) -> Mapping[str, Any]:
    """The service's container in the blue pods."""
    found = (await stack(service))["Deployment", "backend-blue"]
    return found["spec"]["template"]["spec"]["containers"][0]


@pytest.mark.parametrize(
    ("probe", "made"),
    [
        ({"path": "/up"}, {"httpGet": {"path": "/up", "port": "http"}}),
        ({"path": "/up", "port": "management"}, {"httpGet": {"path": "/up", "port": "management"}}),
        (
            {"path": "/up", "scheme": "HTTPS", "headers": {"Host": "shop.example"}},
            {
                "httpGet": {
                    "path": "/up",
                    "port": "http",
                    "scheme": "HTTPS",
                    "httpHeaders": [{"name": "Host", "value": "shop.example"}],
                }
            },
        ),
        ({}, {"tcpSocket": {"port": "http"}}),
        ({"tcp": True, "port": 9090}, {"tcpSocket": {"port": 9090}}),
        ({"grpc": {}}, {"grpc": {"port": 9000, "service": ""}}),
        ({"grpc": {"service": "shop.v1"}, "port": "management"}, {"grpc": {"port": 9090, "service": "shop.v1"}}),
        ({"exec": ["pg_isready", "-q"]}, {"exec": {"command": ["pg_isready", "-q"]}}),
    ],
)
async def test_a_probe_is_of_any_kind_on_any_port(probe: Mapping[str, Any], made: Mapping[str, Any]) -> None:
    """Kubernetes takes names of ports, but for gRPC: there it is the number."""
    whole = {"initialDelaySeconds": 0, "failureThreshold": 3, "periodSeconds": 10, **probe}
    found = await container({**PORTS, "probes": dict.fromkeys(("startup", "liveness", "readiness"), whole)})
    assert [found[f"{name}Probe"] for name in ("startup", "liveness", "readiness")] == [{**made, **TIMES}] * 3


async def test_a_service_of_which_only_the_port_is_known_is_connected_to() -> None:
    """Whatever it speaks."""
    found = await container({"port": 6379})
    assert [found[f"{name}Probe"]["tcpSocket"] for name in ("startup", "liveness", "readiness")] == [
        {"port": "http"}
    ] * 3


async def test_startup_and_liveness_can_be_left_out() -> None:
    """Not readiness: without it, a pod would count the moment that its process starts."""
    found = await container({"probes": {"startup": None, "liveness": None}})
    assert {key for key in found if key.endswith("Probe")} == {"readinessProbe"}


async def test_further_ports_have_names_and_the_protocol_is_said_to_whoever_forwards() -> None:
    """On the active Service and on those of both colours."""
    found = await stack(
        {
            **PORTS,
            "appProtocol": "kubernetes.io/h2c",
            "frontDoor": {
                "type": "LoadBalancer",
                "loadBalancerClass": "service.k8s.aws/nlb",
                "extraPorts": {"admin": {"port": 81, "targetPort": "management"}},
            },
            "network": {"callers": {"nodes": {"cidrs": ["10.0.0.0/16"]}}},
        }
    )
    pod = found["Deployment", "backend-blue"]["spec"]["template"]["spec"]["containers"][0]
    assert pod["ports"] == [
        {"name": "http", "containerPort": 9000},
        {"name": "management", "containerPort": 9090},
    ]
    active = found["Service", "backend-active"]["spec"]
    assert active["loadBalancerClass"] == "service.k8s.aws/nlb"
    assert [each["targetPort"] for each in active["ports"]] == ["http", "management"]
    colours = [found["Service", f"backend-{colour}"]["spec"]["ports"][0] for colour in Colour]
    assert [each["appProtocol"] for each in (active["ports"][0], *colours)] == ["kubernetes.io/h2c"] * 3
    policy = found["NetworkPolicy", "backend-network"]["spec"]["ingress"]
    assert {port["port"] for rule in policy for port in rule.get("ports", ())} == {"http", 9000, "management", 9090}


async def test_a_door_has_what_kubernetes_lets_a_service_have() -> None:
    """Policies, affinity, and further ports of any protocol, on which the pods may be reached."""
    quic = {"port": 80, "targetPort": 9000, "protocol": "UDP", "appProtocol": "h3"}
    found = await stack(
        {
            **PORTS,
            "frontDoor": {
                "type": "LoadBalancer",
                "externalTrafficPolicy": "Local",
                "internalTrafficPolicy": "Cluster",
                "sessionAffinity": "ClientIP",
                "extraPorts": {"quic": quic},
            },
            "network": {"callers": {"nodes": {"cidrs": ["10.0.0.0/16"]}}},
        }
    )
    active, idle = (found["Service", f"backend-{each}"]["spec"] for each in ("active", "green"))
    given = ("externalTrafficPolicy", "internalTrafficPolicy", "sessionAffinity")
    assert [active[each] for each in given] == ["Local", "Cluster", "ClientIP"]
    assert [idle.get(each) for each in given] == [None, None, "None"]
    assert active["ports"][1] == {"name": "quic", **quic}
    (rule, *_) = found["NetworkPolicy", "backend-network"]["spec"]["ingress"]
    assert [(each["port"], each["protocol"]) for each in rule["ports"]] == [
        ("http", "TCP"),
        (9000, "TCP"),
        (9000, "UDP"),
    ]


async def test_probes_and_ports_are_what_a_pod_runs_with() -> None:
    """A change of them is a change of the slot."""
    for change in ({"services.backend.ports": {"management": 9090}}, {"services.backend.probes": {"startup": None}}):
        before, after = (
            slots.fingerprint_of(settings(edited(BASE, each)), "backend", Colour.BLUE) for each in ({}, change)
        )
        assert before is not None
        assert after is not None
        marks = fingerprint.annotations_of(before, {}, "now")
        assert fingerprint.changed_pods(after, marks) == (next(iter(change)).rpartition(".")[2],)


async def test_metrics_are_scraped_at_the_port_that_has_them() -> None:
    """A management port's, say: Prometheus is told so, and let in there."""
    prometheus = {"prometheus": {"namespaceLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
    service = {**PORTS, "requestMetrics": {"port": "management"}, "network": prometheus}
    found = await stack(service, observability={"alerts": "prometheusRule"})
    (endpoint,) = found["PodMonitor", "backend-metrics"]["spec"]["podMetricsEndpoints"]
    assert endpoint["port"] == "management"
    marks = found["Deployment", "backend-blue"]["spec"]["template"]["metadata"]["annotations"]
    assert marks["prometheus.io/port"] == "9090"
    rules = found["NetworkPolicy", "backend-network"]["spec"]["ingress"]
    assert [9090] in [[port["port"] for port in rule.get("ports", ())] for rule in rules]


@pytest.mark.parametrize(("metrics", "sealed"), [({}, True), ({"port": "management"}, False)])
async def test_metrics_at_a_port_that_speaks_tls_are_scraped_so(metrics: Mapping[str, Any], *, sealed: bool) -> None:
    """By the annotation that Prometheus' users know, and by the operator's monitor; the certificate is any."""
    service = {**PORTS, "requestMetrics": metrics, "probes": {"readiness": {"path": "/up", "scheme": "HTTPS"}}}
    found = await stack(service, observability={"alerts": "prometheusRule"})
    (endpoint,) = found["PodMonitor", "backend-metrics"]["spec"]["podMetricsEndpoints"]
    marks = found["Deployment", "backend-blue"]["spec"]["template"]["metadata"]["annotations"]
    if sealed:
        assert (endpoint["scheme"], endpoint["tlsConfig"]) == ("https", {"insecureSkipVerify": True})
        assert marks["prometheus.io/scheme"] == "https"
    else:
        assert not {"scheme", "tlsConfig"} & endpoint.keys()
        assert "prometheus.io/scheme" not in marks


METRICS = [{"type": "External", "external": {"metric": {"name": "a_b"}, "target": {"type": "Value", "value": "3"}}}]


@pytest.mark.parametrize(
    ("scaling", "metrics"),
    [
        ({"metrics": METRICS}, METRICS),
        (
            {"memoryPercent": None},
            [
                {
                    "type": "Resource",
                    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}},
                }
            ],
        ),
    ],
)
async def test_an_autoscaler_goes_by_what_the_service_says(scaling: Mapping[str, Any], metrics: object) -> None:
    """As Kubernetes' own list has it, with whatever names are in it."""
    found = await stack({"autoscaling": scaling})
    assert found["HorizontalPodAutoscaler", "backend-blue-autoscaler"]["spec"]["metrics"] == metrics


async def test_where_somebody_else_scales_nobody_here_does() -> None:
    """No autoscaler of teal's, and no replicas in the Deployment: KEDA's own would fight with either."""
    found = await stack({"autoscaling": {"external": True}})
    assert found.names("HorizontalPodAutoscaler") == []
    for colour in Colour:
        assert "replicas" not in found["Deployment", f"backend-{colour}"]["spec"]


@pytest.mark.parametrize(
    ("disruption", "bound"),
    [
        ({}, {"maxUnavailable": 1}),
        ({"maxUnavailable": "25%"}, {"maxUnavailable": "25%"}),
        ({"minAvailable": 2}, {"minAvailable": 2}),
        ({"maxUnavailable": None}, None),
        (None, None),
    ],
)
async def test_a_budget_has_the_bound_that_is_asked_for(
    disruption: Mapping[str, Any] | None, bound: Mapping[str, Any] | None
) -> None:
    """Or there is none."""
    found = await stack({"disruption": disruption})
    budgets = found.names("PodDisruptionBudget")
    if bound is None:
        assert budgets == []
        return
    spec = found["PodDisruptionBudget", "backend-blue-budget"]["spec"]
    assert {key: each for key, each in spec.items() if key in {"maxUnavailable", "minAvailable"}} == bound


@pytest.mark.parametrize(
    ("behavior", "made"),
    [
        (None, {"scaleDown": {"stabilizationWindowSeconds": 300}}),
        (
            {"scaleUp": {"policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}]}},
            {
                "scaleDown": {"stabilizationWindowSeconds": 300},
                "scaleUp": {"policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}]},
            },
        ),
        (
            {"scaleDown": {"stabilizationWindowSeconds": 0, "selectPolicy": "Disabled"}},
            {"scaleDown": {"stabilizationWindowSeconds": 0, "selectPolicy": "Disabled"}},
        ),
    ],
)
async def test_an_autoscaler_behaves_as_the_service_says(behavior: object, made: object) -> None:
    """As Kubernetes has it, and by as much of what pods request as they may use."""
    found = await stack({"autoscaling": {"cpuPercent": 150, "behavior": behavior}})
    spec = found["HorizontalPodAutoscaler", "backend-blue-autoscaler"]["spec"]
    assert spec["behavior"] == made
    assert spec["metrics"][0]["resource"]["target"]["averageUtilization"] == 150
