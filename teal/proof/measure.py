"""Measures one service of a destination for one gate: `measure` has a function for each kind of plan.

Three measurements are not here. Capacity is measured for all services together, before anything else
(`teal.proof.prove`). A router measures its own gates, and the approval is for the whole flip set.
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
from teal.gates.usage import UsagePlan
from teal.model.colours import Colour
from teal.model.live import Endpoint
from teal.model.verdict import Outcome, Verdict
from teal.proof import contract, usage
from teal.proof.metrics import Analysis
from teal.proof.sources import Evidence, Source


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """One service of a destination, and whom to ask about it."""

    service: str
    destination: Colour
    live: Colour | None
    ready: Sequence[Endpoint]
    """The destination's ready endpoints."""
    cluster: Evidence
    prometheus: Source | None
    """The Prometheus to ask; None where the stack has none."""
    worker: bool = False
    """Whether it is a worker, whose pods have no Service."""
    wait: bool
    """Whether to wait for samples and to send test traffic; False reports the present state."""


@singledispatch
async def measure(plan: Asked, of: Subject) -> Sequence[Verdict]:
    """Measure what a plan asks for, and let its gate decide.

    Raises:
        NotImplementedError: no function is registered for such a plan. Tests check that every plan has one.
        UnreachableError: the cluster could not be asked.
    """
    raise NotImplementedError(f"nothing measures what {type(plan).__name__} asks of {of.service}")


@measure.register
async def measure_version(plan: VersionPlan, of: Subject) -> Sequence[Verdict]:
    """Ask every ready pod for its version and colour."""
    answers = await asyncio.gather(*(of.cluster.ask(each, plan.path, tls=plan.tls) for each in of.ready))
    return [gates.version(of.service, of.destination, plan.version, answers, path=plan.path)]


@measure.register
async def measure_image(plan: ImagePlan, of: Subject) -> Sequence[Verdict]:
    """Read what every ready pod runs."""
    pods = await of.cluster.pods(of.service)
    return [image(of.service, of.destination, plan, {each.pod for each in of.ready}, pods)]


@measure.register
async def measure_smoke(plan: SmokeCheck, of: Subject) -> Sequence[Verdict]:
    """Send the request, unless this is a preview and the request may change something."""
    if not of.wait and plan.request.method not in replies.SAFE:
        return [replies.not_asked(of.service, of.destination, plan)]
    reply = await of.cluster.request(f"{of.service}-{of.destination}", plan.request, within=plan.within_seconds)
    return [gates.smoke(of.service, of.destination, plan, reply)]


@measure.register
async def measure_contract(plan: ContractPlan, of: Subject) -> Sequence[Verdict]:
    """Compare both colours' documents, and try the deprecated operations."""
    return await contract.measure(of.cluster, of.service, of.destination, of.live, plan)


@measure.register
async def measure_usage(plan: UsagePlan, of: Subject) -> Sequence[Verdict]:
    """Ask Prometheus which versions of the API are used, and both colours whether they offer them."""
    if of.prometheus is None:
        return _no_prometheus(plan, of)
    found = await usage.measure(of.cluster, of.prometheus, of.service, plan, destination=of.destination, live=of.live)
    return [found]


@measure.register
async def measure_metrics(plan: MetricsPlan, of: Subject) -> Sequence[Verdict]:
    """Ask Prometheus about both colours, with test traffic where there are too few requests."""
    if of.prometheus is None:
        return _no_prometheus(plan, of)
    analysis = Analysis(plan, of.service, of.destination, live=of.live, worker=of.worker)
    return await analysis.measure(of.cluster, of.prometheus, wait=of.wait)


@measure.register
async def measure_series(plan: SeriesPlan, of: Subject) -> Sequence[Verdict]:
    """Ask Prometheus whether the bake will find its series."""
    if of.prometheus is None:
        return _no_prometheus(plan, of)
    every, with_status, *others = await asyncio.gather(
        *(of.prometheus.query(query) for query in (plan.every, plan.with_status, *plan.others.values()))
    )
    found = dict(zip(plan.others, others, strict=True))
    return [series(of.service, plan, live=of.live, every=every, with_status=with_status, others=found)]


def unmeasured(names: Mapping[str, Iterable[str]], why: str) -> Sequence[Verdict]:
    """Return an ERROR verdict for each service's gates, since nobody could look."""
    return [
        Verdict(gate=name, service=service, outcome=Outcome.ERROR, seen=why, needed="an answer")
        for service, gates_of in names.items()
        for name in sorted(gates_of)
    ]


def _no_prometheus(plan: Asked, of: Subject) -> Sequence[Verdict]:
    return unmeasured({of.service: plan.gates}, "the stack names no Prometheus (teal:prometheus.url)")
