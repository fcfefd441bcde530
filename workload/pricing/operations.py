"""The endpoints about the instance itself: health, deployment, versions, telemetry, metrics.

What they do is lifecycle.py's and records.py's; here is what they say.
"""

import ipaddress
from typing import Any, TypeVar

from fastapi import APIRouter, HTTPException, Request, Response
from pydantic import BaseModel, ValidationError

from workload.pricing import reports, usage
from workload.pricing.business import answer
from workload.pricing.lifecycle import Lifecycle
from workload.pricing.records import Records
from workload.pricing.settings import Settings

PREFIXES = ("/health", "/deployment", "/active-colour", "/api/versions", "/telemetry", "/metrics", "/openapi.json")
"""Paths about the instance: never counted as traffic, never made to fail."""

_Body = TypeVar("_Body", bound=BaseModel)


class OperationsApi:
    """The operational endpoints of one instance."""

    def __init__(self, settings: Settings, lifecycle: Lifecycle, records: Records) -> None:
        """Report on `lifecycle` and `records`, and change the former when asked to."""
        self._settings = settings
        self._lifecycle = lifecycle
        self._records = records

    def routes(self) -> APIRouter:
        """Which path is answered by which method."""
        router = APIRouter()
        router.add_api_route("/health", self.health, methods=["GET"], response_model=reports.Health)
        router.add_api_route("/health/live", self.live, methods=["GET"], response_model=reports.Liveness)
        router.add_api_route(
            "/health/ready",
            self.ready,
            methods=["GET"],
            response_model=reports.Readiness,
            responses={503: {"model": reports.Readiness}},
        )
        router.add_api_route("/health/detailed", self.detailed, methods=["GET"], response_model=reports.DetailedHealth)
        router.add_api_route("/deployment/info", self.info, methods=["GET"], response_model=reports.DeploymentInfo)
        router.add_api_route("/active-colour", self.active_colour, methods=["GET"])
        router.add_api_route(
            "/deployment/metadata", self.metadata, methods=["GET"], response_model=reports.DeploymentMetadata
        )
        router.add_api_route(
            "/deployment/shutdown",
            self.shutdown,
            methods=["POST"],
            response_model=reports.ShutdownStatus,
            openapi_extra=_body(reports.Shutdown),
        )
        router.add_api_route(
            "/deployment/shutdown/status", self.shutdown_status, methods=["GET"], response_model=reports.ShutdownStatus
        )
        router.add_api_route(
            "/deployment/connections/close",
            self.close_connections,
            methods=["POST"],
            response_model=reports.ConnectionsClosing,
            openapi_extra=_body(reports.CloseConnections),
        )
        router.add_api_route("/api/versions", self.api_versions, methods=["GET"], response_model=reports.ApiVersions)
        router.add_api_route("/telemetry", self.telemetry, methods=["GET"], response_model=usage.Telemetry)
        router.add_api_route("/metrics", self.metrics, methods=["GET"])
        return router

    async def health(self) -> Response:
        """Whether the process answers; says nothing about traffic."""
        return answer(reports.health(self._settings, self._lifecycle))

    async def live(self) -> Response:
        """For liveness probes: restart if this does not answer."""
        return answer(reports.Liveness())

    async def ready(self) -> Response:
        """For readiness probes and load balancers: 503 while the instance is not to be sent traffic."""
        readiness = reports.readiness(self._settings, self._lifecycle)
        return answer(readiness, 200 if readiness.ready else 503)

    async def detailed(self) -> Response:
        """For dashboards: status, environment, dependencies, load."""
        return answer(reports.detailed_health(self._settings, self._lifecycle, self._records))

    async def info(self) -> Response:
        """Where this instance runs."""
        return answer(reports.deployment_info(self._settings, self._lifecycle))

    async def active_colour(self) -> Response:
        """Which colour answers: asked through the front door, the live one, by the very way that traffic takes."""
        return Response(f"{self._settings.deployment_group}\n", media_type="text/plain")

    async def metadata(self) -> Response:
        """Which release this instance is."""
        return answer(reports.deployment_metadata(self._settings, self._lifecycle))

    async def shutdown(self, request: Request) -> Response:
        """Begin a drain."""
        _admit(request, self._settings)
        wanted = await _read(request, reports.Shutdown)
        self._lifecycle.begin_drain(wanted.drain_timeout_seconds, exits=wanted.exit)
        return answer(reports.shutdown_status(self._settings, self._lifecycle))

    async def shutdown_status(self) -> Response:
        """How far a drain is."""
        return answer(reports.shutdown_status(self._settings, self._lifecycle))

    async def close_connections(self, request: Request) -> Response:
        """End kept-alive connections, each with its next answer, and stay ready."""
        _admit(request, self._settings)
        wanted = await _read(request, reports.CloseConnections)
        self._lifecycle.close_connections(wanted.seconds)
        return answer(reports.ConnectionsClosing(closing=self._lifecycle.closes_connections, seconds=wanted.seconds))

    async def api_versions(self) -> Response:
        """Which versions of the API are offered."""
        return answer(reports.api_versions(self._settings))

    async def telemetry(self) -> Response:
        """Usage since the start."""
        return answer(usage.telemetry(self._lifecycle, self._records))

    async def metrics(self) -> Response:
        """The same for Prometheus."""
        return Response(self._records.exposition(), media_type="text/plain; version=0.0.4; charset=utf-8")


def _admit(request: Request, settings: Settings) -> None:
    """Refuse those who may not take this instance out of service."""
    caller = request.client.host if request.client else ""
    if settings.control_from == "any" or _is_loopback(caller):
        return
    raise HTTPException(
        403,
        f"{request.url.path} was called from {caller or 'an unknown address'} and is open to this machine alone: "
        "nothing was done. Call it from within (a preStop hook, kubectl exec, kubectl port-forward), "
        "or start the service with CONTROL_FROM=any where a network policy guards it.",
    )


def _is_loopback(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return (mapped or parsed).is_loopback


async def _read(request: Request, shape: type[_Body]) -> _Body:
    """The body as `shape`, whatever content type it claims: `curl -d` claims a form. An empty one is all defaults."""
    try:
        return shape.model_validate_json(await request.body() or b"{}")
    except ValidationError as error:
        raise HTTPException(422, error.errors(include_url=False, include_input=False)) from error


def _body(shape: type[BaseModel]) -> dict[str, Any]:
    """The OpenAPI description of a body that `_read` reads."""
    return {"requestBody": {"content": {"application/json": {"schema": shape.model_json_schema()}}}}


def operational(path: str) -> bool:
    """Whether a path is about the instance: one of `PREFIXES`, or the document of a version of the API."""
    return path.startswith(PREFIXES) or path.endswith("/openapi.json")
