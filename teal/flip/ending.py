"""Ends the pods of the idle colour without an update, and keeps a flip from moving traffic onto them meanwhile.

Where an ending and a flip come at once, the record decides. An ending is written there before any pod ends, on the
condition that nothing was recorded since it was read. A flip that was about to begin then cannot record its proof; one
that begins later waits until no request that was sent can still arrive, and then looks whether its pods are there.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from teal.adapters.kubernetes import scale, workloads
from teal.adapters.kubernetes.cluster import Cluster
from teal.flip.owner import Owner
from teal.history.model import Ending, Flip, History
from teal.history.store import CONFIRMED, Kept, OvertakenError, Records
from teal.model.colours import Colour
from teal.model.errors import RefusedError
from teal.model.labels import STARTED_AT
from teal.model.live import LiveSlot
from teal.plans.ending import settled, to_end
from teal.spec.bake import BakePlan
from teal.spec.ending import Endings

SEND_SECONDS = 2.0
"""How long after an ending is recorded its requests may still be sent; after that, none is."""

ARRIVES_SECONDS = 12.0
"""How long after an ending is recorded none of its requests can arrive any more: one that was sent takes 10 s."""

STARTS = timedelta(hours=1)
"""How long after an update has started the pods of a colour it may still begin a flip onto them."""

_Slots = Mapping[tuple[str, Colour], workloads.Deployment]


class Ender:
    """The part of the watch that ends pods."""

    def __init__(  # noqa: PLR0913, PLR0917 - the parts of the watch that it is a part of
        self,
        cluster: Cluster,
        records: Records,
        owner: Owner,
        plan: BakePlan,
        declared: Endings,
        say: Callable[[str], None],
    ) -> None:
        """Prepare to end pods; nothing is asked yet.

        Args:
            cluster: the stack's cluster.
            records: the stack's flips.
            owner: reads where traffic goes.
            plan: the stack's services, and their router.
            declared: what the stack declares of endings.
            say: is called with each line of progress.
        """
        self._cluster = cluster
        self._records = records
        self._owner = owner
        self._plan = plan
        self._declared = declared
        self._say = say

    async def go_on(self) -> bool:
        """End the pods of the idle colour if that is due and safe.

        Returns:
            Whether pods were ended.

        Raises:
            UnreachableError: the cluster could not be asked, or it is not known whether pods were ended: whoever comes
                next does it again.
        """
        if not self._declared.slots:
            return False
        kept, active = await self._records.load(), await self._resting_on()
        at = self._records.now()
        flip = to_end(self._declared, kept.history, active.other, datetime.fromisoformat(at)) if active else None
        if active is None or flip is None:
            return False
        idle, slots = active.other, await self._slots()
        asked = [name for name in self._declared.services if (slot := slots.get((name, idle))) and slot.spec.replicas]
        ending = Ending(colour=idle, flip=flip.number, at=at, done=not asked)
        if not asked:
            known = kept.history.ending
            if known is not None and known.flip == flip.number and not known.done:  # its watch could not record that
                await self._record(kept, ending)
            return False
        if why := await self._stay(kept, flip, ending, slots):
            self._say(f"pods of {idle} are to end (flip {flip.number} was {flip.stage}), and stay for now: {why}")
            return False
        begun = time.monotonic()
        recorded = await self._record(kept, ending)
        if recorded is None or await self._resting_on() is not active or time.monotonic() > begun + SEND_SECONDS:
            return False  # somebody has begun a flip, has moved traffic, or the API server is slow: the next one tries
        await asyncio.gather(*(scale.ask_for(self._cluster, name, idle, 0) for name in asked))
        self._say(f"pods of {', '.join(f'{name}-{idle}' for name in asked)} end: flip {flip.number} was {flip.stage}")
        await self._record(recorded, ending.model_copy(update={"done": True}))
        return True

    async def _stay(self, kept: Kept, flip: Flip, ending: Ending, slots: _Slots) -> str:
        """Say why pods that are to end have to stay for now; empty where nothing keeps them."""
        services, idle, at = self._declared.services, ending.colour, ending.at
        record = await self._cluster.config_map(CONFIRMED)
        if not settled(self._declared, record, idle.other, datetime.fromisoformat(at)):
            return "clients are sent to them besides the flips, or were, and routers have not followed yet"
        ended = max(flip.ended or flip.begun, kept.history.ending.at if kept.history.ending else "", key=_instant)
        its = [(f"{name}-{idle}", slot) for name in services if (slot := slots.get((name, idle))) is not None]
        if starting := [name for name, slot in its if slot.spec.replicas and _since(slot, ended, at)]:
            return f"an update has started those of {', '.join(starting)} since"
        unwell = [f"{name}-{idle.other}" for name in services if not _well(slots.get((name, idle.other)))]
        return f"not all pods of {', '.join(unwell)} are ready, and traffic may have to go back" if unwell else ""

    async def _resting_on(self) -> Colour | None:
        """Return the colour that has all of the traffic; None where that is no single one."""
        live = await self._owner.live(self._plan)
        colours = {each.colour for each in live.values()}
        shared = any(each.share for each in live.values())
        whole = live.keys() == self._plan.services.keys() and len(colours) == 1 and not shared
        return colours.pop() if whole else None

    async def _slots(self) -> _Slots:
        names = [(name, colour) for name in self._declared.services for colour in Colour]
        found = await asyncio.gather(*(scale.read(self._cluster, *each) for each in names))
        return {name: each for name, each in zip(names, found, strict=True) if each is not None}

    async def _record(self, kept: Kept, ending: Ending) -> Kept | None:
        """Record an ending unless something was recorded since, and read the record back; None where something was."""
        try:
            await self._records.replace(replace(kept, history=kept.history.model_copy(update={"ending": ending})))
        except OvertakenError:
            return None
        found = await self._records.load()
        return found if found.history.ending == ending else None


def began(before: History, now: History, number: int) -> str:
    """Say that the watch recorded an ending in place of a flip that was to be recorded; empty where it did not."""
    new = now.ending
    if new is None or new == before.ending or now.find(number) is not None:
        return ""
    return f"the watch began to end the pods of {new.colour} at {new.at}"


async def require_awake(
    cluster: Cluster, history: History, to: Colour, services: Collection[str], say: Callable[[str], None]
) -> None:
    """Make sure that the pods that a flip is about to be proven of are not being ended.

    Raises:
        RefusedError: the watch has ended them.
        UnreachableError: the cluster could not be asked.
    """
    ending = history.ending
    if ending is None or ending.colour is not to:
        return
    if not ending.done:
        say(f"the watch began to end the pods of {to} at {ending.at}: {ARRIVES_SECONDS:.0f} s to see what comes of it")
        await asyncio.sleep(ARRIVES_SECONDS)
    if asleep := sleeping(await cluster.slots(), to, services):
        raise RefusedError(
            f"{', '.join(asleep)} has no pods: the watch ended them at {ending.at} (teal:retireAfterMinutes, "
            f"teal:onRefusal), and this update had looked before. Live traffic stays on {to.other}. Next: pulumi up "
            "again, which starts them"
        )


def sleeping(slots: Mapping[tuple[str, Colour], LiveSlot], to: Colour, services: Collection[str]) -> list[str]:
    """Return the Deployments of a colour that are asked for no pods."""
    return [f"{name}-{to}" for name in services if (slot := slots.get((name, to))) is not None and not slot.replicas]


def _since(slot: workloads.Deployment, ended: str, at: str) -> bool:
    """Return whether an update started a Deployment's pods after they were to end, and may still be proving them."""
    started = _instant(slot.metadata.annotations.get(STARTED_AT, ""))
    return started > _instant(ended) and started + STARTS > _instant(at)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text) if text else datetime.min.replace(tzinfo=UTC)


def _well(slot: workloads.Deployment | None) -> bool:
    """Return whether a Deployment asks for pods, and all of them are ready."""
    return slot is not None and 0 < slot.spec.replicas <= slot.status.ready_replicas and not slot.outdated
