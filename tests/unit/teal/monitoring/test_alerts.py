"""The alert rules, as Prometheus itself evaluates them: each fires beyond its bound and at nothing else."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from teal.monitoring.alerts import rule_groups, rules
from tests.unit.teal.monitoring.alert_cases import BOUNDS, CASES, QUERIES, RULES, Case, Series, pod, requests
from tests.unit.teal.monitoring.promtool import check_rules, promtool_or_skip, run_rule_tests


@pytest.fixture(scope="module")
def promtool() -> Path:
    """The compiled promtool."""
    return promtool_or_skip()


def test_prometheus_accepts_the_rules(promtool: Path, tmp_path: Path) -> None:
    """Syntax, templates and names are what Prometheus reads."""
    assert check_rules(promtool, tmp_path, RULES) == ""


def test_a_broken_rule_is_noticed(promtool: Path, tmp_path: Path) -> None:
    """The cases can fail: all of them with an alert taken away."""
    (group,) = RULES["groups"]
    fewer = {"groups": [{**group, "rules": group["rules"][1:]}]}
    assert "TealPodsUnhealthy" in run_rule_tests(promtool, tmp_path, fewer, [case.promtool() for case in CASES])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.fact)
def test_alerts_fire_for_what_they_say_and_for_nothing_else(promtool: Path, tmp_path: Path, case: Case) -> None:
    """Exactly the alerts that the case names fire."""
    assert run_rule_tests(promtool, tmp_path, RULES, [case.promtool()]) == ""


def test_every_alert_is_seen_to_fire() -> None:
    """No rule is without a case."""
    assert {alert for case in CASES for alert in case.firing} == {rule.alert for rule in rules(QUERIES, BOUNDS)}


def test_an_alert_says_who_what_and_where_to_read_on(promtool: Path, tmp_path: Path) -> None:
    """Labels and annotations as people see them."""
    alert = {
        "exp_labels": {"severity": "critical", "service": "backend", "namespace": "shop", "colour": "green"},
        "exp_annotations": {
            "summary": "backend green: 6.25% of requests fail (bound: 5%)",
            "runbook_url": "docs/observability.md#tealerrorratecritical",
        },
    }
    test = {
        "interval": "15s",
        "input_series": [
            {"series": series, "values": values}
            for series, values in requests(pod(), s200="0+15x120", s500="0+1x120").items()
        ],
        "alert_rule_test": [{"eval_time": "20m", "alertname": "TealErrorRateCritical", "exp_alerts": [alert]}],
    }
    assert run_rule_tests(promtool, tmp_path, RULES, [test]) == ""


@pytest.mark.parametrize(
    ("bound", "value", "series"),
    [
        ("unhealthy_pods", 1, {f"up{{{pod()}}}": "0x120"}),
        ("restarts", 1, {f"process_start_time_seconds{{{pod()}}}": "100x60 1000x60"}),
        ("critical_error_percent", 30.5, requests(pod(), s200="0+70x120", s500="0+30x120")),
    ],
)
def test_a_bound_of_the_stack_is_the_one_that_counts(
    promtool: Path, tmp_path: Path, bound: str, value: float, series: Series
) -> None:
    """What fires by default is quiet under a higher bound."""
    raised = dataclasses.replace(BOUNDS, error_percent=30.2, **{bound: value})
    quiet: Mapping[str, Any] = Case(fact=bound, series=series).promtool()
    assert run_rule_tests(promtool, tmp_path, rule_groups(QUERIES, raised, "docs/observability.md"), [quiet]) == ""
    assert run_rule_tests(promtool, tmp_path, RULES, [quiet]) != ""


def asked(expr: str, at: str, **colours: float) -> Mapping[str, Any]:
    """What a query must answer at a time: a value by colour."""
    samples = [{"labels": f'{{colour="{colour}"}}', "value": value} for colour, value in colours.items()]
    return {"expr": expr, "eval_time": at, "exp_samples": samples}


def test_the_active_colour_is_read_from_where_traffic_goes(promtool: Path, tmp_path: Path) -> None:
    """The colour that answers most; a flip is marked for a minute; without traffic there is neither."""
    series = {
        **requests(pod("blue"), s200="0+10x40 400+0x80"),  # until the 10th minute
        **requests(pod("green"), s200="0+0x40 0+10x40 400+0x40"),  # from then to the 20th
    }
    active, flips = QUERIES.active_colour, QUERIES.flips
    test = {
        "interval": "15s",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [
            asked(active, "1m", blue=1),
            asked(flips, "1m"),  # the first traffic ever is no flip
            asked(active, "9m", blue=1),
            asked(flips, "9m"),
            asked(active, "12m", green=1),
            asked(flips, "11m30s", green=1),
            asked(flips, "13m"),
            asked(active, "22m"),
            asked(flips, "22m"),
        ],
    }
    assert run_rule_tests(promtool, tmp_path, RULES, [test]) == ""


def test_a_colour_without_errors_has_an_error_rate_of_0(promtool: Path, tmp_path: Path) -> None:
    """Absent 5xx series are 0 on the dashboard too, not a gap."""
    test = {
        "interval": "15s",
        "input_series": [
            {"series": name, "values": values} for name, values in requests(pod(), s200="0+10x120").items()
        ],
        "promql_expr_test": [asked(QUERIES.error_share("2m"), "10m", green=0)],
    }
    assert run_rule_tests(promtool, tmp_path, RULES, [test]) == ""


def test_a_pod_counts_once_however_often_it_is_called_unhealthy(promtool: Path, tmp_path: Path) -> None:
    """Three sources agree about one pod."""
    names = ("up{%s}", "service_ready{%s}", 'kube_pod_status_ready{%s, condition="true"}')
    test = {
        "interval": "15s",
        "input_series": [{"series": name % pod(), "values": "0x120"} for name in names],
        "promql_expr_test": [
            asked(QUERIES.unhealthy_pods, "10m", green=1),
            asked(QUERIES.ready_pods, "10m", green=0),
        ],
    }
    assert run_rule_tests(promtool, tmp_path, RULES, [test]) == ""
