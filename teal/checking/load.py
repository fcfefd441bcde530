"""Runs a load test of one service through its preview door, at an even rate, with bounds on time and open requests.

Its requests go through the API server's proxy, as those of the gates do: no way from here to the pods is needed, and
the proxy's own time is in the latencies.
"""

import asyncio
import math
from asyncio import sleep
from collections import Counter
from collections.abc import Mapping, Sequence
from time import monotonic

from pydantic import Field

from teal.checking.subject import Load
from teal.gates.replies import Request, failure
from teal.model.colours import Colour
from teal.model.stored import Model
from teal.model.verdict import Outcome, Verdict
from teal.proof.sources import Doors

WITHIN_SECONDS = 5.0
"""How long to wait for one answer, as a bake does."""

AT_ONCE = 16
"""How many requests may be under way at once: as many as one client of the API server has."""

KEPT_UP = 0.9
"""The part of the rate asked for that has to be reached: with less, the service was not under the load intended."""


FEW = 3
"""How many kinds of failure a result names: the most frequent ones."""


class Loaded(Model):
    """The result of a load test."""

    requests: int = 0
    succeeded: int = 0
    unasked: int = 0
    """The number of requests that did not come through to the service; the API server says why."""
    per_second: float = 0.0
    """The rate at which requests were sent."""
    p50_seconds: float | None = None
    """Percentiles of the time that good answers took; None where there was none."""
    p95_seconds: float | None = None
    p99_seconds: float | None = None
    failures: Mapping[str, int] = Field(default_factory=dict[str, int])
    """How often each of the most frequent failures occurred."""


async def run(doors: Doors, door: str, paths: Sequence[str], load: Load, *, tls: bool = False) -> Loaded:
    """Send requests to a preview door for as long as the load says, and no faster than it answers them."""
    took: list[float] = []
    wrong: Counter[str] = Counter()
    unasked = 0
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(path: str) -> None:
        nonlocal unasked
        try:
            reply = await doors.request(door, Request(path=path, tls=tls), within=WITHIN_SECONDS)
        finally:
            turn.release()
        if why := failure(reply, WITHIN_SECONDS):
            wrong[why] += 1
            unasked += reply.error is not None
        else:
            took.append(reply.seconds)

    begun = monotonic()
    number = 0
    async with asyncio.TaskGroup() as group:
        for number in range(1, max(1, int(load.seconds * load.per_second)) + 1):
            await sleep(begun + (number - 1) / load.per_second - monotonic())
            await turn.acquire()
            group.create_task(one(paths[number % len(paths)]))
            if monotonic() - begun > load.seconds:
                break
        lasted = max(monotonic() - begun, number / load.per_second)
    took.sort()
    return Loaded(
        requests=number,
        succeeded=len(took),
        unasked=unasked,
        per_second=round(number / lasted, 2),
        p50_seconds=_percentile(took, 50),
        p95_seconds=_percentile(took, 95),
        p99_seconds=_percentile(took, 99),
        failures=dict(wrong.most_common(FEW)),
    )


def judge(service: str, colour: Colour, load: Load, found: Loaded) -> Verdict:
    """Judge whether enough of the requests were answered well, at the rate that was asked for."""
    asked = found.requests - found.unasked
    share = 100 * found.succeeded / found.requests if found.requests else 0.0
    if share >= load.success_percent:
        kept_up = found.per_second >= KEPT_UP * load.per_second
        outcome = Outcome.PASSED if kept_up else Outcome.INCONCLUSIVE
    else:  # a request that never came through to the service says nothing of it
        reached = 100 * found.succeeded / asked if asked else 100.0
        outcome = Outcome.FAILED if reached < load.success_percent else Outcome.ERROR
    times = [found.p50_seconds, found.p95_seconds, found.p99_seconds]
    said = ", ".join(
        f"p{name} {1000 * each:.0f} ms" for name, each in zip((50, 95, 99), times, strict=True) if each is not None
    )
    wrong = "".join(f"; {number} times: {what}" for what, number in found.failures.items())
    return Verdict(
        gate="load",
        service=service,
        outcome=outcome,
        seen=f"{found.succeeded} of {found.requests} requests answered well ({share:.4g} %), "
        f"{found.per_second:g} a second{f', {said}' if said else ''}{wrong}",
        needed=f"{load.success_percent:g} % at {load.per_second:g} a second, for {load.seconds:g} s",
        asked=f"{service}-{colour}, through the API server",
    )


def _percentile(ordered: Sequence[float], percent: int) -> float | None:
    """Return a percentile by nearest rank; None where there is nothing to rank."""
    return round(ordered[math.ceil(percent / 100 * len(ordered)) - 1], 4) if ordered else None
