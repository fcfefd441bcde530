"""The names of a service's request metrics: presets for common libraries, each name of which can be set.

The names and labels are those that each library exposes without further settings. Tests compare them with texts that
the libraries wrote (tests/unit/teal/monitoring/exposed).
"""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated

from pydantic import StringConstraints

from teal.model.stored import Model

MetricName = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z_:][a-zA-Z0-9_:]*$", max_length=200)]
LabelName = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z_][a-zA-Z0-9_]*$", max_length=100)]
Pattern = Annotated[str, StringConstraints(pattern=r"^[\x20-\x7e]*$", max_length=500)]


class Preset(StrEnum):
    """The libraries whose names are known."""

    PROMETHEUS_CLIENT = "prometheus-client"
    """The names of Prometheus' own documentation and of docs/contract.md."""
    FASTAPI_INSTRUMENTATOR = "fastapi-instrumentator"
    DJANGO_PROMETHEUS = "django-prometheus"
    FLASK_EXPORTER = "flask-exporter"
    STARLETTE_EXPORTER = "starlette-exporter"
    GO_PROMHTTP = "go-promhttp"
    PROM_CLIENT = "prom-client"
    """Node.js with express-prom-bundle."""
    MICROMETER = "micrometer"
    OPENTELEMETRY = "opentelemetry"
    """The stable semantic conventions of HTTP servers, through a Prometheus exporter."""
    NONE = "none"
    """The service counts no requests."""


class RequestMetrics(Model):
    """How one service counts its requests. It is stored with a flip, so that no owner needs the stack config."""

    requests: MetricName
    """A counter with at least one series for each status; the `_count` of a histogram is one."""
    status: LabelName
    """The counter's label that holds the status."""
    errors: Pattern = "5.."
    """Which statuses are errors, as a regular expression that has to match statuses such as `500` and `5xx`."""
    duration: MetricName | None = None
    """A histogram of response times, without `_bucket`; None where there is none."""
    milliseconds: bool = False
    """Whether the histogram is in milliseconds, and not in seconds."""
    in_flight: MetricName | None = None
    """A gauge of the requests in flight; None where there is none."""
    route: LabelName | None = None
    """The label with a request's path; None where there is none."""
    apart: tuple[str, ...] = ()
    """Paths that do not count, where `route` names the path: those of probes, which would dilute errors."""

    @property
    def matchers(self) -> Sequence[str]:
        """PromQL matchers for the series that count."""
        if self.route is None or not self.apart:
            return ()
        return (f'{self.route}!~"{quoted("|".join(map(re.escape, self.apart)))}"',)


PRESETS: Mapping[Preset, RequestMetrics] = {
    Preset.PROMETHEUS_CLIENT: RequestMetrics(
        requests="http_requests_total",
        status="status",
        duration="http_request_duration_seconds",
        in_flight="http_requests_active",
        route="path",
    ),
    Preset.FASTAPI_INSTRUMENTATOR: RequestMetrics(
        requests="http_requests_total",
        status="status",
        # Its other histogram, http_request_duration_seconds, ends at 1 s.
        duration="http_request_duration_highr_seconds",
        route="handler",
    ),
    Preset.DJANGO_PROMETHEUS: RequestMetrics(
        requests="django_http_responses_total_by_status_view_method_total",
        status="status",
        duration="django_http_requests_latency_seconds_by_view_method",
    ),
    Preset.FLASK_EXPORTER: RequestMetrics(
        # flask_http_request_total has no label with the path.
        requests="flask_http_request_duration_seconds_count",
        status="status",
        duration="flask_http_request_duration_seconds",
        route="path",
    ),
    Preset.STARLETTE_EXPORTER: RequestMetrics(
        requests="starlette_requests_total",
        status="status_code",
        duration="starlette_request_duration_seconds",
        in_flight="starlette_requests_in_progress",
        route="path",
    ),
    Preset.GO_PROMHTTP: RequestMetrics(
        requests="http_requests_total", status="code", duration="http_request_duration_seconds"
    ),
    Preset.PROM_CLIENT: RequestMetrics(
        requests="http_request_duration_seconds_count",
        status="status_code",
        duration="http_request_duration_seconds",
        route="path",
    ),
    Preset.MICROMETER: RequestMetrics(
        requests="http_server_requests_seconds_count",
        status="status",
        duration="http_server_requests_seconds",
        route="uri",
    ),
    Preset.OPENTELEMETRY: RequestMetrics(
        requests="http_server_request_duration_seconds_count",
        status="http_response_status_code",
        # A request without an answer has no status at all.
        errors="5..|",
        duration="http_server_request_duration_seconds",
        in_flight="http_server_active_requests",
        route="http_route",
    ),
}
"""The names by preset; `Preset.NONE` has none."""

DEFAULT = PRESETS[Preset.PROMETHEUS_CLIENT]


def quoted(text: str) -> str:
    """Return a text as it stands between PromQL's double quotes."""
    return text.replace("\\", "\\\\").replace('"', '\\"')
