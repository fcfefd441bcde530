"""Collects what a bake sees: asks front doors, live traffic's metrics, the router and its alarms. It judges nothing."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from teal.adapters import front_door
from teal.adapters.kubernetes.cluster import Cluster
from teal.flip import guards
from teal.flip.watching import follow
from teal.flip.watching.bake import ENOUGH_PROBES, Bake
from teal.flip.watching.checks import Measured
from teal.flip.watching.live_metrics import LiveMetrics
from teal.gates.samples import Queried
from teal.model.errors import UnreachableError
from teal.model.live import LiveService
from teal.model.routes import RouterKind
from teal.routers import Router

TICK_SECONDS = 0.2
"""The time between two probes of a front door, once there are enough answers to fail a bake."""

FIRST_TICK_SECONDS = 0.1
"""The time between two of the first probes: 20 answers, the fewest that can fail a bake, take two seconds."""

DOORS_A_SECOND = 50.0
"""The most probes a second of all front doors. Of more than ten services, each is probed less often."""

READS_A_SECOND = 25.0
"""The most reads a second of where traffic goes, for all services. As many queries to Prometheus may ask for errors,
and as many for other numbers."""

UNANSWERED = 40
"""The most probes of all front doors without an answer at a time. The client has a hundred connections, and the flip's
owner needs some of them."""

LEAD_SECONDS = 10.0
"""How long EndpointSlices may take to follow a write, for which 8 s were measured. After that all answers count."""

TELL_SECONDS = 3.0
"""The least time between two reports of progress."""

LOOK_SECONDS = 0.5
"""The time between two queries for errors. With a scrape each second, no error is seen later than that."""

MEASURE_SECONDS = 1.0
"""The time between two queries for the other numbers, of which each service has several."""

COUNT_SECONDS = 1.0
"""The time between two reads of EndpointSlices."""

LIST_SECONDS = 5.0
"""The time between two lists of the colour's pods. They tell crashes, and are far larger than EndpointSlices."""

LISTEN_SECONDS = 10.0
"""The time between two reads of a router's alarms, which change once a minute. CloudWatch takes nine reads a second."""

HEAR_SECONDS = 8.0
"""How long the read of all services' alarms may take."""


class Observer:
    """Looks on behalf of one bake, and writes into it what was seen."""

    def __init__(
        self,
        cluster: Cluster,
        live_metrics: LiveMetrics | None,
        router: Router,
        bake: Bake,
        sent: Mapping[str, LiveService],
    ) -> None:
        """Prepare to look; nothing is asked yet.

        Args:
            cluster: the stack's cluster.
            live_metrics: metrics of live traffic; None where the stack has no Prometheus.
            router: the router of live traffic.
            bake: the bake that gets what is seen.
            sent: where each service's traffic goes, as it was read after the write.
        """
        self._cluster = cluster
        self._live_metrics = live_metrics
        self._router = router
        self._bake = bake
        self._sent = sent
        self._ready = dict[str, frozenset[str]]()
        services = len(bake.plan.services)
        self._least = services / DOORS_A_SECOND
        self._pace = max(router.pace, services / READS_A_SECOND)
        self._look_pace = max(LOOK_SECONDS, 2 * services / READS_A_SECOND)
        checks = sum(len(each.checks) for each in bake.plan.services.values())
        self._measure_pace = max(MEASURE_SECONDS, checks / READS_A_SECOND)
        self._before = dict[tuple[str, str], Queried]()
        self._asking = {name: set[asyncio.Task[None]]() for name in bake.plan.asked}
        self._turn = asyncio.Semaphore(UNANSWERED)
        self._begun = self._list_again = 0.0
        self._suffices = 0.0
        """When as many answers have been asked for since as can fail a bake, however late the data path followed."""
        self._led = False
        """Whether the data path has followed the write. Until then, the colour that traffic left may answer."""

    @property
    def _window(self) -> float:
        """Over how many seconds Prometheus counts: no more than the bake has lasted."""
        return min(self._bake.plan.window, time.monotonic() - self._begun)

    @property
    def _tick(self) -> float:
        """The seconds between two probes of a front door."""
        young = any(self._bake.observed[name].asked < ENOUGH_PROBES for name in self._asking)
        return max(FIRST_TICK_SECONDS if young else TICK_SECONDS, self._least)

    async def bake(self, settle: Callable[[], Awaitable[None]], tell: Callable[[float], None]) -> str:
        """Look until the time is over and everything has settled, or until what was seen suffices to end the bake.

        Args:
            settle: has to return before the bake may end; the front doors are probed once more after it.
            tell: is called every `TELL_SECONDS` with the seconds that have passed.

        Returns:
            Why something did not settle; empty where everything did, or was not waited for.
        """
        self._begun = begun = told = time.monotonic()
        end = begun + self._bake.plan.seconds
        settling, leading = asyncio.create_task(follow.settled(settle)), asyncio.create_task(self._lead())
        looks = (
            _every(self._look_pace, lambda: self._each(self._look)),
            _every(self._measure_pace, lambda: self._each(self._measure)),  # separate, since errors are more urgent
            _every(COUNT_SECONDS, self._count, at_once=True),
            _every(LISTEN_SECONDS, self._hear, at_once=True),
            _every(self._pace, self._find),
        )
        beside = [asyncio.create_task(each) for each in looks]
        try:
            while True:
                end = max(end, self._suffices)
                last = settling.done() and leading.done() and time.monotonic() >= end
                self._ask_all(even_so=last)
                if last and (unanswered := self._unanswered()):
                    await asyncio.wait(unanswered)
                if last or self._bake.failed() or self._bake.astray():
                    break
                if (now := time.monotonic()) - told >= TELL_SECONDS:
                    told = now
                    tell(now - begun)
                left = end - time.monotonic()
                if left > 0:
                    await asyncio.sleep(min(self._tick, left))
                else:
                    await asyncio.wait([settling, leading], timeout=self._tick)
        finally:  # so that a Prometheus that hangs delays nobody
            tasks: list[asyncio.Task[Any]] = [settling, leading, *beside, *self._unanswered()]
            for each in tasks:
                each.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if not self._bake.failed() and not self._bake.astray():
            await self._count(last=True)
            await asyncio.gather(self._hear(), self._each(self._look), self._each(self._measure))
        await self._find()  # this is the very last read before the record
        return settling.result() if settling.done() and not settling.cancelled() else ""

    async def _lead(self) -> None:
        """Wait until the EndpointSlices of active Services name no pod of the colour that is left, or time is up."""
        services = self._bake.plan.doors if self._bake.plan.router is RouterKind.SERVICE else ()
        await follow.led(self._cluster, services, self._bake.colour, within=LEAD_SECONDS, pause=self._tick)
        self._led = True
        most = ENOUGH_PROBES * max(FIRST_TICK_SECONDS, self._least)
        self._suffices = time.monotonic() + min(most, self._bake.plan.seconds)

    def _ask_all(self, *, even_so: bool) -> None:
        """Probe every front door without waiting, so that one that hangs makes no probe rarer, not even its own.

        Args:
            even_so: also probe doors that have too many unanswered probes already.
        """
        most = max(1, UNANSWERED // max(1, len(self._asking)))
        for name, asking in self._asking.items():
            for each in [each for each in asking if each.done()]:
                asking.discard(each)
                each.result()
            if even_so or len(asking) < most:
                asking.add(asyncio.create_task(self._ask(name, self._bake.plan.services[name].path)))

    def _unanswered(self) -> list[asyncio.Task[None]]:
        return [each for asking in self._asking.values() for each in asking]

    async def _each(self, ask: Callable[[str], Awaitable[None]]) -> None:
        await asyncio.gather(*map(ask, self._bake.plan.services))

    async def _count(self, *, last: bool = False) -> None:
        pods, restarts, pods_error = dict[str, Mapping[str, bool]](), dict[str, Mapping[str, tuple[int, str]]](), ""
        try:
            pods.update(await self._cluster.standing(self._bake.plan.workers))
            if time.monotonic() >= self._list_again or last:
                self._list_again = time.monotonic() + LIST_SECONDS
                restarts.update(await self._cluster.restarts(self._bake.colour))
        except UnreachableError as error:
            pods_error = str(error)
        for name, seen in self._bake.observed.items():
            found = pods.get(f"{name}-{self._bake.colour}", {})
            seen.count(found, restarts.get(name, {}), error=pods_error)
            self._ready[name] = frozenset(pod for pod, ready in found.items() if ready)

    async def _find(self) -> None:
        found, lost = dict[str, LiveService](), ""
        try:
            found.update(await self._router.live_services(self._bake.plan.services))
        except UnreachableError as error:
            lost = str(error)
        for name, seen in self._bake.observed.items():
            seen.route_error = lost
            sent, live = self._sent.get(name), found.get(name)
            if not lost and sent is not None and not guards.is_as_sent(sent, live):
                by = self._router.stranger(live) if live is not None else ""
                seen.astray = seen.astray or guards.wrote(live, by)

    async def find_displaced(self, before: Mapping[str, LiveService]) -> None:
        """Find who wrote where traffic goes between the last read before the write and the first read after it.

        Raises:
            UnreachableError: the router's history could not be read.
        """
        for name, versions in (await self._router.between(before, self._sent)).items():
            self._bake.observed[name].displaced = guards.displaced(before[name], versions)

    async def _hear(self) -> None:
        rings, alarms_error = dict[str, str](), ""
        try:
            async with asyncio.timeout(HEAR_SECONDS):
                rings = await self._router.ringing(self._bake.plan.doors, self._bake.colour)
        except UnreachableError as error:
            alarms_error = str(error)
        except TimeoutError:
            alarms_error = f"the router's alarms: no answer within {HEAR_SECONDS:g} s"
        for name, seen in self._bake.observed.items():
            seen.ringing, seen.alarms_error = rings.get(name, ""), alarms_error

    async def _ask(self, service: str, path: str) -> None:
        seen, led = self._bake.observed[service], self._led
        async with self._turn:
            answer = await self._probe(service, path)
        if led:
            seen.answer(answer.failure, error=answer.error)

    async def _probe(self, service: str, path: str) -> front_door.Probe:
        """Probe the router's own door where it can be reached, and otherwise what it leads to, through the cluster."""
        plan = self._bake.plan
        route = plan.routes.get(service)
        if route is not None and plan.reachable:
            return await front_door.probe_at(route.door + path, plan.services[service].host)
        door = self._router.door(service, self._bake.colour)
        port = plan.services[service].port
        return await front_door.probe(self._cluster.http, self._cluster.namespace, door, path, port)

    async def _look(self, service: str) -> None:
        """Ask Prometheus for a service's errors since the bake began, and not for those of its test traffic."""
        bake, metrics = self._bake, self._bake.plan.services[service].metrics
        if self._live_metrics is None or metrics is None:
            return
        seen, pods = bake.observed[service], self._ready.get(service, ())
        try:
            seen.error_share, seen.requests = await self._live_metrics.traffic(
                service, bake.colour, self._window, pods, metrics
            )
        except UnreachableError as error:
            seen.metrics_error = str(error)
        else:
            seen.metrics_error = ""

    async def _measure(self, service: str) -> None:
        """Ask Prometheus for a service's own numbers, and once for those before the flip."""
        bake, live_metrics = self._bake, self._live_metrics
        if live_metrics is None:
            return
        for check in live_metrics.checks(service, bake.plan.services[service]):
            before = self._before.get((service, check.name), Queried())
            if check.relative and bake.left is not None and not before.series:
                pods = [f"{service}-{bake.left}-[a-z0-9]+-[a-z0-9]+"]
                before = await live_metrics.measure(
                    check, bake.left, left=bake.left, window=bake.plan.window, pods=pods, at=bake.since
                )
                self._before[service, check.name] = before
            ready = self._ready.get(service, ())
            here = await live_metrics.measure(check, bake.colour, left=bake.left, window=self._window, pods=ready)
            bake.observed[service].measured[check.name] = Measured(check=check, here=here, before=before)


async def _every(seconds: float, ask: Callable[[], Awaitable[None]], *, at_once: bool = False) -> None:
    """Call `ask` again and again with a pause between; the first call comes after a pause, or at once."""
    if not at_once:
        await asyncio.sleep(seconds)
    while True:
        await ask()
        await asyncio.sleep(seconds)
