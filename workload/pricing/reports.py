"""What an instance says about itself: the shapes of the operational answers, and how they are filled.

The names of fields are the contract's (docs/contract.md).
"""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from workload.pricing.catalogue import PROVIDERS, offered_by
from workload.pricing.lifecycle import Lifecycle
from workload.pricing.records import Records
from workload.pricing.schemas import Schema, now
from workload.pricing.settings import Settings
from workload.pricing.usage import overall
from workload.pricing.versions.choice import CURRENT, FORMER, MIGRATION_GUIDE, VERSIONS
from workload.pricing.versions.former import BREAKING

APP = "pricing"

Status = Literal["healthy", "shutting_down"]


class Liveness(Schema):
    """What `/health/live` answers."""

    alive: bool = True
    timestamp: datetime = Field(default_factory=now)


class Health(Schema):
    """What `/health` answers."""

    ok: bool = True
    app: str = APP
    status: Status
    version: str
    timestamp: datetime = Field(default_factory=now)


class Readiness(Schema):
    """What `/health/ready` answers."""

    ready: bool
    reason: str | None
    checks: dict[str, bool]
    timestamp: datetime = Field(default_factory=now)


class DeploymentInfo(Schema):
    """Where an instance runs, in the words of its environment."""

    environment: str
    deployment_group: str
    region: str | None
    availability_zone: str | None
    instance_id: str | None
    deployment_timestamp: datetime | None
    service_uptime_seconds: float


class Dependency(Schema):
    """A thing the service depends on. Here: its providers' prices, which are built in."""

    name: str
    status: Status
    models_count: int


class Load(Schema):
    """What an instance does at the moment."""

    active_requests: int
    total_requests: int
    avg_response_time_ms: float


class DetailedHealth(Schema):
    """What `/health/detailed` answers."""

    status: Status
    version: str
    uptime_seconds: float
    environment: DeploymentInfo
    services: list[Dependency]
    metrics: Load
    graceful_shutdown: bool
    timestamp: datetime = Field(default_factory=now)


class DeploymentMetadata(Schema):
    """Which release an instance is."""

    version: str
    deployment_group: str
    instance_id: str | None
    deployment_date: datetime
    api_versions: list[str]
    backwards_compatible_until: str
    breaking_changes: dict[str, list[str]]


class ApiVersions(Schema):
    """What `/api/versions` answers."""

    current_version: str = CURRENT
    all_versions: tuple[str, ...]
    deprecated_versions: tuple[str, ...]
    migration_guide_url: str = MIGRATION_GUIDE


class Shutdown(Schema):
    """What `/deployment/shutdown` is asked."""

    drain_timeout_seconds: Annotated[int, Field(ge=0, le=3600)] = 30
    exit: bool = True
    """Whether the process ends by itself once drained; false: it waits for SIGTERM, as a preStop hook wants."""


class ShutdownStatus(Schema):
    """How far a drain is."""

    shutting_down: bool
    drained: bool
    active_requests: int
    drain_timeout_seconds: int
    started_at: datetime | None


class CloseConnections(Schema):
    """What `/deployment/connections/close` is asked."""

    seconds: Annotated[float, Field(ge=0, le=3600)] = 5.0


class ConnectionsClosing(Schema):
    """What `/deployment/connections/close` answers."""

    closing: bool
    seconds: float


def health(settings: Settings, lifecycle: Lifecycle) -> Health:
    """The process answers: ok."""
    return Health(status=_status(lifecycle), version=settings.version)


def readiness(settings: Settings, lifecycle: Lifecycle) -> Readiness:
    """Ready unless a drain began or the fault says never."""
    checks = {"not_shutting_down": lifecycle.drain is None, "initialised": not settings.fault_never_ready}
    reason = None
    if lifecycle.drain is not None:
        reason = f"shutting down since {lifecycle.drain.started_at.isoformat(timespec='seconds')}"
    elif settings.fault_never_ready:
        reason = "FAULT_NEVER_READY is set"
    return Readiness(ready=reason is None, reason=reason, checks=checks)


def deployment_info(settings: Settings, lifecycle: Lifecycle) -> DeploymentInfo:
    """Where the instance runs and since when."""
    return DeploymentInfo(
        environment=settings.environment,
        deployment_group=settings.deployment_group,
        region=settings.region,
        availability_zone=settings.availability_zone,
        instance_id=settings.instance_id,
        deployment_timestamp=settings.deployment_timestamp,
        service_uptime_seconds=round(lifecycle.uptime_seconds, 3),
    )


def deployment_metadata(settings: Settings, lifecycle: Lifecycle) -> DeploymentMetadata:
    """Which release the instance is; deployed, if nobody said when, at its start."""
    return DeploymentMetadata(
        version=settings.version,
        deployment_group=settings.deployment_group,
        instance_id=settings.instance_id,
        deployment_date=settings.deployment_timestamp or lifecycle.started_at,
        api_versions=list(api_versions(settings).all_versions),
        backwards_compatible_until="v3",
        breaking_changes=BREAKING,
    )


def api_versions(settings: Settings) -> ApiVersions:
    """Which versions of the API are served now; the former one is deprecated once it has a sunset."""
    ends = settings.api_v1_sunset
    ended = ends is not None and ends <= now()
    return ApiVersions(
        all_versions=tuple(each for each in VERSIONS if each != FORMER or not ended),
        deprecated_versions=(FORMER,) if ends is not None and not ended else (),
    )


def shutdown_status(settings: Settings, lifecycle: Lifecycle) -> ShutdownStatus:
    """How far the drain is; before one began, what a SIGTERM would bring."""
    drain = lifecycle.drain
    return ShutdownStatus(
        shutting_down=drain is not None,
        drained=lifecycle.drained,
        active_requests=lifecycle.active_requests,
        drain_timeout_seconds=drain.timeout_seconds if drain else settings.drain_timeout_seconds,
        started_at=drain.started_at if drain else None,
    )


def detailed_health(settings: Settings, lifecycle: Lifecycle, records: Records) -> DetailedHealth:
    """Everything a dashboard wants at once."""
    usage = overall(lifecycle, records)
    return DetailedHealth(
        status=_status(lifecycle),
        version=settings.version,
        uptime_seconds=round(lifecycle.uptime_seconds, 3),
        environment=deployment_info(settings, lifecycle),
        services=[Dependency(name=name, status="healthy", models_count=len(offered_by(name))) for name in PROVIDERS],
        metrics=Load(
            active_requests=lifecycle.active_requests,
            total_requests=usage.total_requests,
            avg_response_time_ms=usage.avg_response_time_ms,
        ),
        graceful_shutdown=lifecycle.drain is not None,
    )


def _status(lifecycle: Lifecycle) -> Status:
    return "healthy" if lifecycle.drain is None else "shutting_down"
