"""The proof of a flip: measures the destination, lets the gates decide, and refuses what is not proven.

For the whole flip set at once, and every gate of it at the same time: one
service that is not proven keeps all of them where they are. Each gate has a
deadline of its own; nothing waits for ever.
"""

import asyncio
import math
import time
from collections.abc import Callable, Collection, Coroutine, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from teal import gates
from teal.gates import approvals, endpoints
from teal.gates.approvals import FLIP_SET, ApprovalPlan
from teal.gates.endpoints import needed
from teal.history.approval import NAME as RECORD
from teal.model.colours import Colour
from teal.model.errors import RefusedError
from teal.model.live import Endpoint, LiveAutoscaler, LiveService, LiveSlot
from teal.model.verdict import Outcome, Verdict, unproven
from teal.proof.measure import Subject, measure, unmeasured
from teal.proof.sources import Evidence, Source
from teal.routers.base import Router
from teal.spec.gates import GatePlan

COMING_SECONDS = 30.0
"""For pods that were asked for and are not ready yet: twice an autoscaler's default period."""

PAUSE_SECONDS = 0.5

Work = Coroutine[Any, Any, Sequence[Verdict]]
"""Something to be measured."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """How a service stands before the other gates look: who serves, and who could."""

    live: Colour | None
    ready: Sequence[Endpoint]
    """Of the destination."""
    needed: int
    capacity: Verdict


async def prove(  # noqa: PLR0913 - who is asked, about what, and how patiently
    cluster: Evidence,
    prometheus: Source | None,
    destination: Colour,
    flip_set: Mapping[str, GatePlan],
    *,
    approval: ApprovalPlan | None = None,
    router: Router | None = None,
    share: int = 100,
    carried: Mapping[str, int] | None = None,
    wait: bool = True,
    tell: Callable[[Verdict], None] | None = None,
) -> Sequence[Verdict]:
    """Measure the whole flip set; every gate that its plans name comes back with a verdict.

    Args:
        cluster: to ask.
        prometheus: to ask where a plan has metrics; None where the stack has none.
        destination: the colour that traffic is to move to.
        flip_set: what to measure, by service.
        approval: what a person's yes has to be; None where nobody has to give it.
        router: what directs live traffic; None: the selectors that the cluster has.
        share: percent of the traffic that is to move.
        carried: of workers that a flip has started, with how many pods the other colour did their work.
        wait: False says how it is at this moment: no pods and no samples are waited for, no test traffic is sent.
        tell: is given each verdict as it comes; None where nobody waits for that.

    Raises:
        UnreachableError: the cluster could not be asked.
    """
    measuring = _Round(
        cluster=cluster,
        prometheus=prometheus,
        router=router,
        destination=destination,
        share=share,
        carried=carried,
        wait=wait,
        tell=tell,
    )
    work = [measuring.flip_set(flip_set)]
    if approval is not None:
        names, seconds = {FLIP_SET: {approvals.GATE.name}}, approvals.GATE.deadline_seconds
        work.append(measuring.told(_timed(names, seconds, measuring.approval(approval))))
    return await _together(work)


def expected(flip_set: Mapping[str, GatePlan], approval: ApprovalPlan | None = None) -> Mapping[str, frozenset[str]]:
    """The gates that have to have passed, by service. From the plans alone, whatever was measured."""
    people = {FLIP_SET: frozenset({approvals.GATE.name})} if approval is not None else {}
    return {**{service: plan.gates for service, plan in flip_set.items()}, **people}


def require(  # noqa: PLR0913 - all but one by name
    verdicts: Sequence[Verdict],
    *,
    expected: Mapping[str, frozenset[str]],
    live: Colour | None,
    destination: Colour,
    namespace: str,
    moved: Collection[str] = (),
    stays: Colour | None = None,
) -> None:
    """Let pass what is proven: every expected gate came back, and every verdict is `PASSED`.

    Services that `moved` went to the destination before, with an update that died. `stays` is where live traffic is
    now, where that is not the colour that a flip would leave.

    Raises:
        RefusedError: names all that is not, on one line.
    """
    lost = missing(verdicts, expected)
    failed = unproven(verdicts)
    why = [*(str(each) for each in failed), *lost]
    if expected and not why:
        return
    names = {each.gate for each in failed}
    gate = gates.gate_of(names.pop()) if len(names) == 1 and not lost else None
    service = failed[0].service if failed else ""
    remedy = (gate or endpoints.GATE).next_command(namespace=namespace, service=service, destination=destination)
    rest = f"Nothing moved: live traffic stays on {stays or live or 'nothing'}"
    if moved:
        rest = (
            f"This update moved nothing: {', '.join(sorted(moved))} went to {destination} with an update that died, "
            f"the rest stays on {live}; python -m teal watch --namespace {namespace} brings both to one colour"
        )
    raise RefusedError(
        f"flip from {live or 'nothing'} to {destination} refused. {'; '.join(why) or 'no gate ran'}. {rest}. "
        f"Next: {remedy}, then pulumi up again"
    )


def missing(verdicts: Sequence[Verdict], expected: Mapping[str, frozenset[str]]) -> Sequence[str]:
    """Gates of which nothing came back, in words."""
    back = {(each.service, each.gate) for each in verdicts}
    return [
        f"{gate} of {service}: no verdict came back"
        for service, names in expected.items()
        for gate in sorted(names)
        if (service, gate) not in back
    ]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Round:
    """One round of measuring: who is asked, and about which colour."""

    cluster: Evidence
    prometheus: Source | None
    router: Router | None
    destination: Colour
    share: int
    carried: Mapping[str, int] | None
    wait: bool
    tell: Callable[[Verdict], None] | None

    def say(self, verdicts: Sequence[Verdict]) -> Sequence[Verdict]:
        """Tell whoever waits for it what came of a part."""
        if self.tell is not None:
            for verdict in verdicts:
                self.tell(verdict)
        return verdicts

    async def told(self, work: Work) -> Sequence[Verdict]:
        """Do something, and tell what came of it."""
        return self.say(await work)

    async def flip_set(self, plans: Mapping[str, GatePlan]) -> Sequence[Verdict]:
        """All gates of all services: first who is there, then at once all that needs to know it."""
        try:
            async with asyncio.timeout(endpoints.GATE.deadline_seconds):
                standings = await self._standings(plans)
        except TimeoutError:
            return unmeasured(expected(plans), f"no answer within {endpoints.GATE.deadline_seconds:.0f} s")
        capacities = self.say([each.capacity for name, each in standings.items() if not plans[name].cron])
        rest = [each for name, plan in plans.items() for each in self._service(name, plan, standings[name])]
        asked = {name: plan.router for name, plan in plans.items() if plan.router}
        if self.router is not None and asked:
            work = self.router.prove(asked, self.destination, share=self.share, wait=self.wait)
            seconds = max(
                each.deadline_seconds for each in gates.GATES if any(each.name in names for names in asked.values())
            )
            rest.append(_timed(asked, seconds, work))
        return [*capacities, *await _together(map(self.told, rest))]

    def _service(self, service: str, plan: GatePlan, standing: Standing) -> Iterator[Work]:
        """What is to be measured of one service, each with its deadline."""
        of = Subject(
            service=service,
            destination=self.destination,
            live=standing.live,
            ready=standing.ready,
            cluster=self.cluster,
            prometheus=self.prometheus,
            worker=plan.worker is not None,
            wait=self.wait,
        )
        for each in plan.measured:
            yield _timed({service: each.gates}, each.deadline_seconds, measure(each, of))

    async def _standings(self, services: Mapping[str, GatePlan]) -> Mapping[str, Standing]:
        """Who serves and who could; pods that are on their way are waited for, up to `COMING_SECONDS`."""
        give_up = time.monotonic() + COMING_SECONDS
        workers = [name for name, plan in services.items() if plan.worker is not None]
        while True:
            # Lists, and both colours at once: as many requests for ten services as for one.
            live, ready, autoscalers, slots = await asyncio.gather(
                (self.router or self.cluster).live_services(),
                self.cluster.endpoints(workers),
                self.cluster.autoscalers(),
                self.cluster.slots(),
            )
            found = {
                name: self._standing(
                    name,
                    live.get(name),
                    ready,
                    autoscalers,
                    slots.get((name, self.destination)),
                    worker=name in workers,
                )
                for name in services
            }
            short = {name: each for name, each in found.items() if each.capacity.outcome is not Outcome.PASSED}
            if not short or not self.wait or time.monotonic() > give_up:
                return found
            coming = await asyncio.gather(
                *(self.cluster.pods_asked_for(f"{name}-{self.destination}") for name in short)
            )
            if any(pods < each.needed for pods, each in zip(coming, short.values(), strict=True)):
                return found  # what is missing is not on its way: waiting would not help
            await asyncio.sleep(PAUSE_SECONDS)

    def _standing(  # noqa: PLR0913 - what was read of one service, from five places
        self,
        service: str,
        live: LiveService | None,
        ready: Mapping[str, Sequence[Endpoint]],
        autoscalers: Mapping[str, LiveAutoscaler],
        slot: LiveSlot | None,
        *,
        worker: bool,
    ) -> Standing:
        colour = live.colour if live is not None else None
        here, others = (ready.get(f"{service}-{each}", ()) for each in (self.destination, self.destination.other))
        serving = {None: 0, self.destination: len(here), self.destination.other: len(others)}[colour]
        if self.carried is not None:  # by its record the destination is live: what it was started beside is compared
            colour, serving = self.destination.other if self.carried else None, self.carried.get(service, 0)
        autoscaler = autoscalers.get(f"{service}-{colour}") if colour is not self.destination else None
        wanted = autoscaler.desired if autoscaler is not None else 0
        serving, wanted = (math.ceil(each * self.share / 100) for each in (serving, wanted))
        capacity = gates.capacity(
            service,
            self.destination,
            ready=len(here),
            live=colour,
            live_ready=serving,
            live_wanted=wanted,
            outdated=slot.outdated if slot is not None else 0,
            worker=worker,
        )
        need = needed(live_ready=serving, live_wanted=wanted)
        return Standing(live=colour, ready=here, needed=need, capacity=capacity)

    async def approval(self, plan: ApprovalPlan) -> Sequence[Verdict]:
        """Whether a person said yes to this flip."""
        data = await self.cluster.config_map(RECORD)
        return [gates.approval(self.destination, plan, data)]


async def _timed(names: Mapping[str, Iterable[str]], seconds: float, work: Work) -> Sequence[Verdict]:
    """What some gates found, or that they could not within their deadline."""
    try:
        async with asyncio.timeout(seconds):
            return await work
    except TimeoutError:
        return unmeasured(names, f"no answer within {seconds:.0f} s")


async def _together(work: Iterable[Work]) -> Sequence[Verdict]:
    """All of it at once; where one part cannot go on, none of the others outlives it."""
    tasks = [asyncio.create_task(each) for each in work]
    try:
        return [verdict for verdicts in await asyncio.gather(*tasks) for verdict in verdicts]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
