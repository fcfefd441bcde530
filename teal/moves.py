"""A move of live traffic from its proof to its end, as an engine's hooks go through it.

Every step leaves its trace in the history before the next one begins, so that
whoever comes after a killed update knows what was proven and what was not.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from teal import doors, flip, measure
from teal.colours import Colour
from teal.declared import Move
from teal.ended import require_confirmed
from teal.errors import RefusedError
from teal.history import Flip, History, Stage, now
from teal.keeper import Keeper, routed
from teal.kube import Cluster
from teal.live import LiveService
from teal.prometheus import Prometheus
from teal.records import Kept, OvertakenError, Records
from teal.verdict import Verdict
from teal.witness import Witness

MARGIN_SECONDS = 120.0
"""Beyond the bake itself, for somebody else's bake to end: then nobody waits any longer."""


class Mover:
    """Takes one move through its steps; in one event loop, whichever of the flip set's services comes first."""

    def __init__(
        self,
        cluster: Cluster,
        move: Move,
        *,
        name: str,
        prometheus: Prometheus | None = None,
        say: Callable[[str], None],
    ) -> None:
        """Prepare.

        Args:
            cluster: where traffic is to move.
            move: what is declared.
            name: of this update, unlike any other's; the same in all of its steps.
            prometheus: of the stack; None where it has none.
            say: where progress goes, a line each.
        """
        self._cluster = cluster
        self._move = move
        self._records = Records(cluster.http, cluster.namespace)
        self._prometheus = prometheus
        self._say = say
        witness = Witness(prometheus, cluster.namespace) if prometheus is not None else None
        self._keeper = Keeper(cluster, self._records, witness, name=name, say=say)

    async def preview(self) -> Sequence[Verdict]:
        """Measure, wait for nothing and send nothing: what the gates would decide now.

        Raises:
            UnreachableError: the cluster could not be asked.
        """
        history = (await self._records.load()).history
        return await self._prove(self._asked(history), wait=False)

    async def canary(self, *, wait: bool) -> Sequence[Verdict]:
        """Let the other colour have its share of live traffic if it is proven to carry that.

        Not a flip: nothing is recorded, and nothing is baked.

        Args:
            wait: False says what the gates would decide now, and refuses nothing.

        Raises:
            RefusedError: it is not.
            UnreachableError: the cluster could not be asked.
        """
        move = self._move
        verdicts = await measure.prove(
            self._cluster,
            None,
            move.to.other,
            move.canary,
            router=self._keeper.router(move.bake),
            share=move.share,
            wait=wait,
        )
        if wait:
            measure.require(
                verdicts,
                expected=measure.expected(move.canary),
                live=move.to,
                destination=move.to.other,
                namespace=self._cluster.namespace,
            )
        return verdicts

    async def _prove(self, asked: Move, *, wait: bool) -> Sequence[Verdict]:
        begun = time.monotonic()
        verdicts = await measure.prove(
            self._cluster,
            self._prometheus,
            asked.to,
            asked.flip_set,
            approval=asked.approval,
            router=self._keeper.router(asked.bake),
            wait=wait,
        )
        self._say(f"asked {len(verdicts)} gates of {asked.to} in {time.monotonic() - begun:.2f} s")
        return verdicts

    def _asked(self, history: History) -> Move:
        """The move, with the gates that have to pass: of a release that was confirmed before, fewer."""
        if not history.was_confirmed(self._move.to, self._move.release):
            return self._move
        fewer = {name: each.for_rollback() for name, each in self._move.flip_set.items()}
        return replace(self._move, flip_set=fewer, approval=None)

    async def begin(self) -> None:
        """Let the move pass if it is proven, and record it either way.

        Raises:
            RefusedError: it is not.
            ForeignChangeError: somebody moved traffic while the gates looked.
            UnreachableError: the cluster could not be asked.
        """
        move = self._move
        live = await self._keeper.live(move.bake)
        kept = await self._records.load()
        if self._there(live) and (_begun(kept.history, move) or move.confirmed is move.to):
            return  # moved already, by an update that was killed or by a bake that failed: nothing moves now
        asked = self._asked(kept.history)
        gates = measure.expected(asked.flip_set, asked.approval)
        self._say(
            f"proving {move.to}: " + "; ".join(f"{', '.join(sorted(each))} of {name}" for name, each in gates.items())
        )
        verdicts = await self._prove(asked, wait=True)
        origin = next((each.colour for each in live.values() if each.colour is not move.to), None)
        entry = await self._entry(kept.history, origin)
        entry = entry.at(Stage.PROVEN, "", *verdicts).model_copy(update={"plan": routed(move.bake, live)})
        try:
            measure.require(
                verdicts,
                expected=gates,
                live=origin,
                destination=move.to,
                namespace=self._cluster.namespace,
            )
        except RefusedError as refusal:
            await self._save(kept, entry.at(Stage.REFUSED, str(refusal)))
            raise
        flip.require_untouched(live, await self._keeper.live(move.bake))
        carried = await self._carried(origin)
        await self._save(kept, entry.model_copy(update={"carried": carried}))
        # A colour that was left a moment ago may still be ending its connections: it is to keep them from now on.
        await self._keeper.close_connections(move.bake, move.to, begin=False)

    async def finish(self, recorded: Colour | None) -> None:
        """See that traffic is where it was sent, bake it, and return if that passed.

        Args:
            recorded: the colour that was confirmed before, as the engine knows it.

        Raises:
            RefusedError: traffic is not there, or the bake did not pass: it says what became of the traffic.
            UnreachableError: the cluster could not be asked.
        """
        move = self._move
        live = await flip.read_back(self._keeper.router(move.bake), move.to, move.flip_set, share=move.share)
        await self._followed(live)
        kept = await self._records.load()
        entry = kept.history.open
        if entry is not None and entry.to is move.to and entry.release != move.release:
            # The live slot was changed since: what is baked, and confirmed, is what is there now.
            now_there = {"release": move.release, "version": move.version, "plan": move.bake}
            kept = await self._save(kept, entry.model_copy(update=now_there))
        elif entry is None or entry.to is not move.to:
            last = kept.history.last_move
            confirmed = last is not None and last.stage is Stage.CONFIRMED and last.to is move.to
            if confirmed or move.confirmed is move.to or recorded is move.to:
                return  # confirmed by somebody else, or nothing moved: the record gets a new version of the same colour
            kept = await self._save(kept, await self._entry(kept.history, recorded))
        require_confirmed(await self._finished(kept))

    async def _followed(self, live: Mapping[str, LiveService]) -> None:
        """Wait until the front doors answer as they are told to; those of a router's own where they can be asked."""
        move = self._move
        if move.share:
            return  # of a door that splits its traffic no answer is the one to wait for
        urls = dict(move.front_doors)
        if move.bake.knock:
            urls = {name: each.route.door for name, each in live.items() if each.route is not None} | urls
        await asyncio.gather(
            *(
                doors.await_version(url, plan.version_path, move.version, move.to, host=move.bake.services[name].host)
                for name, url in urls.items()
                if (plan := move.flip_set.get(name)) is not None
            )
        )

    async def _carried(self, origin: Colour | None) -> Mapping[str, int]:
        """With how many endpoints the colour that is left carries each service's traffic."""
        if origin is None:
            return {}
        found = await asyncio.gather(
            *(self._cluster.ready_endpoints(f"{name}-{origin}") for name in self._move.flip_set)
        )
        return {name: len(each) for name, each in zip(self._move.flip_set, found, strict=True)}

    async def _finished(self, kept: Kept) -> Flip:
        """The open flip's end, whoever brings it about."""
        give_up = time.monotonic() + self._move.bake.seconds + MARGIN_SECONDS
        number = 0
        while (entry := kept.history.open) is not None:
            number = entry.number
            if time.monotonic() > give_up:
                raise RefusedError(
                    f"{entry}; its keeper {entry.keeper} neither ended it nor gave it up within "
                    f"{self._move.bake.seconds + MARGIN_SECONDS:.0f} s. Next: python -m teal status, then pulumi up "
                    "again"
                )
            try:
                if await self._keeper.free(entry):
                    kept = await self._records.load()
                    return await self._keeper.keep(kept, kept.history.open or entry)
            except OvertakenError:
                pass
            kept = await self._records.load()
        ended = kept.history.find(number)
        if ended is None:
            raise RefusedError(
                "the history of flips was deleted during a bake: nothing is known of it. Next: pulumi up"
            )
        return ended

    def _there(self, live: Mapping[str, LiveService]) -> bool:
        """Whether all traffic is where it is to be."""
        return len(live) == len(self._move.flip_set) and all(each.colour is self._move.to for each in live.values())

    async def _entry(self, history: History, origin: Colour | None) -> Flip:
        """The record of this move; the one under way, if it is the same."""
        move = self._move
        if _begun(history, move) and history.open is not None:
            return history.open.model_copy(update={"plan": move.bake, "skipped": self._skipped(history)})
        return Flip(
            number=history.next_number,
            origin=origin,
            to=move.to,
            origin_version=move.versions.get(origin, "") if origin else "",
            version=move.version,
            by=await self._records.whoami(),
            begun=now(),
            stage=Stage.PROVEN,
            release=move.release,
            rollback=history.was_confirmed(move.to, move.release),
            undoes=move.confirmed is move.to,
            skipped=self._skipped(history),
            plan=move.bake,
        )

    def _skipped(self, history: History) -> dict[str, str]:
        """Gates that are not asked, and why."""
        fewer, move = self._asked(history), self._move
        asked, full = (measure.expected(each.flip_set, each.approval) for each in (fewer, move))
        left_out = {
            gate.partition(".")[0] for name, all_ in full.items() for gate in all_ - asked.get(name, frozenset[str]())
        }
        return {**dict.fromkeys(sorted(left_out), "this release was confirmed before"), **self._move.skipped}

    async def _save(self, kept: Kept, entry: Flip) -> Kept:
        """Record, as this update's.

        Raises:
            RefusedError: somebody else recorded a flip in between.
        """
        try:
            return await self._records.save(kept, entry.kept_by(self._keeper.name))
        except OvertakenError:
            found = (await self._records.load()).history.last
            raise RefusedError(
                f"somebody else recorded a flip ({found}) while this update had {entry} to record, so this update "
                "goes no further. Next: python -m teal status, then pulumi up again"
            ) from None


def _begun(history: History, move: Move) -> bool:
    """Whether this very move is under way."""
    entry = history.open
    return entry is not None and entry.to is move.to and entry.release == move.release
