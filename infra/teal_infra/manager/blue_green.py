"""Implements the verbs: each writes the stack file, and has Pulumi bring the stack to it.

Where an update fails, the file says again where traffic is.

When a verb begins, only what a rollback needs to move traffic is imported; Pulumi and the settings come later.
"""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import stamina

from teal.adapters import pulumi_project
from teal.adapters.kubernetes.cluster import Cluster
from teal.flip.closing import Closing
from teal.flip.rollback import ColdError, Rollback
from teal.history.model import Flip, Stage
from teal.model.colours import Colour
from teal.model.errors import (
    DeclinedError,
    EngineError,
    LockedError,
    NotThereError,
    RefusedError,
    TealError,
    UnconfirmedError,
)
from teal.plans.model import Plan, Word
from teal.status import health, look
from teal.status.health import Health
from teal.status.look import Status
from teal_infra.manager import asked, beginning, declared, files, shares
from teal_infra.manager.declared import Change, Declared
from teal_infra.manager.results import Done, Quiet, Teller

if TYPE_CHECKING:  # see `_engine`
    from teal_infra.manager.engine import Engine

LOCKED_SECONDS = 60.0
"""How long to wait until an update whose flip a rollback has undone releases Pulumi's lock; it takes a heartbeat."""

PAUSE_SECONDS = 2.0


class BlueGreenManager:
    """The verbs of one stack. What goes wrong is raised as one of `teal.model.errors`."""

    def __init__(self, stack: str | None = None, *, folder: Path | None = None, teller: Teller | None = None) -> None:
        """Find the stack.

        Args:
            stack: its name; default: the one that Pulumi has chosen.
            folder: the project's folder, or one below it; default: the current one.
            teller: is told of progress, and asked before anything is done; default: nobody is, and all that is not
                refused is done.

        Raises:
            NotThereError: there is no such project, or no stack is chosen.
            ConfigError: a file of it cannot be read.
        """
        self.project = pulumi_project.require(stack, folder)
        self._teller = teller or Quiet()

    def get_status(self) -> Status:
        """Return where traffic goes, and what both colours run; only the cluster is asked."""
        return asyncio.run(look.look(self.project.access))

    def health_check(self) -> Health:
        """Ask every service of both colours whether it is well."""
        return asyncio.run(health.check(self.project.access))

    def deploy_new_version(self, *release: str, steps: Sequence[int] = ()) -> Done:
        """Give the idle colour a release, and move live traffic to it once it is proven.

        Args:
            release: a version, and images (`IMAGE`, `SERVICE=IMAGE`); none: what the idle slot declares already.
            steps: percentages of live traffic that it gets first, each in an update with its bake.
        """
        if steps:
            return shares.deploy(self._update, self.get_status, release, steps)

        def change(file: Declared, status: Status) -> Declared:
            idle = shares.idle_of(file, status)
            found = asked.release(file, idle, release)
            if status.active is idle.other and file.is_live(idle.other, found):
                return file  # the idle slot is the way back from it
            return (file.release(idle, *found) if found else file).activate(idle)

        return self._update("deploy", change)

    def switch_traffic(self, colour: Colour | str) -> Done:
        """Move live traffic to a colour, once it is proven."""
        return self._update("switch", lambda file, _: file.activate(Colour(colour)))

    def start(self, colour: Colour | str) -> Done:
        """Let a colour run."""
        return self._update("start", lambda file, _: file.set_state(Colour(colour), "running"))

    def stop(self, colour: Colour | str) -> Done:
        """End the pods of the idle colour at once."""
        return self._update("stop", lambda file, _: beginning.ended(file, Colour(colour), "stopped"))

    def retire(self, colour: Colour | str) -> Done:
        """End the pods of the idle colour, once the other one is confirmed and has settled."""
        return self._update("retire", lambda file, _: beginning.ended(file, Colour(colour), "retired"))

    def scale(self, colour: Colour | str, pods: int, services: Sequence[str] = ()) -> Done:
        """Give a colour at least so many pods, of some services or of all."""
        of = Colour(colour)

        def change(file: Declared, _: Status) -> Declared:
            if strange := sorted({*services} - {*file.services}):
                raise NotThereError(
                    f"{', '.join(strange)} is no service of {file.file}, which has {', '.join(file.services)}: nothing "
                    f"was changed. Next: teal scale {of} {pods}"
                )
            return file.scale(of, pods, services or file.services, active=of is file.active)

        return self._update("scale", change)

    def rollback(self, version: str | None = None, *, warm: bool = False) -> Done:
        """Move live traffic back: at once where the other colour is warm and was confirmed, else by an update.

        Args:
            version: the version that is to be live afterwards; None for the one that was live before.
            warm: whether to refuse rather than have an update prepare the other colour.
        """
        begun = time.monotonic()
        try:
            flip = asyncio.run(self._move(version))
        except KeyboardInterrupt:
            raise UnconfirmedError(
                "Ctrl-C ended the rollback while it moved live traffic, or before that. Next: teal status"
            ) from None
        except ColdError as cold:
            if warm:
                raise RefusedError(
                    f"{cold}. No update was asked for, and nothing was moved. Next: teal rollback, whose update makes "
                    "it ready and proves it first"
                ) from None
            self._teller.line(f"{cold}. An update makes it ready, and proves it, first")
            to = cold.to
            return self._update("rollback", lambda file, _: file.activate(to))
        return self._follow(flip, time.monotonic() - begun)

    async def _move(self, version: str | None) -> Flip:
        async with Cluster.connect(self.project.access) as cluster:
            return await Rollback(cluster, say=self._teller.line).go(version)

    def _follow(self, flip: Flip, seconds: float) -> Done:
        """Bring the stack to where a rollback has put the traffic: the file, then Pulumi's state and the record."""
        to = flip.origin if flip.stage is Stage.REVERTED else flip.to
        if to is None or flip.stage not in {Stage.BAKING, Stage.REVERTED}:
            raise UnconfirmedError(f"{flip}. {flip.reason}. The stack file was left as it was. Next: teal status")
        self._teller.line(f"live traffic is on {to} after {seconds:.2f} s: {flip}")
        stays = f"Live traffic is on {to}, where the rollback put it"
        try:
            before = self.get_status()
            file = declared.read(self.project.file).activate(to)
        except (TealError, KeyboardInterrupt) as error:
            raise _not_followed(stays, error) from None
        try:
            files.write(self.project.file, file.text)
            if flip.stage is Stage.REVERTED:  # a flip that ended otherwise has a bake for that
                asyncio.run(self._close(file, flip.to))
            engine = self._engine()
            plan = engine.preview()
            self._teller.plan(plan)
            if plan.word in {Word.ROLLING, Word.RELEASE}:
                raise RefusedError(
                    f"{self.project.file} declares more than that, and the update would be {plan.word}: it was not "
                    "made. Next: pulumi preview, then pulumi up"
                )
            stamina.RetryingCaller(
                attempts=None, timeout=LOCKED_SECONDS, wait_initial=PAUSE_SECONDS, wait_max=PAUSE_SECONDS, wait_jitter=0
            )(LockedError, engine.up)
        except EngineError as error:
            raise self._came_to(error, file, before, prefix=f"{stays}, and Pulumi's update failed. ") from None
        except (TealError, KeyboardInterrupt) as error:
            raise _not_followed(stays, error) from None
        return self._done("rollback", file, plan, moved_in=round(seconds, 3))

    async def _close(self, file: Declared, left: Colour) -> None:
        """Have kept-alive connections follow the traffic, where the stack declares that pods can be asked to."""
        from teal_infra.planning.move import bake_plan  # noqa: PLC0415 - it takes a second, which a rollback has not

        plan = bake_plan(files.valid(self.project, file.text))
        async with Cluster.connect(self.project.access) as cluster:
            closing = Closing(cluster, self._teller.line)
            closing.follow(plan, left=left, taken=left.other)
            await closing.over()

    def _update(self, verb: str, change: Change, *, ask: bool = True) -> Done:
        before = self.get_status()
        found = declared.read(self.project.file)
        file = change(beginning.settled(found, before), before)
        beginning.require_free(file, before)
        files.valid(self.project, file.text)
        engine = self._engine()
        for each in file.wrote:
            self._teller.line(f"{self.project.file.name}: {each}")
        files.write(self.project.file, file.text)
        try:
            plan = self._agreed(verb, engine, ask=ask)
        except BaseException:
            files.put_back(self.project.file, file.text, found.text)
            raise
        try:
            engine.up()
        except LockedError:
            files.put_back(self.project.file, file.text, found.text)
            raise
        except EngineError as error:
            raise self._came_to(error, file, before) from None
        return self._done(verb, file, plan)

    def _agreed(self, verb: str, engine: "Engine", *, ask: bool) -> Plan:
        plan = engine.preview()
        self._teller.plan(plan)
        if plan.word is Word.NOTHING or not ask or self._teller.agrees(plan):
            return plan
        raise DeclinedError(f"nobody said yes to {verb}: {self.project.file} is as it was, and nothing was done")

    def _came_to(self, error: EngineError, file: Declared, before: Status, *, prefix: str = "") -> TealError:
        """Return the error of a failed update with what it left behind; the file declares where traffic is, again."""
        said = f"{prefix}{error}"
        try:
            after = self.get_status()
        except (TealError, KeyboardInterrupt) as unknown:
            why = str(unknown) or "Ctrl-C ended the command. Next: teal status"
            return EngineError(f"{said}\nWhere live traffic goes now could not be read: {why}")
        flip = after.last
        if after.open is None and after.active is not None:
            true = file.put(["teal:activeColour"], str(after.active)).weigh(0)
            files.put_back(self.project.file, file.text, true.text)
            if again := true.wrote[len(file.wrote) :]:
                said += (
                    f"\n{self.project.file} says {', '.join(again)} again, since live traffic is there; what else was "
                    f"written stays. Next: mend {after.active.other}, then teal deploy"
                )
        if after.open is not None:
            goes_on = f"\n{after.open}: it is not over. Next: pulumi up, which goes on with it; teal rollback undoes it"
            return UnconfirmedError(said if "Next: " in said else f"{said}{goes_on}")
        if flip is None or flip == before.last or flip.stage is Stage.CONFIRMED:
            return EngineError(said)
        return RefusedError(said) if flip.stage is Stage.REFUSED else UnconfirmedError(said)

    def _done(self, verb: str, file: Declared, plan: Plan, *, moved_in: float | None = None) -> Done:
        status = self.get_status()
        live = status.active
        return Done(
            verb=verb,
            stack=self.project.stack,
            file=str(self.project.file),
            wrote=file.wrote,
            word=plan.word,
            live=live,
            confirmed=status.confirmed,
            version=status.version(live) if live else "",
            flip=status.last if plan.word.moves or moved_in is not None else None,
            moved_in_seconds=moved_in,
        )

    def _engine(self) -> "Engine":
        from teal_infra.manager.engine import Engine  # noqa: PLC0415 - it takes a second, which a rollback has not

        return Engine(self.project, self._teller.line)


def _not_followed(stays: str, error: TealError | KeyboardInterrupt) -> UnconfirmedError:
    """Return the error of a rollback that moved live traffic, and whose stack was not brought there."""
    why = str(error) or "Ctrl-C ended the command. Next: pulumi up, which watches the release and confirms it"
    return UnconfirmedError(f"{stays}. The stack was not brought there: {why}")
