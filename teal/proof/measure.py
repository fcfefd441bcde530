"""Measures one service of a destination for one gate: `measure` has a function for each kind of plan.

Capacity is not here: all services are looked at together for it, before anything else (`teal.proof.prove`). Nor are
the router's own gates, which the router measures, and the approval, which is of the whole flip set.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import singledispatch

from teal import gates
from teal.gates import replies
from teal.gates.documents import ContractPlan
from teal.gates.identity import ImagePlan, VersionPlan, image
from teal.gates.registration import Asked
from teal.gates.replies import SmokeCheck
from teal.gates.samples import MetricsPlan
from teal.gates.series import SeriesPlan, series
from teal.model.colours import Colour
from teal.model.live import Endpoint
from teal.model.verdict import Outcome, Verdict
from teal.proof import contract
from teal.proof.metrics import Analysis
from teal.proof.sources import Evidence, Source


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """One service of a destination, and who is asked about it."""

    service: str
    destination: Colour
    live: Colour | None
    ready: Sequence[Endpoint]
    """Of the destination."""
    cluster: Evidence
    prometheus: Source | None
    """None where the stack has none."""
    worker: bool = False
    """Whether it is a worker, whose pods are behind no Service."""
    wait: bool
    """False says how it is at this moment: no samples are waited for, no test traffic is sent."""


@singledispatch
async def measure(plan: Asked, of: Subject) -> Sequence[Verdict]:
    """Measure what a plan asks, and let its gate decide.

    Raises:
        NotImplementedError: nothing measures for such a plan; tests hold that something does for each.
        UnreachableError: the cluster could not be asked.
    """
    raise NotImplementedError(f"nothing measures what {type(plan).__name__} asks of {of.service}")


@measure.register
async def measure_version(plan: VersionPlan, of: Subject) -> Sequence[Verdict]:
    """Ask every ready pod what it is."""
    answers = await asyncio.gather(*(of.cluster.ask(each, plan.path) for each in of.ready))
    return [gates.version(of.service, of.destination, plan.version, answers, path=plan.path)]


@measure.register
async def measure_image(plan: ImagePlan, of: Subject) -> Sequence[Verdict]:
    """Ask what every ready pod runs."""
    pods = await of.cluster.pods(of.service)
    return [image(of.service, of.destination, plan, {each.pod for each in of.ready}, pods)]


@measure.register
async def measure_smoke(plan: SmokeCheck, of: Subject) -> Sequence[Verdict]:
    """Make the request, unless this is a preview and it may change something."""
    if not of.wait and plan.request.method not in replies.SAFE:
        return [replies.not_asked(of.service, of.destination, plan)]
    reply = await of.cluster.request(f"{of.service}-{of.destination}", plan.request, within=plan.within_seconds)
    return [gates.smoke(of.service, of.destination, plan, reply)]


@measure.register
async def measure_contract(plan: ContractPlan, of: Subject) -> Sequence[Verdict]:
    """Compare both colours' documents, and try what is deprecated."""
    return await contract.measure(of.cluster, of.service, of.destination, of.live, plan)


@measure.register
async def measure_metrics(plan: MetricsPlan, of: Subject) -> Sequence[Verdict]:
    """Ask Prometheus about both colours, with test traffic where there is too little."""
    if of.prometheus is None:
        return _no_prometheus(plan, of)
    analysis = Analysis(plan, of.service, of.destination, live=of.live, worker=of.worker)
    return await analysis.measure(of.cluster, of.prometheus, wait=of.wait)


@measure.register
async def measure_series(plan: SeriesPlan, of: Subject) -> Sequence[Verdict]:
    """Ask whether the bake will find what it asks for."""
    if of.prometheus is None:
        return _no_prometheus(plan, of)
    every, told, *others = await asyncio.gather(
        *(of.prometheus.query(query) for query in (plan.every, plan.told, *plan.others.values()))
    )
    found = dict(zip(plan.others, others, strict=True))
    return [series(of.service, plan, live=of.live, every=every, told=told, others=found)]


def unmeasured(names: Mapping[str, Iterable[str]], why: str) -> Sequence[Verdict]:
    """Nobody could look: verdicts of each service's gates that say so."""
    return [
        Verdict(gate=name, service=service, outcome=Outcome.ERROR, seen=why, needed="an answer")
        for service, gates_of in names.items()
        for name in sorted(gates_of)
    ]


def _no_prometheus(plan: Asked, of: Subject) -> Sequence[Verdict]:
    return unmeasured({of.service: plan.gates}, "the stack names no Prometheus (teal:prometheus.url)")
