"""The dashboard: what Grafana's schema says, and what Prometheus can parse."""

import json
from pathlib import Path
from typing import Any

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from teal.model.colours import Colour
from teal.monitoring.dashboard import dashboard_json
from tests.unit.teal.monitoring.alert_cases import BOUNDS, QUERIES
from tests.unit.teal.monitoring.promtool import check_rules, promtool_or_skip


@pytest.fixture
def board() -> dict[str, Any]:
    """A dashboard as Grafana would load it."""
    return json.loads(dashboard_json(QUERIES, BOUNDS))


def expressions(board: dict[str, Any]) -> list[str]:
    """All that it asks of Prometheus."""
    panels = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    return [*panels, *(annotation["expr"] for annotation in board["annotations"]["list"])]


def test_grafanas_own_types_read_it_and_lose_nothing(board: dict[str, Any]) -> None:
    """Every field is one that the schema knows: read into the SDK's models and written again, it is the same."""
    register_default_plugins()  # else the types of panels and of queries are read as plain data
    read: Dashboard = Dashboard.from_json(board)
    assert json.loads(json.dumps(read, cls=JSONEncoder)) == board


def test_the_round_trip_would_notice_a_field_that_the_schema_lacks(board: dict[str, Any]) -> None:
    """The test above can fail."""
    register_default_plugins()
    board["panels"][0]["fieldConfig"]["defaults"]["uint"] = "s"
    assert json.loads(json.dumps(Dashboard.from_json(board), cls=JSONEncoder)) != board


def test_it_shows_what_a_flip_is_watched_by(board: dict[str, Any]) -> None:
    """Rate, errors, p95, active colour and pods, and flips as marks."""
    assert {panel["title"] for panel in board["panels"]} >= {
        "Active colour",
        "Pods ready",
        "Requests per second",
        "Error rate",
        "Time to answer, 95th percentile",
    }
    assert [annotation["name"] for annotation in board["annotations"]["list"]] == ["Flips"]


def test_every_panel_asks_the_prometheus_that_the_viewer_chose(board: dict[str, Any]) -> None:
    """No data source is named that only one Grafana has."""
    (variable,) = board["templating"]["list"]
    assert (variable["type"], variable["query"]) == ("datasource", "prometheus")
    chosen = {"type": "prometheus", "uid": f"${{{variable['name']}}}"}
    targets = [target for panel in board["panels"] for target in panel["targets"]]
    assert len(targets) == len(board["panels"])
    assert all(part["datasource"] == chosen for part in [*board["panels"], *targets, *board["annotations"]["list"]])


def test_every_panel_tells_the_colours_apart(board: dict[str, Any]) -> None:
    """Each colour has its name, and its colour."""
    for panel in board["panels"]:
        assert panel["targets"][0]["legendFormat"] == "{{colour}}"
        painted = {
            each["matcher"]["options"]: each["properties"][0]["value"]["fixedColor"] for each in _overrides(panel)
        }
        assert painted == {colour.value: colour.value for colour in Colour}


def _overrides(panel: dict[str, Any]) -> list[dict[str, Any]]:
    return panel["fieldConfig"]["overrides"]


def test_panels_do_not_overlap(board: dict[str, Any]) -> None:
    """No two share a cell of the grid, and none is wider than it."""
    cells = [
        (x, y)
        for grid in (panel["gridPos"] for panel in board["panels"])
        for x in range(grid["x"], grid["x"] + grid["w"])
        for y in range(grid["y"], grid["y"] + grid["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24


def test_prometheus_parses_every_query(board: dict[str, Any], tmp_path: Path) -> None:
    """As it would the expression of a rule."""
    promtool = promtool_or_skip()
    rules = [{"record": f"panel:{number}", "expr": expr} for number, expr in enumerate(expressions(board))]
    assert check_rules(promtool, tmp_path, {"groups": [{"name": "dashboard", "rules": rules}]}) == ""


def test_the_lines_are_the_bounds_of_the_alerts(board: dict[str, Any]) -> None:
    """What is drawn is what alerts."""
    steps = {
        panel["title"]: [step["value"] for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"][1:]]
        for panel in board["panels"]
        if "thresholds" in panel["fieldConfig"]["defaults"]
    }
    assert steps == {
        "Error rate": [0.01, 0.05],
        "Time to answer, 95th percentile": [2],
        "Time to answer, average": [0.5],
        "Requests in flight": [1000],
    }


def test_the_same_stack_makes_the_same_dashboard() -> None:
    """Otherwise an update with nothing changed would write."""
    assert dashboard_json(QUERIES, BOUNDS) == dashboard_json(QUERIES, BOUNDS)
