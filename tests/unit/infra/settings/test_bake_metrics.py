"""Settings of what a bake asks beside errors: what they turn into, and what is refused before anything is asked."""

import json
from typing import Any

import pytest
from teal_infra.planning.move import bake_plan
from teal_infra.settings import Settings, load

from teal.model.errors import ConfigError
from teal.spec.bake import BakeMetric, Slowness

ORDERS = {"query": 'sum(rate(orders_total{pod=~"{pods}"}[{window}]))', "atLeastTimesBefore": 0.5}
PROMETHEUS = {"url": "https://prometheus.example"}


def loaded(backend: dict[str, Any], *, prometheus: bool = True) -> Settings:
    """A stack of one service."""
    raw = {
        "activeColour": "blue",
        "services": json.dumps({"backend": backend}),
        "blue": json.dumps({"version": "1.0.0", "backend": {"image": "registry.example/backend:1.0.0"}}),
        **({"prometheus": json.dumps(PROMETHEUS)} if prometheus else {}),
    }
    return load.load(raw, stack="dev")


def test_what_is_set_is_kept_with_the_flip() -> None:
    """With the bake's own window; the percentile's bounds are those of the gates."""
    plan = bake_plan(loaded({"gates": {"metrics": {"p95Seconds": 3}}, "bakeMetrics": {"orders": ORDERS}}))
    service = plan.services["backend"]
    assert service.checks == ["p95", "orders"]
    assert service.slowness == Slowness(seconds=3, times_before=1.5, floor_seconds=0.1)
    assert service.own == {
        "orders": BakeMetric(query='sum(rate(orders_total{pod=~"{pods}"}[120s]))', at_least_times_before=0.5)
    }


def test_by_default_a_bake_asks_for_errors_alone() -> None:
    """Where no gate asks how slow a release is, its bake does not either."""
    assert bake_plan(loaded({})).services["backend"].checks == []


@pytest.mark.parametrize(
    ("metrics", "said"),
    [
        ({"p95": ORDERS}, r"p95 is one of the bake's own.*Next: pulumi config rm --path '[^']*bakeMetrics\.p95'"),
        ({"orders": {"query": "orders"}}, "it has no bound, so it would always pass"),
        ({"orders": {**ORDERS, "query": "orders{team='{team}'}"}}, "there is no placeholder team"),
    ],
)
def test_what_could_not_be_judged_is_refused(metrics: dict[str, Any], said: str) -> None:
    """Before anything is asked."""
    with pytest.raises(ConfigError, match=said):
        loaded({"bakeMetrics": metrics})


def test_without_a_prometheus_there_is_nobody_to_ask() -> None:
    """The message says where to name one."""
    with pytest.raises(ConfigError, match=r"(?s)bakeMetrics asks a Prometheus, and there is none.*prometheus\.url"):
        loaded({"bakeMetrics": {"orders": ORDERS}}, prometheus=False)
