"""Measures what the metrics gates judge: fills up with test traffic, waits for scrapes, asks. Judges nothing itself.

An idle colour has no traffic, so nobody would ever know anything of it. What
it lacks is sent through its preview door, bounded in number and rate; and to
the live colour, where a comparison with it would rest on too little.
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
"""Between two looks; nobody scrapes more often."""

REQUEST_SECONDS = 5.0
"""For one request of the test traffic."""

MARGIN = 1.1
"""Sent for each request that is needed: some may not arrive."""


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
        """Prepare it.

        Args:
            plan: what to ask.
            service: the service's name.
            destination: the colour that traffic is to move to.
            live: the colour that serves now; None where none does.
            worker: whether it is a worker, whose pods are behind no Service.
        """
        self._plan = plan
        self._service = service
        self._workers = (service,) if worker else ()
        self._destination = destination
        # Nothing is compared with itself: that would pass whatever it is.
        self._live = live if live is not destination else None
        self._pods: Mapping[Colour, Sequence[str]] = {}
        self._left = plan.spare
        self._due = 0.0
        """Requests that will have been counted once all that was sent is scraped."""
        compared = self._live is not None and any(each.relative for each in plan.checks)
        self._colours = [destination, self._live] if compared and self._live else [destination]

    async def measure(self, doors: Slots, source: Source, *, wait: bool) -> Sequence[Verdict]:
        """Ask until the verdicts are final, or the time for scrapes is over.

        Args:
            doors: of the two colours.
            source: a Prometheus.
            wait: False asks once, and sends no traffic.
        """
        verdicts, counts = await self._look(doors, source, "")
        # What has no pod will have no samples either.
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
        """Requests of the destination that would tell a share from its bounds, as far as there is time to send them.

        All that was sent before has been counted by then: else it is waited for.
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
        """The verdicts as of now, and the requests that they rest on.

        Of the pods that are ready now: those of the release before, in the same colour, may still be there, and some
        become ready, and are sent test traffic, while it is waited for.
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
        """Which pods are up; nothing where nobody scrapes them."""
        return await source.query(self._about(self._plan.up, self._destination)) if self._plan.up else Queried()

    async def _counts(self, source: Source) -> Queried:
        """Requests in the window; nothing where the service does not count them."""
        plan = self._plan
        return await source.query(self._about(plan.counts, *self._colours)) if plan.counts else Queried()

    async def _measure(self, source: Source, check: MetricCheck) -> tuple[Queried, Queried]:
        """One number of the destination and of live; asked twice only where the query says which colour it is of."""
        colours = [self._destination, *([self._live] if self._live and check.relative else [])]
        if not check.by_placeholder:
            queried = await source.query(self._about(check.query, *colours))
            return queried, queried
        here, *there = await asyncio.gather(
            *(source.query(self._about(check.query.replace("{colour}", each), each)) for each in colours)
        )
        return here, (there[0] if there else Queried())

    def _about(self, query: str, *colours: Colour) -> str:
        """A query with its placeholders replaced, about the ready pods of some colours."""
        pods = [pod for colour in colours for pod in self._pods[colour]]
        # A matcher of nothing would match what has no pod at all; no pod is called "-".
        return query.replace("{pods}", "|".join(pods) or "-").replace("{live}", self._live or "")

    async def _fill(self, doors: Doors, counts: Queried) -> str:
        """Send what is missing; says what was sent, and what came of it."""
        traffic = self._plan.traffic
        if traffic is None or not self._plan.counts:
            return ""
        lacking = [colour for colour in self._colours if _count(counts, colour) < self._plan.samples]
        count = math.ceil(self._plan.samples * MARGIN)
        return "; ".join(await asyncio.gather(*(self._send(doors, colour, count) for colour in lacking)))

    async def _send(self, doors: Doors, colour: Colour, count: int) -> str:
        """Send some to a colour; says what came of it."""
        if self._plan.traffic is None:
            return ""
        return f"test traffic to {colour}: {await _send(doors, f'{self._service}-{colour}', self._plan.traffic, count)}"


async def _send(doors: Doors, door: str, traffic: SyntheticTraffic, count: int) -> str:
    """Send requests at an even rate, whatever becomes of them."""
    became: Counter[str] = Counter()

    async def one(number: int) -> None:
        path = traffic.paths[number % len(traffic.paths)]
        became[_became(await doors.request(door, Request(path=path), within=REQUEST_SECONDS))] += 1

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
    """Whether waiting would not help: somebody could not look, nothing is missing, or enough is there to fail.

    A ready pod that is down may only have been scraped before it listened: the next scrape says.
    """
    outcomes = {each.gate: each.outcome for each in verdicts}
    if Outcome.ERROR in outcomes.values():
        return True
    failed = {gate for gate, outcome in outcomes.items() if outcome is Outcome.FAILED} - {AVAILABILITY}
    if failed and outcomes.get(REQUESTS, Outcome.PASSED) is Outcome.PASSED:
        return True
    return Outcome.INCONCLUSIVE not in outcomes.values() and outcomes.get(AVAILABILITY) is not Outcome.FAILED
