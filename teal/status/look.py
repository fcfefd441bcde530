"""Reads where live traffic goes, what both colours run, and if all is at rest: two rounds, and one for cron jobs."""

import asyncio
from collections.abc import Mapping

from pydantic import Field

from teal import routers
from teal.adapters.kubernetes import schedule
from teal.adapters.kubernetes.cluster import Cluster, ClusterAccess
from teal.adapters.kubernetes.objects import Service
from teal.flip import guards
from teal.history.model import Flip, History
from teal.history.store import CONFIRMED, Records
from teal.model.colours import Colour, colour_of
from teal.model.labels import DIGEST
from teal.model.live import LiveService, LiveSlot
from teal.model.routes import RouterKind, weights
from teal.model.stored import Model


class Pods(Model):
    """The pods of one service of one colour."""

    version: str = ""
    wanted: int = 0
    """How many pods it is asked for."""
    ready: int = 0
    outdated: int = 0
    """How many pods its last rollout has not replaced yet."""
    restarts: int = 0
    """How often containers of its pods were started anew."""
    door: str = ""
    """The address at which it answers, whichever colour is live; empty where nobody asks it."""
    worker: bool = False
    """Whether it takes its work from a queue; its idle colour has no pods."""
    release: str = ""
    """The digest of all that its slot declares; empty where its Deployment does not say."""
    cron: bool = False
    """Whether it is a cron job: its pods are those of its Jobs, which the live colour alone starts."""

    @property
    def well(self) -> bool:
        """Whether it has pods, and all of them are ready."""
        return 0 < self.wanted <= self.ready and not self.outdated

    def __str__(self) -> str:
        """Return the state of the pods in words."""
        if self.cron:
            return "its schedule runs" if self.wanted else "its schedule is suspended"
        if not self.wanted:
            return "stopped"
        behind = f", {self.outdated} not replaced yet" if self.outdated else ""
        return f"{self.ready} of {self.wanted} pods ready{behind}"


class Status(Model):
    """How a stack stands, as it was read at one moment."""

    live: Mapping[str, str] = Field(default_factory=dict[str, str])
    """Where each service's live traffic goes: a colour, or in words what directs it where that is none."""
    leading: Mapping[str, Colour | None] = Field(default_factory=dict[str, Colour | None], exclude=True)
    """The colour that is live for each service, whatever share the other one has; None where nobody can say."""
    weights: Mapping[str, Mapping[Colour, int]] = Field(default_factory=dict[str, Mapping[Colour, int]])
    """The percentage of each service's live traffic that each colour has, without services that lead to no colour."""
    confirmed: Colour | None = None
    """The colour whose bake passed last."""
    at_rest: bool = True
    """Whether traffic is where it was confirmed, and no flip is under way."""
    last: Flip | None = None
    """The flip under way, or the last one."""
    doors: Mapping[str, str] = Field(default_factory=dict[str, str])
    """Where each service's live traffic comes in."""
    colours: Mapping[Colour, Mapping[str, Pods]] = Field(default_factory=dict[Colour, Mapping[str, Pods]])
    """What each colour runs, by service; a colour without a release is not there."""
    history: tuple[Flip, ...] = Field(default=(), exclude=True)
    """The last flips, oldest first."""

    @property
    def active(self) -> Colour | None:
        """The colour that all live traffic goes to; None where that is no single one."""
        colours = {*self.live.values()}
        return colour_of(colours.pop()) if len(colours) == 1 else None

    @property
    def main(self) -> Colour | None:
        """The colour that is live, whatever share of its traffic the other one has; None where that is none."""
        colours = {*self.leading.values()}
        return colours.pop() if len(colours) == 1 else None

    @property
    def open(self) -> Flip | None:
        """The flip that somebody has to bring to its end; None where there is none."""
        return History(flips=self.history).open

    def version(self, colour: Colour) -> str:
        """Return the version that a colour runs; empty where it has no release."""
        return next((each.version for each in self.colours.get(colour, {}).values()), "")


async def look(access: ClusterAccess) -> Status:
    """Read how a stack stands.

    Raises:
        UnreachableError: the cluster could not be asked.
    """
    async with Cluster.connect(access) as cluster:
        return await looked(cluster)


async def looked(cluster: Cluster) -> Status:
    """Read how a stack stands, from a cluster that is connected already."""
    record, kept, slots, doors, restarts = await asyncio.gather(
        cluster.config_map(CONFIRMED),
        Records(cluster.http, cluster.namespace).load(),
        cluster.slots(),
        cluster.doors(),
        asyncio.gather(*(cluster.restarts(colour) for colour in Colour)),
    )
    known = kept.history
    last = known.open or known.last
    kind = last.plan.router if last else RouterKind.SERVICE
    routed, workers = await asyncio.gather(
        routers.connect(kind, cluster).live_services(), routers.Workers(cluster).live_services()
    )
    live = {**routed, **workers}
    slots = {**slots, **await schedule.slots(cluster, [name for name, each in workers.items() if each.cron])}
    confirmed = colour_of(record.get("colour"))
    led = {name: guards.leads(each) for name, each in live.items()}
    rests = known.open is None and ({*led.values()} == {confirmed} or (not led and confirmed is None))
    fell = dict(zip(Colour, restarts, strict=True))
    return Status(
        live=led,
        leading={name: each.colour for name, each in live.items()},
        weights={name: weights(each.colour, each.share) for name, each in live.items() if each.colour is not None},
        confirmed=confirmed,
        at_rest=rests,
        last=last,
        doors={name: _door(each, doors.get(name)) for name, each in live.items()},
        colours={
            colour: {
                name: _pods(slot, fell[colour].get(name, {}), doors.get(f"{name}-{colour}"), name in workers)
                for (name, of), slot in sorted(slots.items())
                if of is colour
            }
            for colour in Colour
            if any(of is colour for _, of in slots)
        },
        history=known.flips,
    )


def _pods(slot: LiveSlot, restarts: Mapping[str, tuple[int, str]], door: Service | None, worker: bool) -> Pods:  # noqa: FBT001 - of Pods
    return Pods(
        version=slot.version,
        wanted=slot.replicas,
        ready=slot.ready,
        outdated=slot.outdated,
        restarts=sum(times for times, _ in restarts.values()),
        door=door.address if door else "",
        worker=worker,
        release=slot.annotations.get(DIGEST, ""),
        cron=slot.cron,
    )


def _door(live: LiveService, door: Service | None) -> str:
    if live.route is not None:
        return live.route.door
    return door.address if door else ""
