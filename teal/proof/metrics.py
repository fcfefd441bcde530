"""Measures what the metrics gates judge: sends test traffic, waits for scrapes and asks Prometheus. It judges nothing.

An idle colour has no traffic, so nothing would ever be known of it. The requests that it lacks are sent through its
preview door, limited in number and rate. They are sent to the live colour as well, where there are too few for a
comparison.
"""

import asyncio
import math
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from http import HTTPStatus

from teal.gates import requests, samples, scraped
from teal.gates.replies import Reply, Request
from teal.gates.samples import AVAILABILITY, REQUESTS, Lack, MetricCheck, MetricsPlan, Queried, SyntheticTraffic
from teal.model.colours import Colour
from teal.model.verdict import Outcome, Verdict
from teal.proof.sources import Doors, Slots, Source

PAUSE_SECONDS = 1.0
"""How long to wait between two reads; nobody scrapes more often."""

REQUEST_SECONDS = 5.0
"""How long one request of the test traffic may take."""

MARGIN = 1.1
"""How many requests are sent for each one that is needed, since some may not arrive."""


class Analysis:
    """The canary analysis of one service of the destination."""

    def __init__(
        self,
        plan: MetricsPlan,
        service: str,
        destination: Colour,
        *,
        live: Colour | None,
        worker: bool = False,
    ) -> None:
        """Prepare the analysis; nothing is asked yet.

        Args:
            plan: what to ask, and the bounds.
            service: the service's name.
            destination: the colour that traffic is to move to.
            live: the colour that serves now; None where none does.
            worker: whether it is a worker, whose pods have no Service.
        """
        self._plan = plan
        self._service = service
        self._workers = (service,) if worker else ()
        self._destination = destination
        # A colour is not compared with itself: it would always pass.
        self._live = live if live is not destination else None
        self._pods: Mapping[Colour, Sequence[str]] = {}
        self._left = plan.spare
        self._due = 0.0
        """How many requests will have been counted once all that was sent is scraped."""
        compared = self._live is not None and any(each.relative for each in plan.checks)
        self._colours = [destination, self._live] if compared and self._live else [destination]

    async def measure(self, doors: Slots, source: Source, *, wait: bool) -> Sequence[Verdict]:
        """Ask until the verdicts are final, or the time for scrapes is over.

        Args:
            doors: the doors of both colours.
            source: the Prometheus to ask.
            wait: False asks once, and sends no traffic.
        """
        verdicts, counts = await self._look(doors, source, "")
        # A colour without pods will not get any samples.
        if not wait or not self._pods[self._destination] or _final(verdicts):
            return verdicts
        sent = await self._fill(doors, counts)
        give_up = time.monotonic() + self._plan.wait_seconds
        while True:
            verdicts, counts = await self._look(doors, source, sent)
            if _final(verdicts) or time.monotonic() > give_up:
                return verdicts
            if more := self._more(verdicts, counts):
                sent += "; " + await self._send(doors, self._destination, more)
            await asyncio.sleep(PAUSE_SECONDS)

    def _more(self, verdicts: Sequence[Verdict], counts: Queried) -> int:
        """Return how many more requests would tell the destination's share from its bounds, as far as time allows.

        It is 0 until all requests that were sent before have been counted.
        """
        outcomes = {each.gate: each.outcome for each in verdicts}
        unsure = [each for each in self._plan.checks if each.share and outcomes[each.gate] is Outcome.INCONCLUSIVE]
        traffic = self._plan.traffic
        if traffic is None or not unsure or outcomes.get(REQUESTS) is not Outcome.PASSED or self._left <= 0:
            return 0
        count = _count(counts, self._destination)
        if count < self._due:
            return 0
        more = min(self._left, math.ceil(count))
        self._left -= more
        self._due = count + more / MARGIN
        return more

    async def _look(self, doors: Slots, source: Source, sent: str) -> tuple[Sequence[Verdict], Queried]:
        """Return the present verdicts, and the requests that they rest on.

        They are about the pods that are ready now. Pods of the previous release, in the same colour, may still exist,
        and others become ready, and get test traffic, while this waits.
        """
        ready = await doors.endpoints(self._workers)
        self._pods = {colour: [each.pod for each in ready.get(f"{self._service}-{colour}", ())] for colour in Colour}
        plan, service, destination = self._plan, self._service, self._destination
        up, counts, measured = await asyncio.gather(
            self._up(source),
            self._counts(source),
            asyncio.gather(*(self._measure(source, check) for check in plan.checks)),
        )
        verdicts = [
            *([scraped.availability(service, destination, ready=self._pods[destination], up=up)] if plan.up else []),
            *([requests.enough(service, self._colours, plan=plan, counts=counts, sent=sent)] if plan.counts else []),
            *(
                samples.metric(
                    service,
                    destination,
                    live=self._live,
                    check=check,
                    here=here,
                    there=there,
                    count=_count(counts, destination),
                )
                for check, (here, there) in zip(plan.checks, measured, strict=True)
            ),
        ]
        return verdicts, counts

    async def _up(self, source: Source) -> Queried:
        """Return which pods are up; nothing where nobody scrapes them."""
        return await source.query(self._about(self._plan.up, self._destination)) if self._plan.up else Queried()

    async def _counts(self, source: Source) -> Queried:
        """Return the requests in the window; nothing where the service does not count them."""
        plan = self._plan
        return await source.query(self._about(plan.counts, *self._colours)) if plan.counts else Queried()

    async def _measure(self, source: Source, check: MetricCheck) -> tuple[Queried, Queried]:
        """Return one number of the destination and of live; it asks twice only where the query names the colour."""
        colours = [self._destination, *([self._live] if self._live and check.relative else [])]
        if not check.by_placeholder:
            queried = await source.query(self._about(check.query, *colours))
            return queried, queried
        here, *there = await asyncio.gather(
            *(source.query(self._about(check.query.replace("{colour}", each), each)) for each in colours)
        )
        return here, (there[0] if there else Queried())

    def _about(self, query: str, *colours: Colour) -> str:
        """Return a query whose placeholders stand for the ready pods of these colours."""
        pods = [pod for colour in colours for pod in self._pods[colour]]
        # An empty matcher would match series without any pod; no pod is called "-".
        return query.replace("{pods}", "|".join(pods) or "-").replace("{live}", self._live or "")

    async def _fill(self, doors: Doors, counts: Queried) -> str:
        """Send the missing requests, and return what was sent and how it was answered."""
        traffic = self._plan.traffic
        if traffic is None or not self._plan.counts:
            return ""
        lacking = [colour for colour in self._colours if _count(counts, colour) < self._plan.samples]
        count = math.ceil(self._plan.samples * MARGIN)
        return "; ".join(await asyncio.gather(*(self._send(doors, colour, count) for colour in lacking)))

    async def _send(self, doors: Doors, colour: Colour, count: int) -> str:
        """Send a number of requests to a colour, and return how they were answered."""
        if self._plan.traffic is None:
            return ""
        return f"test traffic to {colour}: {await _send(doors, f'{self._service}-{colour}', self._plan.traffic, count)}"


async def _send(doors: Doors, door: str, traffic: SyntheticTraffic, count: int) -> str:
    """Send requests at an even rate, however they are answered."""
    became: Counter[str] = Counter()

    async def one(number: int) -> None:
        path = traffic.paths[number % len(traffic.paths)]
        became[_became(await doors.request(door, Request(path=path, tls=traffic.tls), within=REQUEST_SECONDS))] += 1

    async with asyncio.TaskGroup() as group:
        for number in range(count):
            group.create_task(one(number))
            await asyncio.sleep(1 / traffic.per_second)
    return ", ".join(f"{times} {what}" for what, times in became.most_common())


def _became(reply: Reply) -> str:
    if reply.error is not None or reply.late:
        return "not answered"
    return "answered 5xx" if reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR else f"answered {reply.status}"


def _count(counts: Queried, colour: Colour) -> float:
    found = samples.number(counts, colour)
    return 0.0 if isinstance(found, Lack) else found


def _final(verdicts: Sequence[Verdict]) -> bool:
    """Return whether waiting would not help: somebody could not look, nothing is missing, or there is enough to fail.

    A ready pod that is down may have been scraped before it listened: the next scrape tells.
    """
    outcomes = {each.gate: each.outcome for each in verdicts}
    if Outcome.ERROR in outcomes.values():
        return True
    failed = {gate for gate, outcome in outcomes.items() if outcome is Outcome.FAILED} - {AVAILABILITY}
    if failed and outcomes.get(REQUESTS, Outcome.PASSED) is Outcome.PASSED:
        return True
    return Outcome.INCONCLUSIVE not in outcomes.values() and outcomes.get(AVAILABILITY) is not Outcome.FAILED
