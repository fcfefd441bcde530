"""One owner's hold of one flip: each step is recorded only while nobody else has taken the flip.

The owner renews a Lease beside all its work to show that it lives, and renews the record right before each write of
traffic. A process that slept through its lease learns that way that it was replaced, and writes nothing.
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
"""The time between two heartbeats."""

LEASE_SECONDS = 12.0
"""Four heartbeats: an API server that restarts takes 3 to 6 s, which costs one or two of them."""

PROVEN_LEASES = 4
"""How many leases a flip is left to an engine that writes: a busy API server or a slow router makes it wait longer."""

_TRIES = 3

_T = TypeVar("_T")


class Tenure:
    """Holds one flip, as its record says."""

    def __init__(self, records: Records, kept: Kept, flip: Flip, name: str) -> None:
        """Prepare to hold a flip; nothing is recorded yet.

        Args:
            records: the stack's flips.
            kept: the record as it was read last.
            flip: the flip in it.
            name: the owner's name, which no other owner has.
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
        """Take over a flip without an owner, if its record is still as it was seen.

        Raises:
            OvertakenError: the record has changed: somebody else owns the flip, or it is over.
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
            UnreachableError: the API server did not answer; the record may have been written nevertheless.
        """
        async with self._turn:
            return await self._write(flip, self._name)

    async def insist(self, flip: Flip, seconds: float) -> None:
        """Record that a flip's way back begins, with retries for a number of seconds; raises what `write` raises."""
        give_up = time.monotonic() + seconds
        while True:
            try:
                await self.write(flip)
            except UnreachableError as error:
                if time.monotonic() > give_up:
                    raise UnreachableError(
                        f"{flip.reason}. The way back to {flip.origin} has to be recorded before it begins, and was "
                        f"not, so traffic stays on {flip.to}, which fails: {error}"
                    ) from None
            else:
                return

    async def renew(self) -> None:
        """Check that this owner still holds the flip, and record that; raises what `write` raises."""
        async with self._turn:
            if not self._over:
                await self._write(self.flip, self._name)

    async def end(self, stage: Stage, reason: str, *verdicts: Verdict) -> Flip:
        """Record how the flip ended; one that stays open is released, to be taken at once. Raises as `write`."""
        async with self._turn:
            ended = await self._write(self.flip.at(stage, reason, *verdicts), "" if stage.open else self._name)
            self._over = True
            return ended

    async def keeping(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Run work with heartbeats beside it; it is cancelled where somebody else has taken the flip.

        Raises:
            OvertakenError: somebody has taken the flip.
            UnreachableError: the first heartbeat could not be written.
        """
        try:
            if self.flip.owner != self._name:  # the record comes first: it says which of two owners may have the Lease
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
            stop.set()  # it is not cancelled: nobody would know whether its last write was taken
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
                    continue  # the API server is away; once it is back, a renewal tells who has the flip

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
        """Check that a newer record is not another owner's; it may be our own, whose answer was lost."""
        self._kept = await self._records.load()
        found = self._kept.history.open
        if found is None or (found.number, found.owner) != (self.flip.number, self._name):
            raise OvertakenError(f"flip {self.flip.number} is kept by somebody else, or over")
        self.flip = found


async def free(records: Records, flip: Flip, name: str) -> bool:
    """Wait until a flip's owner is known to live (False) or not to (True).

    This takes at most `LEASE_SECONDS`, or `PROVEN_LEASES` times as long while an engine writes.

    Args:
        records: the stack's flips.
        flip: the flip as it was read.
        name: the name of the asker, to whom its own flips are free.

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
