"""What `/telemetry` says: usage since the start, endpoint by endpoint and provider by provider."""

from datetime import datetime

from pydantic import Field

from workload.pricing.lifecycle import Lifecycle
from workload.pricing.records import Records
from workload.pricing.schemas import Schema, now


class EndpointUsage(Schema):
    """Usage of one endpoint; `success_rate` in percent."""

    endpoint: str
    path: str
    method: str
    call_count: int
    error_count: int
    success_rate: float
    avg_response_time_ms: float
    min_response_time_ms: float
    max_response_time_ms: float
    first_called: datetime
    last_called: datetime


class ProviderAdoption(Schema):
    """Usage of one provider's models; cost in USD."""

    provider_name: str
    model_requests: int
    unique_models_requested: int
    total_cost_estimated: float
    last_requested: datetime


class OverallUsage(Schema):
    """Usage of all; `error_rate` in percent."""

    total_requests: int
    total_errors: int
    error_rate: float
    total_endpoints: int
    total_providers_adopted: int
    avg_response_time_ms: float
    uptime_since: datetime
    timestamp: datetime = Field(default_factory=now)


class Telemetry(Schema):
    """What `/telemetry` answers."""

    overall_stats: OverallUsage
    endpoints: list[EndpointUsage]
    provider_adoption: list[ProviderAdoption]


def telemetry(lifecycle: Lifecycle, records: Records) -> Telemetry:
    """Usage since the start."""
    return Telemetry(
        overall_stats=overall(lifecycle, records),
        endpoints=[
            EndpointUsage(
                endpoint=f"{method} {path}",
                path=path,
                method=method,
                call_count=seen.calls,
                error_count=seen.errors,
                success_rate=round(100 * (1 - seen.errors / seen.calls), 2),
                avg_response_time_ms=round(1000 * seen.total / seen.calls, 3),
                min_response_time_ms=round(1000 * seen.shortest, 3),
                max_response_time_ms=round(1000 * seen.longest, 3),
                first_called=seen.first_called,
                last_called=seen.last_called,
            )
            for (path, method), seen in sorted(records.endpoints.items())
        ],
        provider_adoption=[
            ProviderAdoption(
                provider_name=name,
                model_requests=seen.requests,
                unique_models_requested=len(seen.models),
                total_cost_estimated=round(seen.cost, 6),
                last_requested=seen.last_requested,
            )
            for name, seen in sorted(records.adoption.items())
        ],
    )


def overall(lifecycle: Lifecycle, records: Records) -> OverallUsage:
    """Sums over all endpoints."""
    calls = sum(seen.calls for seen in records.endpoints.values())
    errors = sum(seen.errors for seen in records.endpoints.values())
    total = sum(seen.total for seen in records.endpoints.values())
    return OverallUsage(
        total_requests=calls,
        total_errors=errors,
        error_rate=round(100 * errors / calls, 2) if calls else 0.0,
        total_endpoints=len(records.endpoints),
        total_providers_adopted=len(records.adoption),
        avg_response_time_ms=round(1000 * total / calls, 3) if calls else 0.0,
        uptime_since=lifecycle.started_at,
    )
