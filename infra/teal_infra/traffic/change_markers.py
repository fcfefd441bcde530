"""What makes a move a difference to the engine, and whose writes may be overwritten. Pure.

Where an update was killed between the write and its record, state and config can agree with each other and not with
what is live; without a mark the engine would see no difference, and the hook that proves would not run.
"""

from collections.abc import Mapping
from datetime import datetime

from teal.model.colours import ENGINE, MANAGER, Colour
from teal.model.labels import ACTIVE, MOVED_FROM, ORDER
from teal.model.live import LiveService

FORCE = "pulumi.com/patchForce"
"""Annotation of pulumi-kubernetes: apply even over fields that another manager owns."""

ORDERS = 50_000
"""Up to which AWS takes an action's order."""


def annotations(live: LiveService | None, active: Colour, share: int = 0) -> Mapping[str, str]:
    """What differs from the recorded annotations of an object exactly when traffic has to move.

    Fields that somebody else owned when the live state was read, and was found explained, are taken back by force. Who
    comes later meets a conflict, but for `kubectl`: what that owns, Pulumi's provider takes over in silence. So traffic
    is read once more right before the write (`teal_infra.hooks.guard`), and what the write overwrote all the same is
    read after it (`teal.flip.watching.observer`).

    Args:
        live: as read before anything was declared; None where there is no traffic yet.
        active: where it is to go.
        share: percent that the other colour is to get.
    """
    if live is None:
        return {MOVED_FROM: "nothing"}
    owners = {live.writer, *live.owners}
    if _rests(live, active, share):
        # What teal's way back wrote it still owns, and it may have to be written again: a route's rules are one field.
        kept = {name: live.annotations[name] for name in (MOVED_FROM, FORCE) if name in live.annotations}
        return {**kept, FORCE: "true"} if MANAGER in owners else kept
    moved = {MOVED_FROM: f"{live.colour}@{live.resource_version}"}
    return moved if all(each.startswith(ENGINE) for each in owners) else {**moved, FORCE: "true"}


def order(live: LiveService | None, active: Colour, share: int, at: str) -> int:
    """An order of a rule's action, its own for each move; of no meaning to AWS, where there is one action.

    pulumi-aws writes of a rule only what differs from the engine's state. After
    traffic was put back, or an update was killed, state and config can agree
    with each other and not with AWS: without this, the weights would not be written.

    Args:
        live: as read before anything was declared; None where there is no traffic yet.
        active: where it is to go.
        share: percent that the other colour is to get.
        at: when it was read, RFC 3339.
    """
    if live is None:
        return 1
    if _rests(live, active, share):
        return int(live.annotations.get(ORDER, "1"))
    return 2 + int(datetime.fromisoformat(at).timestamp()) % (ORDERS - 2)


def tags(live: LiveService | None, active: Colour, share: int, at: str) -> Mapping[str, str]:
    """Tags of a rule: the colour that is live, as another text after each move, and where traffic came from.

    Another text for the reason that `order` has: tags are compared apart. Arguments are those of `order`.
    """
    if live is None:
        return {ACTIVE: f"{active}@{at}", MOVED_FROM: "nothing"}
    if not _rests(live, active, share):
        return {ACTIVE: f"{active}@{at}", MOVED_FROM: f"{live.colour}@{at}"}
    kept = live.annotations.get(ACTIVE, "")
    return {
        ACTIVE: kept if kept.partition("@")[0] == active else f"{active}@{at}",
        MOVED_FROM: live.annotations.get(MOVED_FROM, "nothing"),
    }


def _rests(live: LiveService, active: Colour, share: int) -> bool:
    return (live.colour, live.share) == (active, share)
