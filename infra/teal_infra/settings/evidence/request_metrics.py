"""Settings of a service's request metrics: which library counts its requests, or the names of its metrics."""

from typing import Self

from pydantic import Field, model_validator

from teal.spec.request_metrics import PRESETS, LabelName, MetricName, Pattern, Preset, RequestMetrics
from teal_infra.settings.base import Model, Path, clash, wrong
from teal_infra.settings.numbers import PortNumber
from teal_infra.settings.pod.probes import PortName


class RequestMetricsSettings(Model):
    """How a service counts its requests: gates, bake, alerts and dashboard ask for these names and for no others.

    `preset` names the library: `prometheus-client` (docs/contract.md), `fastapi-instrumentator`, `django-prometheus`,
    `flask-exporter`, `starlette-exporter`, `go-promhttp`, `prom-client` (with express-prom-bundle, `includePath:
    true`), `micrometer` (with `percentiles-histogram`) or `opentelemetry` (stable HTTP conventions). `none` says that
    the service counts no requests; it is then judged by its answers and its pods. A name that is set here takes the
    place of the preset's. Tests hold each preset to what the library exposes.
    """

    preset: Preset = Field(
        default=Preset.PROMETHEUS_CLIENT,
        description=(
            "The library that counts the service's requests, by which its metrics have their names; `none` where it "
            "counts none."
        ),
        json_schema_extra=wrong("its series would not be found: no flip would be proven"),
        examples=["fastapi-instrumentator"],
    )
    path: Path = Field(
        default="/metrics",
        description="The path at which pods expose their metrics.",
        json_schema_extra=wrong("nobody would scrape it"),
    )
    port: PortNumber | PortName | None = Field(
        default=None,
        description="The port at which they do: a number, or a name in `ports`. By default it is the service's.",
        json_schema_extra=wrong("nobody would scrape it"),
        examples=["9090"],
    )
    requests: MetricName | None = Field(
        default=None,
        description="The counter of answered requests, with a label for the status.",
        json_schema_extra=wrong("no request would be counted"),
        examples=["http_requests_total"],
    )
    status: LabelName | None = Field(
        default=None,
        description="The label of that counter that holds the status.",
        json_schema_extra=wrong("nobody could say how many requests failed"),
        examples=["status"],
    )
    errors: Pattern | None = Field(
        default=None,
        description=(
            "The values of that label that are errors, as a regular expression (RE2) that matches the whole of one."
        ),
        json_schema_extra=wrong("errors would not count, or good answers would count as errors"),
        examples=["5.."],
    )
    duration: MetricName | None = Field(
        default=None,
        description="The histogram of the requests' durations, without `_bucket`.",
        json_schema_extra=wrong("nobody could say how slow the requests are"),
        examples=["http_request_duration_seconds"],
    )
    milliseconds: bool = Field(
        default=False,
        description="Whether that histogram counts milliseconds and not seconds.",
        json_schema_extra=wrong("durations would be a thousand times too long, or too short"),
    )
    durations: bool = Field(
        default=True,
        description="Whether the service has such a histogram. Where it has none, nothing is said of how slow it is.",
        json_schema_extra=wrong("gates would ask for a histogram that is not there"),
    )
    in_flight: MetricName | None = Field(
        default=None,
        description="The gauge of requests in flight.",
        json_schema_extra=wrong("no alert would know of too many requests at once"),
        examples=["http_requests_active"],
    )
    route: LabelName | None = Field(
        default=None,
        description=(
            "The label that holds a request's path: what probes and Prometheus itself ask for is then not counted, "
            "unless test traffic or the bake asks for it too."
        ),
        json_schema_extra=wrong("probes would be counted as requests, and water down errors"),
        examples=["path"],
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        given = [name for name in ("requests", "status", "duration") if getattr(self, name) is not None]
        if self.preset is Preset.NONE and given:
            what = f"preset is none, which says that the service counts no requests, and {given[0]} is set"
            raise clash(given[0], what, mend=dict.fromkeys(given))
        return self

    def names(self, apart: tuple[str, ...]) -> RequestMetrics | None:
        """Return the names of its metrics, with the paths that do not count (`apart`); None where it counts nothing."""
        if self.preset is Preset.NONE:
            return None
        own = {
            name: getattr(self, name)
            for name in ("requests", "status", "errors", "duration", "in_flight", "route")
            if getattr(self, name) is not None
        }
        found = PRESETS[self.preset].model_copy(update={**own, "milliseconds": self.milliseconds, "apart": apart})
        return found if self.durations else found.model_copy(update={"duration": None})
