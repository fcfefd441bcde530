"""What the environment says: who this instance is, how it listens and drains, and which faults it shall show.

Read once, at the start. A value that cannot be used ends the process there, because a rehearsal with a fault that
was silently ignored would prove nothing.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

_HEADER_SAFE = r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,127}$"
"""Colour and version travel as header values and metric labels."""


class SettingsError(Exception):
    """The environment holds a value that cannot be used; the message is one line and names each of them."""


class Settings(BaseModel):
    """One instance's settings; the alias of a field is its environment variable."""

    model_config = ConfigDict(frozen=True)

    environment: str = Field(default="development", alias="ENV")
    deployment_group: str = Field(default="none", alias="DEPLOYMENT_GROUP", pattern=_HEADER_SAFE)
    """The colour."""
    region: str | None = Field(default=None, alias="REGION")
    availability_zone: str | None = Field(default=None, alias="AVAILABILITY_ZONE")
    instance_id: str | None = Field(default=None, alias="INSTANCE_ID")
    deployment_timestamp: datetime | None = Field(default=None, alias="DEPLOYMENT_TIMESTAMP")
    """When the release was deployed; ISO 8601."""
    declared_version: str = Field(default="0.0.0", alias="VERSION", pattern=_HEADER_SAFE)

    host: str = Field(default="0.0.0.0", alias="HOST")  # noqa: S104 - a pod is reached at an address it learns late
    port: int = Field(default=8000, alias="PORT", ge=0, le=65535)
    """0: a free one, which the log names."""
    control_from: Literal["loopback", "any"] = Field(default="loopback", alias="CONTROL_FROM")
    """Who may POST to /deployment/*. Those endpoints take an instance out of service, and the front door reaches
    them: by default only the pod's own processes (a preStop hook, `kubectl exec`, `kubectl port-forward`) may."""

    backend_url: str | None = Field(
        default=None, alias="BACKEND_URL", pattern=r"^http://[A-Za-z0-9.-]+(:[0-9]{1,5})?/?$"
    )
    """Given: this instance is a frontend, and asks that backend (relay.py). It has to be one of its own colour."""

    api_v1_sunset: AwareDatetime | None = Field(default=None, alias="API_V1_SUNSET")
    """When v1 of the API ends; ISO 8601 with a zone. Given, v1 is deprecated, and answers 410 from then on."""

    drain_timeout_seconds: int = Field(default=30, alias="DRAIN_TIMEOUT_SECONDS", ge=0, le=3600)
    """The longest a drain that SIGTERM began waits for requests in flight."""
    drain_linger_seconds: float = Field(default=3.0, alias="DRAIN_LINGER_SECONDS", ge=0, le=300)
    """How long new requests are still served once a drain began. Endpoints took 23 to 750 ms to disappear on the
    sandbox's cluster; a load balancer's deregistration takes seconds."""

    fault_never_ready: bool = Field(default=False, alias="FAULT_NEVER_READY")
    fault_crash_after_seconds: float | None = Field(default=None, alias="FAULT_CRASH_AFTER_SECONDS", ge=0)
    fault_error_percent: float = Field(default=0.0, alias="FAULT_ERROR_PERCENT", ge=0, le=100)
    """The share of business requests that is answered 500."""
    fault_latency_ms: float = Field(default=0.0, alias="FAULT_LATENCY_MS", ge=0, le=60_000)
    """Added to every business request."""
    fault_after_requests: int = Field(default=0, alias="FAULT_AFTER_REQUESTS", ge=0)
    """Business requests that are answered well before errors and latency begin: a release that only traffic breaks."""
    fault_removed_path: str | None = Field(default=None, alias="FAULT_REMOVED_PATH", pattern=r"^/")
    """A path that this release no longer offers."""
    fault_version: str | None = Field(default=None, alias="FAULT_VERSION", pattern=_HEADER_SAFE)

    @property
    def version(self) -> str:
        """The version this instance says it is."""
        return self.fault_version or self.declared_version

    def aliases_end(self, started_at: datetime) -> datetime:
        """When paths end that only have another name by now: a year after the release was deployed, or started."""
        deployed = self.deployment_timestamp or started_at
        return (deployed if deployed.tzinfo else deployed.replace(tzinfo=UTC)) + timedelta(days=365)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Read the settings; an empty variable counts as absent, an unknown `FAULT_` one as a mistake.

        Raises:
            SettingsError: with one line that names every variable that cannot be used, and why.
        """
        given = {name: value for name, value in environment.items() if value}
        known = {field.alias for field in cls.model_fields.values()}
        problems = [
            f"{name}={given[name]!r} (no such fault)"
            for name in sorted(given)
            if name.startswith("FAULT_") and name not in known
        ]
        try:
            settings = cls.model_validate(given)
        except ValidationError as error:
            problems += [f"{_name(one['loc'])}={one['input']!r} ({one['msg']})" for one in error.errors()]
        else:
            if not problems:
                return settings
        raise SettingsError(
            f"cannot start: {'; '.join(problems)}. Nothing was served. Correct the container's environment."
        )


def _name(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location)
