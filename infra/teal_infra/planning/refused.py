"""Stops a release that its gates refused or its bake undid, where the stack asks for that. Pure.

The next update that leaves the release idle declares it as stopped. Nothing is scaled behind the engine's back: the
preview says what will happen, Pulumi's state stays true, and an update that makes the colour active again starts its
pods before it proves them.
"""

from teal.gates.approvals import GATE as APPROVAL
from teal.history.model import Flip, Stage
from teal.model.colours import Colour
from teal.model.verdict import Outcome
from teal_infra.planning import slots
from teal_infra.planning.live import Live
from teal_infra.settings import Settings
from teal_infra.settings.slot import OnRefusal, State


def refused(settings: Settings, live: Live) -> Flip | None:
    """Find the flip in which the idle colour's release failed; None where there is none, or where its pods are to stay.

    A release has failed if a verdict on itself is FAILED. One that could not be judged, or that nobody has approved
    yet, keeps its pods; so does a colour that has live traffic, or may get it back.
    """
    idle = settings.active_colour.other
    slot = settings.slot(idle)
    if settings.on_refusal is not OnRefusal.STOP or slot is None or slot.state is not State.RUNNING:
        return None
    if settings.canary_weight or not live.rests_on(idle.other, settings.services):
        return None
    release = slots.release(settings, idle)
    last = next((each for each in reversed(live.history.flips) if (each.to, each.release) == (idle, release)), None)
    return last if last is not None and _failed(last) else None


def stopped(settings: Settings, colour: Colour) -> Settings:
    """Declare a colour as stopped, and all else as it was."""
    slot = settings.slot(colour)
    if slot is None:
        return settings
    return settings.model_copy(update={str(colour): slot.model_copy(update={"state": State.STOPPED})})


def _failed(flip: Flip) -> bool:
    ended = flip.stage in {Stage.REFUSED, Stage.REVERTED}
    return ended and any(each.outcome is Outcome.FAILED and each.gate != APPROVAL.name for each in flip.verdicts)
