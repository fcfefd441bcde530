"""Right after the write a pod of the colour that is live now turns unready, or crashes.

That its answers are errors is what `test_bake` is about.
"""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.sandbox.program.load import Load
from tests.sandbox.program.stacks import Stack

pytestmark = pytest.mark.timeout(300)

BAKE_SECONDS = 30
"""Far more than the bake needs to see it: one that only waits is noticed."""
CRASH_COSTS_SECONDS = 3
"""For endpoints and kube-proxy to follow the death of a pod, on two busy cores: measured without load, 0.2 to 1.2 s."""


@pytest.fixture(autouse=True)
def _rest(stack: Stack) -> Iterator[None]:
    """Blue live and green well, before each test and whatever became of the last one."""
    stack.configure("services.backend.probePath", "/pricing")
    stack.configure("bake.seconds", str(BAKE_SECONDS))
    yield
    stack.kubectl("delete", "pod", "-l", "teal/colour=green")  # one may call itself unready for ever
    stack.kubectl("rollout", "status", "deployment/backend-green", "--timeout=60s")
    stack.rest()


def turn_unready(stack: Stack, pod: str) -> None:
    """A drain without an end: it goes on answering, and says that it is not to be sent anything."""
    stack.kubectl("exec", pod, "--", "python3", "-m", "workload.pricing.drain", "--wait", "0", "--timeout", "20")


def crash(stack: Stack, pod: str) -> None:
    """Kill its container from the machine: no drain, no warning."""
    found = stack.kubectl("get", "pod", pod, "-o", "jsonpath={.status.containerStatuses[0].containerID}")
    container = found.removeprefix("containerd://")
    for cgroup in Path("/proc").glob("[0-9]*/cgroup"):
        with contextlib.suppress(OSError):  # another process that ended meanwhile
            if container in cgroup.read_text():
                os.kill(int(cgroup.parent.name), signal.SIGKILL)


@pytest.mark.parametrize(("fail", "costs_seconds"), [(turn_unready, 0), (crash, CRASH_COSTS_SECONDS)])
def test_a_pod_that_fails_right_after_the_write_undoes_the_flip(
    stack: Stack, tmp_path: Path, fail: Callable[[Stack, str], None], costs_seconds: int
) -> None:
    """It is named; nothing is lost but what a dead pod was sent before the cluster knew."""
    log = tmp_path / "up.log"
    before = max((each["number"] for each in stack.history()), default=0)
    victim: str = stack.pods("green")[0]["metadata"]["name"]
    stack.configure("activeColour", "green")
    with Load(stack, "new_connections", tmp_path) as load, Load(stack, "kept_alive", tmp_path) as kept:
        up = stack.start_up(log)
        stack.await_stage("BAKING", after=before)
        failed_ns = time.monotonic_ns()
        fail(stack, victim)
        assert up.wait(120) != 0
        undone_ns = time.monotonic_ns()
        assert stack.live() == "blue"
    said = log.read_text()
    assert "Traffic was put back onto blue, which was proven to carry it" in said
    assert victim in said
    assert undone_ns - failed_ns < BAKE_SECONDS * 1_000_000_000, "it was seen only when the bake was over"
    flip = stack.history()[-1]
    assert (flip["stage"], stack.confirmed()) == ("REVERTED", "blue")
    failing = range(failed_ns, failed_ns + costs_seconds * 1_000_000_000)
    load.assert_nothing_lost(besides=failing)
    kept.assert_nothing_lost(besides=failing)
    assert "green" in load.colours, "green was never live, so nothing was shown"
