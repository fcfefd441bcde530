"""CloudWatch alarms on one colour's target group: errors, latency, unhealthy targets."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
from pulumi_aws import cloudwatch, lb

from teal_infra.settings.reach.alb import TargetAlarms

if TYPE_CHECKING:
    from pulumi_aws.cloudwatch import MetricAlarmMetricQueryArgsDict

PERIOD = 60
"""The seconds for which a load balancer's metrics are aggregated."""

NAMESPACE = "AWS/ApplicationELB"


@dataclass(frozen=True, kw_only=True, slots=True)
class TargetAlarmArgs:
    """The targets that alarms watch, and their bounds."""

    settings: TargetAlarms
    group: lb.TargetGroup
    balancer: pulumi.Input[str]
    """The last part of the load balancer's ARN, as metrics name it."""


class TargetAlarm(pulumi.ComponentResource):
    """The alarms of one target group. Without traffic they are quiet, so that an idle colour can be promoted."""

    def __init__(self, name: str, args: TargetAlarmArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare them; a flip finds them by the name (`teal.model.routes.alarm_prefix`)."""
        super().__init__("teal:aws:TargetAlarm", name, None, opts)
        settings = self._settings = args.settings
        self._dimensions: dict[str, pulumi.Input[str]] = {
            "LoadBalancer": args.balancer,
            "TargetGroup": args.group.arn_suffix,
        }
        self._alarm(
            f"{name}-errors",
            f"Over {settings.error_percent:g} % of the requests to {name} are answered 5xx",
            settings.error_percent,
            queries=[
                {"id": "share", "expression": "100 * errors / requests", "label": "errors, %", "return_data": True},
                self._query("errors", "HTTPCode_Target_5XX_Count"),
                self._query("requests", "RequestCount"),
            ],
        )
        self._alarm(
            f"{name}-latency",
            f"Targets of {name} take over {settings.latency_seconds:g} s at the 95th percentile",
            settings.latency_seconds,
            metric="TargetResponseTime",
            percentile="p95",
        )
        self._alarm(
            f"{name}-unhealthy",
            f"{settings.unhealthy_targets} targets of {name} or more are unhealthy",
            settings.unhealthy_targets - 1,
            metric="UnHealthyHostCount",
        )
        self.register_outputs({})

    def _alarm(  # noqa: PLR0913 - one alarm is a sentence: what, over which bound, for how long
        self,
        name: str,
        says: str,
        above: float,
        *,
        queries: "list[pulumi.Input[MetricAlarmMetricQueryArgsDict]] | None" = None,
        metric: str | None = None,
        percentile: str | None = None,
    ) -> None:
        """Declare an alarm for a metric above a bound: its percentile or its maximum, or what queries compute."""
        told = list(self._settings.actions)
        cloudwatch.MetricAlarm(
            name,
            alarm_description=says,
            comparison_operator="GreaterThanThreshold",
            threshold=above,
            evaluation_periods=self._settings.minutes,
            treat_missing_data="notBreaching",
            metric_queries=queries,
            metric_name=metric,
            namespace=NAMESPACE if metric else None,
            period=PERIOD if metric else None,
            extended_statistic=percentile,
            statistic="Maximum" if metric and percentile is None else None,
            dimensions=self._dimensions if metric else None,
            alarm_actions=told,
            ok_actions=told,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _query(self, name: str, metric: str) -> "MetricAlarmMetricQueryArgsDict":
        """Return a query for the sum of a metric."""
        return {
            "id": name,
            "metric": {
                "namespace": NAMESPACE,
                "metric_name": metric,
                "stat": "Sum",
                "period": PERIOD,
                "dimensions": self._dimensions,
            },
            "return_data": False,
        }
