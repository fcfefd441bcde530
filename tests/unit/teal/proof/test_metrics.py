"""The canary analysis: what is sent, what is waited for, and when it is over."""

import asyncio
import time
from dataclasses import replace

import pytest

from teal.gates.replies import Reply, Request
from teal.gates.samples import MetricCheck, Queried, Series, SyntheticTraffic
from teal.model.colours import Colour
from teal.proof import metrics
from teal.proof.metrics import Analysis
from tests.unit.teal.proof.analysing import (
    BLUE,
    ERROR,
    FAILED,
    GREEN,
    INCONCLUSIVE,
    PASSED,
    PLAN,
    PODS,
    World,
    by_colour,
    outcomes,
)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks follow each other at once; what is measured is how often, not how long."""
    monkeypatch.setattr(metrics, "PAUSE_SECONDS", 0.001)


ALL_WELL = {"availability": PASSED, "requests": PASSED, "errors": PASSED}


async def test_where_there_is_traffic_none_is_made() -> None:
    """One look is enough."""
    world = World(green=10, blue=1000)
    assert await outcomes(world) == ALL_WELL
    assert world.arrived == {}


async def test_what_an_idle_colour_lacks_is_sent_through_its_door() -> None:
    """A tenth more than needed, in turn over the paths; live has its own traffic."""
    world = World(blue=1000)
    assert await outcomes(world) == ALL_WELL
    assert world.arrived == {"green": 11}
    assert world.paths[:3] == ["/pricing", "/models", "/pricing"]


async def test_live_is_filled_up_where_it_is_compared_with() -> None:
    """A night without customers would forbid every flip."""
    world = World()
    assert await outcomes(world) == ALL_WELL
    assert world.arrived == {"green": 11, "blue": 11}


@pytest.mark.parametrize("live", [None, GREEN])
async def test_nothing_is_sent_to_what_is_not_compared_with(live: Colour | None) -> None:
    """The first release of all, and one that is live already: nothing is compared with itself."""
    world = World()
    assert await outcomes(world, live=live) == ALL_WELL
    assert world.arrived == {"green": 11}


async def test_live_is_left_alone_where_no_bound_is_relative() -> None:
    """It needs no samples then."""
    plan = replace(PLAN, checks=(MetricCheck(name="errors", query="errors", below=0.05),))
    world = World()
    assert await outcomes(world, plan) == ALL_WELL
    assert world.arrived == {"green": 11}


async def test_scrapes_are_waited_for() -> None:
    """What was sent is not there at once."""
    world = World(scraped_after=5, blue=1000)
    assert await outcomes(world) == ALL_WELL
    assert world.asked.count("counts") == 7  # before sending, five that had nothing yet, and the last


async def test_what_never_comes_is_not_waited_for_for_ever() -> None:
    """Then the samples are too few, which is no pass; what was sent is not sent again."""
    world = World(scraped_after=10**9, blue=1000)
    begun = time.monotonic()
    assert await outcomes(world, replace(PLAN, wait_seconds=0.1)) == {**ALL_WELL, "requests": INCONCLUSIVE}
    assert time.monotonic() - begun < 5
    assert world.arrived == {"green": 11}


async def test_without_test_traffic_samples_are_only_waited_for() -> None:
    """A stack may forbid it."""
    world = World(blue=1000)
    found = await outcomes(world, replace(PLAN, traffic=None, wait_seconds=0.01))
    assert found["requests"] is INCONCLUSIVE
    assert world.arrived == {}


@pytest.mark.parametrize("wait", [True, False])
async def test_nothing_is_sent_to_a_colour_without_pods(*, wait: bool) -> None:
    """Nor is anything waited for: it will have no samples."""
    world = World(pods={GREEN: [], BLUE: ["blue-1"]}, blue=1000)
    assert (await outcomes(world, wait=wait))["requests"] is INCONCLUSIVE
    assert world.arrived == {}
    assert world.asked.count("counts") == 1


async def test_of_a_worker_its_own_numbers_alone_are_asked() -> None:
    """Nobody scrapes its pods by teal's doing, and nobody sends them requests."""
    world = World()
    assert await outcomes(world, replace(PLAN, up="", counts="")) == {"errors": PASSED}
    assert "up" not in world.asked
    assert world.arrived == {}


async def test_a_preview_sends_nothing_and_waits_for_nothing() -> None:
    """It says how it is."""
    world = World(blue=1000)
    assert (await outcomes(world, wait=False))["requests"] is INCONCLUSIVE
    assert world.arrived == {}
    assert world.asked.count("counts") == 1


@pytest.mark.parametrize("down", ["up", "errors", "counts"])
async def test_a_prometheus_that_is_down_ends_it_at_once(down: str) -> None:
    """Nobody could look; that is not waited for, whatever else is missing, and never a pass."""
    world = World(blue=1000)
    world.answers[down] = Queried(error="Prometheus is down")
    assert ERROR in (await outcomes(world)).values()
    assert world.asked.count("up") == 1


async def test_what_fails_with_enough_samples_fails_at_once() -> None:
    """Although another number has not come yet."""
    world = World(blue=1000, green=10)
    world.answers["errors"] = by_colour(green=0.1, blue=0)
    world.answers["up"] = Queried()
    assert await outcomes(world) == {"availability": INCONCLUSIVE, "requests": PASSED, "errors": FAILED}
    assert world.asked.count("up") == 1


async def test_a_pod_that_was_scraped_before_it_listened_is_scraped_again() -> None:
    """It is ready; that Prometheus has it down may be of a second before."""
    world = World(blue=1000, green=10)
    up = world.answers.pop("up")
    down = Queried(series=[replace(each, value=0.0) for each in up.series])

    async def query(promql: str, at: str = "") -> Queried:
        assert not at
        if promql == "up":
            world.asked.append(promql)
            return up if world.asked.count("up") > 3 else down
        return await World.query(world, promql)

    world.query = query
    assert await outcomes(world) == ALL_WELL
    assert world.asked.count("up") == 4


async def test_a_pod_that_stays_down_fails_in_the_end() -> None:
    """When the time for scrapes is over."""
    world = World(blue=1000, green=10)
    world.answers["up"] = Queried(series=[Series(labels={"pod": "green-1"}, value=0)])
    found = await outcomes(world, replace(PLAN, wait_seconds=0.05))
    assert found == {"availability": FAILED, "requests": PASSED, "errors": PASSED}
    assert world.asked.count("up") > 2


async def test_what_fails_on_too_few_samples_is_measured_on() -> None:
    """One of three requests is no share of errors."""
    world = World(scraped_after=5, blue=1000)
    world.answers["errors"] = by_colour(green=0.1, blue=0)
    assert await outcomes(world) == {"availability": PASSED, "requests": PASSED, "errors": FAILED}
    assert world.asked.count("counts") == 7


@pytest.mark.parametrize(
    ("reply", "seen"),
    [
        (Reply(status=200), "11 answered 200"),
        (Reply(status=503), "11 answered 5xx"),
        (Reply(error="no endpoints"), "11 not answered"),
        (Reply(late=True), "11 not answered"),
    ],
)
async def test_what_became_of_the_test_traffic_is_evidence(reply: Reply, seen: str) -> None:
    """It explains the numbers."""
    world = World(blue=1000, reply=reply)
    verdicts = await Analysis(PLAN, "backend", GREEN, live=BLUE).measure(world, world, wait=True)
    (found,) = [each for each in verdicts if each.gate == "metrics.requests"]
    assert f"test traffic to green: {seen}" in found.seen


async def test_where_errors_are_too_near_to_a_bound_to_tell_more_is_sent() -> None:
    """As many again, once what was sent is counted; no more than there is time for, and then it is not known."""
    check = replace(PLAN.checks[0], share=True)
    world = World(blue=1000, green=60)
    world.answers["errors"] = by_colour(green=0.04, blue=0.03)
    found = await outcomes(world, replace(PLAN, checks=(check,), spare=100, wait_seconds=1))
    assert found["errors"] is INCONCLUSIVE
    assert world.arrived == {"green": 100}


async def test_what_was_sent_is_counted_before_more_is_sent() -> None:
    """A scrape that is late costs nobody a second round."""
    check = replace(PLAN.checks[0], share=True)
    world = World(blue=1000, green=60, scraped_after=10**9)
    world.answers["errors"] = by_colour(green=0.04, blue=0.03)
    await outcomes(world, replace(PLAN, checks=(check,), spare=100, wait_seconds=1))
    assert world.arrived == {"green": 60}


async def test_test_traffic_is_no_faster_than_its_rate() -> None:
    """20 a second are 20 a second."""
    world = World(blue=1000)
    begun = time.monotonic()
    await outcomes(world, replace(PLAN, traffic=SyntheticTraffic(paths=("/",), per_second=100)))
    assert time.monotonic() - begun >= 0.11


async def test_a_query_by_placeholder_is_asked_once_a_colour() -> None:
    """Each result is a single series then."""
    check = MetricCheck(name="orders", query="orders{slot='{colour}',live='{live}'}", at_least_times_live=0.5)
    world = World(blue=1000, green=10)
    for colour, value in ((GREEN, 4.0), (BLUE, 10.0)):
        query = f"orders{{slot='{colour}',live='blue'}}"
        world.answers[query] = Queried(series=[Series(labels={}, value=value)])
    assert (await outcomes(world, replace(PLAN, checks=(check,))))["orders"] is FAILED


async def test_a_query_by_placeholder_asks_live_only_where_it_is_compared() -> None:
    """Nobody is asked for nothing."""
    check = MetricCheck(name="orders", query="{colour}", at_least=1)
    world = World(blue=1000, green=10)
    world.answers["green"] = Queried(series=[Series(labels={}, value=1)])
    assert (await outcomes(world, replace(PLAN, checks=(check,))))["orders"] is PASSED
    assert "blue" not in world.asked


async def test_only_the_pods_that_are_ready_now_are_asked_about() -> None:
    """Those of the release before had other errors, and may have some traffic left to show."""
    check = MetricCheck(name="own", query="own{{pods}}", below=1)
    placed = MetricCheck(name="placed", query="{colour}{{pods}}", below=1, at_most_times_live=2)
    relative = replace(PLAN.checks[0], query="errors{{pods}}")
    plan = replace(PLAN, up="up{{pods}}", counts="counts{{pods}}", checks=(check, placed, relative))
    world = World()
    await Analysis(plan, "backend", GREEN, live=BLUE).measure(world, world, wait=False)
    green, blue, both = "{green-1|green-2}", "{blue-1}", "{green-1|green-2|blue-1}"
    assert set(world.asked) == {
        f"up{green}",
        f"counts{both}",
        f"own{green}",
        f"green{green}",
        "blue{blue-1}",
        f"errors{green}",
        f"errors{blue}",
    }


async def test_a_pod_that_becomes_ready_meanwhile_is_asked_about_too() -> None:
    """It is sent test traffic as well: what it answered counts."""
    world = World(blue=1000, scraped_after=1, pods={GREEN: ["green-1"], BLUE: ["blue-1"]})
    plan = replace(PLAN, counts="counts", up="up{{pods}}")
    world.answers["up{green-1}"] = Queried(series=[Series(labels={"pod": "green-1"}, value=1)])
    world.answers["up{green-1|green-2}"] = world.answers["up"]

    async def request(service: str, wanted: Request, *, within: float) -> Reply:
        world.pods.update(PODS)
        return await World.request(world, service, wanted, within=within)

    world.request = request
    assert await outcomes(world, plan) == ALL_WELL
    assert world.asked[-3:].count("up{green-1|green-2}") == 1


async def test_no_pods_are_not_all_pods() -> None:
    """A matcher of nothing would match whatever has no pod."""
    world = World(pods={GREEN: [], BLUE: []})
    plan = replace(PLAN, up="up{{pods}}")
    await Analysis(plan, "backend", GREEN, live=BLUE).measure(world, world, wait=False)
    assert "up{-}" in world.asked


async def test_a_measurement_that_is_given_up_ends_its_traffic() -> None:
    """Nothing goes on sending behind a refusal."""
    world = World(blue=1000)
    slow = replace(PLAN, samples=1000, traffic=SyntheticTraffic(paths=("/",), per_second=1000))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await outcomes(world, slow)
    sent = list(world.paths)
    await asyncio.sleep(0)
    assert world.paths == sent
    assert len(sent) < 1000
