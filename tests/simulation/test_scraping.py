"""A Prometheus knows what live traffic meets, under faults: releases that fail for nobody else are not confirmed."""

from collections.abc import Callable

import pytest

from teal.flip.watching.observer import Observer
from teal.model.verdict import Verdict
from teal.proof.standing import Standing
from tests.simulation.run import simulate, spare

pytestmark = pytest.mark.filterwarnings("ignore:coroutine:RuntimeWarning")
"""A process that dies between making a coroutine and running it leaves that one unawaited."""

SEEDS = 150


def test_no_invariant_is_violated() -> None:
    """Prometheus is away, or stops scraping, and releases fail for live traffic alone, or answer it too late."""
    spare()
    outcomes = [simulate(seed, scrapes=True) for seed in range(SEEDS)]
    assert {each.seed: each.violations for each in outcomes if each.violations} == {}
    told = ["\n".join(each.script) for each in outcomes]
    for happens in ("REVERTED", "UNPROVEN", "it scrapes nothing"):
        assert sum(happens in each for each in told) > SEEDS / 10, happens


def counted_with_test_traffic(patch: pytest.MonkeyPatch) -> None:
    """A bake counts what the gates have sent before the flip as live traffic."""

    def whole(self: Observer) -> float:
        return self._bake.plan.window  # pyright: ignore[reportPrivateUsage]

    patch.setattr(Observer, "_window", property(whole))


def proven_once(patch: pytest.MonkeyPatch) -> None:
    """What was ready before the gates were asked counts, whatever was deployed since."""

    def regardless(self: Standing, before: Standing) -> Verdict:
        del self
        return before.capacity

    patch.setattr(Standing, "since", regardless)


@pytest.mark.parametrize(
    ("bug", "seed", "found"),
    [(counted_with_test_traffic, 6289, "failing_never_confirmed"), (proven_once, 13, "moved_only_to_proven")],
)
def test_a_bug_is_found(
    bug: Callable[[pytest.MonkeyPatch], None], seed: int, found: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is found by the invariant that it violates, and without it the seed violates none."""
    assert not simulate(seed, scrapes=True).violations
    bug(monkeypatch)
    assert found in {each.name for each in simulate(seed, scrapes=True).violations}
