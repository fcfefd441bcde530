"""What a stack consists of, and what waits for what.

    active colour's slots ──► traffic (proven before it moves) ──► confirmed ──► idle colour's slots

The idle colour comes last because right after a flip it is what was live a
moment ago: nothing may shrink it before the move is confirmed.
"""

from collections.abc import Mapping

import pulumi

from infra.access import Access
from infra.confirmed import Confirmed
from infra.doors import url
from infra.guard import Guard
from infra.live import Live
from infra.settings import Settings
from infra.slot import Slot, SlotArgs
from infra.traffic import Route, Router, Traffic
from infra.traffic.service_selector import ServiceSelector
from teal.colours import Colour
from teal.flip import Declared
from teal.kube import ClusterAccess

ROUTERS: Mapping[str, Router] = {"service": ServiceSelector}


def provision(settings: Settings, live: Live, cluster: ClusterAccess) -> None:
    """Declare everything that a stack consists of, and its outputs."""
    active = settings.active_colour
    access = Access(settings.namespace, list(settings.services))
    guard = _guard(settings, cluster)
    active_slots = _slots(settings, live, access, active, after=[])
    traffic = _traffic(settings, live, access, guard, after=[slot.deployment for slot in active_slots])
    confirmed = Confirmed(
        {"colour": active, "version": settings.active_slot.version},
        [each.resource for each in traffic.values()],
        guard,
        access.namespace,
    )
    _slots(settings, live, access, active.other, after=[confirmed.record])
    _outputs(settings, traffic)


def _guard(settings: Settings, cluster: ClusterAccess) -> Guard:
    version = settings.active_slot.version
    return Guard(
        cluster,
        settings.active_colour,
        {name: Declared(version=version, version_path=each.version_path) for name, each in settings.services.items()},
        # A door without a host has no address that this machine could be sure to reach.
        {name: _front_door(settings, name) for name, each in settings.services.items() if each.front_door.host},
    )


def _slots(settings: Settings, live: Live, access: Access, colour: Colour, after: list[pulumi.Resource]) -> list[Slot]:
    """One colour of every service; none where the colour has no release."""
    slot = settings.slot(colour)
    if slot is None:
        return []
    return [
        Slot(
            SlotArgs(
                service=name,
                colour=colour,
                version=slot.version,
                settings=service,
                release=slot.services[name],
                namespace=access.namespace,
                account=access.accounts[name],
                identity={"ENV": settings.environment, "REGION": settings.region},
                live=live.slots.get((name, colour), {}),
                now=live.at,
                after=after,
            )
        )
        for name, service in settings.services.items()
    ]


def _traffic(
    settings: Settings, live: Live, access: Access, guard: Guard, after: list[pulumi.Resource]
) -> Mapping[str, Traffic]:
    """Every service's live traffic; none of it before all of the destination is there."""
    hooks = guard.traffic_hooks()
    return {
        name: ROUTERS[settings.router](
            Route(
                service=name,
                settings=service,
                namespace=access.namespace,
                active=settings.active_colour,
                live=live.services.get(name),
                hooks=hooks,
            ),
            pulumi.ResourceOptions(depends_on=after),
        )
        for name, service in settings.services.items()
    }


def _outputs(settings: Settings, traffic: Mapping[str, Traffic]) -> None:
    """The doors of the first service stand alone too: most stacks have one."""
    fronts = {name: _front_door(settings, name) for name in settings.services}
    previews = {name: _preview_door(settings, name) for name in settings.services}
    first = next(iter(settings.services))
    pulumi.export("activeColour", settings.active_colour)
    pulumi.export("liveColour", traffic[first].live_colour)
    pulumi.export("frontDoor", fronts[first])
    pulumi.export("previewDoor", previews[first])
    pulumi.export("frontDoors", fronts)
    pulumi.export("previewDoors", previews)
    pulumi.export("versions", {colour: slot.version for colour in Colour if (slot := settings.slot(colour))})


def _front_door(settings: Settings, service: str) -> str:
    door = settings.services[service].front_door
    return url(door, service, settings.namespace, door.node_port)


def _preview_door(settings: Settings, service: str) -> str:
    """Where the idle colour answers."""
    door, idle = settings.services[service].preview_door, settings.active_colour.other
    return url(door, f"{service}-{idle}", settings.namespace, door.node_ports.get(idle))
