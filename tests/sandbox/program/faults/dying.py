"""Pods that die all the time, and flips that are tried until they are not refused for it."""

import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any

from tests.sandbox.program.stacks import Stack

ATTEMPTS = 6
"""Of a flip: a pod that is missing at the moment of the proof is a reason to refuse."""


@contextmanager
def pods_deleted(stack: Stack, *, pods: int, every_seconds: float) -> Generator[list[str]]:
    """Delete a pod of one colour, then of the other, in turn, if all of its pods are well; says which."""
    over, killed = threading.Event(), list[str]()

    def kill() -> None:
        turn = ["blue", "green"]
        while not over.wait(every_seconds):
            ready = [pod for pod in stack.pods(turn[0]) if is_ready(pod)]
            if len(ready) == pods:
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


def is_ready(pod: Mapping[str, Any]) -> bool:
    """Whether a pod says that it is."""
    conditions = pod["status"].get("conditions", ())
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def flipped(stack: Stack, colour: str) -> None:
    """Flip to what is declared, until that is not refused."""
    refusals: list[str] = []
    while (done := stack.up(check=False)).returncode != 0:
        refusals.append(done.stdout)
        assert len(refusals) < ATTEMPTS, refusals
    assert stack.confirmed() == colour
