"""What a stack declares of its live traffic, as the proof of a move, its bake and the plan of it need it. Pure."""

from collections.abc import Mapping
from dataclasses import replace

from teal.gates import GATES
from teal.gates.alarms import GATE as ALARMS
from teal.gates.approvals import GATE as APPROVAL
from teal.model.colours import Colour
from teal.spec.bake import BakePlan, ServiceBake
from teal.spec.gates import GatePlan
from teal.spec.move import Move
from teal_infra.components.doors import front_door
from teal_infra.planning import slots
from teal_infra.planning.live import Live
from teal_infra.settings import Settings
from teal_infra.settings.evidence.bake_metrics import own, slowness
from teal_infra.settings.slot import Slot


def move_of(settings: Settings, live: Live) -> Move:
    """What is declared of live traffic, as far as its proof and its bake need it."""
    active = settings.active_colour
    idle = settings.slot(active.other)
    share = settings.canary_weight
    return Move(
        to=active,
        versions={colour: slot.version for colour in Colour if (slot := settings.slot(colour))},
        release=slots.release(settings, active),
        confirmed=live.confirmed,
        flip_set=_gates(settings, settings.active_slot),
        share=share,
        canary={name: each.for_rollback() for name, each in _gates(settings, idle).items() if not each.worker}
        if idle is not None and share
        else {},
        approval=settings.approval.plan(slots.digests(settings, active))
        if settings.approval and APPROVAL.family not in settings.skip_gates.reasons
        else None,
        skipped=settings.skip_gates.reasons,
        bake=bake_plan(settings),
        front_doors=_front_doors(settings),
        repair=settings.repair,
    )


def bake_plan(settings: Settings) -> BakePlan:
    """How a flip of this stack is watched, and where: by nothing but what it declares."""
    return BakePlan(
        services={
            name: ServiceBake(
                path="" if each.worker else each.baked_path,
                worker=each.worker,
                close_path=each.shutdown.close_connections_path or "",
                close_seconds=each.shutdown.close_connections_seconds,
                host=each.routing.hosts[0] if each.routing.hosts else "",
                metrics=each.counted,
                slowness=slowness(each.gates.metrics),
                own=own(
                    each.bake_metrics,
                    service=name,
                    namespace=settings.namespace,
                    window=settings.bake.window_seconds,
                ),
            )
            for name, each in settings.services.items()
        },
        router=settings.router,
        alarms=ALARMS.name in _of_router(settings),
        reachable=settings.alb is None or settings.alb.reachable,
        seconds=settings.bake_seconds,
        error_percent=settings.bake.error_percent,
        prometheus=settings.prometheus.url if settings.prometheus else "",
        samples=settings.bake.samples,
        window=settings.bake.window_seconds,
    )


def _gates(settings: Settings, slot: Slot) -> Mapping[str, GatePlan]:
    """What is measured of each service before it gets traffic in this slot."""
    return {
        name: replace(
            each.gates.plan(
                service=name,
                namespace=settings.namespace,
                version=slot.version,
                version_path=each.version_path,
                image=slot.services[name].image,
                readiness_path=None if each.worker else each.probes.readiness.path,
                counted=each.counted,
                watched=settings.prometheus is not None and settings.bake.samples > 0,
                skip=settings.skip_gates.reasons,
            ),
            router=frozenset() if each.worker else _of_router(settings),
            worker=each.worker,
        )
        for name, each in settings.services.items()
    }


def _of_router(settings: Settings) -> frozenset[str]:
    """Names of the router's own gates."""
    without = settings.of_router.without if settings.of_router else frozenset[str]()
    return frozenset(each.name for each in GATES if each.router is settings.router) - without


def _front_doors(settings: Settings) -> Mapping[str, str]:
    """Which doors this machine can reach; one without a host has no address that it could be sure of."""
    if settings.router.spec.through_service:
        return {name: front_door(settings, name) for name, each in settings.routed.items() if each.front_door.host}
    url = settings.of_router.reached_at if settings.of_router else None
    return dict.fromkeys(settings.routed, url.rstrip("/")) if url else {}
