"""Twenty flips and rollbacks under load, the old colour gone right after each: what the settle time is there for."""

import logging
import threading
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.aws.account import Account
from tests.sandbox.aws.moves import PODS, configure
from tests.sandbox.program.stacks import Load, Stack

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(1500)]

_LOG = logging.getLogger(__name__)

LATE_SECONDS = (0, 1, 3, 10)
"""By which the data path follows a rule, in turn."""

ROUNDS = 5
KILL_SECONDS = 5
ATTEMPTS = 6
"""Of a flip: a pod that is missing at the moment of the proof is a reason to refuse."""

UNSETTLED = {"settleSeconds": 0, "bake.seconds": 0, "alb.knock": False}
"""Nobody waits after a flip: not for its time, and not for the listener to answer with the new version."""


def test_twenty_flips_and_rollbacks_lose_nothing(stack: Stack, account: Account, tmp_path: Path) -> None:
    """Rules late, pods of both colours deleted, the old colour gone at once; what there is in AWS stays what it is."""
    standing = account.standing()
    requests, killed, begun = 0, list[str](), time.monotonic()
    for number in range(ROUNDS):
        out = tmp_path / f"round-{number}"
        out.mkdir()
        with Load(stack, "new_connections", out) as load, Load(stack, "kept_alive", out, rate=50) as kept:
            with pods_deleted(stack) as gone:
                flips(stack, account, LATE_SECONDS, way=("retired", "stopped")[number % 2])
            over = time.monotonic_ns()
        killed += gone
        requests += len(load.records) + len(kept.records)
        assert (load.lost, kept.lost) == ([], [])
        assert min(each.records[-1].scheduled_ns for each in (load, kept)) > over - 1e9, "the load ended early"
        assert len(load.colours) > len(LATE_SECONDS), "live traffic did not go there and back"
    assert account.standing() == standing
    assert {name.split("-")[1] for name in killed} == {"blue", "green"}
    _LOG.info("%d requests, none lost; %d pods deleted; %.0f s", requests, len(killed), time.monotonic() - begun)


def test_without_the_settle_time_the_same_flips_lose_requests(stack: Stack, account: Account, tmp_path: Path) -> None:
    """So that the load can see a loss, and it is the wait that prevents it."""
    configure(stack, **UNSETTLED)
    stack.up()
    with Load(stack, "new_connections", tmp_path) as load:
        flips(stack, account, LATE_SECONDS[-2:], way="stopped")
    assert load.lost != []
    assert {each.status for each in load.lost} == {503}
    _LOG.info("%d of %d requests lost", len(load.lost), len(load.records))


def flips(stack: Stack, account: Account, lates: Sequence[float], *, way: str) -> None:
    """To green and back, in turn; each old colour is retired in the next update, or stopped in the very same one."""
    for number, late in enumerate(lates):
        colour, old = ("green", "blue") if number % 2 == 0 else ("blue", "green")
        account.order(rule_delay_s=late)
        leave = {f"{old}.state": "stopped"} if way == "stopped" else {}
        configure(stack, activeColour=colour, **{f"{colour}.state": "running"}, **leave)
        flipped(stack, colour)
        if way == "retired":
            configure(stack, **{f"{old}.state": "retired"})
            while (done := stack.up(check=False)).returncode != 0:
                assert f"slot {old} is to retire" in done.stdout, done.stdout


def flipped(stack: Stack, colour: str) -> None:
    """Go on until a flip is not refused: pods are deleted while the gates look."""
    refusals: list[str] = []
    while (done := stack.up(check=False)).returncode != 0:
        refusals.append(done.stdout)
        assert len(refusals) < ATTEMPTS, refusals
    assert stack.confirmed() == colour


@contextmanager
def pods_deleted(stack: Stack) -> Generator[list[str]]:
    """Delete a pod of one colour, then of the other, every few seconds, if all of its pods are well; says which."""
    over, killed = threading.Event(), list[str]()

    def kill() -> None:
        turn = ["blue", "green"]
        while not over.wait(KILL_SECONDS):
            ready = [pod for pod in stack.pods(turn[0]) if is_ready(pod)]
            if len(ready) == PODS:
                killed.append(ready[0]["metadata"]["name"])
                stack.kubectl("delete", "pod", killed[-1], "--wait=false")
            turn.reverse()

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        yield killed
    finally:
        over.set()
        killer.join(60)


def is_ready(pod: Any) -> bool:  # noqa: ANN401 - as the API server tells it
    """Whether a pod says that it is."""
    conditions = pod["status"].get("conditions", ())
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
