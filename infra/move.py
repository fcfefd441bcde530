"""What a stack declares of its live traffic, as the proof of a move, its bake and the plan of it need it. Pure."""

from collections.abc import Mapping
from dataclasses import replace

from infra.doors import front_door
from infra.live import Live
from infra.settings import Settings
from teal.bake import BakePlan, ServiceBake
from teal.colours import Colour
from teal.declared import Move
from teal.gates.plan import GatePlan
from teal.routes import RouterKind


def move_of(settings: Settings, live: Live) -> Move:
    """What is declared of live traffic, as far as its proof and its bake need it."""
    active, kind = settings.active_colour, settings.router
    idle = settings.slot(active.other)
    share = settings.canary_weight
    return Move(
        to=active,
        versions={colour: slot.version for colour in Colour if (slot := settings.slot(colour))},
        release=settings.active_slot.digest,
        confirmed=live.confirmed,
        flip_set=_gates(settings, settings.active_slot.version),
        share=share,
        canary={name: each.for_rollback() for name, each in _gates(settings, idle.version).items()}
        if idle is not None and share
        else {},
        approval=settings.approval.plan() if settings.approval and not settings.skip_gates.approval else None,
        skipped=settings.skip_gates.reasons,
        bake=BakePlan(
            services={
                name: ServiceBake(
                    path=each.probe_path or each.version_path,
                    close_path=each.shutdown.close_connections_path or "",
                    close_seconds=each.shutdown.close_connections_seconds,
                    host=each.routing.hosts[0] if each.routing.hosts else "",
                )
                for name, each in settings.services.items()
            },
            router=kind,
            alarms=kind is RouterKind.ALB and settings.alb is not None and settings.alb.alarms.enabled,
            knock=settings.alb is None or settings.alb.knock,
            seconds=settings.bake_seconds,
            error_percent=settings.bake.error_percent,
            prometheus=settings.prometheus.url if settings.prometheus else "",
            samples=settings.bake.samples,
            window=settings.bake.window_seconds,
        ),
        front_doors=_front_doors(settings),
        repair=settings.repair,
    )


def _gates(settings: Settings, version: str) -> Mapping[str, GatePlan]:
    """What is measured of each service before it gets traffic in this version."""
    alb = settings.alb if settings.router is RouterKind.ALB else None
    of_router = frozenset({"targets", *(["alarms"] if alb.alarms.enabled else [])}) if alb else frozenset[str]()
    return {
        name: replace(
            each.gates.plan(
                service=name,
                namespace=settings.namespace,
                version=version,
                version_path=each.version_path,
                readiness_path=each.probes.readiness.path,
                skip=settings.skip_gates.reasons,
            ),
            router=of_router,
        )
        for name, each in settings.services.items()
    }


def _front_doors(settings: Settings) -> Mapping[str, str]:
    """Which doors this machine can reach; one without a host has no address that it could be sure of."""
    if settings.router is RouterKind.SERVICE:
        return {name: front_door(settings, name) for name, each in settings.services.items() if each.front_door.host}
    url = settings.gateway.url if settings.gateway and settings.router is RouterKind.GATEWAY else None
    return dict.fromkeys(settings.services, url.rstrip("/")) if url else {}
