"""Whatever ends an update, the next one finishes it, and no request is lost meanwhile.

A killed update leaves Pulumi's lock: whoever updates next is refused, makes sure that it is dead, and takes the lock.
"""

import json
import subprocess
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.sandbox.program.load import Load
from tests.sandbox.program.stacks import Stack, checkout

pytestmark = pytest.mark.timeout(600)


def checkpoints(stack: Stack, process: subprocess.Popen[bytes]) -> Iterator[int]:
    """Count the engine's writes of its checkpoint, as they happen, until it ends."""
    (file,) = (stack.sandbox.root / "state").rglob(f"{stack.name}.json")
    last, number = file.stat().st_mtime_ns, 0
    while process.poll() is None:
        now = file.stat().st_mtime_ns
        if now != last:
            last, number = now, number + 1
            yield number
        time.sleep(0.0005)


def kill_at(stack: Stack, step: int, log: Path) -> bool:
    """Start `up` and kill it with all that it started, at its n-th checkpoint; False if it ended before."""
    process = stack.start("up", "--yes", "--skip-preview", "--non-interactive", log=log)
    for number in checkpoints(stack, process):
        if number == step:
            stack.kill(process)
            return True
    assert process.returncode == 0, log.read_text()
    return False


@pytest.mark.parametrize(
    "stride",
    [
        pytest.param(2, marks=pytest.mark.timeout(1200)),
        pytest.param(1, marks=(pytest.mark.soak, pytest.mark.timeout(1800)), id="every-step"),
    ],
)
def test_an_update_killed_at_any_step_is_finished_by_the_next(stack: Stack, tmp_path: Path, stride: int) -> None:
    """Each `up` of a flip is killed some checkpoints later than the one before; another checkout's always finishes it.

    At every third kill it is seen that the next update has nothing left to do.
    """
    other = checkout(tmp_path)
    step, target = 0, stack.live()
    with Load(stack, "new_connections", tmp_path) as load:
        for number, step in enumerate(count(1, stride)):
            target = "green" if target == "blue" else "blue"
            stack.configure("activeColour", target)
            killed = kill_at(stack, step, tmp_path / f"{step}.log")
            if killed and step == 1:
                assert "locked by 1 lock(s)" in stack.up(check=False, checkout=other).stdout
            stack.cancel()
            stack.up(checkout=other)
            assert stack.live() == target
            state = json.loads(stack.pulumi("stack", "export").stdout)["deployment"]
            assert not state.get("pending_operations")
            if number % 3 == 2 or not killed:
                before = stack.versions()
                assert "updated" not in stack.up().stdout
                assert stack.versions() == before
            if not killed:
                break
    assert step > 2, "an update that is never killed proves nothing"
    load.assert_nothing_lost()


def test_an_update_can_be_taken_back_after_a_kill(stack: Stack, tmp_path: Path) -> None:
    """Killed after the write and before its record: with the old colour declared again, traffic goes back."""
    start = stack.live()
    other = "green" if start == "blue" else "blue"
    for step in count(1, 2):
        stack.configure("activeColour", other)
        killed = kill_at(stack, step, tmp_path / f"{step}.log")
        stack.cancel()
        stack.configure("activeColour", start)
        stack.up()
        assert stack.live() == start
        if not killed:
            break


@pytest.mark.alone
@pytest.mark.parametrize(
    "part", ["pulumi-language-python-exec", "bin/pulumi-language-python ", "pulumi-resource-kubernetes"]
)
def test_an_engine_that_loses_a_part_of_itself_ends(stack: Stack, tmp_path: Path, part: str) -> None:
    """Program, language host or provider, while the gates look: nothing moves, no lock is left, the next one flips."""
    start = stack.live()
    target = "green" if start == "blue" else "blue"
    stack.configure("activeColour", target)
    log = tmp_path / "up.log"
    up = stack.start_up(log)
    stack.await_line(log, f"proving {target}")
    stack.kill(up, only=part)
    assert up.wait(60) != 0, log.read_text()
    assert stack.live() == start
    stack.up()
    assert stack.live() == stack.confirmed() == target


def test_two_updates_at_once_are_one_too_many(stack: Stack, tmp_path: Path) -> None:
    """The second is refused while the first holds the stack, and told by whom it is held; the first one finishes."""
    target = "green" if stack.live() == "blue" else "blue"
    stack.configure("activeColour", target)
    first = stack.start("up", "--yes", "--skip-preview", "--non-interactive", log=tmp_path / "first.log")
    for _ in checkpoints(stack, first):
        break
    second = stack.up(check=False)
    assert first.wait(120) == 0, (tmp_path / "first.log").read_text()
    assert second.returncode != 0
    assert "locked" in second.stdout
    assert str(first.pid) in second.stdout
    assert stack.live() == target


@pytest.mark.alone
def test_an_api_server_that_restarts_during_a_flip_costs_nothing(stack: Stack, tmp_path: Path) -> None:
    """The flip ends with the traffic moved, or refused with nothing moved; the next `up` is clean; nothing is lost."""
    target = "green" if stack.live() == "blue" else "blue"
    stack.configure("activeColour", target)
    with Load(stack, "new_connections", tmp_path) as load:
        flip = stack.start("up", "--yes", "--skip-preview", "--non-interactive", log=tmp_path / "flip.log")
        for _ in checkpoints(stack, flip):
            break
        command = [".venv/bin/python", "-m", "sandbox", "restart", "kube-apiserver", "--name", stack.sandbox.name]
        subprocess.run(command, check=True, timeout=120)
        flip.wait(180)
        # After several restarts, the cluster's own clients wait for up to a minute before they connect again, and the
        # flip is UNPROVEN meanwhile: its message says what to look at before the next update.
        if stack.live() == target:
            load.await_colour(target, seconds=120)
        stack.up()
        assert stack.live() == target
    load.assert_nothing_lost()
    assert load.colours[-1] == target
