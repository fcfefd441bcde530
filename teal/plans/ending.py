"""Says whether the idle colour's pods are to end, by what is declared and what is remembered. Pure.

The watch and the program both ask here: so the next preview declares as ended what the watch has ended.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from teal.gates.approvals import GATE as APPROVAL
from teal.history.model import Flip, History, Stage
from teal.model.colours import Colour
from teal.model.verdict import Outcome
from teal.spec.ending import Endings


def to_end(declared: Endings, history: History, idle: Colour, at: datetime) -> Flip | None:
    """Find the flip for which the idle colour's pods are to end now; None where they stay.

    Args:
        declared: what the stack declares of endings.
        history: the history of flips.
        idle: the colour that no traffic goes to.
        at: the time now.
    """
    if history.open is not None or idle not in declared.slots:
        return None
    flip = refused(declared, history, idle) or left(declared, history, idle)
    if flip is None:
        return None
    ended = history.ending is not None and (history.ending.colour, history.ending.flip) == (idle, flip.number)
    return flip if ended or ends_at(declared, flip) <= at else None


def settled(declared: Endings, record: Mapping[str, str], live: Colour, at: datetime) -> bool:
    """Return whether all routers send all clients to the live colour, by the record of the confirmed colour.

    A flip that the watch has confirmed since took away the earlier share, and the colour it left ends by its own time.
    """
    since = record.get("since")
    if since is None or "chosen" in record:
        return False
    followed = datetime.fromisoformat(since) + timedelta(seconds=declared.settle_seconds) <= at
    return record.get("colour") != live or ("canary" not in record and followed)


def refused(declared: Endings, history: History, idle: Colour) -> Flip | None:
    """Find the flip in which the idle colour's release failed; None where there is none, or its pods are to stay.

    A release has failed if a verdict on itself is FAILED. One that could not be judged, or that nobody has approved
    yet, keeps its pods; so does one that was confirmed before and whose way back was refused.
    """
    release = declared.releases.get(idle)
    last = next((each for each in reversed(history.flips) if (each.to, each.release) == (idle, release)), None)
    if not declared.refused or last is None or not _failed(last):
        return None
    return None if last.stage is Stage.REFUSED and history.was_confirmed(idle, last.release) else last


def left(declared: Endings, history: History, idle: Colour) -> Flip | None:
    """Find the confirmed flip that left the idle colour, if the slot is still declared as what traffic left."""
    flip = history.last_move
    if declared.after_seconds is None or flip is None or flip.stage is not Stage.CONFIRMED or flip.origin is not idle:
        return None
    slot = declared.slots.get(idle)
    return flip if slot is not None and flip.slots.get(idle) == slot else None


def ends_at(declared: Endings, flip: Flip) -> datetime:
    """Return when the pods end of the colour that a confirmed flip left, or whose release failed."""
    stays = {Stage.CONFIRMED: declared.after_seconds, Stage.REVERTED: declared.settle_seconds}  # it had traffic
    return datetime.fromisoformat(flip.ended or flip.begun) + timedelta(seconds=stays.get(flip.stage) or 0)


def _failed(flip: Flip) -> bool:
    ended = flip.stage in {Stage.REFUSED, Stage.REVERTED}
    return ended and any(each.outcome is Outcome.FAILED and each.gate != APPROVAL.name for each in flip.verdicts)
