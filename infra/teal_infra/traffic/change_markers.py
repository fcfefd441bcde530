"""Marks that make each move a difference to the engine, and decide whose writes may be overwritten. Pure.

If an update is killed between the write and its record, state and config can agree with each other but not with what is
live. Without a mark the engine would see no difference, and the hook that proves would not run.
"""

from collections.abc import Mapping
from datetime import datetime

from teal.model.colours import ENGINE, MANAGER, Colour
from teal.model.labels import ACTIVE, MOVED_FROM, ORDER
from teal.model.live import LiveService
from teal_infra.provider.ownership import FORCE

ORDERS = 50_000
"""The highest order of an action that AWS takes."""


def annotations(live: LiveService | None, active: Colour, share: int = 0) -> Mapping[str, str]:
    """Return annotations that differ from the recorded ones exactly when traffic has to move.

    Fields that somebody else owned when the live state was read, and found explained, are taken back by force. Whoever
    writes later meets a conflict, except `kubectl`, whose fields Pulumi's provider takes over without a word. So
    traffic is read again right before the write (`teal_infra.hooks.guard`), and what the write still overwrote is read
    after it (`teal.flip.watching.observer`).

    Args:
        live: live traffic as read before anything was declared; None where there is none yet.
        active: the colour that traffic is to go to.
        share: the percentage that the other colour is to get.
    """
    if live is None:
        return {MOVED_FROM: "nothing"}
    owners = {live.writer, *live.owners}
    if _rests(live, active, share):
        # teal still owns what its way back wrote, which may have to be written again: a route's rules are one field.
        kept = {name: live.annotations[name] for name in (MOVED_FROM, FORCE) if name in live.annotations}
        return {**kept, FORCE: "true"} if MANAGER in owners else kept
    moved = {MOVED_FROM: f"{live.colour}@{live.resource_version}"}
    return moved if all(each.startswith(ENGINE) for each in owners) else {**moved, FORCE: "true"}


def order(live: LiveService | None, active: Colour, share: int, at: str) -> int:
    """Return an order for a rule's action, another one for each move; AWS ignores it where there is one action.

    pulumi-aws only writes what differs from the engine's state. After traffic was put back, or an update was killed,
    state and config can agree with each other but not with AWS. Without the order, the weights would not be written.

    Args:
        live: live traffic as read before anything was declared; None where there is none yet.
        active: the colour that traffic is to go to.
        share: the percentage that the other colour is to get.
        at: when live traffic was read, in RFC 3339.
    """
    if live is None:
        return 1
    if _rests(live, active, share):
        return int(live.annotations.get(ORDER, "1"))
    return 2 + int(datetime.fromisoformat(at).timestamp()) % (ORDERS - 2)


def tags(live: LiveService | None, active: Colour, share: int, at: str) -> Mapping[str, str]:
    """Return a rule's tags: the live colour, with another text after each move, and where traffic came from.

    The text differs for the reason that `order` does, since tags are compared separately. The arguments are the same.
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
