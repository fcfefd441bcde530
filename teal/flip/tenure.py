"""One owner's hold of one flip: every step of it is recorded on the condition that nobody else has taken it.

Whoever holds a flip shows that it lives by renewing a Lease beside all else that
it does, and renews the record right before each write of traffic: a process that
slept through its lease is told so by that, and writes nothing.
"""

import asyncio
import time
from collections.abc import Coroutine
from typing import Any, Self, TypeVar

from teal.history.lease import Lease
from teal.history.model import Flip, Stage
from teal.history.store import Kept, OvertakenError, Records
from teal.model.errors import UnreachableError
from teal.model.verdict import Verdict

HEARTBEAT_SECONDS = 3.0
"""Between two signs of life."""

LEASE_SECONDS = 12.0
"""Four heartbeats: an API server that restarts, which takes 3 to 6 s, costs one or two."""

PROVEN_LEASES = 4
"""While an engine writes, nobody counts: its own waits, for a busy API server or a slow router, are longer."""

_TRIES = 3

_T = TypeVar("_T")


class Tenure:
    """Holds one flip, as its record says."""

    def __init__(self, records: Records, kept: Kept, flip: Flip, name: str) -> None:
        """Hold a flip; nothing says so yet.

        Args:
            records: of flips.
            kept: the record as it was read last.
            flip: in it.
            name: of the owner, unlike any other's.
        """
        self.flip = flip
        self._records = records
        self._kept = kept
        self._name = name
        self._lease = Lease(records, name, LEASE_SECONDS)
        self._turn = asyncio.Lock()
        self._over = False

    @classmethod
    async def take(cls, records: Records, seen: Flip, name: str) -> Self:
        """Take over a flip that nobody keeps, if its record is as it was seen.

        Raises:
            OvertakenError: it is not: somebody else keeps it, or it is over.
            UnreachableError: the record could not be read or written.
        """
        kept = await records.load()
        found = kept.history.open
        if found is None or (found.number, found.owner, found.heartbeat) != (seen.number, seen.owner, seen.heartbeat):
            raise OvertakenError(f"flip {seen.number} is kept by somebody else, or over")
        held = cls(records, kept, found, name)
        await held.renew()
        return held

    async def write(self, flip: Flip) -> Flip:
        """Record a step of the flip.

        Raises:
            OvertakenError: somebody else has taken the flip.
            UnreachableError: the API server did not answer; the record may have been written all the same.
        """
        async with self._turn:
            return await self._write(flip, self._name)

    async def insist(self, flip: Flip, seconds: float) -> None:
        """Record a step of the flip, again and again for so long; errors as those of `write`."""
        give_up = time.monotonic() + seconds
        while True:
            try:
                await self.write(flip)
            except UnreachableError:
                if time.monotonic() > give_up:
                    raise
            else:
                return

    async def renew(self) -> None:
        """See that the owner still is the owner, and record that; errors as those of `write`."""
        async with self._turn:
            if not self._over:
                await self._write(self.flip, self._name)

    async def end(self, stage: Stage, reason: str, *verdicts: Verdict) -> Flip:
        """Record how it ended; what is still open is kept no longer, to be gone on with at once. Errors as `write`."""
        async with self._turn:
            ended = await self._write(self.flip.at(stage, reason, *verdicts), "" if stage.open else self._name)
            self._over = True
            return ended

    async def keeping(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Do something, with signs of life beside it; it is broken off where somebody else has taken the flip.

        Raises:
            OvertakenError: somebody has.
            UnreachableError: the first sign of life could not be given.
        """
        try:
            if self.flip.owner != self._name:  # the record first: of two who take over, it tells who may have the Lease
                await self.renew()
            await self._lease.take()
        except BaseException:
            work.close()
            raise
        stop = asyncio.Event()
        alive, working = asyncio.create_task(self._send_heartbeats(stop)), asyncio.create_task(work)
        try:
            await asyncio.wait({alive, working}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            working.cancel()
            stop.set()  # not cancelled: of a write that was broken off nobody knows whether it was taken
            await asyncio.gather(alive, working, return_exceptions=True)
        if working.cancelled():
            alive.result()
        return working.result()

    async def _send_heartbeats(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                await asyncio.wait_for(stop.wait(), HEARTBEAT_SECONDS)
            except TimeoutError:
                try:
                    await self._lease.renew()
                except UnreachableError:
                    continue  # the API server is away: whether the flip was taken meanwhile is seen when it is back

    async def _write(self, flip: Flip, owner: str) -> Flip:
        for _ in range(_TRIES):
            step = flip.model_copy(update={"heartbeat": self.flip.heartbeat}).owned_by(owner)
            try:
                self._kept = await self._records.save(self._kept, step)
            except OvertakenError:
                await self._require_held()
            else:
                self.flip = self._kept.flip(flip.number)
                return self.flip
        raise OvertakenError(f"the record of flip {flip.number} is written all the time by somebody else")

    async def _require_held(self) -> None:
        """See that what was written since is not another owner's: a write of ours whose answer was lost, say."""
        self._kept = await self._records.load()
        found = self._kept.history.open
        if found is None or (found.number, found.owner) != (self.flip.number, self._name):
            raise OvertakenError(f"flip {self.flip.number} is kept by somebody else, or over")
        self.flip = found


async def free(records: Records, flip: Flip, name: str) -> bool:
    """Wait until a flip's owner is seen to live (False) or not (True).

    At most `LEASE_SECONDS`; `PROVEN_LEASES` times as long for a flip whose write is under way.

    Args:
        records: of flips.
        flip: as it was read.
        name: of who asks; its own flips are free to it.

    Raises:
        UnreachableError: the record could not be read.
    """
    if not flip.owner or flip.owner == name:
        return True
    lease = Lease(records, name, LEASE_SECONDS)
    seen = await lease.seen()
    give_up = time.monotonic() + LEASE_SECONDS * (PROVEN_LEASES if flip.stage is Stage.PROVEN else 1)
    while time.monotonic() < give_up:
        await asyncio.sleep(1)
        found = (await records.load()).history.find(flip.number)
        if found is None or (found.heartbeat, found.stage) != (flip.heartbeat, flip.stage):
            return False
        if await lease.seen() != seen:
            return False
    return True
