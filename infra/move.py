"""What a stack declares of its live traffic, as the proof of a move, its bake and the plan of it need it. Pure."""

from infra.doors import url
from infra.live import Live
from infra.settings import Settings
from teal.bake import BakePlan, ServiceBake
from teal.colours import Colour
from teal.moves import Move


def move_of(settings: Settings, live: Live) -> Move:
    """What is declared of live traffic, as far as its proof and its bake need it."""
    return Move(
        to=settings.active_colour,
        versions={colour: slot.version for colour in Colour if (slot := settings.slot(colour))},
        release=settings.active_slot.digest,
        confirmed=live.confirmed,
        flip_set={
            name: each.gates.plan(
                service=name,
                namespace=settings.namespace,
                version=settings.active_slot.version,
                version_path=each.version_path,
                readiness_path=each.probes.readiness.path,
                skip=settings.skip_gates.reasons,
            )
            for name, each in settings.services.items()
        },
        approval=settings.approval.plan() if settings.approval and not settings.skip_gates.approval else None,
        skipped=settings.skip_gates.reasons,
        bake=BakePlan(
            services={
                name: ServiceBake(
                    path=each.probe_path or each.version_path,
                    close_path=each.shutdown.close_connections_path or "",
                    close_seconds=each.shutdown.close_connections_seconds,
                )
                for name, each in settings.services.items()
            },
            seconds=settings.bake.seconds,
            error_percent=settings.bake.error_percent,
            prometheus=settings.prometheus.url if settings.prometheus else "",
            samples=settings.bake.samples,
            window=settings.bake.window_seconds,
        ),
        # A door without a host has no address that this machine could be sure to reach.
        front_doors={
            name: front_door(settings, name) for name, each in settings.services.items() if each.front_door.host
        },
        repair=settings.repair,
    )


def front_door(settings: Settings, service: str) -> str:
    """Where live traffic comes in."""
    door = settings.services[service].front_door
    return url(door, service, settings.namespace, door.node_port)
