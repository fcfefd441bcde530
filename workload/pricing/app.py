"""Puts the application together: routes, OpenAPI documents, and the layers around them."""

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.types import ASGIApp

from workload.pricing.business import BusinessApi, routes
from workload.pricing.edge import Edge
from workload.pricing.lifecycle import Lifecycle
from workload.pricing.operations import OperationsApi
from workload.pricing.records import Records
from workload.pricing.relay import Relay
from workload.pricing.reports import readiness
from workload.pricing.schemas import Answer
from workload.pricing.settings import Settings
from workload.pricing.versions import contents, former
from workload.pricing.versions.choice import CURRENT, FORMER
from workload.pricing.versions.layer import Versions


def create_app(settings: Settings, lifecycle: Lifecycle) -> ASGIApp:
    """The application of one instance."""
    records = Records(settings.deployment_group, settings.version)
    records.watch("http_requests_active", "Business requests in flight.", lambda: lifecycle.active_requests)
    records.watch("service_ready", "1 while it is to be sent traffic.", lambda: readiness(settings, lifecycle).ready)
    business = BusinessApi(records)
    versions = {
        FORMER: routes(former.FormerApi(business).endpoints(), former.written, settings.api_v1_sunset),
        CURRENT: routes(business.endpoints(), _written),
    }
    app = _application(settings)
    shared = (contents.routes(settings.version), OperationsApi(settings, lifecycle, records).routes())
    paths = [path for router in (versions[FORMER], *shared) for path in _include(app, router, settings)]
    offered: dict[str, list[APIRoute]] = {}
    for version, router in versions.items():
        apart, prefix = _application(settings), f"/api/{version}"
        paths += [prefix + path for path in _include(apart, router, settings, prefix)]
        app.mount(prefix, apart)
        offered[version] = [each for each in router.routes if isinstance(each, APIRoute)]
    aliases_end = settings.aliases_end(lifecycle.started_at)
    sunsets = {
        version: {each.path: aliases_end if each.path == former.ALIAS else None for each in of}
        for version, of in offered.items()
    }
    chosen = Versions(app, records, settings.api_v1_sunset, sunsets)
    return Edge(
        Relay(chosen, settings.backend_url) if settings.backend_url else chosen, settings, lifecycle, records, {*paths}
    )


def _application(settings: Settings) -> FastAPI:
    return FastAPI(
        title="LLM pricing",
        version=settings.version,
        docs_url=None,  # these pages load scripts from elsewhere; the document itself is at /openapi.json
        redoc_url=None,
        telemetry={"tracing": False, "metrics": False, "logs": False},  # records.py does it, with the colour
    )


def _include(app: FastAPI, router: APIRouter, settings: Settings, prefix: str = "") -> list[str]:
    """Have `app` answer the routes that are not removed by a fault; return their paths."""
    kept = APIRouter()
    kept.routes[:] = [
        each for each in router.routes if prefix + getattr(each, "path", "") != settings.fault_removed_path
    ]
    app.include_router(kept)
    return [each.path for each in kept.routes if isinstance(each, APIRoute)]


def _written(content: Answer) -> bytes:
    return content.model_dump_json().encode()
