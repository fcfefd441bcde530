"""What the metrics gates ask, by Prometheus' own evaluation: counts that miss nothing between two scrapes.

Scraped every 15 s for 30 minutes, asked at the tenth, which is scrape 40.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.unit.teal.monitoring.alert_cases import QUERIES, RULES, Series, buckets, pod, requests
from tests.unit.teal.monitoring.promtool import promtool_or_skip, run_rule_tests

COUNT, SHARE, P95 = QUERIES.counted("2m"), QUERIES.counted_error_share("2m"), QUERIES.counted_p95_seconds("2m", 2)


@pytest.fixture(scope="module")
def promtool() -> Path:
    """The compiled promtool."""
    return promtool_or_skip()


def is_true(expr: str) -> Mapping[str, Any]:
    """Green keeps a comparison."""
    return {"expr": expr, "eval_time": "10m", "exp_samples": [{"labels": '{colour="green"}', "value": 1}]}


def by_colour(expr: str, **values: float) -> Mapping[str, Any]:
    """Colours have these values."""
    samples = [{"labels": f'{{colour="{colour}"}}', "value": value} for colour, value in values.items()]
    return {"expr": expr, "eval_time": "10m", "exp_samples": samples}


def absent(expr: str) -> Mapping[str, Any]:
    """Nothing comes back."""
    return {"expr": expr, "eval_time": "10m", "exp_samples": []}


def not_a_number(expr: str) -> Mapping[str, Any]:
    """What comes back is none: NaN alone differs from itself."""
    return is_true(f"count by (colour) (({expr}) != ({expr}))")


def by_pod(expr: str, values: Mapping[int, int]) -> Mapping[str, Any]:
    """Green's pods have these values."""
    samples = [
        {"labels": f'{{pod="backend-green-6d5f7c9b8d-abcd{number}"}}', "value": value}
        for number, value in values.items()
    ]
    return {"expr": expr, "eval_time": "10m", "exp_samples": samples}


GREEN = pod()
ONE = replace(QUERIES, pods="backend-green-6d5f7c9b8d-abcd1|backend-green-6d5f7c9b8d-abcd3")
STEADY = requests(GREEN, s200="0+9x120", s500="0+1x120")


@pytest.mark.parametrize(
    ("series", "questions"),
    [
        pytest.param(
            STEADY,
            [is_true(f"({COUNT}) == bool 80"), is_true(f"abs({SHARE} - 0.1) < bool 0.001")],
            id="steady traffic is counted as `increase` does",
        ),
        pytest.param(
            requests(GREEN, s200="_x40 50x80", s500="_x40 5x80"),
            [is_true(f"({COUNT}) == bool 55"), is_true(f"({SHARE}) == bool {5 / 55}")],
            id="one scrape of what has just begun is all of it",
        ),
        pytest.param(
            # 45 requests between two scrapes, and the first five errors ever.
            requests(GREEN, s200="100+0x39 145x80", s500="_x40 5x80"),
            [is_true(f"({QUERIES.error_share('2m')}) == bool 0"), is_true(f"({SHARE}) > bool 0.05")],
            id="errors that came all at once are not missed, as a rate would",
        ),
        pytest.param(
            requests(GREEN, s200="0+10x38 0+10x80"),
            [is_true(f"({COUNT}) > bool 60"), is_true(f"({COUNT}) <= bool 80"), is_true(f"({SHARE}) == bool 0")],
            id="a counter that began anew takes nothing away",
        ),
        pytest.param(
            requests(GREEN, s200="_x36 40 50 5 8x80"),
            [is_true(f"({COUNT}) == bool 8")],
            id="of a pod that restarted right after it began less is known, which is waited for",
        ),
        pytest.param(
            {**requests(GREEN, s200="0+10x120"), **requests(pod(number=2), s500="0+10x38 stale")},
            [is_true(f"({SHARE}) == bool 0"), is_true(f"({COUNT}) == bool 80")],
            id="the errors of a pod that is gone are not its successor's",
        ),
        pytest.param(
            requests(GREEN, s200="50+0x120", s500="5+0x120"),
            [is_true(f"({COUNT}) == bool 0"), not_a_number(SHARE)],
            id="who was asked long ago has no share of errors",
        ),
        pytest.param(
            # A stock client library, scraped as usual: nothing but the pod says which colour it is.
            {**requests(GREEN, s200="0+5x120", s500="0+5x120"), **requests(pod("blue"), s200="0+90x120")},
            [
                by_colour(COUNT, green=80, blue=720),
                by_colour(SHARE, green=0.5, blue=0),
                by_colour(QUERIES.error_share("2m"), green=0.5, blue=0),
                by_colour(f"round({QUERIES.request_rate('2m')})", green=1, blue=6),
            ],
            id="two colours are two, though no label of the service's says so",
        ),
        pytest.param(
            {
                f'http_requests_total{{{GREEN}, colour="blue", status="500"}}': "0+5x120",
                f'http_requests_total{{{GREEN}, colour="red", status="200"}}': "0+5x120",
            },
            [by_colour(COUNT, green=80), by_colour(SHARE, green=0.5)],
            id="a label of the service's that is called colour means nothing",
        ),
        pytest.param(
            {f'http_requests_total{{{GREEN}, code="500"}}': "0+10x120"},
            [by_colour(COUNT, green=80), absent(SHARE), absent(QUERIES.error_share("2m"))],
            id="series without a status do not say how many requests failed",
        ),
        pytest.param(
            buckets(GREEN, **{"le0.1": "0+1x120", "le1": "0+90x120", "leInf": "0+100x120"}),
            [is_true(f"({P95}) == bool Inf"), by_colour(QUERIES.counted_p95_seconds("2m", 1), green=1)],
            id="beyond the last finite bucket nothing is known, but that it is more than that",
        ),
        pytest.param(
            buckets(GREEN, **{"le0.1": "0+1x120", "le1": "0+95x120", "leInf": "0+100x120"}),
            [by_colour(P95, green=1)],
            id="at the end of the last finite bucket it is known",
        ),
        pytest.param({}, [absent(COUNT), absent(SHARE), absent(P95)], id="who was never asked is not there"),
        pytest.param(
            buckets(GREEN, **{"le0.1": "_x40 50x80", "le0.5": "_x40 55x80", "leInf": "_x40 55x80"}),
            [is_true(f"({P95}) > bool 0.1"), is_true(f"({P95}) < bool 0.5")],
            id="one scrape is enough for the slowest requests as well",
        ),
        pytest.param(
            buckets(GREEN, **{"le0.1": "50+0x120", "leInf": "55+0x120"}),
            [not_a_number(P95)],
            id="who was asked long ago has no slowest requests",
        ),
        pytest.param(
            {f'up{{job="a", {GREEN}}}': "1x120", f'up{{job="b", {GREEN}}}': "1x120", f"up{{{pod(number=2)}}}": "1x120"},
            [by_pod(QUERIES.pods_up, {1: 1, 2: 1})],
            id="a pod that two jobs scrape is one pod",
        ),
        pytest.param(
            {f'up{{job="a", {GREEN}}}': "1x120", f'up{{job="b", {GREEN}}}': "0x120", f"up{{{pod(number=2)}}}": "1x120"},
            [by_pod(QUERIES.pods_up, {1: 0, 2: 1})],
            id="a pod that one of them cannot scrape is not up",
        ),
        pytest.param(
            {**requests(GREEN, s200="0+10x120"), **requests(pod(number=2), s200="0+10x120", s500="0+10x120")},
            [
                is_true(f"({ONE.counted('2m')}) == bool 80"),
                is_true(f"({ONE.counted_error_share('2m')}) == bool 0"),
                is_true(f"({QUERIES.counted('2m')}) == bool 240"),
            ],
            id="of some pods only those are counted",
        ),
    ],
)
def test_what_is_counted(promtool: Path, tmp_path: Path, series: Series, questions: list[Mapping[str, Any]]) -> None:
    """As its name says."""
    test = {
        "interval": "15s",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": questions,
    }
    assert run_rule_tests(promtool, tmp_path, RULES, [test]) == ""
