"""Takes a move of live traffic from its proof to its end, as an engine's hooks call it.

Every step is recorded in the history before the next one begins, so that whoever comes after a killed update knows what
was proven.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from teal.adapters.kubernetes import schedule
from teal.adapters.kubernetes.cluster import Cluster
from teal.adapters.prometheus import Prometheus
from teal.flip import ending, floor, guards, leaving
from teal.flip.entries import Entries
from teal.flip.outcome import require_confirmed, require_own
from teal.flip.owner import Owner
from teal.flip.proof import Proof, begun, confirmed_last, to_prove
from teal.flip.share import Share
from teal.flip.started import Started
from teal.flip.tenure import LEASE_SECONDS, free
from teal.flip.watching.follow import followed
from teal.flip.watching.live_metrics import LiveMetrics
from teal.history.lease import Lease
from teal.history.model import Flip, History, Stage
from teal.history.store import Kept, OvertakenError, Records
from teal.model.colours import Colour
from teal.model.errors import RefusedError, UnreachableError
from teal.model.live import LiveService
from teal.model.verdict import Verdict
from teal.proof import prove
from teal.spec.move import Move


class Mover:
    """Takes one move through its steps, in one event loop, whichever service of the flip set comes first."""

    def __init__(  # noqa: PLR0913 - by their names
        self,
        cluster: Cluster,
        move: Move,
        *,
        name: str,
        prometheus: Prometheus | None = None,
        say: Callable[[str], None],
        recorded: Callable[[Flip, History], None] | None = None,
    ) -> None:
        """Prepare the move; nothing is read yet.

        Args:
            cluster: the cluster whose traffic is to move.
            move: the move that is declared.
            name: this update's name, which no other update has, and which is the same in all steps.
            prometheus: the stack's Prometheus; None where it has none.
            say: is called with each line of progress.
            recorded: is called with each flip that is recorded, as `Records` does; None where nobody follows.
        """
        self._cluster = cluster
        self._move = move
        self._records = Records(cluster.http, cluster.namespace, move.bake, recorded)
        self._say = say
        self._live_metrics = LiveMetrics(prometheus, cluster.namespace) if prometheus is not None else None
        self._owner = Owner(cluster, self._records, self._live_metrics, name=name, say=say)
        self._entries = Entries(self._records, move, name)
        self._proof = Proof(cluster, prometheus, self._records, self._owner.router, say)
        self.started = Started(cluster, move, self._records, self._owner, self._proof, say)

    async def preview(self) -> Sequence[Verdict]:
        """Return what the gates would decide now; nothing is waited for, and no test traffic is sent.

        Raises:
            UnreachableError: the cluster could not be asked.
        """
        now_there = self._move.measured(late=False)
        return await self._proof.measure(now_there, (await self._records.load()).history, wait=False)

    async def canary(self, *, wait: bool) -> Sequence[Verdict]:
        """Let the other colour have its share of live traffic if it is proven to carry that; it is no flip.

        Args:
            wait: False says what the gates would decide now, and refuses nothing.

        Raises:
            RefusedError: it is not.
            UnreachableError: the cluster could not be asked.
        """
        return await self._proof.canary(self._move, wait=wait)

    async def watch_share(self) -> None:
        """Watch the share that the other colour has now, and take it away if it fails; errors as those of `Share`."""
        move, live = self._move, await self._owner.live(self._move.bake)
        share = Share(self._cluster, self._owner.router(move.bake), move, self._live_metrics, live)
        await share.watch(self._say, self._records.now("milliseconds"))

    async def begin(self) -> int | None:
        """Allow the move if it is proven, and record the proof or the refusal.

        Returns:
            The number of the flip; None where no traffic moves.

        Raises:
            RefusedError: the move is not proven.
            UnreachableError: the cluster could not be asked.
        """
        move = self._move
        live = await self._owner.live(move.bake)
        kept, live = await self._after_the_way_back(await self._records.load(), live)
        known = begun(move, kept.history) or confirmed_last(move, kept.history) or move.confirmed is move.to
        if self._there(live) and known:
            return None  # an update that was killed, or whose bake failed, has moved the traffic: nothing moves now
        guards.require_planned(live, move.planned, move.to)
        leaving = [name for name in move.scaled_by_others if name in live and live[name].colour is move.to.other]
        await floor.raised(self._cluster, leaving, move.to, self._say)
        await ending.require_awake(self._cluster, kept.history, move.to, move.measured(late=False).flip_set, self._say)
        gates, verdicts = await self._proven_now(kept.history)
        origin = next((each.colour for each in live.values() if each.colour is not move.to), None)
        stays = move.to if self._there(live) else origin
        if origin is None and kept.history.open is not None and kept.history.open.to is move.to:
            origin = kept.history.open.origin  # another release of the same colour has the same way back
        entry = await self._entries.entry(kept.history, origin)
        entry = entry.at(Stage.PROVEN, "", *verdicts).model_copy(update={"plan": move.bake.routed(live)})
        half = kept.history.open if begun(move, kept.history) else None
        moved = [name for name, each in live.items() if half and each.colour is move.to and guards.is_by_a_flip(each)]
        try:
            if gates or not move.measured(late=True).flip_set:  # workers alone cannot be asked before they start
                prove.require(
                    verdicts,
                    expected=gates,
                    live=origin,
                    stays=stays,
                    destination=move.to,
                    namespace=self._cluster.namespace,
                    moved=moved,
                )
        except RefusedError as refusal:
            # A flip that has moved a part of the traffic stays open: the watch brings it to its end. So does one that
            # another update has begun, and goes on with.
            if half is None or (not moved and await free(self._records, half, self._owner.name)):
                await self._entries.save(kept, entry.at(Stage.REFUSED, str(refusal)))
            raise
        await self._cluster.restarts(move.to)  # an account that may not list pods fails here, before traffic moves
        carried, slots = await self._carried(origin), self._cluster.slots_seen  # as the gates saw them
        slots = {**slots, **await schedule.slots(self._cluster, move.bake.crons)}
        identities = {name: each.identity for name in move.flip_set if (each := slots.get((name, move.to))) is not None}
        update = {"carried": carried, "identities": identities, "allowed_at": self._records.now("milliseconds")}
        await self._entries.save(kept, entry.model_copy(update=update))
        await self._show_life()
        return entry.number

    async def _show_life(self) -> None:
        """Take the Lease, so that an account that cannot do so fails here, and not once traffic has moved.

        Raises:
            RefusedError: somebody else renews the Lease all the time.
            UnreachableError: the API server did not answer, or refused.
        """
        try:
            await Lease(self._records, self._owner.name, LEASE_SECONDS).take()
        except UnreachableError as error:
            await self.give_up(str(error))
            raise
        except OvertakenError as error:
            await self.give_up(str(error))
            raise RefusedError(
                f"{error}, so this update could not show that it lives, and has moved no traffic. Next: "
                "teal status, then pulumi up again"
            ) from None

    async def _after_the_way_back(
        self, kept: Kept, live: Mapping[str, LiveService]
    ) -> tuple[Kept, Mapping[str, LiveService]]:
        """End a flip whose way back a dead process left, wholly or half done, before another one begins.

        Returns:
            The records, and where traffic goes, after it.

        Raises:
            RefusedError: its owner lives and puts traffic back, or traffic could not be put back.
            UnreachableError: the cluster could not be asked.
        """
        entry = kept.history.open
        if entry is None or entry.stage is not Stage.REVERTING:
            return kept, live
        if not await free(self._records, entry, self._owner.name):
            raise RefusedError(
                f"{entry}; its owner {entry.owner} lives, and puts traffic back. Next: wait for its end "
                "(teal status), then pulumi up again"
            )
        back = [each.colour is entry.origin for each in live.values()]
        if all(back):
            return await self._entries.save(kept, entry.at(Stage.REVERTED, f"Traffic is back on {entry.origin}.")), live
        if not any(back):
            return kept, live  # `finish` goes on with it
        try:
            ended = await self._owner.go_on() or entry
        except OvertakenError:
            ended = entry  # somebody else has begun to finish it
        if ended.stage is not Stage.REVERTED:
            raise RefusedError(
                f"{ended}, and its traffic has to be back on {entry.origin} before another flip begins: this update "
                "has begun none. Next: teal status, then pulumi up again"
            )
        return await self._records.load(), await self._owner.live(self._move.bake)

    async def give_up(self, reason: str) -> None:
        """Record that a write which was allowed does not happen, since somebody else wrote first.

        Where another service of the flip set has moved already, the flip stays open for its next owner.

        Raises:
            UnreachableError: the cluster could not be asked, or the record could not be written.
            OvertakenError: somebody else wrote the record.
        """
        kept = await self._records.load()
        entry = kept.history.open
        if entry is None or entry.stage is not Stage.PROVEN or entry.owner != self._owner.name:
            return
        live = await self._owner.live(self._move.bake)
        moved = any(each.colour is entry.to and guards.is_by_a_flip(each) for each in live.values())
        await self._records.save(kept, (entry if moved else entry.at(Stage.REFUSED, reason)).owned_by(""))

    async def renew(self, number: int, service: str) -> None:
        """Check right before the engine's write that this update still owns the flip, and renew its sign of life.

        Args:
            number: the number that `begin` returned.
            service: the service whose traffic is to move, to the release that was proven.

        Raises:
            RefusedError: somebody else has taken the flip, it is over, or the release has been replaced.
            UnreachableError: the cluster could not be asked, or the record could not be written.
        """
        kept, slots = await asyncio.gather(self._records.load(), self._cluster.slots())
        slot = slots.get((service, self._move.to))
        await self._entries.save(kept, self._entries.held(kept.history, number, service, slot))

    async def finish(
        self, recorded: Colour | None, before: Mapping[str, LiveService] | None = None, number: int | None = None
    ) -> None:
        """Check that traffic is where it was sent, bake the flip, and return if the bake passes.

        Args:
            recorded: the colour that was confirmed before, by the engine's state.
            before: where traffic went at the last read before the write; None where nothing was written.
            number: the number of the flip that this update began; None where it began none.

        Raises:
            RefusedError: traffic is elsewhere, or the bake did not pass; the message says where traffic is now.
            UnreachableError: the cluster could not be asked.
        """
        move = self._move
        live, kept = await asyncio.gather(self._owner.live(move.bake), self._records.load())
        entry = kept.history.open
        try:
            guards.require_there(live, move.to, move.flip_set, move.share)
        except RefusedError as error:
            strange = not all(map(guards.is_by_a_flip, live.values()))
            if entry is not None and entry.to is move.to and number in {None, entry.number} and strange:
                await self._entries.save(kept, entry.at(Stage.OVERTAKEN, str(error)))
            raise
        if number is not None and (entry is None or entry.number != number):
            return require_own(kept.history, number, move)
        failed = entry is not None and entry.stage is Stage.REVERTING  # its way back comes first
        if entry is not None and entry.to is move.to and entry.release != move.release and not failed:
            kept, entry = await self._entries.renamed(kept, entry)
        elif entry is None or entry.to is not move.to:
            if confirmed_last(move, kept.history) or move.confirmed is move.to or recorded is move.to:
                if entry is not None:  # it was proven and never written, say; to end it may take a minute
                    live = await leaving.end_open(self._owner, move.bake)
                    guards.require_there(live, move.to, move.flip_set, move.share)
                return None  # somebody else confirmed it, or only the version in the record changes
            kept = await self._entries.save(kept, await self._entries.entry(kept.history, recorded))
            entry = kept.history.open
        if entry is None:
            raise RefusedError("the record of this flip is gone. Next: teal history, then pulumi up again")
        ended = await self._owner.end(
            kept, entry, live, before=before, followed=lambda: followed(self._cluster, move, live)
        )
        require_confirmed(ended)
        return require_own(History(flips=(ended,)), entry.number, move)

    async def _proven_now(self, history: History) -> tuple[Mapping[str, frozenset[str]], Sequence[Verdict]]:
        """Return the gates that can be asked before anything moves, and their verdicts; workers are asked later."""
        there = self._move.measured(late=False)
        asked = to_prove(there, history)
        gates = prove.expected(asked.flip_set, asked.approval)
        asks = [f"{', '.join(sorted(each))} of {name}" for name, each in gates.items()]
        asks += [f"{name} once it has started" for name in self._move.measured(late=True).flip_set]
        self._say(f"proving {self._move.to}: {'; '.join(asks)}")
        return gates, await self._proof.measure(there, history, wait=True)

    async def _carried(self, origin: Colour | None) -> Mapping[str, int]:
        """Return how many endpoints or pods of the colour that is left serve each service now."""
        if origin is None:
            return {}
        ready = await self._cluster.endpoints(self._move.bake.workers)
        return {name: len(ready.get(f"{name}-{origin}", ())) for name in self._move.flip_set}

    def _there(self, live: Mapping[str, LiveService]) -> bool:
        """Return whether all traffic is where the move sends it."""
        return len(live) == len(self._move.flip_set) and all(each.colour is self._move.to for each in live.values())
