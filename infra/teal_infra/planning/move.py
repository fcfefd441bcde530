"""Collects what a stack declares of its live traffic, for the proof of a move, its bake and its plan. Pure."""

from collections.abc import Mapping
from dataclasses import replace

from teal.gates import GATES
from teal.gates.alarms import GATE as ALARMS
from teal.gates.approvals import GATE as APPROVAL
from teal.model.colours import Colour
from teal.model.routes import RouterKind
from teal.spec.bake import BakePlan, ServiceBake
from teal.spec.gates import GatePlan
from teal.spec.move import Move
from teal_infra.components.doors import front_door
from teal_infra.planning import capacity, slots
from teal_infra.planning.live import Live
from teal_infra.settings import Settings
from teal_infra.settings.evidence.bake_metrics import own, slowness
from teal_infra.settings.evidence.smoke import passing


def move_of(settings: Settings, live: Live) -> Move:
    """Return what is declared of live traffic, as far as its proof and its bake need it."""
    active = settings.active_colour
    share = settings.canary_weight
    plans = gate_plans(settings, active)
    return Move(
        to=active,
        versions={colour: slot.version for colour in Colour if (slot := settings.slot(colour))},
        release=slots.release(settings, active),
        slots={colour: slot.digest for colour in Colour if (slot := settings.slot(colour))},
        confirmed=live.confirmed or _found(settings, live),
        flip_set={name: replace(each, keeps=_keeps(settings, live, name)) for name, each in plans.items()},
        planned={name: each.colour for name, each in live.services.items()},
        share=share,
        canary={
            name: each.for_rollback() for name, each in gate_plans(settings, active.other).items() if not each.worker
        }
        if share
        else {},
        approval=settings.approval.plan(slots.digests(settings, active))
        if settings.approval and APPROVAL.family not in settings.skip_gates.reasons
        else None,
        skipped=settings.skip_gates.reasons,
        bake=bake_plan(settings),
        front_doors=_front_doors(settings),
        repair=settings.repair,
        scaled_by_others=frozenset(name for name, each in settings.routed.items() if each.autoscaling.external),
    )


def _keeps(settings: Settings, live: Live, service: str) -> bool:
    """Return whether the colour that traffic leaves has more pods than its autoscaler would leave it."""
    scaling = settings.services[service].autoscaling
    return scaling.ours and capacity.asked_to_keep(settings, service, live) > scaling.idle_replicas


def _found(settings: Settings, live: Live) -> Colour | None:
    """Return the colour whose pods had the traffic before there was a stack, so that nothing moves or bakes."""
    active = settings.active_colour
    theirs = all(settings.adopts(name, active) for name in settings.services)
    return active if theirs and live.rests_on(active, settings.services) else None


def bake_plan(settings: Settings) -> BakePlan:
    """Return how and where a flip of this stack is watched, by its settings alone."""
    return BakePlan(
        services={
            name: ServiceBake(
                path=asked_path(settings, name),
                tls=each.tls,
                headers=passing(each.probes.readiness.headers) if each.readiness_path else {},
                worker=each.worker,
                close_path=each.shutdown.close_connections_path or "",
                close_seconds=each.shutdown.close_connections_seconds,
                host=each.routing.hosts[0] if each.routing.hosts else "",
                port=each.front_door.asked_by if settings.router.spec.through_service else "http",
                metrics=each.counted,
                slowness=None if name in settings.adopted else slowness(each.gates.metrics),
                own=own(
                    {} if name in settings.adopted else each.bake_metrics,
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


def asked_path(settings: Settings, service: str) -> str:
    """Return the path at which the bake asks a service's front door; empty where it has none, or cannot be asked.

    A load balancer that speaks HTTP/2 to its targets does not answer clients that speak HTTP/1.
    """
    its, alb = settings.services[service], settings.alb
    if settings.router is RouterKind.ALB and alb is not None and alb.reachable:
        return its.baked_path if its.target_group.protocol_version == "HTTP1" else ""
    return its.baked_path if settings.pods_reachable else ""


def gate_plans(settings: Settings, colour: Colour) -> Mapping[str, GatePlan]:
    """Return the gates of each service before it gets traffic in this colour; none where it has no release."""
    slot = settings.slot(colour)
    if slot is None:
        return {}
    return {
        name: replace(
            each.gates.plan(
                service=name,
                namespace=settings.namespace,
                version=slot.version,
                version_path=(
                    each.version_path if settings.pods_reachable and not settings.adopts(name, colour) else None
                ),
                image=slot.services[name].image,
                headers=each.probes.readiness.headers,
                tls=each.tls,
                readiness_path=each.readiness_path if settings.pods_reachable else None,
                counted=each.counted,
                scraped=each.metrics_port is not None,
                watched=settings.prometheus is not None and settings.bake.samples > 0,
                skip=settings.skip_gates.reasons,
            ),
            router=frozenset() if each.worker else _of_router(settings),
            identified=settings.adopts(name, colour) is None,
            worker=each.worker,
        )
        for name, each in settings.services.items()
    }


def _of_router(settings: Settings) -> frozenset[str]:
    """Return the names of the router's own gates."""
    without = settings.of_router.without if settings.of_router else frozenset[str]()
    return frozenset(each.name for each in GATES if each.router is settings.router) - without


def _front_doors(settings: Settings) -> Mapping[str, str]:
    """Return the doors that this machine can reach. One without a host has no address that is certain."""
    if settings.router.spec.through_service:
        return {name: front_door(settings, name) for name, each in settings.routed.items() if each.front_door.host}
    url = settings.of_router.reached_at if settings.of_router else None
    return dict.fromkeys(settings.routed, url.rstrip("/")) if url else {}
