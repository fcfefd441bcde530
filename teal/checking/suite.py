"""Runs the checks of a colour: first all that asks for little, at once, then the load, and then what the pods used."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from teal.adapters.kubernetes import inventory
from teal.adapters.kubernetes.cluster import Cluster
from teal.adapters.kubernetes.workloads import Deployment
from teal.checking import judge, load
from teal.checking.reach import reach
from teal.checking.subject import Asked, Part, Subject
from teal.gates import scraped
from teal.gates.documents import Compared, ContractPlan
from teal.gates.endpoints import GATE as CAPACITY
from teal.gates.openapi import described
from teal.gates.replies import Request
from teal.gates.samples import AVAILABILITY
from teal.model.colours import Colour
from teal.model.errors import UnreachableError
from teal.model.verdict import Outcome, Verdict
from teal.proof import contract, prove
from teal.proof.measure import unmeasured
from teal.proof.sources import Source
from teal.routers.base import Router
from teal.spec.gates import GatePlan

PROBE_SECONDS = 5.0
"""How long to wait for the answer to a probe's path: the default of a service's probes."""

_Names = Mapping[str, Iterable[str]]
_Work = Coroutine[Any, Any, Sequence[Verdict]]


class Suite:
    """The checks of one colour of a stack."""

    def __init__(  # noqa: PLR0913 - who is asked, about what, and how much
        self,
        cluster: Cluster,
        subjects: Mapping[str, Subject],
        colour: Colour,
        *,
        router: Router,
        prometheus: Source | None,
        asked: Asked,
        say: Callable[[str], None],
    ) -> None:
        """Prepare to check a colour; nothing is asked yet.

        Args:
            cluster: the stack's cluster.
            subjects: what is checked of each service.
            colour: the colour that is checked.
            router: the router of live traffic.
            prometheus: the Prometheus to ask; None where the stack has none.
            asked: which parts are left out, and the load test.
            say: is called with each line of progress.
        """
        self._cluster = cluster
        self._subjects = subjects
        self._colour = colour
        self._router = router
        self._prometheus = prometheus
        self._asked = asked
        self._say = say
        self.loaded: dict[str, load.Loaded] = {}
        """The result of the load test, by service."""

    async def run(self) -> Sequence[Verdict]:
        """Run all checks, and return their verdicts; what could not be looked at has a verdict that says so."""
        loop = asyncio.get_running_loop()
        self._end = loop.time() + self._asked.timeout_seconds
        first = [work for part in Part if part not in self._asked.skipped for work in self._first(part)]
        self._say(f"asking {', '.join(self._subjects)} of {self._colour}")
        found = [verdict for verdicts in await asyncio.gather(*first) for verdict in verdicts]
        if self._asked.load is not None:
            begun = loop.time()
            for name, each in self._subjects.items():
                found += await self._load(name, each.paths)
            self._end += loop.time() - begun  # the load test takes no time from the other checks
        if Part.USAGE not in self._asked.skipped:
            used = (self._bounded({name: ["usage"]}, self._usage(name)) for name in self._subjects)
            found += [verdict for verdicts in await asyncio.gather(*used) for verdict in verdicts]
        return found

    def _first(self, part: Part) -> Iterable[_Work]:
        """Yield the work of one part, each piece bounded in time; it is done at once with that of other parts."""
        if part is Part.GATES:
            plans = {name: each.gates for name, each in self._subjects.items()}
            yield self._bounded(prove.expected(plans), self._gates(plans))
        for name, each in self._subjects.items():
            if part is Part.RESOURCES:
                yield self._bounded({name: ["resources"]}, self._resources(name, each.objects))
            elif part is Part.PROBES and each.probes:
                yield self._bounded({name: ["probes"]}, self._probes(name, each.probes))
            elif part is Part.PATHS:
                for plan in each.documents:
                    yield self._bounded({name: [plan.called("paths")]}, self._paths(name, plan))
            elif part is Part.SCRAPING and each.up and not self._gated(each):
                yield self._bounded({name: [AVAILABILITY]}, self._scraping(name, each.up))
            elif part is Part.REACH and each.needs:
                work = reach(self._cluster, name, each.needs, self._asked.image)
                yield self._bounded({name: ["reach"]}, work)

    def _gated(self, of: Subject) -> bool:
        """Return whether a gate asks already which pods are scraped."""
        return AVAILABILITY in of.gates.gates and Part.GATES not in self._asked.skipped

    async def _bounded(self, names: _Names, work: _Work) -> Sequence[Verdict]:
        """Return the verdicts of some work; where nobody answers, or time is over, they say so."""
        try:
            async with asyncio.timeout_at(self._end):
                return await work
        except TimeoutError:
            return unmeasured(names, f"no answer within {self._asked.timeout_seconds:g} s")
        except UnreachableError as error:
            return unmeasured(names, str(error))

    async def _gates(self, plans: Mapping[str, GatePlan]) -> Sequence[Verdict]:
        found = await prove.prove(self._cluster, self._prometheus, self._colour, plans, router=self._router)
        return [await self._before_a_flip(each) for each in found]

    async def _before_a_flip(self, verdict: Verdict) -> Verdict:
        """Return a verdict; too few pods prove nothing where all asked for are ready, and a flip asks for more."""
        short = verdict.gate == CAPACITY.name and verdict.outcome is Outcome.FAILED
        if not short or not self._subjects[verdict.service].grows:
            return verdict
        name = f"{verdict.service}-{self._colour}"
        found, ready, wanted = await asyncio.gather(
            inventory.find(self._cluster, "deployment", name),
            self._cluster.ready_endpoints(name),
            self._cluster.pods_asked_for(name),
        )
        if not isinstance(found, Deployment) or found.outdated or not 0 < wanted <= len(ready):
            return verdict
        seen = f"{verdict.seen}, all that are asked for now: a flip scales it up first, and then asks this gate"
        return replace(verdict, outcome=Outcome.INCONCLUSIVE, seen=seen)

    async def _resources(self, service: str, objects: Mapping[str, str]) -> Sequence[Verdict]:
        ready = await self._cluster.ready_endpoints(f"{service}-{self._colour}")
        found = await asyncio.gather(*(inventory.find(self._cluster, kind, name) for kind, name in objects.items()))
        return [
            judge.existing(service, kind, name, each, ready=len(ready))
            for (kind, name), each in zip(objects.items(), found, strict=True)
        ]

    async def _probes(self, service: str, probes: Mapping[str, Request]) -> Sequence[Verdict]:
        door = f"{service}-{self._colour}"
        asked = (self._cluster.request(door, each, within=PROBE_SECONDS) for each in probes.values())
        replies = await asyncio.gather(*asked)
        return [
            judge.probe(service, self._colour, name, each.path, reply)
            for (name, each), reply in zip(probes.items(), replies, strict=True)
        ]

    async def _paths(self, service: str, plan: ContractPlan) -> Sequence[Verdict]:
        read = await contract.document_of(self._cluster, service, self._colour, plan)
        if isinstance(read, Compared):
            outcome, needed = read.lack or Outcome.ERROR, "an OpenAPI document"
            return [Verdict(gate=plan.called("paths"), service=service, outcome=outcome, seen=read.why, needed=needed)]
        tried = await contract.tried_of(self._cluster, f"{service}-{self._colour}", described(read), tls=plan.tls)
        return [replace(judge.paths(service, self._colour, tried), gate=plan.called("paths"))]

    async def _scraping(self, service: str, up: str) -> Sequence[Verdict]:
        if self._prometheus is None:
            seen, needed = "the stack names no Prometheus (teal:prometheus.url)", "every ready pod scraped and up"
            outcome = Outcome.INCONCLUSIVE
            return [Verdict(gate=AVAILABILITY, service=service, outcome=outcome, seen=seen, needed=needed)]
        ready = [each.pod for each in await self._cluster.ready_endpoints(f"{service}-{self._colour}")]
        answer = await self._prometheus.query(up.replace("{pods}", "|".join(ready) or "-"))
        return [scraped.availability(service, self._colour, ready=ready, up=answer)]

    async def _load(self, service: str, paths: Sequence[str]) -> Sequence[Verdict]:
        wanted = self._asked.load
        if wanted is None:
            return ()
        if not paths:
            seen, needed = "it is not asked over HTTP, or no path of it is known", "a path"
            outcome = Outcome.INCONCLUSIVE
            return [Verdict(gate="load", service=service, outcome=outcome, seen=seen, needed=needed)]
        self._say(f"load on {service}-{self._colour}: {wanted.per_second:g} requests a second for {wanted.seconds:g} s")
        found = await load.run(
            self._cluster, f"{service}-{self._colour}", paths, wanted, tls=self._subjects[service].gates.tls
        )
        self.loaded[service] = found
        return [load.judge(service, self._colour, wanted, found)]

    async def _usage(self, service: str) -> Sequence[Verdict]:
        measured, pods = await asyncio.gather(
            inventory.usage(self._cluster, service, self._colour),
            inventory.pods(self._cluster, service, self._colour),
        )
        return [judge.usage(service, self._colour, pods, measured)]
