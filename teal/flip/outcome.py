"""Tells the update that waited for a flip how it ended, as an error where it was not confirmed. Pure."""

from collections.abc import Mapping

from teal.flip.guards import is_by_a_flip, wrote
from teal.history.model import Flip, History, Stage
from teal.model.errors import RefusedError
from teal.model.live import LiveService
from teal.spec.move import Move


def require_confirmed(ended: Flip) -> None:
    """Return for a flip whose bake passed.

    Raises:
        RefusedError: it did not; the message says what was seen, where traffic is now and what to do.
    """
    if ended.stage is Stage.CONFIRMED:
        return
    what = f"{ended}. {ended.reason}"
    if ended.stage is Stage.REVERTED:
        raise RefusedError(
            f"{what}. {_back(ended)}. Next: pulumi config set teal:activeColour {ended.origin}, mend {ended.to}, then "
            "flip again"
        )
    if ended.stage is Stage.STUCK:
        raise RefusedError(
            f"{what}. TRAFFIC STAYS ON {str(ended.to).upper()}, WHICH FAILS. Next: kubectl get pods -l "
            f"teal/colour={ended.origin or ended.to}, mend either colour, then pulumi up: it bakes again"
        )
    if ended.stage is Stage.OVERTAKEN:
        raise RefusedError(
            f"{what}. Somebody else moves this traffic, so {ended.to} is not confirmed; what they sent elsewhere was "
            f"left there. Next: find out who, and stop it; then teal:activeColour names where traffic is to be, and "
            f"pulumi up brings it there, or says what it would overwrite"
        )
    if ended.stage is Stage.ABANDONED:
        raise RefusedError(f"{what}. So {ended.to} is not confirmed by this update. Next: teal status, then pulumi up")
    raise RefusedError(
        f"{what}. It could not be judged, so {ended.to} is not confirmed; traffic stays there. Next: mend what could "
        "not be asked, then pulumi up: it bakes again"
    )


def _back(flip: Flip) -> str:
    """Return, in words, what is live again after a way back."""
    crons = flip.plan.crons
    workers = [name for name, each in flip.plan.workers.items() if each.idles and name not in crons]
    said: list[str] = []
    if workers:
        said = [f"the pods of {', '.join(workers)} in {flip.to} were stopped, and those in {flip.origin} do their work"]
    if crons:
        said += [f"the schedule of {', '.join(crons)} runs in {flip.origin}, and is suspended in {flip.to}"]
    if not said:
        return f"Traffic was put back onto {flip.origin}, which was proven to carry it"
    whole = "; ".join([*([f"traffic is on {flip.origin}"] if flip.plan.doors else []), *said])
    return whole[0].upper() + whole[1:]


def require_own(history: History, number: int, move: Move) -> None:
    """Check that the confirmed flip is this update's move, and not that of another update meanwhile.

    Args:
        history: the stack's flips.
        number: the number of the flip that this update began.
        move: the move that this update declares.

    Raises:
        RefusedError: the flip is another move, or is not confirmed.
    """
    mine = history.find(number)
    if mine is None:
        raise RefusedError(
            f"the record of flip {number}, which this update began, is gone: nothing is known of its bake, so "
            f"{move.to} is not confirmed. Next: teal status, then pulumi up again"
        )
    require_confirmed(mine)
    if (mine.to, mine.release) != (move.to, move.release):
        raise RefusedError(
            f"{mine}. What was baked and confirmed is {mine.to} {mine.version}, and this update declares another "
            f"release of {move.to} ({move.version}), so this update confirms nothing. Next: pulumi up again"
        )


def gone(flip: Flip, live: Mapping[str, LiveService]) -> tuple[Stage, str]:
    """Return how a flip without an owner ended, none of whose traffic is where it was sent."""
    strangers = {name: each for name, each in live.items() if not is_by_a_flip(each)}
    if flip.stage is Stage.PROVEN and not any(each.colour is flip.to for each in strangers.values()):
        strangers = {}  # whatever they wrote, traffic is where it was before this flip
    if flip.stage is Stage.PROVEN and not strangers:
        return Stage.ABANDONED, "its update died before traffic moved"
    leading = "; ".join(f"{name} leads to {wrote(each)}" for name, each in (strangers or live).items())
    return (Stage.OVERTAKEN, leading) if strangers else (Stage.ABANDONED, f"its traffic was moved on: {leading}")
