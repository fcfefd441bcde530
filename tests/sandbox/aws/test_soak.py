"""Flips and rollbacks under load, the old colour gone right after each: what the settle time is there for."""

import logging
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.sandbox.aws.account import Account
from tests.sandbox.aws.moves import PODS, configure
from tests.sandbox.program.faults.dying import flipped, pods_deleted
from tests.sandbox.program.load import Load
from tests.sandbox.program.stacks import Stack

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(1500)]

_LOG = logging.getLogger(__name__)

LATE_SECONDS = (0, 1, 3, 10)
"""By which the data path follows a rule, in turn."""

ONE_OF_EACH = [[(1, "retired"), (3, "stopped")]]
TWENTY = [[(late, way) for late in LATE_SECONDS] for way in ("retired", "stopped", "retired", "stopped", "retired")]
"""Rounds of flips, and how the old colour leaves: each round has loads of its own."""

KILL_SECONDS = 5

UNSETTLED = {"settleSeconds": 0, "bake.seconds": 0, "alb.reachable": False}
"""Nobody waits after a flip: not for its time, and not for the listener to answer with the new version."""


@pytest.mark.parametrize("rounds", [ONE_OF_EACH, pytest.param(TWENTY, marks=pytest.mark.soak)], ids=["two", "twenty"])
def test_flips_and_rollbacks_lose_nothing(
    stack: Stack, account: Account, tmp_path: Path, rounds: Sequence[Sequence[tuple[float, str]]]
) -> None:
    """Rules late, pods of both colours deleted, the old colour gone at once; what there is in AWS stays what it is."""
    standing = account.standing()
    requests, killed, begun = 0, list[str](), time.monotonic()
    for number, round_ in enumerate(rounds):
        out = tmp_path / f"round-{number}"
        out.mkdir()
        with Load(stack, "new_connections", out) as load, Load(stack, "kept_alive", out, rate=50) as kept:
            with pods_deleted(stack, pods=PODS, every_seconds=KILL_SECONDS) as gone:
                flips(stack, account, round_)
            over = time.monotonic_ns()
        killed += gone
        requests += len(load.records) + len(kept.records)
        load.assert_nothing_lost()
        kept.assert_nothing_lost()
        assert min(each.records[-1].scheduled_ns for each in (load, kept)) > over - 1e9, "the load ended early"
        assert len(load.colours) > len(round_), "live traffic did not go there and back"
    assert account.standing() == standing
    assert {name.split("-")[1] for name in killed} == {"blue", "green"}
    _LOG.info("%d requests, none lost; %d pods deleted; %.0f s", requests, len(killed), time.monotonic() - begun)


def test_without_the_settle_time_the_same_flips_lose_requests(stack: Stack, account: Account, tmp_path: Path) -> None:
    """So that the load can see a loss, and it is the wait that prevents it."""
    configure(stack, **UNSETTLED)
    stack.up()
    with Load(stack, "new_connections", tmp_path) as load:
        flips(stack, account, [(late, "stopped") for late in LATE_SECONDS[-2:]])
    assert load.lost != []
    assert {each.status for each in load.lost} == {503}
    _LOG.info("%d of %d requests lost", len(load.lost), len(load.records))


def flips(stack: Stack, account: Account, lates: Sequence[tuple[float, str]]) -> None:
    """To green and back, in turn; each old colour is retired in the next update, or stopped in the very same one."""
    for number, (late, way) in enumerate(lates):
        colour, old = ("green", "blue") if number % 2 == 0 else ("blue", "green")
        account.order(rule_delay_s=late)
        leave = {f"{old}.state": "stopped"} if way == "stopped" else {}
        configure(stack, activeColour=colour, **{f"{colour}.state": "running"}, **leave)
        flipped(stack, colour)
        if way == "retired":
            configure(stack, **{f"{old}.state": "retired"})
            while (done := stack.up(check=False)).returncode != 0:
                assert f"slot {old} is to retire" in done.stdout, done.stdout
