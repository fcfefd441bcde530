"""Runs one seed from its beginning to its verdict, and shrinks one that fails."""

import gc
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import groupby
from operator import itemgetter
from unittest.mock import patch

from httpx2._urlparse import urlparse

from tests.simulation.checks.invariants import Violation
from tests.simulation.cluster.clock import VirtualLoop, run, virtual
from tests.simulation.cluster.elb import Elb
from tests.simulation.cluster.remembered import remembered
from tests.simulation.cluster.wire import ACTOR, ahead, spawn
from tests.simulation.scenarios.drawing import balanced, drawn, scraped
from tests.simulation.story import Story

_PARSED = cache(urlparse)


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What came of one seed."""

    seed: int
    violations: tuple[Violation, ...]
    faults: tuple[str, ...]
    """The names of what went wrong, in order."""
    script: tuple[str, ...]
    stages: tuple[str, ...]
    """How the flips ended."""
    seconds: float
    """The virtual seconds that it took."""
    calm: bool
    """Whether nothing but the releases was bad."""
    told: tuple[tuple[int, str], ...] = ()
    """The stages of flips that people were told of, in order."""
    ended: int = 0
    """How often the watch has ended the pods of an idle colour of a service."""


def _hear(text: str) -> None:
    ACTOR.get().said.append(text)


@contextmanager
def simulated(story: Story, loop: VirtualLoop, seed: int) -> Generator[None]:
    """Tell the real code what time it is and how the cluster is reached, within this context."""
    with ExitStack() as stack:
        stack.enter_context(virtual(loop, seed, ahead))
        stack.enter_context(remembered())
        stack.enter_context(patch("teal.adapters.kubernetes.access.client", story.network.client))
        stack.enter_context(patch("teal.routers.alb.connect", partial(Elb, story.network)))
        stack.enter_context(patch("teal.adapters.receivers.tell", story.people.tell))
        stack.enter_context(patch("teal.adapters.prometheus.Prometheus.connect", story.network.prometheus))
        for kind in ("resource", "error"):
            stack.enter_context(patch(f"pulumi.resource_hooks.register_{kind}_hook"))
        for module in ("_urls", "_urlparse"):  # a few hundred URLs, parsed for each request: two fifths of all CPU
            stack.enter_context(patch(f"httpx2.{module}.urlparse", _PARSED))
        for level in ("info", "warn", "error"):
            stack.enter_context(patch(f"pulumi.log.{level}", _hear))
        yield


def spare() -> None:
    """Let the collector look at what seeds made, seldom, and never at what was imported."""
    gc.freeze()
    gc.set_threshold(50_000)


def simulate(  # noqa: PLR0913 - what each seed may have besides
    seed: int,
    left_out: frozenset[str] = frozenset(),
    *,
    tells: bool = False,
    retires: bool = False,
    scrapes: bool = False,
    balances: bool = False,
) -> Outcome:
    """Run a seed, without some of its faults.

    With `tells`, people are told of what happens; with `retires`, the watch ends what is idle; with `scrapes`, a
    Prometheus knows what live traffic meets; with `balances`, a load balancer of AWS directs the traffic.
    """
    loop = VirtualLoop()
    loop.set_task_factory(spawn)
    scenario = replace(drawn(seed), tells=tells, retires=retires)
    scenario = balanced(scenario) if balances else scenario
    story = Story(scraped(scenario) if scrapes else scenario, loop, left_out)
    with simulated(story, loop, seed):
        run(story.tell(), loop)
    happened = story.faults.happened
    events = [*story.script.lines, *((at, f"! {name}: {what}") for at, name, what in happened)]
    lines: list[str] = []
    for text, same in groupby(sorted(events, key=itemgetter(0)), key=itemgetter(1)):
        (at, _), *more = same
        lines.append(f"{at:8.3f} s  {text}" + (f" ({len(more) + 1} times)" if more else ""))
    return Outcome(
        seed=seed,
        violations=tuple(story.invariants.violations),
        faults=tuple(dict.fromkeys(name for _, name, _ in happened)),
        script=tuple(lines),
        stages=tuple(each.stage for each in story.seen.history.flips),
        seconds=loop.time(),
        calm=story.scenario.calm,
        told=tuple(story.people.told),
        ended=len(story.seen.asleep),
    )


def shrunk(outcome: Outcome, violation: Violation, **more: bool) -> Outcome:
    """Return the same violation with the fewest faults that leaving them out one by one gets to."""
    wanted, left_out = violation.name, frozenset[str]()
    for name in outcome.faults:
        less = simulate(outcome.seed, left_out | {name}, **more)
        if any(each.name == wanted for each in less.violations):
            outcome, left_out = less, left_out | {name}
    return outcome
