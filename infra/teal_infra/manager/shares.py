"""Implements `teal deploy --steps`: shares of live traffic for the new release, each with its bake; then the flip."""

from collections.abc import Callable, Sequence
from typing import Protocol

from teal.model.colours import Colour
from teal.model.errors import EngineError, LockedError, NotThereError, RefusedError, TealError, UnconfirmedError
from teal.model.routes import RouterKind
from teal.status.look import Status
from teal_infra.manager import asked
from teal_infra.manager.declared import RUNNING, Change, Declared
from teal_infra.manager.results import Done

_SPLIT = [kind for kind in RouterKind if kind.spec.splits]


class Update(Protocol):
    """One update of the stack, as `BlueGreenManager` makes it."""

    def __call__(self, verb: str, change: Change, *, ask: bool = True) -> Done:
        """Write the file, and have Pulumi make the stack so."""
        ...


def parsed(text: str) -> Sequence[int]:
    """Return percentages as they are typed, `10,50`; nothing where nothing is.

    Raises:
        NotThereError: they are no percentages.
    """
    words = [each.strip() for each in text.split(",")] if text else []
    if strange := [each for each in words if not each.isdecimal()]:
        raise NotThereError(
            f"--steps {text}: {strange[0] or 'nothing'} is no percentage, and nothing was changed. Next: teal deploy "
            "--steps 10,50"
        )
    return [int(each) for each in words]


def deploy(update: Update, look: Callable[[], Status], release: Sequence[str], steps: Sequence[int]) -> Done:
    """Give the idle colour a release, then more and more of live traffic, then all of it.

    Args:
        update: makes one update.
        look: says how the stack stands.
        release: the release as it was asked for; nothing: what the idle slot declares already.
        steps: percentages of live traffic.

    Raises:
        NotThereError: the steps do not go up, or the router cannot share traffic out.
        TealError: an update failed; the share that the colour had by then was taken away.
    """
    _require_up(steps)

    def prepare(file: Declared, status: Status) -> Declared:
        _require_split(file)
        idle = idle_of(file, status)
        found = asked.release(file, idle, release)
        if found and file.is_live(idle.other, found):
            raise NotThereError(
                f"{found[0]} is live already, on {idle.other}, with these images: it has all traffic, and nothing was "
                "changed. Next: teal status"
            )
        return (file.release(idle, *found).weigh(0) if found else file).set_state(idle, RUNNING)

    def share(percent: int) -> Change:
        return lambda file, _: file.weigh(percent)

    def flip(file: Declared, status: Status) -> Declared:
        return file.activate(idle_of(file, status))

    done: list[Done] = []
    for change in (prepare, *map(share, steps), flip):
        try:
            done.append(update("deploy", change))
        except LockedError:
            raise
        except (EngineError, RefusedError, UnconfirmedError) as error:
            if not done:  # whatever share there is was there before
                raise
            raise type(error)(f"{error}{_taken_away(update, look)}") from None
    return done[-1].model_copy(update={"wrote": tuple(line for each in done for line in each.wrote)})


def idle_of(file: Declared, status: Status) -> Colour:
    """Return the colour that a release is for: the one that live traffic is not on."""
    return (status.active or file.active or Colour.GREEN).other


def _taken_away(update: Update, look: Callable[[], Status]) -> str:
    """Take away the share that a colour had when a step failed; return what became of it, empty where it had none."""
    to: Colour | None = None
    try:
        seen = look()
        to = seen.main
        if seen.open is not None or seen.active is not None or to is None:
            return ""
        onto = to
        update("deploy", lambda file, _: file.activate(onto), ask=False)
    except TealError as failed:
        return f"\nThe share of live traffic that it had was not taken away: {failed}" + (
            f". Next: teal switch {to}" if to else ""
        )
    return f"\nThe share of live traffic that it had was taken away: all of it is on {to} again"


def _require_up(steps: Sequence[int]) -> None:
    up = sorted({each for each in steps if 1 <= each <= 99})  # noqa: PLR2004 - percent
    if [*steps] != up:
        said = ",".join(map(str, steps))
        raise NotThereError(
            f"--steps {said}: steps are percentages from 1 to 99, each larger than the one before, and the flip is "
            f"the last one. Nothing was changed. Next: teal deploy --steps {','.join(map(str, up)) or '10,50'}"
        )


def _require_split(file: Declared) -> None:
    router = str(file.config.get("teal:router", RouterKind.SERVICE))
    if router not in _SPLIT:
        raise NotThereError(
            f"teal:router is {router}, which leads all live traffic to one colour: there are no steps on the way. "
            f"Nothing was changed. Next: teal deploy without --steps, or in a stack whose teal:router is "
            f"{' or '.join(_SPLIT)}"
        )
