"""What is recorded of requests is what traffic did, by colour and version."""

import re
from collections.abc import Sequence

from fastapi.routing import APIRoute

from tests.unit.teal.monitoring.alert_cases import RULES
from tests.unit.workload.service import asking, serving
from workload.pricing.lifecycle import Lifecycle
from workload.pricing.operations import OperationsApi
from workload.pricing.records import Records
from workload.pricing.settings import Settings


async def test_business_requests_are_counted_by_who_and_how() -> None:
    """A counter and a histogram carry colour, version, status, path and method."""
    async with asking(VERSION="1.1.0") as client:
        for _ in range(3):
            await client.get("/models")
        await client.post("/cost-estimate", json={})
        metrics = (await client.get("/metrics")).text
    labels = 'colour="green",method="GET",path="/models",status="200",version="1.1.0"'
    assert f"http_requests_total{{{labels}}} 3.0" in metrics
    assert f"http_request_duration_seconds_count{{{labels}}} 3.0" in metrics
    assert 'path="/cost-estimate",status="422",version="1.1.0"} 1.0' in metrics


def about_the_instance() -> Sequence[str]:
    """The paths of all endpoints that are no business."""
    api = OperationsApi(Settings.from_environment({}), Lifecycle(linger_seconds=0), Records("green", "0.0.0"))
    return [each.path for each in api.routes().routes if isinstance(each, APIRoute)]


async def test_probes_and_scrapes_are_not_traffic() -> None:
    """An idle colour that is only probed, and asked about itself, shows no requests: it is not proven."""
    async with asking(FAULT_NEVER_READY="true") as client:
        for path in (*about_the_instance(), "/openapi.json"):
            await client.get(path)
        metrics = (await client.get("/metrics")).text
        telemetry = (await client.get("/telemetry")).json()
    assert "http_requests_total{" not in metrics
    assert telemetry["endpoints"] == []


async def test_unknown_paths_share_a_label() -> None:
    """Callers cannot make labels by inventing paths."""
    async with asking() as client:
        for number in range(5):
            await client.get(f"/invented/{number}")
        metrics = (await client.get("/metrics")).text
    assert 'path="unmatched",status="404",version="0.0.0"} 5.0' in metrics
    assert "invented" not in metrics


async def test_telemetry_sums_up() -> None:
    """Telemetry tells calls, errors and which providers' models were asked for."""
    async with asking() as client:
        asked = {"model_name": "birch-small", "input_tokens": 1_000_000, "output_tokens": 0}
        for _ in range(2):
            await client.post("/cost-estimate", json=asked)
        await client.get("/models")
        telemetry = (await client.get("/telemetry")).json()
    assert telemetry["overall_stats"]["total_requests"] == 3
    assert telemetry["overall_stats"]["error_rate"] == 0
    by_path = {endpoint["path"]: endpoint for endpoint in telemetry["endpoints"]}
    assert by_path["/cost-estimate"]["call_count"] == 2
    (adoption,) = telemetry["provider_adoption"]
    assert (adoption["provider_name"], adoption["model_requests"], adoption["unique_models_requested"]) == (
        "Birch",
        2,
        1,
    )
    assert adoption["total_cost_estimated"] == 0.3


async def test_every_metric_that_alerts_ask_for_is_there() -> None:
    """A rule over a metric that nobody exposes would never fire."""
    asked = set(re.findall(r"[a-z0-9_]+(?={)", " ".join(rule["expr"] for rule in RULES["groups"][0]["rules"])))
    of_kubernetes = {"kube_pod_status_ready", "kube_pod_status_phase", "kube_pod_deletion_timestamp"}
    others = {"up"} | of_kubernetes  # Prometheus' own, and kube-state-metrics'
    async with asking() as client:
        await client.get("/models")
        metrics = (await client.get("/metrics")).text
    assert asked - others
    assert {name for name in asked - others if not re.search(rf"^{name}[{{ ]", metrics, re.MULTILINE)} == set()


async def test_a_scrape_sees_readiness_and_requests_in_flight() -> None:
    """As they are at that moment."""
    labels = '{colour="green",version="0.0.0"}'
    async with serving() as service:
        service.lifecycle.active_requests = 3
        before = (await service.client.get("/metrics")).text
        service.lifecycle.active_requests = 0
        service.lifecycle.begin_drain(30, exits=False)
        after = (await service.client.get("/metrics")).text
    assert f"http_requests_active{labels} 3.0" in before
    assert f"service_ready{labels} 1.0" in before
    assert f"service_ready{labels} 0.0" in after
