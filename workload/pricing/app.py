"""Puts the application together: routes, OpenAPI document, and the edge around them."""

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.types import ASGIApp

from workload.pricing.business import BusinessApi
from workload.pricing.edge import Edge
from workload.pricing.lifecycle import Lifecycle
from workload.pricing.operations import OperationsApi
from workload.pricing.records import Records
from workload.pricing.relay import Relay
from workload.pricing.reports import readiness
from workload.pricing.settings import Settings


def create_app(settings: Settings, lifecycle: Lifecycle) -> ASGIApp:
    """The application of one instance."""
    records = Records(settings.deployment_group, settings.version)
    records.watch("http_requests_active", "Business requests in flight.", lambda: lifecycle.active_requests)
    records.watch("service_ready", "1 while it is to be sent traffic.", lambda: readiness(settings, lifecycle).ready)
    app = FastAPI(
        title="LLM pricing",
        version=settings.version,
        docs_url=None,  # these pages load scripts from elsewhere; the document itself is at /openapi.json
        redoc_url=None,
        telemetry={"tracing": False, "metrics": False, "logs": False},  # records.py does it, with the colour
    )
    paths: dict[str, bool] = {}
    for router in (
        BusinessApi(settings.version, records).routes(),
        OperationsApi(settings, lifecycle, records).routes(),
    ):
        router.routes[:] = [each for each in router.routes if getattr(each, "path", "") != settings.fault_removed_path]
        app.include_router(router)
        paths |= {route.path: bool(route.deprecated) for route in router.routes if isinstance(route, APIRoute)}
    business = Relay(app, settings.backend_url) if settings.backend_url else app
    return Edge(business, settings, lifecycle, records, paths)
