"""Builds the Grafana dashboard of a service: both colours side by side, and when traffic moved. It sends nothing.

It uses Grafana's own SDK, whose types are the dashboard's schema. The module is imported only where a dashboard is
made, so that other stacks do not need the SDK.
"""

import hashlib
import json
from collections.abc import Iterator
from typing import TypeVar

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.builders.common import GraphThresholdsStyleConfig, VizLegendOptions
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.builders.stat import Panel as Stat
from grafana_foundation_sdk.builders.timeseries import Panel as TimeSeries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.common import (
    BigValueColorMode,
    BigValueGraphMode,
    BigValueTextMode,
    GraphThresholdsStyleMode,
    LegendPlacement,
)
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DataSourceRef,
    DynamicConfigValue,
    Threshold,
    ThresholdsMode,
)

from teal.model.colours import Colour
from teal.monitoring.alerts import Bounds
from teal.monitoring.queries import Queries

_Panel = TypeVar("_Panel", Stat, TimeSeries)

_WINDOW = "2m"
"""The window of rates: long enough for four scrapes at the common 30 s, short enough to show a flip."""

_SOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")
"""The Prometheus that the viewer picks: Grafana knows which there are, the stack does not."""


def dashboard_json(queries: Queries, bounds: Bounds) -> str:
    """Return the dashboard as Grafana's JSON, which is the same for the same input.

    Args:
        queries: the service's queries.
        bounds: the bounds of its alerts, which are drawn as lines.
    """
    service, namespace = queries.service, queries.namespace
    board = (
        build.Dashboard(f"{namespace} / {service}: blue and green")
        .uid(hashlib.sha256(f"{namespace}/{service}".encode()).hexdigest()[:12])
        .tags(["teal", namespace, service])
        .description("Where live traffic goes, and how each colour does. Made by teal: edits here are overwritten.")
        .readonly()
        .time("now-1h", "now")
        .refresh("30s")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .with_variable(build.DatasourceVariable("datasource").label("Prometheus").type("prometheus"))
    )
    if queries.metrics is not None:
        board = board.annotation(
            build.AnnotationQuery()
            .name("Flips")
            .datasource(_SOURCE)
            .enable(True)  # noqa: FBT003 - the SDK's builder takes it by position
            .icon_color("orange")
            .expr(queries.flips)
        )
    for panel in _panels(queries, bounds):
        board = board.with_panel(panel)
    return json.dumps(board.build(), cls=JSONEncoder, sort_keys=True, indent=1)


def _panels(queries: Queries, bounds: Bounds) -> Iterator[Stat | TimeSeries]:
    """Yield the panels for which the service has metrics."""
    metrics = queries.metrics
    if metrics is not None:
        yield _active_colour(queries)
    yield _graph("Pods ready", queries.ready_pods, units.Short).decimals(0).min(0).span(18 if metrics else 24)
    if metrics is not None:
        yield _graph("Requests per second", queries.request_rate(_WINDOW), units.RequestsPerSecond)
        shares = (bounds.error_percent / 100, bounds.critical_error_percent / 100)
        yield _graph("Error rate", queries.error_share(_WINDOW), units.PercentUnit, *shares).min(0)
    if metrics is not None and metrics.duration is not None:
        p95, mean = queries.p95_seconds(_WINDOW), queries.average_seconds(_WINDOW)
        yield _graph("Time to answer, 95th percentile", p95, units.Seconds, bounds.p95_seconds)
        yield _graph("Time to answer, average", mean, units.Seconds, bounds.average_milliseconds / 1000)
    if metrics is not None and metrics.in_flight is not None:
        yield _graph("Requests in flight", queries.active_requests, units.Short, bounds.active_requests)
    yield _graph("Restarts within 15 minutes", queries.restarts("15m"), units.Short).decimals(0).min(0)


def _active_colour(queries: Queries) -> Stat:
    panel = (
        Stat()
        .title("Active colour")
        .description("Answers more than half of the last minute's requests; nothing while nobody asks.")
        .datasource(_SOURCE)
        .with_target(_query(queries.active_colour).instant())
        .unit(units.PercentUnit)
        .decimals(0)
        .no_value("no traffic")
        .color_mode(BigValueColorMode.BACKGROUND)
        .graph_mode(BigValueGraphMode.NONE)
        .text_mode(BigValueTextMode.VALUE_AND_NAME)
        .span(6)
    )
    return _tinted(panel)


def _graph(title: str, query: str, unit: str, *bounds: float) -> TimeSeries:
    panel = (
        TimeSeries()
        .title(title)
        .datasource(_SOURCE)
        .with_target(_query(query).range())
        .unit(unit)
        .line_width(2)
        .legend(VizLegendOptions().placement(LegendPlacement.BOTTOM).show_legend(True))  # noqa: FBT003 - as above
        .span(12)
    )
    if bounds:
        lines = [Threshold(color="red", value=bound) for bound in bounds]
        panel = panel.thresholds(
            build.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps([Threshold(color="transparent"), *lines])
        ).thresholds_style(GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.DASHED))
    return _tinted(panel)


def _query(expr: str) -> Dataquery:
    return Dataquery().datasource(_SOURCE).expr(expr).legend_format("{{colour}}").ref_id("A")


def _tinted(panel: _Panel) -> _Panel:
    """Paint each colour's series in that colour."""
    for colour in Colour:
        paint = DynamicConfigValue(id_val="color", value={"mode": "fixed", "fixedColor": colour.value})
        panel = panel.override_by_name(colour.value, [paint])
    return panel
