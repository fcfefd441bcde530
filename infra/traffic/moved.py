"""What makes a move a difference to any engine, and whose writes may be overwritten. Pure.

Where an update was killed between the write and its record, state and config can agree with each other and not with
what is live; without a mark no engine would see a difference, and the hook that proves would not run.
"""

from collections.abc import Mapping

from infra.live import ours
from teal.colours import MOVED_FROM, Colour
from teal.live import LiveService

FORCE = "pulumi.com/patchForce"
"""Annotation of pulumi-kubernetes: apply even over fields that another manager owns."""


def annotations(live: LiveService | None, active: Colour, share: int = 0) -> Mapping[str, str]:
    """What differs from the recorded annotations of an object exactly when traffic has to move.

    Ownership is taken back only from a writer that was there when the live
    state was read and found explained. Somebody who writes between that and
    our own write meets a conflict, and the move is refused.

    Args:
        live: as read before anything was declared; None where there is no traffic yet.
        active: where it is to go.
        share: percent that the other colour is to get.
    """
    if live is None:
        return {MOVED_FROM: "nothing"}
    if (live.colour, live.share) == (active, share):
        return {name: live.annotations[name] for name in (MOVED_FROM, FORCE) if name in live.annotations}
    moved = {MOVED_FROM: f"{live.colour}@{live.resource_version}"}
    return moved if ours(live) else {**moved, FORCE: "true"}
