"""Proves the workers that a flip has started before traffic follows them, and undoes it where they are not well.

A worker cannot be measured before it takes work. So its record is written and its pods start once all else of the flip
is proven, and the rest of the flip waits until they are measured. From there on a flip may be half done, and its owner
renews its Lease until somebody brings it to its end.
"""

import asyncio
from collections.abc import Callable

from teal.adapters.kubernetes import scale, schedule
from teal.adapters.kubernetes.cluster import Cluster
from teal.flip.outcome import require_confirmed
from teal.flip.owner import Owner
from teal.flip.proof import Proof, begun, to_prove
from teal.flip.tenure import HEARTBEAT_SECONDS, LEASE_SECONDS, free
from teal.history.lease import Lease
from teal.history.model import Stage
from teal.history.store import OvertakenError, Records
from teal.model.colours import Colour
from teal.model.errors import RefusedError, UnreachableError
from teal.model.verdict import Verdict, unproven
from teal.model.workers import Overlap
from teal.proof import prove
from teal.spec.move import Move


class Started:
    """The workers of one move, on behalf of the update that makes it."""

    def __init__(  # noqa: PLR0913, PLR0917 - the parts of the mover that it is a part of
        self,
        cluster: Cluster,
        move: Move,
        records: Records,
        owner: Owner,
        proof: Proof,
        say: Callable[[str], None],
    ) -> None:
        """Prepare to prove workers; nothing is asked yet."""
        self._cluster = cluster
        self._move = move
        self._records = records
        self._owner = owner
        self._proof = proof
        self._say = say

    async def clear_the_way(self, service: str, colour: Colour) -> None:
        """Let a worker's pods start or change: require that the colour is live, and end the other's pods if need be.

        Raises:
            RefusedError: the colour is not live.
            UnreachableError: the cluster could not be asked, or the other colour's pods do not end.
        """
        live = (await self._owner.live(self._move.bake)).get(service)
        if live is None or live.colour is not colour:
            raise RefusedError(
                f"{service}-{colour} was not started: by its record {service} is live on "
                f"{live.colour if live else 'nothing'}, and two colours would take its work (--target, --exclude?). "
                "Next: pulumi up, of the whole stack"
            )
        worker = self._move.bake.workers[service]
        if worker.cron:
            await schedule.hand_over(self._cluster, service, colour)
        elif worker.overlap is Overlap.FORBIDDEN:
            await scale.stop(self._cluster, service, colour.other)
            await scale.await_gone(self._cluster, service, colour.other, grace_seconds=worker.grace_seconds)

    async def require_proven(self) -> None:
        """Measure the workers of a flip that is under way, and record what was seen; undo it where they are not well.

        Raises:
            RefusedError: they are not well, and the flip was undone, or could not be.
            UnreachableError: the cluster could not be asked.
        """
        kept = await self._records.load()
        entry, move = kept.history.open, self._move
        if entry is None or not begun(move, kept.history) or entry.stage is Stage.REVERTING:
            return
        asked = to_prove(move, kept.history).measured(late=True)
        if not asked.flip_set or not await free(self._records, entry, self._owner.name):
            return  # its owner judges it by the bake
        kept = await self._records.save(kept, entry.owned_by(self._owner.name))
        entry = kept.flip(entry.number)
        verdicts = await self._proof.started(asked, entry.carried)
        why = [*map(str, unproven(verdicts)), *prove.missing(verdicts, prove.expected(asked.flip_set))]
        if why:
            await self.undo("; ".join(why), *verdicts)
            return
        await self._records.save(kept, entry.at(entry.stage, entry.reason, *verdicts).owned_by(self._owner.name))

    async def undo(self, because: str, *why: Verdict) -> None:
        """Undo this update's flip if it has started workers.

        Raises:
            RefusedError: says what became of the flip.
            UnreachableError: the cluster could not be asked, or traffic not put back; the watch, or an update, goes on.
        """
        kept = await self._records.load()
        entry = kept.history.open
        if entry is None or entry.owner != self._owner.name or entry.to is not self._move.to:
            return
        live = await self._owner.live(entry.plan)
        if not any(each.worker and each.colour is entry.to for each in live.values()):
            return
        self._say(f"flip {entry.number} is undone: {because}")
        require_confirmed(await self._owner.undo(kept, entry, live, *why, because=because))

    async def show_life(self) -> None:
        """Renew the Lease until this is cancelled, or somebody else has taken it: pods may take minutes to start."""
        lease = Lease(self._records, self._owner.name, LEASE_SECONDS)
        try:
            while True:
                try:
                    await lease.renew()
                except UnreachableError as error:
                    self._say(str(error))
                await asyncio.sleep(HEARTBEAT_SECONDS)
        except OvertakenError:
            return  # whoever has it brings the flip to its end; the next step of this update is told so
