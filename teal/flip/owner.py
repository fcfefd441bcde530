"""Takes a flip to its end after its write, from any machine: bakes it, then confirms it or puts traffic back.

The same code runs in an engine's hook and in the cluster. The flip's record says which of them owns it
(`teal.flip.tenure`).
"""

import time
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping
from typing import Any

from teal import routers
from teal.adapters.kubernetes.cluster import Cluster
from teal.flip import revert
from teal.flip.closing import Closing
from teal.flip.guards import is_by_a_flip, wrote
from teal.flip.outcome import gone
from teal.flip.revert import Way
from teal.flip.tenure import Tenure, free
from teal.flip.watching.bake import Bake, thinly
from teal.flip.watching.live_metrics import LiveMetrics
from teal.flip.watching.observer import Observer
from teal.history.model import Flip, Stage
from teal.history.store import Kept, OvertakenError, Records
from teal.model.colours import Colour
from teal.model.errors import RefusedError, UnreachableError
from teal.model.live import LiveService
from teal.model.routes import RouterKind
from teal.model.verdict import Outcome, Verdict, unproven
from teal.routers import Router
from teal.spec.bake import BakePlan

MARGIN_SECONDS = 220.0
"""How long to wait for somebody else's bake, beyond its own time."""


class Owner:
    """The owner of one flip."""

    def __init__(
        self,
        cluster: Cluster,
        records: Records,
        live_metrics: LiveMetrics | None,
        *,
        name: str,
        say: Callable[[str], None],
    ) -> None:
        """Prepare to own a flip; nothing is recorded yet.

        Args:
            cluster: the flip's cluster.
            records: the stack's flips.
            live_metrics: metrics of live traffic; None where the stack has no Prometheus.
            name: this owner's name, which no other owner has.
            say: is called with each line of progress.
        """
        self._cluster = cluster
        self._records = records
        self._live_metrics = live_metrics
        self.name = name
        self._say = say
        self._closing = Closing(cluster, say)
        self._router: Router | None = None

    async def end(
        self,
        kept: Kept,
        flip: Flip,
        live: Mapping[str, LiveService],
        *,
        before: Mapping[str, LiveService] | None = None,
        followed: Callable[[], Awaitable[None]] | None = None,
    ) -> Flip:
        """Bring one flip to its end, or wait for its owner to do so.

        Args:
            kept: the record.
            flip: the open flip in it.
            live: where each service's traffic goes, as read after the write: where the flip sent it.
            before: the last read before the write; None where this owner did not read it.
            followed: returns once the data path has followed the write; None where nothing waits for that.

        Returns:
            The flip as it ended: confirmed, unproven, reverted, stuck or overtaken. Its record says the same.

        Raises:
            UnreachableError: the cluster could not be asked, or neither the record nor traffic could be written.
            RefusedError: the flip's record is gone, or its owner does not end it.
        """
        if flip.owner in {"", self.name} and flip.stage is not Stage.REVERTING:
            try:
                held = Tenure(self._records, kept, flip, self.name)
                return await self.keeping(held, self._bake(held, live, before=before, followed=followed))
            except OvertakenError:
                pass
        most, begun = flip.plan.seconds + flip.plan.ending_seconds + MARGIN_SECONDS, time.monotonic()
        while (entry := (await self._records.load()).history.find(flip.number)) is not None and entry.stage.open:
            if time.monotonic() > begun + most:
                raise RefusedError(
                    f"{entry}; its owner {entry.owner} neither ended it nor gave it up within {most:.0f} s. Next: "
                    "teal status, then pulumi up again"
                )
            try:
                if await free(self._records, entry, self.name):
                    return await self._take_over(entry, followed)
            except OvertakenError:
                pass
        if entry is None:
            raise RefusedError(
                f"somebody deleted the record of flip {flip.number} (ConfigMap teal-history) during its bake, and its "
                f"verdict with it: traffic stays on {flip.to}, unconfirmed, even if that fails. Next: pulumi up, which "
                "bakes it anew"
            )
        return entry

    async def go_on(self) -> Flip | None:
        """Bring a flip without an owner to its end, whatever step its update died at.

        Returns:
            The flip as it ended; None where none is open, or where somebody owns it.

        Raises:
            OvertakenError: somebody else took the flip meanwhile.
            UnreachableError: the cluster could not be asked, or traffic could not be put back.
        """
        flip = (await self._records.load()).history.open
        if flip is None or not await free(self._records, flip, self.name):
            return None
        return await self._take_over(flip)

    async def undo(self, kept: Kept, flip: Flip, live: Mapping[str, LiveService], *why: Verdict, because: str) -> Flip:
        """Put back what this owner's flip has moved so far, before it is baked; raises what `end` raises."""
        held = Tenure(self._records, kept, flip, self.name)
        return await self.keeping(held, self.revert(held, live, why, because=because))

    async def _take_over(self, flip: Flip, followed: Callable[[], Awaitable[None]] | None = None) -> Flip:
        """Go on with a flip that has no owner, from where its traffic is."""
        held = await Tenure.take(self._records, flip, self.name)
        return await self.keeping(held, self._go_on(held, followed))

    async def keeping(self, held: Tenure, work: Coroutine[Any, Any, Flip]) -> Flip:
        """Run work on a flip, with heartbeats beside it."""
        try:
            return await held.keeping(work)
        finally:
            await self._closing.over()

    async def _bake(
        self,
        held: Tenure,
        live: Mapping[str, LiveService],
        *,
        before: Mapping[str, LiveService] | None = None,
        followed: Callable[[], Awaitable[None]] | None = None,
    ) -> Flip:
        """Bake a flip whose traffic has moved, and end it. The arguments are those of `end`."""
        flip = held.flip
        if flip.plan.router is RouterKind.ALB and not flip.plan.routes:  # this update made the rule: now it has a name
            flip = flip.model_copy(update={"plan": flip.plan.routed(live)})
        # This comes before the record, since clients of the old release wait for it.
        self._closing.follow(flip.plan, left=flip.origin, taken=flip.to)
        began = flip.bake_began_at or self._records.now("milliseconds")
        flip = await held.write(flip.model_copy(update={"bake_began_at": began}).at(Stage.BAKING))
        bake = Bake.begin(flip.plan, flip.to, first=flip.origin is None, left=flip.origin, since=flip.allowed_at)
        observer = Observer(self._cluster, self._live_metrics, self.router(flip.plan), bake, live)

        async def settle() -> None:
            if before:
                try:
                    await observer.find_displaced(before)
                except UnreachableError as error:
                    self._say(str(error))
            if followed:
                await followed()

        unsettled = await observer.bake(settle, thinly(bake, self._say))
        return await self._judged(held, bake, live, unsettled)

    async def _judged(self, held: Tenure, bake: Bake, live: Mapping[str, LiveService], unsettled: str) -> Flip:
        """End a flip by what its bake saw."""
        held.flip = held.flip.model_copy(update={"decided_at": self._records.now("milliseconds"), "loss": bake.loss()})
        verdicts, routing = bake.failed() or bake.verdicts(), bake.routing()
        if any(verdict.outcome is Outcome.FAILED for verdict in verdicts):
            return await self.revert(held, live, (*verdicts, *routing), leave=bake.astray())
        missing = unproven((*verdicts, *routing))
        reason = "; ".join([*([unsettled] if unsettled else []), *(str(verdict) for verdict in missing)])
        stage = Stage.UNPROVEN if reason else Stage.CONFIRMED
        if any(verdict.outcome is Outcome.FAILED for verdict in routing):
            stage = Stage.OVERTAKEN
        return await held.end(stage, reason, *verdicts, *routing)

    async def _go_on(self, held: Tenure, followed: Callable[[], Awaitable[None]] | None = None) -> Flip:
        """Bring a flip to its end from where its traffic is."""
        flip = held.flip
        live = await self.live(flip.plan)
        if flip.stage is Stage.REVERTING:
            return await self._put_back(held, live, flip.plan.services)
        moved = {name: each for name, each in live.items() if each.colour is flip.to}
        strangers = {name: wrote(each) for name, each in moved.items() if not is_by_a_flip(each)}
        there = [name for name in moved if name not in strangers]
        if not there or (strangers and len(moved) == len(flip.plan.services)):
            return await held.end(*gone(flip, live))  # nothing, or not all, is there by this flip
        if flip.undoes:  # its update may have died between a worker's record and its pods, which nobody else starts
            workers = routers.Workers(self._cluster, flip.plan.workers)
            for name in there:
                if name in flip.plan.workers:
                    await workers.start(name, flip.to)
        if len(there) == len(flip.plan.services):
            return await self._bake(held, live, followed=followed)
        # No release was ever tested with half a flip set.
        half = f"its update died when only {', '.join(there)} had moved"
        if flip.stage is not Stage.PROVEN:
            half = f"of its traffic, only that of {', '.join(there)} is on {flip.to} still"
        if not flip.undoes:
            return await self.revert(held, live, (), because=half, leave=strangers)
        behind = [name for name in flip.plan.services if name not in there]
        why, proof, foreign = await self._move(held, live, behind, flip.to)
        if why or foreign:
            lost = "; ".join(f"{name} leads to {where}" for name, where in foreign.items())
            stay = f"{half}. It was not moved on: {why or lost}"
            return await held.end(Stage.OVERTAKEN if foreign else Stage.STUCK, stay, *proof)
        return await self._bake(held, await self.live(flip.plan), followed=followed)

    async def revert(
        self,
        held: Tenure,
        live: Mapping[str, LiveService],
        why: tuple[Verdict, ...],
        *,
        because: str = "",
        leave: Mapping[str, str] | None = None,
    ) -> Flip:
        """Put traffic back if the old colour can carry it, except for services that somebody else moved (`leave`)."""
        flip = held.flip
        failed = because or "; ".join(str(verdict) for verdict in unproven(why))
        back = [name for name in flip.plan.services if name not in (leave or {})]
        if not back:
            return await held.end(Stage.OVERTAKEN, failed, *why)
        if flip.origin is None or flip.undoes:
            stay = f"{flip.origin} was never confirmed" if flip.undoes else "there is no other colour"
            return await held.end(Stage.STUCK, f"{failed}. Traffic is not put back: {stay}", *why)
        # This is recorded first, so that the flip's next owner does not bake it again.
        await held.insist(flip.at(Stage.REVERTING, failed, *why), revert.PATIENCE_SECONDS)
        return await self._put_back(held, live, back)

    async def _put_back(self, held: Tenure, live: Mapping[str, LiveService], services: Collection[str]) -> Flip:
        """Put traffic back for a flip whose failed verdict is recorded."""
        flip = held.flip
        failed, origin = flip.reason, flip.origin
        if origin is None:
            return await held.end(Stage.STUCK, f"{failed}. Traffic is not put back: there is no other colour")
        try:
            why, proof, foreign = await self._move(held, live, services, origin)
        except UnreachableError as error:
            raise UnreachableError(
                f"{flip}. {failed}. The way back to {origin} is not known to have come about: {error}. Its verdict is "
                "recorded: the watch, or pulumi up, goes on with the way back. Next: teal status"
            ) from None
        if why:
            return await held.end(Stage.STUCK, f"{failed}. {origin} could not take the traffic back: {why}", *proof)
        self._closing.follow(flip.plan, left=flip.to, taken=origin)
        left = "".join(f"; {name} leads to {where}, and was left there" for name, where in foreign.items())
        stage = Stage.OVERTAKEN if len(foreign) == len(services) else Stage.REVERTED
        return await held.end(stage, failed + left, *proof)

    async def _move(
        self, held: Tenure, live: Mapping[str, LiveService], services: Collection[str], onto: Colour
    ) -> tuple[str, tuple[Verdict, ...], Mapping[str, str]]:
        """Put the traffic of some services onto a colour, with retries, if the colour is proven to carry it.

        Returns:
            Why it cannot; the proof; the services that somebody else moved, which are left alone, and where they lead.
        """
        flip = held.flip
        router, ending = self.router(flip.plan), flip.plan.ending_seconds
        way = Way(
            cluster=self._cluster, router=router, onto=onto, fence=held.renew, say=self._say, ending_seconds=ending
        )

        async def read() -> Mapping[str, LiveService]:
            return {name: each for name, each in (await self.live(flip.plan)).items() if name in services}

        proof: tuple[Verdict, ...] = ()
        asked = [name for name in services if name in flip.plan.doors]  # work waits in its queue, but requests are lost
        if any(each.colour is not onto for name, each in live.items() if name in asked):
            proof = (*await way.prove(flip.carried_by(asked), loss=flip.loss),)
            if missing := unproven(proof):
                return "; ".join(str(verdict) for verdict in missing), proof, {}
        return "", proof, await way.move(read, live)

    def router(self, plan: BakePlan) -> Router:
        """Return the router of a flip set; every call returns the same one."""
        if self._router is None:
            self._router = routers.connect(plan.router, self._cluster, plan.routes, plan.workers)
        return self._router

    async def live(self, plan: BakePlan) -> Mapping[str, LiveService]:
        """Return where each service's traffic goes now, without services that are gone."""
        found = await self.router(plan).live_services(plan.services)
        return {name: found[name] for name in plan.services if name in found}
