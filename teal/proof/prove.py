"""The proof of a flip: measures the destination, lets the gates decide, and refuses what is not proven.

The whole flip set is measured at once, and all its gates at the same time. One service that is not proven keeps all of
them where they are. Each gate has its own deadline, so nothing waits for ever.
"""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from teal import gates
from teal.gates import approvals, endpoints
from teal.gates.approvals import FLIP_SET, ApprovalPlan
from teal.history.approval import NAME as RECORD
from teal.model.colours import Colour
from teal.model.errors import RefusedError
from teal.model.verdict import Verdict, unproven
from teal.proof.measure import Subject, measure, unmeasured
from teal.proof.sources import Evidence, Source
from teal.proof.standing import Looking, Standing
from teal.routers.base import Router
from teal.spec.gates import GatePlan

Work = Coroutine[Any, Any, Sequence[Verdict]]
"""One measurement."""


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
        work.append(measuring.reported(_timed(names, seconds, measuring.approval(approval))))
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

    async def reported(self, work: Work) -> Sequence[Verdict]:
        """Wait for one measurement, and pass its verdicts on."""
        return self.say(await work)

    async def flip_set(self, plans: Mapping[str, GatePlan]) -> Sequence[Verdict]:
        """Measure all gates of all services: their endpoints, then all that needs these, and then the endpoints again.

        Other gates may take minutes, in which the release that they are asked about may be replaced, or lose pods.
        """
        try:
            found = await self._stand(plans)
        except TimeoutError:
            return _late(expected(plans))
        counted = [name for name, plan in plans.items() if not plan.cron]
        capacities = self.say([found[name].capacity for name in counted])
        rest = [each for name, plan in plans.items() for each in self._service(name, plan, found[name])]
        asked = {name: plan.router for name, plan in plans.items() if plan.router}
        if self.router is not None and asked:
            work = self.router.prove(asked, self.destination, share=self.share, wait=self.wait)
            seconds = max(
                each.deadline_seconds for each in gates.GATES if any(each.name in names for names in asked.values())
            )
            rest.append(_timed(asked, seconds, work))
        verdicts = await _together(map(self.reported, rest))
        if not self.wait or unproven([*capacities, *verdicts]):
            return [*capacities, *verdicts]
        try:
            again = await self._stand(plans)
        except TimeoutError:
            return [*_late({name: {endpoints.GATE.name} for name in counted}), *verdicts]
        capacities = [again[name].since(found[name]) for name in counted]
        self.say(unproven(capacities))
        return [*capacities, *verdicts]

    async def _stand(self, plans: Mapping[str, GatePlan]) -> Mapping[str, Standing]:
        """Read the endpoints of all services.

        Raises:
            TimeoutError: the gate's time is over.
        """
        looking = Looking(
            cluster=self.cluster,
            router=self.router,
            destination=self.destination,
            share=self.share,
            carried=self.carried,
            wait=self.wait,
        )
        async with asyncio.timeout(endpoints.GATE.deadline_seconds):
            found = await looking.standings(plans)
        return {name: each.with_way_back() if self.wait and plans[name].keeps else each for name, each in found.items()}

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

    async def approval(self, plan: ApprovalPlan) -> Sequence[Verdict]:
        """Judge whether somebody approved this flip."""
        data = await self.cluster.config_map(RECORD)
        return [gates.approval(self.destination, plan, data)]


def _late(names: Mapping[str, Iterable[str]]) -> Sequence[Verdict]:
    return unmeasured(names, f"no answer within {endpoints.GATE.deadline_seconds:.0f} s")


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
