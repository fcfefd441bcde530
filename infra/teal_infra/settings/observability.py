"""Settings of observability: what a stack gives to Prometheus and Grafana, and above which bounds a service alerts."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from teal_infra.settings.base import LabelName, LabelValue, Model, clash, wrong

Count = Annotated[int, Field(ge=0, le=1_000_000)]
Percent = Annotated[float, Field(gt=0, lt=100)]


class AlertBounds(Model):
    """Above which value a service alerts, in either colour.

    1000 active requests, 500 ms on average, 1 % errors, any restart, any
    unhealthy instance: the service guide's list of alerts. 5 % errors and 2 s
    for the 95th percentile: the delivery guide's absolute thresholds, beyond
    which a release is not promoted, or is rolled back.
    """

    unhealthy_pods: Count = Field(
        default=0,
        description="The number of pods of a colour that are not ready above which it alerts.",
        json_schema_extra=wrong("no number of dead pods would alert"),
        examples=["0"],
    )
    active_requests: Count = Field(
        default=1000,
        description="The number of requests in flight in a colour above which it alerts.",
        json_schema_extra=wrong("nobody would be told that a colour is at its capacity"),
        examples=["1000"],
    )
    average_milliseconds: Annotated[int, Field(ge=1, le=3_600_000)] = Field(
        default=500,
        description="The average duration of requests above which it alerts, in milliseconds.",
        json_schema_extra=wrong("nobody would be told that answers became slow"),
        examples=["500"],
    )
    error_percent: Percent = Field(
        default=1,
        description="The percentage of requests answered with an error above which it alerts.",
        json_schema_extra=wrong("the alert on errors would fire always or never"),
        examples=["1"],
    )
    critical_error_percent: Percent = Field(
        default=5,
        description="The percentage of requests answered with an error above which it alerts as critical.",
        json_schema_extra=wrong("the urgent alert on errors would fire always or never"),
        examples=["5"],
    )
    p95_seconds: Annotated[float, Field(gt=0, le=3600)] = Field(
        default=2,
        description=(
            "The 95th percentile of durations above which it alerts, in seconds. It is exact if the service's "
            "histogram has a bucket that ends here; between two buckets it is interpolated."
        ),
        json_schema_extra=wrong("the alert on the slowest requests would fire always or never"),
        examples=["2"],
    )
    restarts: Count = Field(
        default=0,
        description="The number of restarts of a colour's containers within 15 minutes above which it alerts.",
        json_schema_extra=wrong("no number of restarts would alert"),
        examples=["0"],
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
        examples=["configMap"],
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
        examples=["true"],
    )
    runbook: str = Field(
        default="docs/observability.md",
        description="The URL of a page with a section for each alert, by the alert's name in lower case.",
        json_schema_extra=wrong("alerts would name no page that says what to do"),
        examples=["https://wiki.example/teal/observability"],
        min_length=1,
    )
