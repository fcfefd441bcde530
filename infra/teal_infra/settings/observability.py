"""Settings of observability: what a stack gives to Prometheus and Grafana, and above which bounds a service alerts."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from teal_infra.settings.base import LabelName, LabelValue, Model, clash, wrong
from teal_infra.settings.numbers import SLIP, Count, Duration

Percent = Annotated[float, Field(gt=0, lt=100)]


class AlertBounds(Model):
    """Above which value a service alerts, in either colour."""

    unhealthy_pods: Count = Field(
        default=0,
        description="The number of pods of a colour that are not ready above which it alerts.",
        json_schema_extra=wrong("no number of dead pods would alert", source="the service guide"),
    )
    active_requests: Count = Field(
        default=1000,
        description="The number of requests in flight in a colour above which it alerts.",
        json_schema_extra=wrong("nobody would be told that a colour is at its capacity", source="the service guide"),
    )
    average_milliseconds: Annotated[int, Field(ge=1, le=3_600_000, json_schema_extra=SLIP)] = Field(
        default=500,
        description="The average duration of requests above which it alerts.",
        json_schema_extra=wrong("nobody would be told that answers became slow", source="the service guide"),
    )
    error_percent: Percent = Field(
        default=1,
        description="The percentage of requests answered with an error above which it alerts.",
        json_schema_extra=wrong("the alert on errors would fire always or never", source="the service guide"),
    )
    critical_error_percent: Percent = Field(
        default=5,
        description="The percentage of requests answered with an error above which it alerts as critical.",
        json_schema_extra=wrong("the urgent alert on errors would fire always or never", source="the delivery guide"),
    )
    p95_seconds: Duration = Field(
        default=2,
        description=(
            "The 95th percentile of durations above which it alerts. It is exact if the service's histogram has a "
            "bucket that ends here; between two buckets it is interpolated."
        ),
        json_schema_extra=wrong(
            "the alert on the slowest requests would fire always or never", source="the delivery guide"
        ),
    )
    restarts: Count = Field(
        default=0,
        description="The number of restarts of a colour's containers within 15 minutes above which it alerts.",
        json_schema_extra=wrong("no number of restarts would alert", source="the service guide"),
    )

    @model_validator(mode="after")
    def _escalates(self) -> Self:
        if self.critical_error_percent <= self.error_percent:
            what = f"criticalErrorPercent {self.critical_error_percent} is not above errorPercent {self.error_percent}"
            raise clash("criticalErrorPercent", what, remedy=(self.error_percent + 100) / 2)
        return self


class ObservabilitySettings(Model):
    """What the stack hands to a Prometheus and a Grafana that are there already; it installs neither."""

    alerts: Literal["prometheusRule", "configMap", "none"] = Field(
        default="configMap",
        description=(
            "What the alert rules are made as. `configMap` is a rules file, for a Prometheus that mounts it or is sent"
            " it. `prometheusRule` makes custom resources of the Prometheus operator, whose definitions must be there:"
            " the rules, and a PodMonitor, since the operator does not look at scrape annotations."
        ),
        json_schema_extra=wrong("no Prometheus would find the alert rules"),
    )
    labels: Mapping[LabelName, LabelValue] = Field(
        default_factory=dict[str, str],
        description=(
            "Labels of the rules and of the PodMonitor, beside teal's own: what the operator's `ruleSelector` asks for."
        ),
        json_schema_extra=wrong("the operator would not select the rules"),
        examples=['\'{"release": "kube-prometheus-stack"}\''],
    )
    dashboard: bool = Field(
        default=True,
        description=(
            "Whether there is a dashboard: a ConfigMap with the label `grafana_dashboard`, which Grafana's sidecar "
            "loads (its chart's default label)."
        ),
        json_schema_extra=wrong("Grafana would show no dashboard"),
    )
    runbook: str = Field(
        default="docs/observability.md",
        description="The URL of a page with a section for each alert, by the alert's name in lower case.",
        json_schema_extra=wrong("alerts would name no page that says what to do"),
        examples=["https://wiki.example/teal/observability"],
        min_length=1,
    )
