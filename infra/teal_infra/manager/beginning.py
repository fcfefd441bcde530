"""Decides from where a verb begins: the file as it should be, given what is live, or a refusal. Pure."""

from teal.model.colours import Colour
from teal.model.errors import NotThereError, RefusedError
from teal.status.look import Status
from teal_infra.manager.declared import Declared


def settled(file: Declared, status: Status) -> Declared:
    """Return the file with the active colour where traffic rests, which a way back may have left elsewhere."""
    live = status.active
    if live is None or status.open is not None or live is file.active:
        return file
    return file.put(["teal:activeColour"], str(live))


def ended(file: Declared, colour: Colour, state: str) -> Declared:
    """Return the file with a colour without pods, which has to be the idle one.

    Raises:
        NotThereError: it is the active one.
    """
    if colour is file.active:
        raise NotThereError(
            f"{colour} is the active colour, whose pods carry live traffic: nothing was changed. Next: teal switch "
            f"{colour.other}, then teal stop {colour}"
        )
    return file.set_state(colour, state)


def require_free(file: Declared, status: Status) -> None:
    """Refuse to act while a flip is under way.

    Raises:
        RefusedError: there is one, to a colour that the file does not name.
    """
    flip = status.open
    if flip is not None and flip.to is not file.active:
        raise RefusedError(
            f"{flip}: it is not over, and {file.file} would send its traffic elsewhere. Nothing was changed. Next: "
            f"teal status --watch, to see its end; teal switch {flip.to} goes on with it if its update is gone; teal "
            "rollback undoes it"
        )
