"""A load test asks at an even rate, ends in time, and is judged by what came through."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable

import pytest

from teal.checking import load
from teal.checking.load import Loaded
from teal.checking.subject import Load
from teal.gates.replies import Reply, Request
from teal.model.colours import Colour
from teal.model.verdict import Outcome

PLAN = Load(seconds=1, per_second=50, success_percent=95)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Time passes as it is slept, and as answers take it: however slow this machine is."""
    now, real = [0.0], asyncio.sleep

    async def sleep(seconds: float) -> None:
        now[0] += max(0.0, seconds)
        await real(0)

    monkeypatch.setattr(load, "sleep", sleep)
    monkeypatch.setattr(load, "monotonic", lambda: now[0])
    return now


class Doors:
    """Answers as a test says, and counts what is under way."""

    def __init__(self, answers: Callable[[int], Reply], held: Callable[[], Awaitable[None]] | None = None) -> None:
        """Prepare them; `held` is waited for before each answer."""
        self.answers = answers
        self.held = held
        self.asked: list[tuple[str, str]] = []
        self.at_once = self.most = 0

    async def request(self, service: str, wanted: Request, *, within: float) -> Reply:
        """One answer."""
        assert within == load.WITHIN_SECONDS
        self.asked.append((service, wanted.path))
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        if self.held is not None:
            await self.held()
        self.at_once -= 1
        return self.answers(len(self.asked))


async def test_it_asks_the_paths_in_turn_as_often_as_it_should() -> None:
    """And says what became of each request, and how long the good answers took."""
    doors = Doors(lambda number: Reply(status=500 if number % 10 == 0 else 200, seconds=number / 1000))
    found = await load.run(doors, "backend-green", ["/a", "/b"], PLAN)
    assert Counter(doors.asked) == {("backend-green", "/a"): 25, ("backend-green", "/b"): 25}
    assert (found.requests, found.succeeded, found.failures) == (50, 45, {"it answered 500": 5})
    assert (found.p50_seconds, found.p95_seconds, found.p99_seconds) == (0.025, 0.047, 0.049)
    assert found.per_second <= PLAN.per_second


async def test_a_service_that_hangs_is_not_buried(clock: list[float]) -> None:
    """No more is under way at once than so much, and the test ends: what was not sent is told by the rate."""
    waiting = asyncio.Event()

    async def held() -> None:
        if doors.at_once == load.AT_ONCE:  # the next one waits for its turn, and time goes by meanwhile
            clock[0] += 2 * PLAN.seconds
            waiting.set()
        await waiting.wait()

    doors = Doors(lambda _: Reply(status=200), held)
    found = await load.run(doors, "backend-green", ["/"], PLAN)
    assert doors.most == load.AT_ONCE
    assert found.requests < PLAN.seconds * PLAN.per_second
    assert load.judge("backend", Colour.GREEN, PLAN, found).outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize(
    ("found", "outcome"),
    [
        (Loaded(requests=100, succeeded=95, per_second=50), Outcome.PASSED),
        (Loaded(requests=100, succeeded=94, per_second=50), Outcome.FAILED),
        (Loaded(requests=100, succeeded=95, unasked=5, per_second=50), Outcome.PASSED),
        (Loaded(requests=100, succeeded=90, unasked=10, per_second=50), Outcome.ERROR),  # nobody knows of the rest
        (Loaded(requests=100, succeeded=80, unasked=10, per_second=50), Outcome.FAILED),  # it fails without them
        (Loaded(requests=100, unasked=100, per_second=50), Outcome.ERROR),
        (Loaded(requests=100, succeeded=100, per_second=44), Outcome.INCONCLUSIVE),
        (Loaded(), Outcome.ERROR),
    ],
)
def test_what_did_not_come_through_says_nothing_of_the_service(found: Loaded, outcome: Outcome) -> None:
    """And a service that was not under the load that was meant has not passed."""
    assert load.judge("backend", Colour.GREEN, PLAN, found).outcome is outcome


def test_it_is_told_with_its_percentiles() -> None:
    """In one line."""
    found = Loaded(
        requests=100,
        succeeded=97,
        per_second=50,
        p50_seconds=0.012,
        p95_seconds=0.04,
        p99_seconds=0.1,
        failures={"it answered 500": 3},
    )
    verdict = load.judge("backend", Colour.GREEN, PLAN, found)
    assert verdict.seen == (
        "97 of 100 requests answered well (97 %), 50 a second, p50 12 ms, p95 40 ms, p99 100 ms; 3 times: it answered "
        "500"
    )
    assert verdict.needed == "95 % at 50 a second, for 1 s"


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (Reply(late=True), "no answer within 5 s"),
        (Reply(error="gone", status=503), "it could not be asked: gone"),
        (Reply(status=404), "it answered 404"),
    ],
)
async def test_every_failure_has_its_words(reply: Reply, why: str) -> None:
    """Those of them that came most often."""
    found = await load.run(Doors(lambda _: reply), "backend-green", ["/"], PLAN)
    assert found.failures == {why: 50}
    assert found.unasked == (50 if reply.error else 0)
