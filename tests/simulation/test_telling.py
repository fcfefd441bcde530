"""People are told of what happens, under faults, and it changes nothing of what happens to traffic."""

from collections import defaultdict

import pytest

from tests.simulation.run import Outcome, simulate, spare
from tests.simulation.scenarios.drawing import drawn

pytestmark = pytest.mark.filterwarnings("ignore:coroutine:RuntimeWarning")
"""A process that dies between making a coroutine and running it leaves that one unawaited."""

SEEDS = 150
ORDER = ("PROVEN", "BAKING", "REVERTING", "REVERTED")


def stages(outcome: Outcome) -> dict[int, list[str]]:
    """Return what was told of each flip, in order."""
    found = defaultdict[int, list[str]](list)
    for number, stage in outcome.told:
        found[number].append(stage)
    return found


def test_no_invariant_is_violated_and_every_end_is_told_after_what_came_before() -> None:
    """Owners die, the API server is away, receivers are silent; whoever goes on tells what is missing."""
    spare()
    for seed in range(SEEDS):
        outcome = simulate(seed, tells=True)
        assert not outcome.violations, (seed, outcome.violations)
        told = stages(outcome)
        ends = dict(enumerate(outcome.stages[1:], 2)) if drawn(seed).watched else {}
        untold = {number: end for number, end in ends.items() if end not in told[number]}
        assert not untold, (seed, untold, told)
        for number, each in told.items():
            ranks = [ORDER.index(stage) for stage in dict.fromkeys(each) if stage in ORDER]
            assert ranks == sorted(ranks), (seed, number, each)


def test_without_faults_each_stage_is_told_once() -> None:
    """A stage is told twice only where its owner dies between telling and noting it."""
    calm = [seed for seed in range(1000) if drawn(seed).calm and not any(each.death for each in drawn(seed).ups)]
    told = [outcome for seed in calm[:15] if (outcome := simulate(seed, tells=True)).told]
    assert len(told) > 5
    for outcome in told:
        assert 1 not in stages(outcome)  # it ended before there were people to tell
        assert len({*outcome.told}) == len(outcome.told), outcome
