"""A process is known by its id and start time; ending one ends that one and no other."""

import os
import signal
import subprocess
import sys

import pytest

from sandbox.cluster.errors import SandboxError
from sandbox.cluster.processes import Process, end, run

_STUBBORN = "import signal,time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"


def _of(process: subprocess.Popen[bytes]) -> Process:
    found = Process.of(process.pid)
    assert found
    return found


def test_one_that_ignores_the_request_is_killed() -> None:
    """SIGTERM first, SIGKILL after the grace."""
    with subprocess.Popen([sys.executable, "-c", _STUBBORN], stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        assert end([_of(process)], grace_s=0.05) == []
    assert process.returncode == -signal.SIGKILL


def test_one_that_obeys_is_not_killed() -> None:
    """It may put its things in order."""
    with subprocess.Popen(["sleep", "60"]) as process:  # noqa: S607 - any sleep will do
        assert end([_of(process)], grace_s=10) == []
    assert process.returncode == -signal.SIGTERM


def test_a_later_process_with_the_same_id_is_left_alone() -> None:
    """The id of a record may long be somebody else's."""
    with subprocess.Popen(["sleep", "60"]) as process:  # noqa: S607 - any sleep will do
        earlier = Process(process.pid, _of(process).started - 1)
        assert not earlier.alive
        assert end([earlier], grace_s=1) == []
        assert process.poll() is None
        process.kill()


def test_a_zombie_does_not_live() -> None:
    """A process that ended but was not collected is gone."""
    with subprocess.Popen(["true"]) as process:  # noqa: S607 - any program will do
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert Process.of(process.pid) is None


def test_it_knows_its_parents_and_children() -> None:
    """`down` spares the shell it is called from."""
    with subprocess.Popen(["sleep", "60"]) as process:  # noqa: S607 - any sleep will do
        assert os.getpid() in _of(process).ancestors()
        me = Process.of(os.getpid())
        assert me
        assert _of(process) in me.children()
        assert _of(process).inner_pid == 0
        process.kill()


def test_a_failed_command_says_what_it_printed_last() -> None:
    """The command, its status and its last lines."""
    with pytest.raises(SandboxError, match=r"exited with 3:\nwhy"):
        run("sh", "-c", "echo why >&2; exit 3")


def test_a_command_that_is_not_there_is_named() -> None:
    """What would have been run stands in the message."""
    with pytest.raises(SandboxError, match="no-such-command is not installed"):
        run("no-such-command", "x")
