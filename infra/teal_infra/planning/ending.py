"""Ends the idle colour where the stack has a rule for it: it was refused or undone, or left for long enough. Pure.

The watch ends its pods, and the next update declares the colour as stopped or retired. So the preview says what is,
Pulumi's state stays true, and an update that makes the colour active again starts its pods before it proves them.
"""

from dataclasses import dataclass
from datetime import datetime

from teal.history.model import Flip
from teal.model.colours import Colour
from teal.plans import ending
from teal.spec.ending import Endings
from teal_infra.planning import refusals, slots
from teal_infra.planning.live import Live
from teal_infra.settings import Settings
from teal_infra.settings.slot import OnRefusal, State


@dataclass(frozen=True, slots=True)
class Ended:
    """An idle colour that is declared as ended in place of running."""

    flip: Flip
    """The flip in which its release failed, or that moved traffic off it."""
    settings: Settings
    """The stack's settings with the colour ended."""
    said: str
    """The message to whoever runs the update."""


def endings(settings: Settings) -> Endings:
    """Return what a stack declares of the ends of idle colours; nothing where one has a share of live traffic."""
    if settings.canary_weight or settings.canary_match is not None:
        return Endings()
    minutes = settings.retire_after_minutes
    runs = [
        colour
        for colour in Colour
        if (slot := settings.slot(colour)) is not None
        and slot.state is State.RUNNING
        and not any(settings.adopts(name, colour) for name in settings.services)
    ]
    return Endings(
        after_seconds=None if minutes is None else max(60 * minutes, settings.settle_seconds),
        refused=settings.on_refusal is OnRefusal.STOP,
        slots={colour: slot.digest for colour in runs if (slot := settings.slot(colour)) is not None},
        releases={colour: slots.release(settings, colour) for colour in runs},
        settle_seconds=settings.settle_seconds,
        services=[name for name, each in settings.services.items() if not each.idles],
    )


def ended(settings: Settings, live: Live) -> Ended | None:
    """Return the idle colour that has ended, or that ends with this update; None where its pods are to stay."""
    idle = settings.active_colour.other
    declared, slot = endings(settings), settings.slot(idle)
    if slot is None or not live.rests_on(idle.other, settings.services):
        return None
    flip = ending.to_end(declared, live.history, idle, datetime.fromisoformat(live.at))
    if flip is None or any(each.share for each in live.services.values()) or live.record.get("chosen"):
        return None
    if _way_back(declared, live, idle):
        return None
    failed = flip.to is idle
    state = State.STOPPED if failed else State.RETIRED
    changed = settings.model_copy(update={str(idle): slot.model_copy(update={"state": state})})
    if any(refusals.too_early(changed, live)):
        return None
    if failed:
        said = (
            f"{idle} {flip.version} is stopped (teal:onRefusal): flip {flip.number} to it was {flip.stage}. Next: mend "
            f"it, or pulumi config set teal:activeColour {idle} to have it proven again"
        )
    else:
        said = (
            f"{idle} {slot.version} is retired (teal:retireAfterMinutes): flip {flip.number} to {flip.to} was "
            f"confirmed at {flip.ended}. A flip back starts and proves it first. Next, to have it warm again: pulumi "
            "config rm teal:retireAfterMinutes"
        )
    return Ended(flip, changed, said)


def _way_back(declared: Endings, live: Live, idle: Colour) -> bool:
    """Return whether the idle colour has pods that traffic may have to go back to, since the live one is not whole."""
    slots = [(live.slots.get((name, idle)), live.slots.get((name, idle.other))) for name in declared.services]
    warm = any(here is not None and here.replicas for here, _ in slots)
    return warm and not all(there is not None and there.well for _, there in slots)


def ends(settings: Settings, live: Live) -> str:
    """Return when the colour that is idle after this update ends, in words; empty where it stays, or has ended."""
    idle, minutes = settings.active_colour.other, settings.retire_after_minutes
    declared = endings(settings)
    if minutes is None or idle not in declared.slots:
        return ""
    if any(each.colour is idle for each in live.services.values()) or live.history.open is not None:
        return f"{declared.after_seconds and declared.after_seconds // 60} minutes after {idle.other} is confirmed"
    flip = ending.left(declared, live.history, idle)
    return f"at {ending.ends_at(declared, flip).isoformat(timespec='seconds')}" if flip else ""
