"""Compiles promtool, so that no alert rule goes unchecked; the unit tests skip these facts where nobody has."""

from pathlib import Path

import pytest

from sandbox.cluster.cache import cache_folder
from sandbox.cluster.progress import Steps
from sandbox.prometheus.build import build
from tests.unit.teal.alert_cases import CASES, RULES
from tests.unit.teal.promtool import check_rules, run_rule_tests

pytestmark = [
    pytest.mark.sandbox,
    pytest.mark.timeout(
        1800
    ),  # a first build: 3 minutes of a quiet machine's two cores, and the download of its modules
]


@pytest.fixture(scope="module")
def promtool() -> Path:
    """Compiled if need be."""
    with Steps() as steps:
        return build(cache_folder(), "promtool", steps)


def test_prometheus_accepts_the_rules(promtool: Path, tmp_path: Path) -> None:
    """Syntax, templates and names are what Prometheus reads."""
    assert check_rules(promtool, tmp_path, RULES) == ""


def test_every_alert_fires_for_what_it_says_and_for_nothing_else(promtool: Path, tmp_path: Path) -> None:
    """All cases."""
    assert run_rule_tests(promtool, tmp_path, RULES, [case.promtool() for case in CASES]) == ""


def test_a_broken_rule_is_noticed(promtool: Path, tmp_path: Path) -> None:
    """The tests above can fail: the same cases with an alert taken away."""
    (group,) = RULES["groups"]
    fewer = {"groups": [{**group, "rules": group["rules"][1:]}]}
    assert "TealPodsUnhealthy" in run_rule_tests(promtool, tmp_path, fewer, [case.promtool() for case in CASES])
