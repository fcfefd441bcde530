"""Runs one seed from a stack that rests on blue, through all that happens, to the way back."""

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import copy_context
from datetime import timedelta
from typing import Any, TypeVar

from teal_infra.planning.live import Live
from teal_infra.planning.move import move_of
from teal_infra.settings import Settings
from teal_infra.settings.slot import State as SlotState
from teal_infra.traffic.gateway import spec

from teal.history.model import Flip, History, Stage
from teal.history.store import CONFIRMED, NAME
from teal.model.colours import Colour
from teal.model.labels import COMPONENT_LABEL, VERSION_LABEL
from teal.model.workers import WORKER as OF_WORKER
from teal.model.workers import record
from teal.notifications import told
from tests.simulation import admission
from tests.simulation.api import NAMESPACE, Api
from tests.simulation.approvals import Approvals
from tests.simulation.clock import EPOCH, VirtualLoop
from tests.simulation.commands import approve, go_on, roll_back
from tests.simulation.engine import State, Update
from tests.simulation.faults import SLOWEST, Faults
from tests.simulation.invariants import Invariants
from tests.simulation.people import People
from tests.simulation.scenario import OLD, SERVICES, Happening, Scenario, Up
from tests.simulation.scraping import Scraper
from tests.simulation.store import By, Store, Written
from tests.simulation.wire import ACTOR, Actor, Death, Network
from tests.simulation.workers import NAME as WORKER
from tests.simulation.workers import Workers, is_record
from tests.simulation.world import DRAIN, TICK, World, chance

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
FATAL = 4
"""How many watches may die, one after the other."""
_T = TypeVar("_T")


class Story:
    """A seed under way."""

    def __init__(self, scenario: Scenario, loop: VirtualLoop, left_out: frozenset[str]) -> None:
        """Set the stage."""
        self.scenario = scenario
        self.seed = seed = scenario.seed
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
        policies = admission.policies(NAMESPACE) if scenario.admits else {}
        api = Api(self.store, self.world, seed, self.scraper, policies)
        self.network = Network(api=api, faults=self.faults, seed=seed)
        self.actors: dict[str, Actor] = {}
        deployed = dict[str, float]()
        self.invariants = Invariants(
            world=self.world,
            actors=self.actors,
            releases=scenario.releases,
            approvals=Approvals(
                store=self.store, max_age=scenario.approval, vouched=scenario.admits, deployed=deployed
            ),
            deployed=deployed,
            workers=Workers(world=self.world, overlap=scenario.worker),
        )
        self.script: list[tuple[float, str]] = []
        self.state = State()
        self.since = {each: asyncio.Event() for each in ("proof", "bake", "death", "half", "way back")}
        """The events that other things wait for, each set by the first of its kind."""
        self.begun: list[asyncio.Task[None]] = []
        """The tasks of what people do beside the updates."""
        self.ending = False
        self.updates: list[Update] = []

    async def tell(self) -> None:
        """Tell the story, from a stack that rests on blue, through everything that happens, to the way back."""
        background = asyncio.create_task(self._tick())
        await self._begin()
        self.faults.calm = False
        others = [asyncio.create_task(self._happen(each)) for each in self.scenario.happenings]
        watching = asyncio.create_task(self._watch()) if self.scenario.watched else None
        serial = [each for each in self.scenario.ups if not each.rival]
        rivals = [
            asyncio.create_task(self._up(each, f"rival-{i}", State()))
            for i, each in enumerate(self.scenario.ups)
            if each.rival
        ]
        for number, each in enumerate(serial, 1):
            await self._up(each, f"update-{number}", self.state)
        await asyncio.gather(*rivals)
        for each in others:
            each.cancel()
        await asyncio.gather(*self.begun)
        self.faults.calm = True
        if self.scraper is not None:
            self.scraper.away_until = 0
        self._note("faults end")
        await asyncio.sleep(SLOWEST + 1)  # what has left by now arrives
        if watching is None:
            watching = asyncio.create_task(self._watch())
        await self._rest()
        if self.scenario.retires:
            await asyncio.sleep(RETIRED)
            self.invariants.retired(self._declared)
        self.ending = True
        await watching
        ill = max((each.flaps_until for each in self.world.pods), default=0)
        await asyncio.sleep(max(0, ill - self.loop.time()) + 1)
        await self._back()
        if background.done():
            background.result()
        assert self.scraper is None or not self.scraper.unknown, self.scraper.unknown[0]

    async def _tick(self) -> None:
        while True:
            self.world.tick()
            self.invariants.moment()
            await asyncio.sleep(TICK)

    async def _begin(self) -> None:
        """Make blue live, confirmed and remembered; the first update finds it so, and makes the pods."""
        settings = self.scenario.config({"green": OLD.version})
        move = move_of(settings, Live())
        at = EPOCH.isoformat(timespec="seconds")
        first = Flip(
            number=1,
            origin=None,
            to=Colour.BLUE,
            version=move.version,
            by="somebody",
            begun=at,
            ended=at,
            stage=Stage.CONFIRMED,
            release=move.release,
            plan=move.bake,
        )
        by = By(actor="update-0", manager="pulumi-kubernetes-teal")
        history = History(flips=(first,))
        data = {"flips.json": history.model_dump_json(by_alias=True)}
        self.store.create("configmaps", {"metadata": {"name": NAME}, "data": data}, by)
        confirmed = {"colour": "blue", "version": move.version, "since": at}
        self.store.create("configmaps", {"metadata": {"name": CONFIRMED}, "data": confirmed}, by)
        since = (EPOCH + timedelta(seconds=1)).isoformat()  # people were not to be told of flips before that
        self.store.create("configmaps", {"metadata": {"name": told.NAME, "creationTimestamp": since}, "data": {}}, by)
        self.store.told = self.world.written
        for name in self.scenario.services:
            selector = {"app.kubernetes.io/name": name, "teal/colour": "blue"}
            labels = {"app.kubernetes.io/part-of": "teal", "app.kubernetes.io/name": name}
            metadata = {"name": name, "labels": labels}
            if self.scenario.gateway:
                self.store.create("httproutes", {"metadata": metadata, "spec": spec(settings, name)}, by)
            else:
                self.store.create("services", {"metadata": metadata, "spec": {"selector": selector}}, by)
        if self.scenario.worker:
            labels = {"app.kubernetes.io/part-of": "teal", "app.kubernetes.io/name": WORKER, COMPONENT_LABEL: OF_WORKER}
            meta = {"name": record(WORKER), "labels": labels}
            self.store.create("configmaps", {"metadata": meta, "data": {"colour": "blue"}}, by)
        self.invariants.history = history
        failed = await self._update(self._actor("update-0"), settings, self.state)
        assert not failed, failed
        self.store.told = self._written
        if self.scenario.admits:
            self.store.require = admission.require
        self.network.heard = self.invariants.heard

    def _written(self, write: Written) -> None:
        self.world.written(write)
        self.invariants.written(write)
        if is_record(write):
            self._note(f"{write.by.actor} writes worker {WORKER}: {write.after['data']['colour']}")
        if write.kind == "deployments" and write.name.startswith(WORKER):
            self._note(f"{write.by.actor} asks for {write.after['spec']['replicas']} pods of {write.name}")
        if write.kind in {"services", "httproutes"}:
            actor = self.actors.get(write.by.actor)
            if actor is not None and actor.dead:
                self._left()
            canary, share = self.world.canaries.get(write.name, ("", 0))
            beside = f", {share} % on {canary}" if share else ""
            self._note(f"{write.by.actor} writes {write.name}: {self.world.leads(write.name, late=False)}{beside}")
        if write.name == NAME and (last := self.invariants.history.last) is not None:
            self._reached(last, write.by.actor)
        if write.name == CONFIRMED:
            self._note(f"{write.by.actor} records {write.after['data']['colour']} as confirmed")

    def _reached(self, flip: Flip, by: str) -> None:
        """Note that a flip is at another step; the first of some steps are what other things wait for."""
        if flip.stage is Stage.PROVEN:
            self.since["proof"].set()
        if flip.stage is Stage.BAKING and not self.since["bake"].is_set():
            self.faults.anchor, self.faults.owner = self.loop.time(), by
            self.since["bake"].set()
            self._stall()
        if flip.stage is Stage.REVERTING and not self.since["way back"].is_set():
            self.since["way back"].set()
            self._pause(self.actors[by])
        self._note(f"{by} records flip {flip.number} {flip.stage} (kept by {flip.owner or 'nobody'})")

    def _left(self) -> None:
        """See whether a process that died has left half of a flip set moved."""
        there = {self.world.leads(name, late=False).rpartition("-")[2] for name in self.scenario.services}
        if len(there) > 1:
            self.since["half"].set()

    def _pause(self, actor: Actor) -> None:
        pause = self.scenario.pause

        def begin() -> None:
            if pause and self.faults.happens(f"pause of {actor.name}", f"stands still for {pause.seconds} s"):
                actor.still_until = self.loop.time() + pause.seconds

        if pause is not None:
            self.loop.call_later(pause.after, begin)

    def _stall(self) -> None:
        def begin() -> None:
            if self.faults.calm or scraper is None:
                return
            if self.faults.happens("stall of Prometheus", f"it scrapes nothing for {seconds} s"):
                scraper.away_until = self.loop.time() + seconds

        scraper, (after, seconds) = self.scraper, self.scenario.stall
        if seconds:
            self.loop.call_later(after, begin)

    def _note(self, what: str) -> None:
        if not self.script or self.script[-1][1] != what:
            self.script.append((self.loop.time(), what))

    async def _happen(self, each: Happening) -> None:
        if each.since:
            await self.since[each.since].wait()
        await asyncio.sleep(each.at)
        if not self.faults.happens(f"{each} at {each.at}", str(each)):
            return
        if each.what == "patch":
            if self.scenario.gateway:
                changed = spec(self.scenario.config({"activeColour": each.colour}), each.service)
                self.store.patch("httproutes", each.service, {"spec": {"rules": changed["rules"]}}, By(actor=each.by))
            else:
                changed = {"spec": {"selector": {"teal/colour": each.colour}}}
                self.store.patch("services", each.service, changed, By(actor=each.by))
            return
        if each.what == "forge":
            admission.forge(self.store, (EPOCH + timedelta(seconds=self.loop.time())).isoformat())
            return
        if each.what in {"rollback", "approve"}:
            work = self._roll_back() if each.what == "rollback" else self._approve(Colour(each.colour), "early")
            self.begun.append(asyncio.create_task(work))
            return
        for name in (*self.scenario.services, WORKER) if not each.service else (each.service,):
            pods = [*self.world.of(f"{name}-{each.colour}")]
            for pod in pods[: len(pods) if not each.service else (len(pods) + 1) // 2]:
                pod.flaps_until = self.loop.time() + each.seconds
                self.world.flapped = True

    async def _up(self, up: Up, name: str, state: State) -> str:
        if self.scenario.retires:  # before and after the watch ends what was left, and most of all beside it
            close = chance(self.seed, name, "beside the watch") < BESIDE
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
        skew = self.scenario.skew
        return Actor(name=name, death=death, ahead=skew * (2 * chance(self.scenario.seed, name, "clock") - 1))

    async def _update(self, actor: Actor, settings: Settings, state: State) -> str:
        name, idle = actor.name, settings.slot(settings.active_colour.other)
        self._note(f"{name} begins: {settings.active_colour} {settings.active_slot.version}")
        if idle is not None and idle.state is SlotState.RETIRED:
            self.invariants.settling[name] = settings.settle_seconds
        update = Update(self.network, actor, settings, state)
        self.updates.append(update)
        ended = await self._process(actor, update.run, "killed")
        self._note(f"{name} ends: {ended or 'done'}")
        self.invariants.said(actor, ended)
        return ended

    async def _approve(self, colour: Colour, why: str) -> None:
        actor = self._actor(f"approver-{why}")
        ended = await self._process(actor, lambda: approve(colour), "killed")
        self._note(f"{actor.name} approves {colour}: {ended or 'done'}")

    async def _roll_back(self) -> None:
        """Take the last flip back, as a person does, whoever is at it."""
        actor = self._actor("rollback-1", self.scenario.rollback_dies)
        self._note(f"{actor.name} begins")
        ended = await self._process(actor, lambda: roll_back(actor), "killed")
        self._note(f"{actor.name} ends: {ended}")
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
            self.since["death"].set()
            self._left()
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
                self._note(f"{actor.name} ends: {ended}")
                self.invariants.said(actor, ended)
            await asyncio.sleep(SCHEDULE)

    @property
    def _declared(self) -> Settings:
        """The settings of the update that wrote the CronJob last."""
        return next((each.declares for each in reversed(self.updates) if each.declares), self.scenario.config({}))

    async def _rest(self) -> None:
        """Let nothing go wrong any more, so that the watch alone brings what is open to its end."""
        end = self.loop.time() + LONGEST / 2
        while (left := self.invariants.history.open) is not None and self.loop.time() < end:
            if self._failing(left) and left.stage in {Stage.STUCK, Stage.UNPROVEN}:
                break  # it is baked again and again, and fails: a person's turn
            await asyncio.sleep(1)
        left = self.invariants.history.open
        healthy = left is None or not self._failing(left)
        self.invariants.at_rest(healthy=healthy and not self.invariants.strangers())

    def _failing(self, flip: Flip) -> bool:
        return bool(self.scenario.releases[flip.version].failing)

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
            if there == {"blue"} == {confirmed} and self.invariants.history.open is None:
                await asyncio.sleep(DRAIN + TICK)
                self.invariants.left_idle()
                return  # what is idle may stay as broken as it is
            if "teal:repair" in said:
                changes["repair"] = "green"
            if "; then flip" in said:  # an update died between the pods of two services
                await self._update(
                    self._actor(f"first-{number}"),
                    self.scenario.config(changes | {"activeColour": "green"}),
                    self.state,
                )
            await asyncio.sleep(5)
        left = self.invariants.history.open
        self.invariants.violate("the_way_back_works", said[:400] or (f"still open: {left}" if left else "not on blue"))
