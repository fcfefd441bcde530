"""Defines the verbs of the command line: deploy, prepare, switch, rollback, start, stop, retire, scale.

`teal_infra.manager` does the work; this module has the options, what is printed, and the exit status.
"""

import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from teal.adapters import pulumi_project
from teal.cli.answer import Asking
from teal.cli.terminal import Terminal
from teal.cli.where import Stack
from teal.model.colours import Colour
from teal.model.errors import DeclinedError, TealError
from teal.model.stored import Model
from teal.plans.model import Word
from teal_infra.manager import BlueGreenManager, Done, preparing, shares


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class How(Asking):
    """The options that all verbs share: which stack, and how much is asked and printed."""

    stack: Stack = None

    def typed(self, *words: object) -> str:
        """Return a command as it was typed, so that it can be typed again."""
        return shlex.join(["teal", *map(str, words), *(["--stack", self.stack] if self.stack else [])])


HOW = How()


def deploy(
    *release: str,
    steps: Annotated[
        str,
        Parameter(help="The shares of live traffic that it gets first, in percent, each with a bake: 10,50."),
    ] = "",
    how: How = HOW,
) -> None:
    """Give the idle colour a RELEASE, prove it, and move live traffic to it; the old release stays, to go back to.

    RELEASE is a version, as `1.5.0`, if the images that are declared are tagged with theirs; or an image, as
    `registry.example/backend:1.5.0`; or a version and `SERVICE=IMAGE` of each service. Without one it is what the idle
    slot declares already. Where a step fails, the share that it has by then is taken away.
    """
    words = ["deploy", *release, *(["--steps", steps] if steps else [])]
    _run(how, words, lambda manager: manager.deploy_new_version(*release, steps=shares.parsed(steps)))


def prepare(
    *release: str,
    colour: Annotated[
        Colour | None, Parameter(help="Whose slot is written; default: that of the colour that the file has idle.")
    ] = None,
    how: How = HOW,
) -> None:
    """Write a RELEASE into the idle slot of the stack file, and do nothing else; no cluster is asked.

    RELEASE is as for `deploy`. Where images of some services are named, the others keep what the active slot declares.
    """

    def prepared(terminal: Terminal) -> Model:
        project = pulumi_project.require(how.stack)

        def agreed(word: Word, wrote: Sequence[str]) -> bool:
            for each in wrote:
                terminal.line(f"{project.file.name}: {each}")
            return how.agreed(f"{word}: write that")

        return preparing.prepare(project, release, colour, agreed=agreed)

    _said(how, ["prepare", *release, *(["--colour", colour] if colour else [])], prepared)


def switch(colour: Colour, /, how: How = HOW) -> None:
    """Move live traffic to COLOUR, once every gate has passed, and watch it."""
    _run(how, ["switch", colour], lambda manager: manager.switch_traffic(colour))


def rollback(
    *,
    to: Annotated[
        str | None, Parameter(help="The version that is to be live then; default: what was live before.")
    ] = None,
    warm: Annotated[bool, Parameter(negative="", help="Refuse where that would take an update first.")] = False,
    how: How = HOW,
) -> None:
    """Move live traffic back: within a second, where the other colour is warm and was confirmed.

    It proves the capacity, moves the traffic and records that, without Pulumi; then it brings the stack there, which
    watches the move. A flip that is being watched is undone. Where the other colour is not warm, an update makes it so.
    """
    words = ["rollback", *(["--to", to] if to else []), *(["--warm"] if warm else [])]
    how.require("ROLLBACK: move live traffic back", "nothing was moved", how.typed(*words))
    _run(how, words, lambda manager: manager.rollback(to, warm=warm))


def start(colour: Colour, /, how: How = HOW) -> None:
    """Let COLOUR run; a stack that does not exist yet is created."""
    _run(how, ["start", colour], lambda manager: manager.start(colour))


def stop(colour: Colour, /, how: How = HOW) -> None:
    """End the pods of COLOUR at once; it has to be the idle one."""
    _run(how, ["stop", colour], lambda manager: manager.stop(colour))


def retire(colour: Colour, /, how: How = HOW) -> None:
    """End the pods of COLOUR, once the other one is confirmed and routers have had time to follow."""
    _run(how, ["retire", colour], lambda manager: manager.retire(colour))


def scale(
    colour: Colour,
    pods: Annotated[int, Parameter(validator=Number(gte=1, lte=1000))],
    /,
    *,
    service: Annotated[
        tuple[str, ...],
        Parameter(negative="", show_default=False, help="A service that gets them; several times; default: all."),
    ] = (),
    how: How = HOW,
) -> None:
    """Give COLOUR at least PODS pods a service. The idle colour never has more than the live one's least.

    More pods of the idle colour than that raise the live colour's least, too.
    """
    words = ["scale", colour, pods, *(word for each in service for word in ("--service", each))]
    _run(how, words, lambda manager: manager.scale(colour, pods, service))


def _run(how: How, words: Sequence[object], verb: Callable[[BlueGreenManager], Done]) -> None:
    _said(how, words, lambda terminal: verb(BlueGreenManager(how.stack, teller=terminal)))


def _said(how: How, words: Sequence[object], verb: Callable[[Terminal], Model]) -> None:
    terminal = Terminal(quiet=how.silent, yes=how.yes)
    try:
        done = verb(terminal)
    except DeclinedError as error:
        how.fail(DeclinedError(f"{error}. Next: {how.typed(*words)} --yes"))
    except TealError as error:
        how.fail(error)
    finally:
        terminal.end()
    how.give(done, str(done))
    sys.exit(0)
