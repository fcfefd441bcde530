"""Compares each colour of each service before and after an update: what is live with what is declared. Pure."""

from collections.abc import Mapping

from teal.model.colours import Colour
from teal.model.labels import STARTED_AT, STOPPED_AT
from teal.model.live import LiveAutoscaler, LiveSlot
from teal.plans.model import IDLE, Now, Planned, SlotPlan
from teal_infra.components import environment, fingerprint
from teal_infra.components.fingerprint import Fingerprint
from teal_infra.components.scaling import Capacity
from teal_infra.components.slot import Turn
from teal_infra.labels import Identity
from teal_infra.planning import capacity
from teal_infra.planning.live import Live
from teal_infra.provider.ownership import FORCE
from teal_infra.settings import Settings
from teal_infra.settings.slot import State

Slots = Mapping[tuple[str, Colour], SlotPlan]
"""The slots by service and colour, with both colours of every service that is declared or live."""


def compared(settings: Settings, live: Live) -> Slots:
    """Return what becomes of every slot."""
    services = [*settings.services, *(name for name in live.services if name not in settings.services)]
    return {
        (name, colour): _compared(settings, live, name, colour, live.slots.get((name, colour)))
        for name in services
        for colour in Colour
    }


def fingerprint_of(settings: Settings, service: str, colour: Colour) -> Fingerprint | None:
    """Return the fingerprint of a service's colour; None where it has no release."""
    slot = settings.slot(colour)
    if slot is None or service not in settings.services:
        return None
    of = Identity(service=service, colour=colour, version=slot.version, namespace=settings.namespace)
    return fingerprint.fingerprint_of(settings, service, slot, of)


def digests(settings: Settings, colour: Colour) -> Mapping[str, str]:
    """Return the digests of a colour's services, as their Deployments are annotated with them: no cron job has one."""
    declared = {name: fingerprint_of(settings, name, colour) for name, its in settings.services.items() if not its.cron}
    return {name: each.digest for name, each in declared.items() if each}


def release(settings: Settings, colour: Colour) -> str:
    """Return the digest of all that a colour runs with, by which a confirmed release is known; empty without a release.

    It covers the slot, and what the services say of its pods and of whom they may reach: probes, resources, shutdown,
    backing services, network. It covers neither the number of pods, which the capacity gate measures, nor the gates.
    """
    slot = settings.slot(colour)
    if slot is None:
        return ""
    services = {name: each for name in sorted(settings.services) if (each := fingerprint_of(settings, name, colour))}
    parts = {name: [each.digest, each.parts.template, each.parts.service["network"]] for name, each in services.items()}
    return environment.digest([slot.digest, parts])[:16]


def stopped(settings: Settings, live: Live, service: str, colour: Colour) -> Mapping[str, str]:
    """Return the mark of a worker's idle Deployment, which differs whenever there are pods that have to go.

    An update that died while starting them leaves a state without pods, which is what the next one declares. Without a
    difference, the engine would write nothing, and both colours would go on taking work.
    """
    found = live.slots.get((service, colour))
    idle = colour is not settings.active_colour and settings.services[service].idles
    at = (live.at if found.replicas else found.annotations.get(STOPPED_AT)) if found and idle else None
    return {STOPPED_AT: at} if at else {}


def started(settings: Settings, live: Live, service: str, colour: Colour) -> Mapping[str, str]:
    """Return the mark of a Deployment whose pods the watch ended once; empty where it did not.

    The mark differs each time its pods are to start. Pulumi's state knows nothing of their end, so without a difference
    an engine would write nothing.
    """
    found = live.slots.get((service, colour))
    before = found.annotations.get(STARTED_AT) if found is not None else None
    at = live.at if asleep(settings, live, service, colour) else before
    return {STARTED_AT: at} if at else {}


def asleep(settings: Settings, live: Live, service: str, colour: Colour) -> bool:
    """Return whether a colour that is to run has no pods because the watch ended them.

    The record says so. Where it is lost, nobody else can have ended them: no autoscaler but an external one goes down
    to none.
    """
    found, declared = live.slots.get((service, colour)), fingerprint_of(settings, service, colour)
    if found is None or found.replicas or found.adopted or declared is None or not declared.running:
        return False
    if declared.settings.idles:
        return False  # its pods start and end with the flips alone
    recorded = live.history.ending is not None and live.history.ending.colour is colour
    return recorded or (settings.ends_idle and not declared.settings.autoscaling.external)


def turn(  # noqa: PLR0913 - of which colour, and when it starts
    settings: Settings, live: Live, service: str, colour: Colour, marks: Mapping[str, str], *, with_the_move: bool
) -> Turn | None:
    """Return how a colour's pods start and end where teal itself may have written their number; so it is forced.

    It is None of other colours. `marks` are the annotations of a worker's record, `with_the_move` says whether the pods
    start with a move.
    """
    marks = {**marks, **started(settings, live, service, colour)}
    if settings.services[service].worker is None and not marks:
        return None
    found = live.services.get(service)
    moves = found is None or found.colour is not settings.active_colour
    begins = (with_the_move and moves) or asleep(settings, live, service, colour)
    return Turn(marks={**marks, FORCE: "true", **stopped(settings, live, service, colour)}, begins=begins)


def scaled_by_hand(declared: Fingerprint, found: LiveSlot | None) -> bool:
    """Return whether somebody scaled a colour by hand, and the stack says no other number than before.

    The engine would write the stack's number back with whatever else it writes of the Deployment, and after a refresh
    even where nothing else changes.
    """
    if found is None or not found.replicas or not declared.running or declared.replicas is None:
        return False
    before = fingerprint.recorded(found.annotations)
    return before is not None and before.replicas == declared.replicas != found.replicas


def pinned(declared: Fingerprint, found: LiveSlot | None, autoscaler: LiveAutoscaler | None) -> Capacity | None:
    """Return what the stack's own autoscaler is asked for where its Deployment says how many pods from now on.

    The engine deletes it last, and until then it would undo the number. So it is asked for that number first, and goes
    with the next update.
    """
    if found is None or not declared.replicas or autoscaler is None or not autoscaler.ours:
        return None
    before = fingerprint.recorded(found.annotations)
    anew = before is None or before.replicas != declared.replicas
    return Capacity(minimum=declared.replicas, exact=True) if anew else None


def overruling(declared: Fingerprint, found: LiveSlot | None) -> Mapping[str, str]:
    """Return the mark by which a number of pods is written whoever wrote the one that is there, such as an autoscaler.

    It stays from then on, since without it the next update would differ.
    """
    if found is None or declared.settings.cron is not None:
        return {}
    before = fingerprint.recorded(found.annotations)
    anew = declared.replicas != (before.replicas if before else None)
    writes = declared.replicas is not None and anew and declared.replicas != found.replicas
    return {FORCE: "true"} if writes or FORCE in found.annotations else {}


def _compared(settings: Settings, live: Live, service: str, colour: Colour, found: LiveSlot | None) -> SlotPlan:
    now = (
        Now(version=found.version, replicas=found.replicas, ready=found.ready, outdated=found.outdated)
        if found
        else None
    )
    if settings.adopts(service, colour) is not None:
        slot, pods = settings.slot(colour), found.replicas if found else 0
        version = slot.version if slot else ""
        return SlotPlan(
            now=now, planned=Planned(version=version, replicas=pods, state="running", digest=""), adopted=True
        )
    declared, slot = fingerprint_of(settings, service, colour), settings.slot(colour)
    if declared is None or slot is None:
        return SlotPlan(now=now)
    return SlotPlan(
        now=now,
        planned=Planned(
            version=slot.version,
            replicas=_replicas(
                declared, settings.active_colour, live, found, asleep=asleep(settings, live, service, colour)
            ),
            state=IDLE if slot.state is State.RUNNING and not declared.running else slot.state,
            digest=declared.digest,
        ),
        changes=fingerprint.changed_pods(declared, found.annotations) if found else (),
    )


def _replicas(declared: Fingerprint, active: Colour, live: Live, found: LiveSlot | None, *, asleep: bool) -> int:
    """Return the number of pods that the Deployment is going to be asked for."""
    before = fingerprint.recorded(found.annotations) if found else None
    if declared.replicas is not None:
        # An unchanged number is not written again, so whoever scaled it meanwhile keeps theirs. But teal itself starts
        # a worker and a cron job that a way back has stopped.
        same = found is not None and before is not None and before.replicas == declared.replicas and declared.running
        same = same and not asleep and not (declared.settings.idles and found is not None and found.replicas == 0)
        return found.replicas if found is not None and same else declared.replicas
    scaling = declared.settings.autoscaling
    least = capacity.of(scaling, declared.of.service, declared.of.colour, active=active, live=live).minimum
    if asleep or (declared.settings.worker is not None and (found is None or found.replicas == 0)):
        return least  # it starts with as many, which its Deployment says
    if scaling.external:
        stopped = before is not None and before.replicas == 0
        return capacity.of_others(declared.of.service, declared.of.colour, active=active, live=live, stopped=stopped)
    if found is None:
        return least
    if found.replicas == 0:  # no autoscaler changes 0, unless this stack had scaled it
        return 0 if before is not None and before.replicas is None else least
    return min(max(found.replicas, least), max(scaling.max_replicas, least))
