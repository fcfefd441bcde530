"""Runs one seed from a stack that rests on blue, through all that happens, to the way back."""

import asyncio
import re
from collections.abc import Callable, Coroutine
from contextvars import copy_context
from typing import Any, TypeVar

from teal_infra.settings import Settings
from teal_infra.settings.slot import State as SlotState

from teal.history.model import Stage
from teal.history.store import CONFIRMED
from teal.model.colours import Colour
from teal.model.labels import VERSION_LABEL
from tests.simulation.checks.answers import Answers
from tests.simulation.checks.approvals import Approvals
from tests.simulation.checks.invariants import Invariants
from tests.simulation.checks.pods import Pods
from tests.simulation.checks.seen import Seen
from tests.simulation.checks.workers import NAME as WORKER
from tests.simulation.checks.workers import Workers
from tests.simulation.cluster import admission
from tests.simulation.cluster.api import NAMESPACE, Api
from tests.simulation.cluster.clock import VirtualLoop
from tests.simulation.cluster.faults import SLOWEST, Faults
from tests.simulation.cluster.scraping import Scraper
from tests.simulation.cluster.store import Store, Written
from tests.simulation.cluster.wire import ACTOR, Actor, Death, Network
from tests.simulation.cluster.world import DRAIN, TICK, World, chance
from tests.simulation.processes.commands import approve, go_on, roll_back
from tests.simulation.processes.engine import State, Update
from tests.simulation.processes.people import People
from tests.simulation.scenarios.beginning import begin
from tests.simulation.scenarios.drawing import OLD
from tests.simulation.scenarios.happening import happen
from tests.simulation.scenarios.scenario import SERVICES, Happening, Scenario, Up
from tests.simulation.script import Script

LONGEST = 600.0
"""The virtual seconds that an update, and the way to rest, may take."""
SCHEDULE = 10.0
"""The virtual seconds between two watches."""
RETIRED = 90.0
"""The virtual seconds within which the watch has ended what a flip has left: a minute, and the time that it takes."""
PATIENT = 5.0
"""How many times longer people wait between updates where the watch ends what is idle."""
BESIDE = 0.7
"""The share of updates that begin when it is about to, and the virtual seconds after the one before that they wait."""
CLOSE = 47.0
REPAIR = re.compile(r"teal:repair (\w+)")
FATAL = 4
"""How many watches may die, one after the other."""
_T = TypeVar("_T")


class Story:
    """A seed under way."""

    def __init__(self, scenario: Scenario, loop: VirtualLoop, left_out: frozenset[str]) -> None:
        """Set the stage."""
        self.scenario = scenario
        seed = scenario.seed
        self.people = People(seed)
        self.loop = loop
        self.scraper = Scraper(metrics=scenario.config({}).services[SERVICES[0]].counted) if scenario.scrapes else None
        self.store = Store(clock=loop.time)
        self.world = World(
            loop=loop,
            store=self.store,
            lag=scenario.lag,
            load=scenario.load,
            releases=dict(scenario.releases),
            workers=frozenset([WORKER] if scenario.worker else []),
            scrape=self.scraper.scrape if self.scraper else None,
        )
        self.faults = Faults(
            seed=seed,
            rate=scenario.rate,
            clock=loop.time,
            outages=tuple(scenario.outages),
            left_out=left_out,
            calm=True,
        )
        api = Api(self.store, self.world, seed, self.scraper, admission.policies(NAMESPACE) if scenario.admits else {})
        self.network = Network(api=api, faults=self.faults, seed=seed)
        self.actors: dict[str, Actor] = {}
        self.seen = seen = Seen()
        workers = Workers(world=self.world, overlap=scenario.worker)
        self.invariants = Invariants(
            world=self.world,
            actors=self.actors,
            answers=Answers(world=self.world, actors=self.actors, releases=scenario.releases, seen=seen),
            approvals=Approvals(store=self.store, max_age=scenario.approval, vouched=scenario.admits),
            workers=workers,
            pods=Pods(world=self.world, workers=workers, seen=seen),
            seen=seen,
        )
        self.state = State()
        self.script = Script(
            scenario=scenario, world=self.world, faults=self.faults, scraper=self.scraper, actors=self.actors, seen=seen
        )
        self.begun: list[asyncio.Task[None]] = []
        """The tasks of what people do beside the updates."""
        self.updates: list[Update] = []
        self.ending = False

    async def tell(self) -> None:
        """Tell the story, from a stack that rests on blue, through everything that happens, to the way back."""
        background = asyncio.create_task(self._tick())
        await self._begin()
        self.faults.calm = False
        others = [asyncio.create_task(self._happen(each)) for each in self.scenario.happenings]
        watching = asyncio.create_task(self._watch()) if self.scenario.watched else None
        rivals = [
            asyncio.create_task(self._up(each, f"rival-{i}", State()))
            for i, each in enumerate(self.scenario.ups)
            if each.rival
        ]
        for number, each in enumerate((each for each in self.scenario.ups if not each.rival), 1):
            await self._up(each, f"update-{number}", self.state)
        await asyncio.gather(*rivals)
        for each in others:
            each.cancel()
        await asyncio.gather(*self.begun)
        self.faults.calm = True
        if self.scraper is not None:
            self.scraper.away_until = 0
        self.script.note("faults end")
        await asyncio.sleep(SLOWEST + 1)  # what has left by now arrives
        if watching is None:
            watching = asyncio.create_task(self._watch())
        await self._rest()
        if self.scenario.retires or self.scenario.worker is not None:
            await asyncio.sleep(RETIRED if self.scenario.retires else 3 * SCHEDULE)
            self.invariants.retired(self._declared)
        self.ending = True
        await watching
        ill = max((each.flaps_until for each in self.world.pods), default=0)
        await asyncio.sleep(max(0, ill - self.loop.time()) + 1)
        await self._back()
        if background.done():
            background.result()
        assert self.scraper is None or not self.scraper.unknown, self.scraper.unknown[0]

    async def _begin(self) -> None:
        """Let the first update find blue live, and make the pods."""
        settings = self.scenario.config({"green": OLD.version})
        self.seen.history = begin(self.scenario, settings, self.store, self.world.written)
        failed = await self._update(self._actor("update-0"), settings, self.state)
        assert not failed, failed
        self.store.told = self._written
        if self.scenario.admits:
            self.store.require = admission.require
        self.network.heard = self.invariants.heard

    async def _tick(self) -> None:
        while True:
            self.world.tick()
            self.invariants.moment()
            await asyncio.sleep(TICK)

    def _written(self, write: Written) -> None:
        self.world.written(write)
        self.invariants.written(write)
        self.script.written(write)

    async def _happen(self, each: Happening) -> None:
        if each.since:
            await self.script.since[each.since].wait()
        await asyncio.sleep(each.at)
        if not self.faults.happens(f"{each} at {each.at}", str(each)):
            return
        if each.what in {"rollback", "approve"}:
            work = self._roll_back() if each.what == "rollback" else self._approve(Colour(each.colour), "early")
            self.begun.append(asyncio.create_task(work))
        else:
            happen(each, self.scenario, self.store, self.world)

    async def _up(self, up: Up, name: str, state: State) -> str:
        if self.scenario.retires:  # before and after the watch ends what was left, and most of all beside it
            close = chance(self.scenario.seed, name, "beside the watch") < BESIDE
            await asyncio.sleep(CLOSE if close else (PATIENT - 1) * up.after)
        await asyncio.sleep(up.after)
        settings = self.scenario.config(up.changes)
        said = await self._update(self._actor(name, up.death), settings, state)
        if f"teal approve {settings.active_colour}" not in said:
            return said
        await self._approve(settings.active_colour, name)
        return await self._update(self._actor(f"{name}-approved", up.death), settings, state)

    def _actor(self, name: str, death: Death | None = None) -> Actor:
        """Return a process, on a machine of its own."""
        ahead = self.scenario.skew * (2 * chance(self.scenario.seed, name, "clock") - 1)
        return Actor(name=name, death=death, began=self.loop.time(), ahead=ahead)

    async def _update(self, actor: Actor, settings: Settings, state: State) -> str:
        name, idle = actor.name, settings.slot(settings.active_colour.other)
        self.script.note(f"{name} begins: {settings.active_colour} {settings.active_slot.version}")
        if idle is not None and idle.state is SlotState.RETIRED:
            self.seen.settling[name] = settings.settle_seconds
        update = Update(self.network, actor, settings, state)
        self.updates.append(update)
        ended = await self._process(actor, update.run, "killed")
        self.script.note(f"{name} ends: {ended or 'done'}")
        self.invariants.said(actor, ended)
        return ended

    async def _approve(self, colour: Colour, why: str) -> None:
        actor = self._actor(f"approver-{why}")
        ended = await self._process(actor, lambda: approve(colour), "killed")
        self.script.note(f"{actor.name} approves {colour}: {ended or 'done'}")

    async def _roll_back(self) -> None:
        """Take the last flip back, as a person does, whoever is at it."""
        actor = self._actor("rollback-1", self.scenario.rollback_dies)
        self.script.note(f"{actor.name} begins")
        ended = await self._process(actor, lambda: roll_back(actor), "killed")
        self.script.note(f"{actor.name} ends: {ended}")
        self.invariants.rolled_back(actor, ended)

    async def _process(self, actor: Actor, main: Callable[[], Coroutine[Any, Any, _T]], killed: _T) -> _T:
        """Run something as a process; return what it comes to, or that it died."""
        self.actors[actor.name] = actor

        async def body() -> _T:
            ACTOR.set(actor)
            return await asyncio.create_task(main())

        try:
            async with asyncio.timeout(LONGEST):
                return await asyncio.create_task(body(), context=copy_context())
        except TimeoutError:
            self.invariants.violate("comes_to_rest", f"{actor.name} does not end within {LONGEST:.0f} s")
            actor.die()
        except asyncio.CancelledError:
            if not actor.dead:
                raise
            self.script.since["death"].set()
            self.script.left()
        finally:
            for each in list(actor.tasks):
                each.cancel()  # with its process, whatever it still does
        return killed

    async def _watch(self) -> None:
        """Run the watch as a CronJob does: one after the other."""
        number = 0
        while not self.ending:
            number += 1
            actor = self._actor(f"watch-{number}", self.scenario.watch_dies if number < FATAL else None)
            ended = await self._process(actor, lambda: go_on(actor, self._declared), "killed")  # noqa: B023 - awaited here
            if ended:
                self.script.note(f"{actor.name} ends: {ended}")
                self.invariants.said(actor, ended)
            await asyncio.sleep(SCHEDULE)

    @property
    def _declared(self) -> Settings:
        """The settings of the update that wrote the CronJob last."""
        return next((each.declares for each in reversed(self.updates) if each.declares), self.scenario.config({}))

    async def _rest(self) -> None:
        """Let nothing go wrong any more, so that the watch alone brings what is open to its end."""
        end = self.loop.time() + LONGEST / 2
        while (left := self.seen.history.open) is not None and self.loop.time() < end:
            if self.scenario.releases[left.version].failing and left.stage in {Stage.STUCK, Stage.UNPROVEN}:
                break  # it is baked again and again, and fails: a person's turn
            await asyncio.sleep(1)
        healthy = left is None or not self.scenario.releases[left.version].failing
        self.invariants.at_rest(healthy=healthy and not self.seen.strangers())

    async def _back(self) -> None:
        """Check that the way back onto what was always well works for a person who does what messages say."""
        green = self.store.objects.get(("deployments", f"{self.scenario.services[0]}-green"))
        changes: dict[str, Any] = {"activeColour": "blue"}
        if green:
            changes["green"] = green["metadata"]["labels"][VERSION_LABEL]
        said = ""
        for number in range(4):
            said = await self._update(self._actor(f"back-{number}"), self.scenario.config(changes), self.state)
            names = (*self.scenario.services, *([WORKER] if self.scenario.worker else []))
            there = {self.world.leads(name, late=False).rpartition("-")[2] for name in names}
            confirmed = self.store.get("configmaps", CONFIRMED)["data"]["colour"]
            if there == {"blue"} == {confirmed} and self.seen.history.open is None:
                await asyncio.sleep(DRAIN + TICK)
                self.invariants.left_idle()
                return  # what is idle may stay as broken as it is
            if repair := REPAIR.search(said):
                changes["repair"] = repair[1]
            if "; then flip" in said:  # an update died between the pods of two services
                await self._update(
                    self._actor(f"first-{number}"),
                    self.scenario.config(changes | {"activeColour": "green"}),
                    self.state,
                )
            await asyncio.sleep(5)
        left = self.seen.history.open
        self.invariants.violate("the_way_back_works", said[:400] or (f"still open: {left}" if left else "not on blue"))
