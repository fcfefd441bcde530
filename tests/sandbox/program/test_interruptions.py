"""Whatever ends an update, the next one finishes it, and no request is lost meanwhile."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.sandbox.program.stacks import Load, Stack, checkout

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
    """Start `up` and kill it, engine and program, at its n-th checkpoint; False if it ended before."""
    process = stack.start("up", "--yes", "--skip-preview", "--non-interactive", log=log)
    for number in checkpoints(stack, process):
        if number == step:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(30)
            return True
    assert process.returncode == 0, log.read_text()
    return False


def test_an_update_killed_at_any_step_is_finished_by_the_next(stack: Stack, tmp_path: Path) -> None:
    """Each `up` of a flip is killed one checkpoint later than the one before; another checkout's always finishes it."""
    other = checkout(tmp_path)
    colours = ["green", "blue"]
    step = 0
    with Load(stack, "new_connections", tmp_path) as load:
        for step in count(1):
            target = colours[(step + 1) % 2]
            stack.configure("activeColour", target)
            killed = kill_at(stack, step, tmp_path / f"{step}.log")
            stack.up(checkout=other)
            assert stack.live() == target
            state = json.loads(stack.pulumi("stack", "export").stdout)["deployment"]
            assert not state.get("pending_operations")
            before = stack.versions()
            assert "updated" not in stack.up().stdout
            assert stack.versions() == before
            if not killed:
                break
    assert step > 2, "an update that is never killed proves nothing"
    assert load.lost == []


def test_an_update_can_be_taken_back_after_a_kill(stack: Stack, tmp_path: Path) -> None:
    """Killed after the write and before its record: with the old colour declared again, traffic goes back."""
    start = stack.live()
    other = "green" if start == "blue" else "blue"
    for step in count(1):
        stack.configure("activeColour", other)
        killed = kill_at(stack, step, tmp_path / f"{step}.log")
        stack.configure("activeColour", start)
        stack.up()
        assert stack.live() == start
        if not killed:
            break


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
        stack.up()
        assert stack.live() == target
    assert load.lost == []
    assert load.colours[-1] == target
