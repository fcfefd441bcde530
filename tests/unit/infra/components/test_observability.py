"""What the program declares of observability, by Pulumi's mocks, and what its settings refuse."""

import json
from typing import Any

import pulumi
import pytest
from pulumi.runtime import mocks, stack
from pydantic import ValidationError
from teal_infra.components.observability import DASHBOARD_LABEL, Observability, ObservabilityArgs, observe
from teal_infra.settings.observability import AlertBounds, ObservabilitySettings

from teal.monitoring.queries import Queries
from tests.unit.infra.recording import Recorder
from tests.unit.infra.worlds import BASE, edited, settings

Declared = dict[tuple[str, str], dict[str, Any]]


async def declared(bounds: AlertBounds | None = None, **settings: Any) -> Declared:  # noqa: ANN401 - a model's fields
    """What is declared for the service `backend` with these settings of the stack."""
    recorder = Recorder()
    mocks.set_mocks(recorder, project="teal", stack="dev")

    async def program() -> None:
        args = ObservabilityArgs(
            queries=Queries(namespace="shop", service="backend"),
            settings=ObservabilitySettings(**settings),
            bounds=bounds or AlertBounds(),
            namespace="shop",
        )
        Observability("backend", args)

    await stack.run_pulumi_func(program)
    return {key: inputs for key, inputs in recorder.resources.items() if key[0] != "Stack"}


def rules_of(resources: Declared) -> list[dict[str, Any]]:
    """The rules in the rules file."""
    (content,) = resources["ConfigMap", "backend-alerts"]["data"].values()
    (group,) = json.loads(content)["groups"]
    return group["rules"]


async def test_by_default_nothing_needs_a_custom_resource() -> None:
    """A rules file in a ConfigMap: every cluster takes it."""
    resources = await declared(dashboard=False)
    assert set(resources) == {("Observability", "backend"), ("ConfigMap", "backend-alerts")}
    config_map = resources["ConfigMap", "backend-alerts"]
    assert config_map["metadata"]["namespace"] == "shop"
    assert [name for name in config_map["data"] if name.endswith(".rules.yaml")] == list(config_map["data"])
    assert len(rules_of(resources)) == 7


async def test_where_the_operator_is_it_gets_rules_and_is_told_to_scrape() -> None:
    """The operator looks at no annotation: without a PodMonitor its rules would have no data."""
    labels = {"release": "kube-prometheus-stack"}
    resources = await declared(dashboard=False, alerts="prometheusRule", labels=labels)
    assert set(resources) == {
        ("Observability", "backend"),
        ("PrometheusRule", "backend-alerts"),
        ("PodMonitor", "backend-metrics"),
    }
    rule, monitor = resources["PrometheusRule", "backend-alerts"], resources["PodMonitor", "backend-metrics"]
    assert rule["spec"]["groups"][0]["rules"] == rules_of(await declared(dashboard=False))
    assert all(each["metadata"]["labels"]["release"] == "kube-prometheus-stack" for each in (rule, monitor))
    assert monitor["spec"] == {
        "selector": {"matchLabels": {"app.kubernetes.io/name": "backend"}},
        "podMetricsEndpoints": [{"port": "http", "path": "/metrics"}],
    }


async def test_a_stack_may_want_none_of_it() -> None:
    """Both can be switched off."""
    assert set(await declared(alerts="none", dashboard=False)) == {("Observability", "backend")}


async def test_grafanas_sidecar_finds_the_dashboard() -> None:
    """By the label that it looks for; the content is a dashboard."""
    config_map = (await declared(alerts="none"))["ConfigMap", "backend-dashboard"]
    assert config_map["metadata"]["labels"][DASHBOARD_LABEL] == "1"
    assert json.loads(config_map["data"]["backend.json"])["panels"]


async def test_labels_of_the_stack_do_not_replace_teals_own() -> None:
    """What a stack adds for the operator leaves the service's name alone."""
    labels = {"app.kubernetes.io/name": "other", "team": "shop"}
    resources = await declared(dashboard=False, labels=labels)
    metadata = resources["ConfigMap", "backend-alerts"]["metadata"]
    assert (metadata["labels"]["app.kubernetes.io/name"], metadata["labels"]["team"]) == ("backend", "shop")


async def test_the_bounds_and_the_runbook_of_the_stack_reach_the_rules() -> None:
    """What is configured is what is evaluated."""
    rules = {
        rule["alert"]: rule
        for rule in rules_of(
            await declared(AlertBounds(active_requests=7), dashboard=False, runbook="https://wiki.example/alerts")
        )
    }
    rule = rules["TealActiveRequestsHigh"]
    assert rule["expr"].endswith(" > 7")
    assert rule["annotations"]["runbook_url"] == "https://wiki.example/alerts#tealactiverequestshigh"


@pytest.mark.parametrize(
    ("startup", "wait"), [({}, "2m"), ({"periodSeconds": 10, "failureThreshold": 30}, "320s"), (None, "2m")]
)
async def test_a_pod_that_may_still_start_alarms_nobody(startup: object, wait: str) -> None:
    """The startup probe says for how long, and the readiness probe looks after it."""
    recorder = Recorder()
    mocks.set_mocks(recorder, project="teal", stack="dev")
    slow = settings(edited(BASE, {"services.backend.probes": {"startup": startup}, "observability.dashboard": False}))

    async def program() -> None:
        observe(slow, "shop", pulumi.ResourceOptions())

    await stack.run_pulumi_func(program)
    assert {each["alert"]: each["for"] for each in rules_of(recorder.resources)}["TealPodsUnhealthy"] == wait


def test_the_defaults_are_those_of_the_guides() -> None:
    """Changing one is a decision that docs/observability.md has to tell."""
    assert AlertBounds().model_dump() == {
        "unhealthy_pods": 0,
        "active_requests": 1000,
        "average_milliseconds": 500,
        "error_percent": 1,
        "critical_error_percent": 5,
        "p95_seconds": 2,
        "restarts": 0,
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"errorPercent": 0},
        {"errorPercent": 100},
        {"errorPercent": 5},
        {"criticalErrorPercent": 0.5},
        {"p95Seconds": 0},
        {"averageMilliseconds": "fast"},
        {"activeRequests": -1},
        {"restarts": 0.5},
        {"latency": 1},
    ],
    ids=str,
)
def test_a_bound_that_could_never_be_meant_is_refused(wrong: dict[str, Any]) -> None:
    """Out of range, in clash with another, or unknown."""
    with pytest.raises(ValidationError):
        AlertBounds.model_validate(wrong)


@pytest.mark.parametrize(
    "wrong", [{"alerts": "yes"}, {"labels": {"a b": "c"}}, {"labels": {"a": "b c"}}, {"runbook": ""}], ids=str
)
def test_settings_that_nobody_could_follow_are_refused(wrong: dict[str, Any]) -> None:
    """Unknown shapes, labels that Kubernetes has not, a runbook that is nowhere."""
    with pytest.raises(ValidationError):
        ObservabilitySettings.model_validate(wrong)
