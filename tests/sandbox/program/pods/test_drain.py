"""Pods that are deleted under load: what the drain hook is there for."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.program.load import Load
from tests.sandbox.program.stacks import Stack

pytestmark = [pytest.mark.shared, pytest.mark.timeout(300)]

ROUNDS = 2


def delete_each_live_pod(stack: Stack) -> None:
    """One after the other, each when the one before has been replaced."""
    for _ in range(ROUNDS):
        for pod in stack.pods("blue"):
            stack.kubectl("delete", "pod", pod["metadata"]["name"], "--wait=false")
            stack.kubectl("rollout", "status", "deployment/backend-blue", "--timeout=60s", seconds=90)


@pytest.fixture
def without_hook(stack: Stack) -> Iterator[Stack]:
    """Pods that end at once: no wait before SIGTERM, and nothing of the service's own that would linger."""
    before = stack.config.read_text()
    stack.pulumi("config", "rm", "--path", "teal:services.backend.shutdown.drainCommand")
    stack.configure("services.backend.shutdown.waitSeconds", "0")
    stack.configure("blue.backend.env.DRAIN_LINGER_SECONDS", "0")
    stack.configure("blue.backend.env.DRAIN_TIMEOUT_SECONDS", "0")
    stack.up()
    yield stack
    stack.config.write_text(before)
    stack.up()


@pytest.mark.parametrize("mode", ["new_connections", "kept_alive"])
def test_with_the_hook_no_request_is_lost(stack: Stack, tmp_path: Path, mode: str) -> None:
    """Every live pod is deleted twice over, under load."""
    with Load(stack, mode, tmp_path) as load:
        delete_each_live_pod(stack)
    load.assert_nothing_lost()


def test_without_it_requests_are_lost(without_hook: Stack, tmp_path: Path) -> None:
    """The same deletions, so that it is the hook that makes the difference."""
    with Load(without_hook, "new_connections", tmp_path, rate=200) as load:
        delete_each_live_pod(without_hook)
    assert load.lost != []
