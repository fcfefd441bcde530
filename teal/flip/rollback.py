"""Moves live traffic back at once, without an engine, onto a warm, confirmed colour that is proven to carry it.

The release has to be the one that was confirmed: its Deployments have the identities that they had when their gates
passed. So nothing but the cluster has to be read, and a release that was changed since gets no traffic. Whoever comes
next (an update, the watch) bakes the move like any other.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import uuid4

from teal import gates
from teal.adapters.kubernetes import schedule
from teal.adapters.kubernetes.cluster import Cluster
from teal.flip import guards
from teal.flip.ending import began, sleeping
from teal.flip.owner import Owner
from teal.flip.revert import Way
from teal.flip.tenure import Tenure
from teal.history.model import Flip, History, Stage
from teal.history.store import CONFIRMED, Kept, OvertakenError, Records
from teal.model.colours import Colour, colour_of
from teal.model.errors import ForeignChangeError, NotThereError, RefusedError
from teal.model.live import LiveService, LiveSlot
from teal.model.verdict import Verdict, unproven
from teal.spec.bake import BakePlan, cautious


class ColdError(RefusedError):
    """The colour cannot take the traffic at once; an update can make it ready first. Nothing was moved."""

    def __init__(self, to: Colour, why: str) -> None:
        """Make the message, and keep the colour for whoever prepares it next."""
        super().__init__(f"{to} cannot take live traffic at once: {why}")
        self.to = to


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """What a rollback goes by, as it was read at one moment."""

    kept: Kept
    slots: Mapping[tuple[str, Colour], LiveSlot]
    live: Mapping[str, LiveService]
    confirmed: Colour | None
    by: str
    plan: BakePlan
    """The plan of the last flip: its services, and their router."""

    @property
    def history(self) -> History:
        """The history of flips."""
        return self.kept.history

    @property
    def colour(self) -> Colour | None:
        """The colour that all traffic goes to; None where that is no single one."""
        colours = {each.colour for each in self.live.values()}
        shared = any(each.share for each in self.live.values())
        return colours.pop() if len(colours) == 1 and not shared else None

    def version(self, colour: Colour) -> str:
        """Return the version that a colour runs; empty where it runs nothing, or more than one."""
        found = {each.version for (_, of), each in self.slots.items() if of is colour}
        return found.pop() if len(found) == 1 else ""


class Rollback:
    """One rollback, of all services of a stack."""

    def __init__(self, cluster: Cluster, *, say: Callable[[str], None]) -> None:
        """Prepare to move traffic back; nothing is asked yet.

        Args:
            cluster: the stack's cluster.
            say: is called with each line of progress.
        """
        self._cluster = cluster
        self._say = say
        self._name = f"rollback-{uuid4().hex[:8]}"
        self._records = Records(cluster.http, cluster.namespace)
        self._owner = self._owner_of(self._records)

    async def go(self, version: str | None = None) -> Flip:
        """Move live traffic back, and record it.

        A flip that is being baked is undone: its owner finds that out at its next heartbeat, and ends.

        Args:
            version: the version that is to be live afterwards; None for the one that was live before.

        Returns:
            The flip: open where it is to be baked, `REVERTED` where a flip under way was undone.

        Raises:
            ColdError: the colour is not warm, not proven to have the capacity, or not what was confirmed.
            NotThereError: there is nothing to go back to, or no colour runs that version.
            ForeignChangeError: traffic goes where no flip sent it.
            RefusedError: another flip is at a step at which nobody may come between, or it cannot be undone.
            UnreachableError: the cluster could not be asked, or the write not made for a minute.
        """
        seen = await self._look()
        flip = seen.history.open
        if flip is None:
            return await self._back(seen, _destination(seen, version))
        if flip.stage in {Stage.PROVEN, Stage.REVERTING}:
            doing = "being written" if flip.stage is Stage.PROVEN else "being undone already"
            raise RefusedError(
                f"{flip}: its traffic is {doing} by {flip.owner or 'nobody'}, and nobody comes between. "
                "Nothing was moved by this rollback. Next: teal status --watch; if nobody keeps it, teal watch"
            )
        if flip.origin is None or flip.undoes or (version is not None and version != flip.origin_version):
            what = f"{flip.origin} {flip.origin_version}" if flip.origin else "nothing"
            why = f"is not {version}" if version and flip.origin and not flip.undoes else "was never confirmed"
            raise NotThereError(
                f"{flip}: what it came from is {what}, which {why}. Nothing was moved. Next: teal status"
            )
        return await self._undo(seen, flip, flip.origin)

    def _owner_of(self, records: Records) -> Owner:
        return Owner(self._cluster, records, None, name=self._name, say=self._say)

    async def _look(self) -> Seen:
        kept, slots, record, by = await asyncio.gather(
            self._records.load(), self._cluster.slots(), self._cluster.config_map(CONFIRMED), self._records.whoami()
        )
        last = kept.history.open or kept.history.last_move
        if last is None:
            raise NotThereError(
                f"no flip is remembered in namespace {self._cluster.namespace}: there is nothing to go back to, and "
                "nothing was moved. Next: teal status"
            )
        # The record is not trusted with a path, a door or a rule: what the stack has made is searched for instead.
        plan = cautious(last.plan)
        live, confirmed = await self._owner.live(plan), colour_of(record.get("colour"))
        slots = {**slots, **await schedule.slots(self._cluster, plan.crons)}
        return Seen(kept=kept, slots=slots, live=live, confirmed=confirmed, by=by, plan=plan)

    async def _undo(self, seen: Seen, flip: Flip, origin: Colour) -> Flip:
        """Put back the traffic of a flip that is being baked, whoever owns it."""
        try:
            # Work waits in its queue, but requests are lost; and the way back starts a worker that was stopped.
            await self._capacity(seen, origin, [name for name in seen.live if name in seen.plan.doors])
            records = Records(self._cluster.http, self._cluster.namespace, declared=seen.plan)
            owner, held = self._owner_of(records), await Tenure.take(records, flip, self._name)
            because = f"rolled back by {seen.by}"
            return await owner.keeping(held, owner.revert(held, seen.live, (), because=because))
        except ColdError as error:
            raise RefusedError(
                f"{error}. {flip}, and goes on; nothing was moved by this rollback. Next: kubectl -n "
                f"{self._cluster.namespace} get pods -l teal/colour={origin}"
            ) from None
        except OvertakenError as error:
            raise RefusedError(  # it may have put some of the traffic back by then
                f"{error}: somebody else goes on with flip {flip.number}, and this rollback goes no further. Next: "
                "teal status --watch"
            ) from None

    async def _back(self, seen: Seen, to: Colour) -> Flip:
        """Move traffic back by a new flip, onto a release that was confirmed."""
        known = _confirmed(seen, to)
        if known is None:
            raise ColdError(to, f"what it runs ({seen.version(to) or 'nothing'}) is not known to have been confirmed")
        ending, workers = seen.history.ending, seen.plan.workers
        awake = [name for name in seen.live if name not in workers or not workers[name].idles]
        if ending is not None and ending.colour is to and (not ending.done or sleeping(seen.slots, to, awake)):
            raise ColdError(to, f"the watch ended its pods at {ending.at}")
        proof, carried = await self._capacity(seen, to, [name for name in seen.live if name not in seen.plan.crons])
        flip = Flip(
            number=seen.history.next_number,
            origin=to.other,
            to=to,
            origin_version=seen.version(to.other),
            version=seen.version(to),
            by=seen.by,
            begun=self._records.now(),
            stage=Stage.PROVEN,
            release=known.release,
            slots=last.slots if (last := seen.history.last_move) is not None else {},
            rollback=True,
            undoes=seen.confirmed is to,
            verdicts=tuple(proof),
            plan=seen.plan.routed(seen.live),
            carried=carried,
            identities=known.identities,
            allowed_at=self._records.now("milliseconds"),
        )
        try:
            kept = await self._records.save(seen.kept, flip.owned_by(self._name))
            held = Tenure(self._records, kept, kept.flip(flip.number), self._name)
            return await held.keeping(self._move(held, seen))
        except OvertakenError as error:
            ends = began(seen.history, (await self._records.load()).history, flip.number)
            who = ends or f"{error}: somebody else began a flip"
            raise RefusedError(f"{who} meanwhile, and this rollback goes no further. Next: teal status") from None

    async def _move(self, held: Tenure, seen: Seen) -> Flip:
        flip = held.flip
        router = self._owner.router(flip.plan)
        way = Way(cluster=self._cluster, router=router, onto=flip.to, fence=held.renew, say=self._say)
        foreign = await way.move(lambda: self._owner.live(flip.plan), seen.live)
        if foreign:
            left = "; ".join(f"{name} leads to {where}" for name, where in foreign.items())
            return await held.end(Stage.OVERTAKEN, left)
        return await held.end(Stage.BAKING, "")

    async def _capacity(
        self, seen: Seen, to: Colour, services: Collection[str]
    ) -> tuple[Sequence[Verdict], Mapping[str, int]]:
        """Prove that a colour can carry what the other one carries of some services, at this moment.

        Returns:
            The proof, and with how many endpoints the other one carries each service.

        Raises:
            ColdError: it cannot.
        """
        found, scaling = await asyncio.gather(self._cluster.endpoints(seen.plan.workers), self._cluster.autoscalers())
        ready, there = (
            {name: len(found.get(f"{name}-{colour}", ())) for name in services} for colour in (to, to.other)
        )
        verdicts: list[Verdict] = []
        for name in services:
            slot, autoscaler = seen.slots.get((name, to)), scaling.get(f"{name}-{to.other}")
            verdicts.append(
                gates.capacity(
                    name,
                    to,
                    ready=ready[name],
                    live=to.other,
                    live_ready=there[name],
                    live_wanted=autoscaler.desired if autoscaler else 0,
                    outdated=slot.outdated if slot else 0,
                )
            )
        verdicts += await self._owner.router(seen.plan).capacity(there, to)
        if missing := unproven(verdicts):
            raise ColdError(to, "; ".join(str(each) for each in missing))
        return verdicts, there


def _destination(seen: Seen, version: str | None) -> Colour:
    """Return the colour that traffic is to go to, where no flip is under way."""
    live = seen.colour
    if live is None:
        where = (
            ", ".join(f"{name} leads to {guards.leads(each)}" for name, each in seen.live.items()) or "there is none"
        )
        whole = {each.colour for each in seen.live.values() if each.colour is not None}
        step = (
            f"teal switch {whole.pop()}, which takes the share of the other one away"
            if len(whole) == 1
            else "teal status"
        )
        raise ForeignChangeError(
            f"live traffic goes to no single colour ({where}), so there is none to go back to. Nothing was moved. "
            f"Next: {step}"
        )
    to = live.other
    if version is not None and seen.version(live) == version:
        raise NotThereError(f"{version} is live already, on {live}: nothing was moved. Next: teal status")
    if version is not None and seen.version(to) != version:
        before = [each for each in seen.history.flips if each.version == version and each.stage is Stage.CONFIRMED]
        runs = f"{to} runs {seen.version(to) or 'nothing'}"
        if not before:
            raise NotThereError(
                f"{version} was never deployed, as far as is remembered, and {runs}: nothing was moved. "
                "Next: teal history"
            )
        raise NotThereError(
            f"{version} was live in flip {before[-1].number}, and its slot was given to another release since: {runs}. "
            f"Nothing was moved. Next: teal deploy {version}"
        )
    if not any(of is to for _, of in seen.slots):
        raise NotThereError(
            f"{to} has no release, so there is nothing to go back to: nothing was moved. Next: teal history"
        )
    return to


def _confirmed(seen: Seen, to: Colour) -> Flip | None:
    """Return the flip in which a colour was confirmed as what it runs now; None where there is none."""
    now_there = {name: slot.identity for name in seen.live if (slot := seen.slots.get((name, to))) is not None}
    if now_there.keys() != seen.live.keys() or not all(now_there.values()):
        return None
    return next(
        (
            each
            for each in reversed(seen.history.flips)
            if each.stage is Stage.CONFIRMED and each.to is to and dict(each.identities) == now_there
        ),
        None,
    )
