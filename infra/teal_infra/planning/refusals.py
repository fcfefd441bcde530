"""Refuses changes that would take live traffic its pods away, before anything is touched.

The live state decides, not the engine's: what carries traffic now must keep its slot, its name and its pods until
traffic has moved. The plan says `UNSAFE` for exactly this, in these words.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from teal.flip.guards import is_by_a_flip
from teal.model.colours import Colour
from teal.model.labels import PART_OF, PART_OF_LABEL
from teal.model.routes import RouterKind
from teal_infra.components import fingerprint
from teal_infra.planning.live import Live
from teal_infra.planning.slots import Slots
from teal_infra.settings import Settings
from teal_infra.settings.slot import State


@dataclass(frozen=True, slots=True)
class Danger:
    """One reason to refuse an update."""

    text: str
    """What is wrong, the value seen, the consequence and the next command."""
    service: str = ""
    """The service that is to blame; empty where none is in particular."""


def dangers(settings: Settings, live: Live, planned: Slots) -> Sequence[Danger]:
    """Return the reasons why an update must not happen; empty where it may.

    Args:
        settings: the declared settings.
        live: the live state.
        planned: both of them, slot by slot.
    """
    return [
        *_rerouted(settings, live),
        *_of_others(settings, live),
        *_of_another_kind(settings, live),
        *_gone(settings, live),
        *_live_slots(settings, live),
        *too_early(settings, live),
        *_changed_and_left(settings, live, planned),
        *_changed_and_sent_to(settings, live, planned),
        *_given(settings, live, planned),
        *_shrunk(settings, live, planned),
    ]


def _rerouted(settings: Settings, live: Live) -> Iterator[Danger]:
    """Yield a change of router: the new one finds no traffic, and the engine deletes what directs it now."""
    if live.through is not None:
        yield Danger(
            f"teal:router is {settings.router}, and live traffic of {', '.join(sorted(live.services))} goes through "
            f"router {live.through}: its front door would go in the same update, and clients would find it gone until "
            f"their DNS names that of {settings.router}. Next: pulumi config set teal:router {live.through}; to change "
            f"over, make a second stack with router {settings.router} in a teal:namespace of its own, move DNS to its "
            "front door, then pulumi destroy this one (docs/runbook.md)"
        )


def _of_others(settings: Settings, live: Live) -> Iterator[Danger]:
    """Yield what already directs traffic under a service's name, which the API server lets no stack change."""
    for name, found in sorted(live.others.items()):
        if found.colour is not None and settings.router is RouterKind.SERVICE:
            yield Danger(
                f"Service {name} leads to {found.colour} of this stack, and has no label {PART_OF_LABEL}={PART_OF}: "
                f"'{found.writer}' made it anew, from an older manifest perhaps, so it counts as nobody's. Next: "
                f"kubectl -n {settings.namespace} label service {name} {PART_OF_LABEL}={PART_OF}, then pulumi up",
                name,
            )
            continue
        if settings.router is RouterKind.SERVICE:
            idle, kind = settings.active_colour.other, "Service"
            then = (
                "make what runs a colour of the stack (docs/adoption.md), beginning with pulumi config set --path "
                f"teal:{idle}.{name}.adopt.deployment NAME; or give the service in teal:services a name that is free"
            )
        else:
            kind = "HTTPRoute"
            then = (
                "pulumi config rm teal:gateway, pulumi config set teal:router service: the HTTPRoute stays as it is, "
                "and the stack takes over the Service that it leads to (docs/adoption.md); or give the service in "
                "teal:services a name that is free"
            )
        yield Danger(
            f"{kind} {name} is there already, leads to {dict(found.selector)}, and no stack made it: the API server "
            f"would refuse the stack's own (field conflict) once all pods of it are there. Next: {then}",
            name,
        )


def _of_another_kind(settings: Settings, live: Live) -> Iterator[Danger]:
    """Yield a service that becomes a worker, or the other way round, while it is live."""
    for name in sorted(live.services.keys() & settings.services.keys()):
        found = live.services[name]
        was, now = "cron" if found.cron else "worker" if found.worker else "service", settings.services[name].kind
        if was != now:
            yield Danger(
                f"{name} is live as a {was}, and teal:services.{name}.kind is {now}: what makes it live would go "
                f"in the same update. Next: pulumi config set --path teal:services.{name}.kind {was}; give the {now} a "
                "name of its own",
                name,
            )


def _gone(settings: Settings, live: Live) -> Iterator[Danger]:
    for name in sorted(live.services.keys() - {*settings.services, *settings.removed}):
        copied = settings.router is RouterKind.SERVICE and not is_by_a_flip(live.services[name])
        then = (
            f"; if it is a copy that '{live.services[name].writer}' made, kubectl -n {settings.namespace} label service"
        )
        yield Danger(
            f"service {name} carries live traffic, and teal:services does not name it: renamed or removed, its traffic "
            f"would end. Next: name it again, or, if it is to go, pulumi config set --path 'teal:removed[0]' {name}"
            + (f"{then} {name} {PART_OF_LABEL}-" if copied else ""),
            name,
        )


def _live_slots(settings: Settings, live: Live) -> Iterator[Danger]:
    colours = {each.colour for name, each in live.services.items() if name in settings.services} - {None}
    for colour in sorted(filter(None, colours)):
        slot = settings.slot(colour)
        leaving = colour is not settings.active_colour
        allowed = {State.RUNNING, State.STOPPED} if leaving else {State.RUNNING}
        if slot is None:
            yield Danger(
                f"slot {colour} is live, and the config has no teal:{colour}: its pods would be deleted under traffic. "
                f"Next: put teal:{colour} back; flip first, remove it in a later update"
            )
        elif slot.state not in allowed:
            yield Danger(
                f"slot {colour} is live, and teal:{colour}.state is {slot.state}: its pods would go under traffic. "
                f"Next: pulumi config set --path teal:{colour}.state running; flip first, retire it in a later update"
            )


def too_early(settings: Settings, live: Live) -> Iterator[Danger]:
    """Yield a colour that retires before the other one is confirmed and has settled, unless it has no pods."""
    idle = settings.active_colour.other
    slot = settings.slot(idle)
    pods = sum(each.replicas for (_, colour), each in live.slots.items() if colour is idle)
    live_colours = {each.colour for each in live.services.values()}
    if slot is None or slot.state is not State.RETIRED or not pods or idle in live_colours:
        return
    remedy = f"Next: pulumi up again later, or pulumi config set --path teal:{idle}.state stopped to end it at once"
    if live.confirmed is not settings.active_colour:
        yield Danger(f"slot {idle} is to retire, and {settings.active_colour} is not confirmed yet. {remedy}")
        return
    last = live.history.last_move
    # A failed bake put traffic back, and left the record of the confirmed colour as it was.
    since = max(live.record.get("since", live.at), last.ended if last else "", key=_instant)
    if _instant(live.at) < _instant(since) + timedelta(seconds=settings.settle_seconds):
        yield Danger(
            f"slot {idle} is to retire, and {settings.active_colour} is confirmed only since {since}: routers have "
            f"{settings.settle_seconds} s to follow (teal:settleSeconds). {remedy}"
        )


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text) if text else datetime.min.replace(tzinfo=UTC)


def _changed_and_left(settings: Settings, live: Live, planned: Slots) -> Iterator[Danger]:
    """Yield a live slot that changes in the update that traffic leaves it, since the way back leads to it."""
    leaving = settings.active_colour.other
    for name in sorted(settings.services):
        slot = planned[name, leaving]
        if _serves(live, name) is leaving and slot.changes and slot.planned and slot.planned.running:
            yield Danger(
                f"slot {leaving} of {name} is live, teal:activeColour is {settings.active_colour}, and pods of "
                f"{leaving} change as well ({', '.join(slot.changes)}): they would restart right after the move, and "
                f"the way back would be a release that nobody has proven. Next: pulumi config set teal:activeColour "
                f"{leaving}, pulumi up; then flip. Or undo the other change",
                name,
            )


def _changed_and_sent_to(settings: Settings, live: Live, planned: Slots) -> Iterator[Danger]:
    """Yield a change of idle pods in the update that sends clients to them: they are rolled out after that."""
    idle = settings.active_colour.other
    for name in sorted(settings.routed):
        found, slot = live.services.get(name), planned[name, idle]
        if found is None or found.colour is not settings.active_colour:
            continue  # nobody asks it yet, or a flip moves all its traffic
        what = ", ".join(slot.changes) or "it has no pods yet"
        if settings.canary_weight > found.share and (slot.changes or slot.starts):
            yield Danger(
                f"teal:canaryWeight is {settings.canary_weight}, and pods of {idle} of {name} change as well ({what}): "
                f"its share would come before them, to what nobody has proven. Next: pulumi config set "
                f"teal:canaryWeight {found.share}, pulumi up; then set it again",
                name,
            )
        if settings.chosen is not None and not live.record.get("chosen") and slot.starts:
            yield Danger(
                f"teal:canaryMatch sends clients with {settings.chosen} to {idle}, of which {name} has no pods yet: "
                "their requests would be lost until it has. Next: pulumi config rm teal:canaryMatch, pulumi up; then "
                "set it again",
                name,
            )


def _given(settings: Settings, live: Live, planned: Slots) -> Iterator[Danger]:
    """Yield a colour that traffic goes to with an image that somebody else gave it: no gate knows that as its own.

    Pods are told the version that the stack declares, so they answer with that one, whatever their image is.
    """
    active = settings.active_colour
    for name, release in settings.active_slot.services.items():
        found = live.slots.get((name, active))
        if found is None or found.given is None or _serves(live, name) is active or planned[name, active].changes:
            continue
        image, writer = found.given
        if image != release.image:
            yield Danger(
                f"pods of {active} of {name} run {image}, which '{writer}' wrote, and the stack declares "
                f"{release.image}: traffic would go to a release that it does not know. Next: kubectl -n "
                f"{settings.namespace} set image deployment/{name}-{active} {name}={release.image}, then pulumi up; or "
                f"declare that image in teal:{active}",
                name,
            )


def _shrunk(settings: Settings, live: Live, planned: Slots) -> Iterator[Danger]:
    """Yield live pods that the config would take away. Only an autoscaler may, since it has looked at the load."""
    active = settings.active_colour
    for name, service in sorted(settings.services.items()):
        slot, found = planned[name, active], live.slots.get((name, active))
        if _serves(live, name) is not active or slot.planned is None or found is None or not slot.planned.running:
            continue
        declared = fingerprint.recorded(found.annotations)
        scale = f"kubectl -n {settings.namespace} scale deployment/{name}-{active}"
        if slot.planned.replicas < found.replicas:
            key = "replicas" if service.autoscaling.fixed else "autoscaling.maxReplicas"
            yield Danger(
                f"slot {active} of {name} is live with {found.replicas} pods, and teal:services.{name}.{key} leaves it "
                f"{slot.planned.replicas}: too few for its traffic, as far as anybody has looked. Next: pulumi config "
                f"set --path teal:services.{name}.{key} {found.replicas}"
                + (f"; to take pods away by hand, first {scale} --replicas=N" if service.autoscaling.fixed else ""),
                name,
            )
        elif not service.autoscaling.fixed and declared and declared.replicas == found.replicas > 1:
            yield Danger(
                f"slot {active} of {name} is live with {found.replicas} pods that its Deployment declares, and "
                f"teal:services.{name}.autoscaling leaves them to an autoscaler now: no longer declared, they would be "
                f"1 until that has looked. Next: {scale} --replicas={found.replicas + 1}, so that the number is "
                "nobody's to take back; then pulumi up",
                name,
            )


def _serves(live: Live, service: str) -> Colour | None:
    """Return the colour that carries a service's traffic."""
    found = live.services.get(service)
    return found.colour if found else None
