"""The proof of a flip: measures the destination, lets the gates decide, and refuses what is not proven.

The whole flip set is measured at once, and all its gates at the same time. One service that is not proven keeps all of
them where they are. Each gate has its own deadline, so nothing waits for ever.
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
"""How long to wait for pods that were asked for and are not ready: twice an autoscaler's default period."""

PAUSE_SECONDS = 0.5

Work = Coroutine[Any, Any, Sequence[Verdict]]
"""One measurement."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """The endpoints of one service, read before the other gates: those that serve, and those that could."""

    live: Colour | None
    ready: Sequence[Endpoint]
    """The destination's ready endpoints."""
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
    """Measure the whole flip set, and return a verdict for every gate that its plans name.

    Args:
        cluster: the cluster to ask.
        prometheus: the Prometheus to ask where a plan has metrics; None where the stack has none.
        destination: the colour that traffic is to move to.
        flip_set: the gates of each service.
        approval: the conditions for an approval; None where none is needed.
        router: the router of live traffic; None for the selectors in the cluster.
        share: how much of the traffic is to move, in percent.
        carried: for workers that a flip has started, how many pods of the other colour did their work.
        wait: whether to wait for pods and samples and to send test traffic; False reports the present state.
        tell: is called with each verdict as it comes; None where nobody follows.

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
    """Return the gates that have to pass, by service. They come from the plans alone, not from what was measured."""
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
    """Accept a destination that is proven: every expected gate has a verdict, and every verdict is `PASSED`.

    Services in `moved` went to the destination with an earlier update that died. `stays` is the colour of live traffic,
    where it is not the one that the flip would leave.

    Raises:
        RefusedError: something is not proven; the message names all of it on one line.
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
            f"the rest stays on {live}; teal watch --namespace {namespace} brings both to one colour"
        )
    raise RefusedError(
        f"flip from {live or 'nothing'} to {destination} refused. {'; '.join(why) or 'no gate ran'}. {rest}. "
        f"Next: {remedy}, then pulumi up again"
    )


def missing(verdicts: Sequence[Verdict], expected: Mapping[str, frozenset[str]]) -> Sequence[str]:
    """Return the gates without a verdict, in words."""
    back = {(each.service, each.gate) for each in verdicts}
    return [
        f"{gate} of {service}: no verdict came back"
        for service, names in expected.items()
        for gate in sorted(names)
        if (service, gate) not in back
    ]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Round:
    """One round of measuring: whom to ask, and about which colour."""

    cluster: Evidence
    prometheus: Source | None
    router: Router | None
    destination: Colour
    share: int
    carried: Mapping[str, int] | None
    wait: bool
    tell: Callable[[Verdict], None] | None

    def say(self, verdicts: Sequence[Verdict]) -> Sequence[Verdict]:
        """Pass the verdicts of a part to whoever follows."""
        if self.tell is not None:
            for verdict in verdicts:
                self.tell(verdict)
        return verdicts

    async def told(self, work: Work) -> Sequence[Verdict]:
        """Wait for one measurement, and pass its verdicts on."""
        return self.say(await work)

    async def flip_set(self, plans: Mapping[str, GatePlan]) -> Sequence[Verdict]:
        """Measure all gates of all services: first their endpoints, then everything that needs these, at once."""
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
        """Yield the measurements of one service, each with its deadline."""
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
        """Return each service's endpoints; waits up to `COMING_SECONDS` for pods that were asked for."""
        give_up = time.monotonic() + COMING_SECONDS
        workers = [name for name, plan in services.items() if plan.worker is not None]
        while True:
            # Lists of both colours are read, so that ten services need as many requests as one.
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
                return found  # the missing pods were not asked for, so waiting would not help
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
        if self.carried is not None:  # its record says live already: the colour beside it is compared
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
        """Judge whether somebody approved this flip."""
        data = await self.cluster.config_map(RECORD)
        return [gates.approval(self.destination, plan, data)]


async def _timed(names: Mapping[str, Iterable[str]], seconds: float, work: Work) -> Sequence[Verdict]:
    """Return the verdicts of some gates, or ERROR verdicts where their deadline has passed."""
    try:
        async with asyncio.timeout(seconds):
            return await work
    except TimeoutError:
        return unmeasured(names, f"no answer within {seconds:.0f} s")


async def _together(work: Iterable[Work]) -> Sequence[Verdict]:
    """Run all measurements at once. Where one of them raises, the others are cancelled."""
    tasks = [asyncio.create_task(each) for each in work]
    try:
        return [verdict for verdicts in await asyncio.gather(*tasks) for verdict in verdicts]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
