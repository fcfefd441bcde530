"""The proof of a flip: measures the destination, lets the gates decide, and refuses what is not proven.

For the whole flip set at once, and every gate of it at the same time: one
service that is not proven keeps all of them where they are. Each gate has a
deadline of its own; nothing waits for ever.
"""

import asyncio
import math
import time
from collections.abc import Coroutine, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from teal import gates, openapi
from teal.analysis import Analysis
from teal.approval import NAME as RECORD
from teal.colours import COLOUR_LABEL, Colour
from teal.errors import RefusedError
from teal.evidence import Evidence, Source
from teal.gates.approvals import FLIP_SET, ApprovalPlan
from teal.gates.approvals import GATE as APPROVAL
from teal.gates.endpoints import needed
from teal.gates.plan import GatePlan
from teal.gates.replies import SmokeCheck
from teal.gates.samples import MetricsPlan
from teal.live import Endpoint, LiveAutoscaler, LiveService
from teal.routers.base import Router
from teal.verdict import Outcome, Verdict, unproven

COMING_SECONDS = 30.0
"""For pods that were asked for and are not ready yet: twice an autoscaler's default period."""

PAUSE_SECONDS = 0.5

CAPACITY_SECONDS = COMING_SECONDS + 30.0
"""The capacity gate's deadline: a read takes 10 s while an API server restarts."""

VERSION_SECONDS = 30.0
"""The version gate's: 10 s for each of three rounds, which is a thousand endpoints."""

APPROVAL_SECONDS = 30.0
"""The approval gate's: one read."""

SMOKE_MARGIN_SECONDS = 15.0
"""Beyond the time that a smoke request has: for an API server that restarts."""

ROUTER_SECONDS = 180.0
"""The router's own gates': a load balancer's health checks take a minute, its alarms look once in one."""

METRICS_MARGIN_SECONDS = 60.0
"""Beyond the time that scrapes are waited for: the test traffic, and the queries."""


Work = Coroutine[Any, Any, Sequence[Verdict]]
"""Something to be measured."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """How a service stands before the other gates look: who serves, and who could."""

    live: Colour | None
    ready: Sequence[Endpoint]
    """Of the destination."""
    serving: Sequence[Endpoint]
    """Ready ones of the other colour."""
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
    wait: bool = True,
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
        wait: False says how it is at this moment: no pods and no samples are waited for, no test traffic is sent.

    Raises:
        UnreachableError: the cluster could not be asked.
    """
    measuring = _Round(
        cluster=cluster, prometheus=prometheus, router=router, destination=destination, share=share, wait=wait
    )
    work = [measuring.flip_set(flip_set)]
    if approval is not None:
        versions = {service: plan.version for service, plan in flip_set.items()}
        work.append(_timed({FLIP_SET: {APPROVAL}}, APPROVAL_SECONDS, measuring.approval(versions, approval)))
    return await _together(work)


def expected(flip_set: Mapping[str, GatePlan], approval: ApprovalPlan | None = None) -> Mapping[str, frozenset[str]]:
    """The gates that have to have passed, by service. From the plans alone, whatever was measured."""
    people = {FLIP_SET: frozenset({APPROVAL})} if approval is not None else {}
    return {**{service: plan.gates for service, plan in flip_set.items()}, **people}


def require(
    verdicts: Sequence[Verdict],
    *,
    expected: Mapping[str, frozenset[str]],
    live: Colour | None,
    destination: Colour,
    namespace: str,
) -> None:
    """Let pass what is proven: every expected gate came back, and every verdict is `PASSED`.

    Raises:
        RefusedError: names all that is not, on one line.
    """
    back = {(each.service, each.gate) for each in verdicts}
    missing = [
        f"{gate} of {service}: no verdict came back"
        for service, names in expected.items()
        for gate in sorted(names)
        if (service, gate) not in back
    ]
    failed = unproven(verdicts)
    why = [*(str(each) for each in failed), *missing]
    if expected and not why:
        return
    gates, service = {each.gate for each in failed}, failed[0].service if failed else ""
    only = gates.pop() if len(gates) == 1 and not missing else ""
    of_colour = f"-l {COLOUR_LABEL}={destination}"
    remedy = {
        APPROVAL: f"python -m teal approve {destination} --namespace {namespace}",
        "targets": f"kubectl -n {namespace} describe targetgroupbindings {of_colour}",
        "alarms": f"aws cloudwatch describe-alarms --alarm-name-prefix {service}-{destination}-",
    }.get(only, f"kubectl -n {namespace} get pods {of_colour}, mend that slot")
    raise RefusedError(
        f"flip from {live or 'nothing'} to {destination} refused. {'; '.join(why) or 'no gate ran'}. Nothing moved: "
        f"live traffic stays on {live or 'nothing'}. Next: {remedy}, then pulumi up again"
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Round:
    """One round of measuring: who is asked, and about which colour."""

    cluster: Evidence
    prometheus: Source | None
    router: Router | None
    destination: Colour
    share: int
    wait: bool

    async def flip_set(self, plans: Mapping[str, GatePlan]) -> Sequence[Verdict]:
        """All gates of all services: first who is there, then at once all that needs to know it."""
        try:
            async with asyncio.timeout(CAPACITY_SECONDS):
                standings = await self._standings(plans)
        except TimeoutError:
            return _blind(expected(plans), f"no answer within {CAPACITY_SECONDS:.0f} s")
        capacities = [each.capacity for each in standings.values()]
        rest = [each for name, plan in plans.items() for each in self._service(name, plan, standings[name])]
        if self.router is not None:
            asked = {name: plan.router for name, plan in plans.items() if plan.router}
            work = self.router.prove(asked, self.destination, share=self.share, wait=self.wait)
            rest.append(_timed(asked, ROUTER_SECONDS, work))
        return [*capacities, *await _together(rest)]

    def _service(self, service: str, plan: GatePlan, standing: Standing) -> Iterator[Work]:
        """What is to be measured of one service, each with its deadline."""
        yield _timed({service: {"version"}}, VERSION_SECONDS, self._version(service, plan, standing))
        for check in plan.smoke:
            seconds = check.within_seconds + SMOKE_MARGIN_SECONDS
            yield _timed({service: {check.gate}}, seconds, self._smoke(service, check))
        if plan.contract is not None:
            work = openapi.measure(self.cluster, service, self.destination, standing.live, plan.contract)
            yield _timed({service: plan.contract.gates}, openapi.DEADLINE_SECONDS, work)
        if plan.metrics is not None:
            seconds = plan.metrics.wait_seconds + METRICS_MARGIN_SECONDS
            yield _timed({service: plan.metrics.gates}, seconds, self._metrics(service, plan.metrics, standing))

    async def _standings(self, services: Iterable[str]) -> Mapping[str, Standing]:
        """Who serves and who could; pods that are on their way are waited for, up to `COMING_SECONDS`."""
        give_up = time.monotonic() + COMING_SECONDS
        while True:
            # Lists, and both colours at once: as many requests for ten services as for one.
            live, ready, autoscalers = await asyncio.gather(
                (self.router or self.cluster).live_services(), self.cluster.endpoints(), self.cluster.autoscalers()
            )
            found = {name: self._standing(name, live.get(name), ready, autoscalers) for name in services}
            short = {name: each for name, each in found.items() if each.capacity.outcome is not Outcome.PASSED}
            if not short or not self.wait or time.monotonic() > give_up:
                return found
            coming = await asyncio.gather(
                *(self.cluster.pods_asked_for(f"{name}-{self.destination}") for name in short)
            )
            if any(pods < each.needed for pods, each in zip(coming, short.values(), strict=True)):
                return found  # what is missing is not on its way: waiting would not help
            await asyncio.sleep(PAUSE_SECONDS)

    def _standing(
        self,
        service: str,
        live: LiveService | None,
        ready: Mapping[str, Sequence[Endpoint]],
        autoscalers: Mapping[str, LiveAutoscaler],
    ) -> Standing:
        colour = live.colour if live is not None else None
        here, others = (ready.get(f"{service}-{each}", ()) for each in (self.destination, self.destination.other))
        serving = {None: 0, self.destination: len(here), self.destination.other: len(others)}[colour]
        autoscaler = autoscalers.get(f"{service}-{colour}") if colour is not self.destination else None
        wanted = autoscaler.desired if autoscaler is not None else 0
        serving, wanted = (math.ceil(each * self.share / 100) for each in (serving, wanted))
        capacity = gates.capacity(
            service, self.destination, ready=len(here), live=colour, live_ready=serving, live_wanted=wanted
        )
        need = needed(live_ready=serving, live_wanted=wanted)
        return Standing(live=colour, ready=here, serving=others, needed=need, capacity=capacity)

    async def approval(self, versions: Mapping[str, str], plan: ApprovalPlan) -> Sequence[Verdict]:
        """Whether a person said yes to this flip."""
        data = await self.cluster.config_map(RECORD)
        return [gates.approval(self.destination, versions, plan, data, datetime.now(UTC))]

    async def _version(self, service: str, plan: GatePlan, standing: Standing) -> Sequence[Verdict]:
        answers = await asyncio.gather(*(self.cluster.ask(each, plan.version_path) for each in standing.ready))
        return [gates.version(service, self.destination, plan.version, answers, path=plan.version_path)]

    async def _smoke(self, service: str, check: SmokeCheck) -> Sequence[Verdict]:
        door = f"{service}-{self.destination}"
        reply = await self.cluster.request(door, check.request, within=check.within_seconds)
        return [gates.smoke(service, self.destination, check, reply)]

    async def _metrics(self, service: str, plan: MetricsPlan, standing: Standing) -> Sequence[Verdict]:
        if self.prometheus is None:
            return _blind({service: plan.gates}, "the stack names no Prometheus (teal:prometheus.url)")
        analysis = Analysis(plan, service, self.destination, live=standing.live)
        return await analysis.measure(self.cluster, self.prometheus, wait=self.wait)


async def _timed(gates: Mapping[str, Iterable[str]], seconds: float, work: Work) -> Sequence[Verdict]:
    """What some gates found, or that they could not within their deadline."""
    try:
        async with asyncio.timeout(seconds):
            return await work
    except TimeoutError:
        return _blind(gates, f"no answer within {seconds:.0f} s")


def _blind(gates: Mapping[str, Iterable[str]], why: str) -> Sequence[Verdict]:
    """Nobody could look: that of each service's gates."""
    return [
        Verdict(gate=name, service=service, outcome=Outcome.ERROR, seen=why, needed="an answer")
        for service, names in gates.items()
        for name in sorted(names)
    ]


async def _together(work: Iterable[Work]) -> Sequence[Verdict]:
    """All of it at once; where one part cannot go on, none of the others outlives it."""
    tasks = [asyncio.create_task(each) for each in work]
    try:
        return [verdict for verdicts in await asyncio.gather(*tasks) for verdict in verdicts]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
