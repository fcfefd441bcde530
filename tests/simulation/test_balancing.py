"""A load balancer of AWS directs the traffic, under faults: its API is slow, and knows no writers and no conditions."""

from collections.abc import Collection, Mapping

import pytest

from teal.model.live import LiveService
from teal.routers.alb import AlbRouter
from tests.simulation.run import simulate, spare

pytestmark = [
    # A process that dies between making a coroutine and running it leaves that one unawaited.
    pytest.mark.filterwarnings("ignore:coroutine:RuntimeWarning"),
    # pulumi-aws says this when it is imported, of a resource that teal has not.
    pytest.mark.filterwarnings("ignore:aws.ec2/encryptioncontrol:DeprecationWarning"),
]

SEEDS = 150


def test_no_invariant_is_violated() -> None:
    """AWS throttles, fails or answers late, and somebody writes weights meanwhile."""
    spare()
    outcomes = [simulate(seed, balances=True) for seed in range(SEEDS)]
    assert {each.seed: each.violations for each in outcomes if each.violations} == {}
    told = ["\n".join(each.script) for each in outcomes]
    for happens in ("CONFIRMED", "REVERTED", "OVERTAKEN", "PATCH listenerrules"):
        assert sum(happens in each for each in told) > SEEDS / 30, happens


def test_a_look_at_neighbours_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last look at one service is of all rules: one that the same update has written since is taken for foreign."""
    read = AlbRouter.live_services

    async def all_of_them(self: AlbRouter, names: Collection[str] | None = None) -> Mapping[str, LiveService]:
        del names
        return await read(self)

    monkeypatch.setattr(AlbRouter, "live_services", all_of_them)
    assert "messages_are_true" in {each.name for each in simulate(80, balances=True).violations}
