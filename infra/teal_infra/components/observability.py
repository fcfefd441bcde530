"""Declares what Prometheus and Grafana are given of a service: alert rules and a dashboard. It runs neither of them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource

from teal.model.labels import NAME_LABEL
from teal.monitoring.alerts import Bounds, rule_groups
from teal.monitoring.queries import Queries
from teal_infra import labels
from teal_infra.provider.kinds import ConfigMap
from teal_infra.settings import Settings
from teal_infra.settings.observability import AlertBounds, ObservabilitySettings
from teal_infra.settings.pod.probes import HTTP

if TYPE_CHECKING:  # heavy at run time, needed for its types only
    from pulumi_kubernetes.meta.v1 import ObjectMetaArgsDict

DASHBOARD_LABEL = "grafana_dashboard"
"""The label by which Grafana's sidecar selects ConfigMaps, by the default of Grafana's Helm chart."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ObservabilityArgs:
    """How a service is measured, and where."""

    queries: Queries
    settings: ObservabilitySettings
    bounds: AlertBounds
    namespace: pulumi.Input[str]
    path: str = "/metrics"
    """The path at which pods are scraped; empty where they have no port for it."""
    port: int | str = "http"
    """The port of the pods' metrics, by number or name."""
    tls: bool = False
    """Whether that port speaks TLS."""
    starting_seconds: int = 0
    """How long its pods may take until they are ready."""


class Observability(pulumi.ComponentResource):
    """The alert rules and the dashboard of one service, in the form in which the stack's tools take them.

    It leaves out scraping where the pods' annotations suffice, recording rules, and who is told of an alert.
    """

    def __init__(self, name: str, args: ObservabilityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare them; the name is the service's."""
        super().__init__("teal:kubernetes:Observability", name, None, opts)
        self._service, self._namespace = name, args.namespace
        queries, settings, limits = args.queries, args.settings, Bounds(**args.bounds.model_dump())
        groups = rule_groups(queries, limits, settings.runbook, args.starting_seconds)
        if settings.alerts == "configMap":
            # JSON is YAML as well; rules files are found by their ending.
            rules = json.dumps(groups, indent=1, ensure_ascii=False)
            self._config_map("alerts", {f"{self._service}.rules.yaml": rules}, settings.labels)
        elif settings.alerts == "prometheusRule":
            self._operators("alerts", "PrometheusRule", groups, settings.labels)
            if args.path:
                monitor = _pod_monitor(self._service, args)
                self._operators("metrics", "PodMonitor", monitor, settings.labels)
        if settings.dashboard:
            from teal.monitoring.dashboard import dashboard_json  # noqa: PLC0415 - Grafana's SDK is loaded only where it is used

            content = {f"{self._service}.json": dashboard_json(queries, limits)}
            self._config_map("dashboard", content, {DASHBOARD_LABEL: "1"})
        self.register_outputs({})

    def _config_map(self, part: str, data: Mapping[str, str], more: Mapping[str, str]) -> None:
        ConfigMap(
            f"{self._service}-{part}",
            metadata=self._metadata(part, more),
            data=dict(data),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _operators(self, part: str, kind: str, spec: Mapping[str, Any], more: Mapping[str, str]) -> None:
        CustomResource(
            f"{self._service}-{part}",
            api_version="monitoring.coreos.com/v1",
            kind=kind,
            metadata=self._metadata(part, more),
            spec=dict(spec),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _metadata(self, part: str, more: Mapping[str, str]) -> "ObjectMetaArgsDict":
        return {
            "name": f"{self._service}-{part}",
            "namespace": self._namespace,
            "labels": {**more, **labels.shared(self._service)},
        }


def observe(settings: Settings, namespace: pulumi.Input[str], opts: pulumi.ResourceOptions) -> None:
    """Declare what an existing Prometheus and Grafana are given of every service."""
    for name, service in settings.services.items():
        if service.cron:
            continue  # its pods end, and one that has ended is not ready: every alert would be about that
        queries = Queries(service=name, namespace=settings.namespace, metrics=service.counted)
        args = ObservabilityArgs(
            queries=queries,
            settings=settings.observability,
            bounds=service.alerts,
            namespace=namespace,
            path=service.request_metrics.path if service.metrics_port else "",
            port=service.request_metrics.port or HTTP,
            tls=service.metrics_tls,
            starting_seconds=service.probes.starting_seconds,
        )
        Observability(name, args, opts)
        if settings.prometheus is not None and service.counted is None and service.worker is None:
            pulumi.log.info(
                f"{name} counts no requests (teal:services.{name}.requestMetrics.preset is none): its flips are "
                "judged by what its doors answer and by its pods, not by live traffic's errors or times"
            )


def _pod_monitor(service: str, of: ObservabilityArgs) -> Mapping[str, Any]:
    """Return a monitor that scrapes the pods of both colours, as their annotations do without an operator."""
    by = "port" if isinstance(of.port, str) else "portNumber"
    sealed = {"scheme": "https", "tlsConfig": {"insecureSkipVerify": True}} if of.tls else {}
    return {
        "selector": {"matchLabels": {NAME_LABEL: service}},
        "podMetricsEndpoints": [{by: of.port, "path": of.path, **sealed}],
    }
