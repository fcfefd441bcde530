"""Goes on with a flip after its write: bakes it, then confirms it or puts traffic back. From any machine.

The same code runs in an engine's hook and in the cluster. Which of them keeps a
flip is said in its record: the keeper shows that it lives by counting up, and
who sees the count stand still for `LEASE_SECONDS` takes over.
"""

import asyncio
import time
from collections.abc import Callable, Mapping

from teal import connections, revert, routers
from teal.bake import Bake, BakePlan, ServiceBake
from teal.colours import Colour
from teal.errors import RefusedError
from teal.flip import leads
from teal.history import Flip, Stage
from teal.kube import Cluster
from teal.live import LiveService
from teal.lookout import Lookout
from teal.records import Kept, Records
from teal.routers import Router
from teal.routes import RouterKind
from teal.verdict import Outcome, Verdict, unproven
from teal.witness import Witness

TICK_SECONDS = 0.2
"""Between two questions to a front door: 20 of them, the fewest that can fail a bake, take four seconds."""

LINES = 10
"""Of progress, at most: a bake may take an hour, and its log is read by people."""

PROVEN_LEASES = 4
"""While an engine writes, nobody counts: its own waits, for a busy API server or a slow router, are longer."""

MANY = 1_000_000
"""Pods: where it is not known how many carried the traffic before, as many as carry it now are needed."""

BEAT_SECONDS = 3.0
LEASE_SECONDS = 12.0
"""Four beats: an API server that restarts, which takes 3 to 6 s, costs one or two."""


class Keeper:
    """Keeps one flip."""

    def __init__(
        self, cluster: Cluster, records: Records, witness: Witness | None, *, name: str, say: Callable[[str], None]
    ) -> None:
        """Prepare to keep.

        Args:
            cluster: where the flip is.
            records: of it.
            witness: of live traffic; None where the stack has none.
            name: of this keeper, unlike any other's.
            say: where progress goes, a line each.
        """
        self._cluster = cluster
        self._records = records
        self._witness = witness
        self.name = name
        self._say = say
        self._router: Router | None = None

    async def free(self, flip: Flip) -> bool:
        """Wait until a flip's keeper is seen to live (False) or not (True).

        At most `LEASE_SECONDS`; `PROVEN_LEASES` times as long for a flip whose write is under way.
        """
        if not flip.keeper or flip.keeper == self.name:
            return True
        give_up = time.monotonic() + LEASE_SECONDS * (PROVEN_LEASES if flip.stage is Stage.PROVEN else 1)
        while time.monotonic() < give_up:
            await asyncio.sleep(1)
            now = (await self._records.load()).history.find(flip.number)
            if now is None or (now.beat, now.stage) != (flip.beat, flip.stage):
                return False
        return True

    async def keep(self, kept: Kept, flip: Flip) -> Flip:
        """Bake a flip whose traffic has moved, and end it.

        Returns:
            The flip as it ended: confirmed, unproven, reverted or stuck. Its record says the same.

        Raises:
            OvertakenError: somebody else keeps it now.
            UnreachableError: the cluster could not be asked, or the record not written.
            RefusedError: traffic could not be put back, because somebody else moved it.
        """
        if flip.plan.router is RouterKind.ALB and not flip.plan.routes:  # made by this very update: now it has a name
            flip = flip.model_copy(update={"plan": routed(flip.plan, await self.live(flip.plan))})
        kept = await self._record(kept, flip.at(Stage.BAKING))
        await self.close_connections(flip.plan, flip.origin, begin=True)
        bake = Bake.begin(flip.plan, flip.to, first=flip.origin is None)
        kept = await self._watch(bake, kept, flip.number)
        flip = kept.flip(flip.number)
        verdicts = bake.failed() or bake.verdicts()
        missing = unproven(verdicts)
        if any(verdict.outcome is Outcome.FAILED for verdict in missing):
            return await self._revert(kept, flip, verdicts)
        reason = "; ".join(str(verdict) for verdict in missing)
        return await self._end(kept, flip, Stage.UNPROVEN if missing else Stage.CONFIRMED, reason, *verdicts)

    async def go_on(self) -> Flip | None:
        """Bring a flip to its end that nobody keeps any more, whatever step its update died at.

        Returns:
            The flip as it ended; None where none is open, or somebody keeps it.

        Raises:
            OvertakenError: somebody else began to keep it meanwhile.
            UnreachableError: the cluster could not be asked.
            RefusedError: traffic could not be put back, because somebody else moved it.
        """
        flip = (await self._records.load()).history.open
        if flip is None or not await self.free(flip):
            return None
        kept = await self._record(await self._records.load(), flip)
        flip = kept.flip(flip.number)
        live = await self.live(flip.plan)
        there = [name for name, each in live.items() if each.colour is flip.to]
        if len(there) == len(flip.plan.services):
            return await self.keep(kept, flip)
        if not there:
            return await self._end(kept, flip, Stage.ABANDONED, "its update died before traffic moved")
        # Half of a flip set is what no release was ever tested with.
        half = f"its update died when only {', '.join(there)} had moved"
        if flip.undoes:
            await self.move(flip.plan, flip.to)
            return await self.keep(kept, flip)
        return await self._revert(kept, flip, (), because=half)

    async def _watch(self, bake: Bake, kept: Kept, number: int) -> Kept:
        """Ask, until the time is over or what was seen suffices to fail; show signs of life meanwhile."""
        begun = beaten = said = time.monotonic()
        end = begun + bake.plan.seconds
        lookout = Lookout(self._cluster, self._witness, self.router(bake.plan), bake)
        looking = [asyncio.create_task(each) for each in (lookout.watch(), lookout.listen())]
        try:
            while True:
                await lookout.ask()
                if time.monotonic() - beaten >= BEAT_SECONDS:
                    beaten = time.monotonic()
                    kept = await self._record(kept, kept.flip(number))
                    if beaten - said >= bake.plan.seconds / LINES:
                        said = beaten
                        self._say(_progress(bake, beaten - begun))
                if time.monotonic() >= end or bake.failed():
                    break
                await asyncio.sleep(min(TICK_SECONDS, max(0.0, end - time.monotonic())))
        finally:  # a Prometheus that hangs holds nobody up
            for each in looking:
                each.cancel()
            await asyncio.gather(*looking, return_exceptions=True)
        if not bake.failed():
            await lookout.look()
        return kept

    async def _revert(self, kept: Kept, flip: Flip, why: tuple[Verdict, ...], because: str = "") -> Flip:
        """Put traffic back, if the old colour can carry it."""
        failed = because or "; ".join(str(verdict) for verdict in unproven(why))
        if flip.origin is None or flip.undoes:
            stay = f"{flip.origin} was never confirmed" if flip.undoes else "there is no other colour"
            return await self._end(kept, flip, Stage.STUCK, f"{failed}. Traffic is not put back: {stay}", *why)
        carried = {name: flip.carried.get(name, MANY) for name in flip.plan.services}
        proof = await revert.capacity(self._cluster, self.router(flip.plan), carried, back=flip.origin)
        if unproven(proof):
            missing = "; ".join(str(verdict) for verdict in unproven(proof))
            reason = f"{failed}. {flip.origin} could not take the traffic back: {missing}"
            return await self._end(kept, flip, Stage.STUCK, reason, *why, *proof)
        await self.close_connections(flip.plan, flip.origin, begin=False)
        await self.move(flip.plan, flip.origin)
        await self.close_connections(flip.plan, flip.to, begin=True)
        return await self._end(kept, flip, Stage.REVERTED, failed, *why, *proof)

    def router(self, plan: BakePlan) -> Router:
        """What directs the traffic of a flip set; one for all that this keeper asks it."""
        if self._router is None:
            self._router = routers.connect(plan.router, self._cluster, plan.routes)
        return self._router

    async def move(self, plan: BakePlan, back: Colour) -> None:
        """Put traffic onto a colour, and read it back.

        Raises:
            RefusedError: somebody else moved it meanwhile.
            UnreachableError: the cluster could not be asked.
        """
        await revert.move(self.router(plan), await self.live(plan), back=back)
        elsewhere = {
            name: leads(each) for name, each in (await self.live(plan)).items() if each.colour is not back or each.share
        }
        if elsewhere:
            raise RefusedError(
                f"traffic was put back onto {back}, and is elsewhere: "
                + ", ".join(f"{name} on {where}" for name, where in elsewhere.items())
                + f". Somebody else moves it. Next: {_who(plan)}"
            )

    async def live(self, plan: BakePlan) -> Mapping[str, LiveService]:
        """Where the traffic of each service goes now; those that are gone are left out."""
        found = await self.router(plan).live_services(plan.services)
        return {name: found[name] for name in plan.services if name in found}

    async def close_connections(self, plan: BakePlan, colour: Colour | None, *, begin: bool) -> None:
        """Ask a colour's pods to end their kept-alive connections, or to keep them again.

        All services at once: pods that do not answer hold up a way back, and a keeper that waits shows no sign of life.
        """
        if colour is not None:
            asked = (self._close(name, service, colour, begin=begin) for name, service in plan.services.items())
            await asyncio.gather(*asked)

    async def _close(self, name: str, service: ServiceBake, colour: Colour, *, begin: bool) -> None:
        if not service.close_path:
            return
        endpoints = await self._cluster.ready_endpoints(f"{name}-{colour}")
        seconds = service.close_seconds if begin else 0
        wrong = await connections.close(
            self._cluster.http, self._cluster.namespace, endpoints, service.close_path, seconds
        )
        if wrong:
            self._say(
                f"kept-alive connections of {name} stay with {colour} until their clients end them: "
                f"{len(wrong)} of {len(endpoints)} pods did not take {service.close_path} ({wrong[0]})"
            )

    async def _end(self, kept: Kept, flip: Flip, stage: Stage, reason: str, *verdicts: Verdict) -> Flip:
        """Say how it ended and who saw to that; what is still open is kept no longer, to be gone on with at once."""
        ended = flip.at(stage, reason, *verdicts)
        kept = await self._records.save(kept, ended.kept_by("" if stage.open else self.name))
        return kept.flip(flip.number)

    async def _record(self, kept: Kept, flip: Flip) -> Kept:
        return await self._records.save(kept, flip.kept_by(self.name))


def routed(plan: BakePlan, live: Mapping[str, LiveService]) -> BakePlan:
    """A plan that names what directs traffic, as far as that was read: who goes on with it need not search."""
    found = {name: each.route for name, each in live.items() if each.route is not None}
    return plan.model_copy(update={"routes": {**plan.routes, **found}})


def _who(plan: BakePlan) -> str:
    """How to find out who else moves traffic."""
    if plan.router is RouterKind.ALB:
        return "aws cloudtrail lookup-events --lookup-attributes AttributeKey=EventName,AttributeValue=ModifyRule"
    kind = "services" if plan.router is RouterKind.SERVICE else "httproutes"
    return f"kubectl get {kind} --show-managed-fields -o yaml"


def _progress(bake: Bake, seconds: float) -> str:
    seen = bake.observed.values()
    asked, failed = sum(each.asked for each in seen), sum(each.failed for each in seen)
    return f"bake of {bake.colour}: {seconds:.0f} of {bake.plan.seconds:.0f} s, {failed} of {asked} answers failed"
