"""One update of a stack at a time: a held lock is respected, the lock of a process that has ended is not."""

import fcntl
import json
import os
import select
import socket
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from sandbox.engine.backend import FileBackend
from sandbox.engine.errors import StackLockedError

# Waits for a line, tries the lock, says what came of it, and keeps it until its stdin is closed.
HOLDER = """
import sys
from pathlib import Path
from sandbox.engine.errors import StackLockedError
from sandbox.engine.locks import hold

print("ready", flush=True)
sys.stdin.readline()
try:
    with hold(Path(sys.argv[1]), print):
        print("held", flush=True)
        sys.stdin.read()
except StackLockedError:
    print("refused", flush=True)
"""


@contextmanager
def processes(backend: FileBackend, number: int) -> Generator[list[subprocess.Popen[str]]]:
    """Real processes, imported and waiting for the word to try the lock."""
    command = [sys.executable, "-c", HOLDER, str(folder(backend))]
    started = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(number)
    ]
    try:
        for process in started:
            assert said(process) == "ready"
        yield started
    finally:
        for process in started:
            process.kill()
            process.communicate()


def said(process: subprocess.Popen[str]) -> str:
    """The next line of a process."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def go(process: subprocess.Popen[str]) -> None:
    """Let a process try the lock."""
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def folder(backend: FileBackend) -> Path:
    """Where Pulumi's file backend keeps the locks of the stack `dev`."""
    return backend.project.root / "state/.pulumi/locks/organization/teal/dev"


def write(backend: FileBackend, **fields: object) -> Path:
    """A lock file as a real Pulumi leaves one."""
    content = {"pid": 1, "username": "ada", "hostname": "elsewhere", "timestamp": "2026-01-01T10:00:00.123456789+01:00"}
    file = folder(backend) / "0.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content | fields))
    return file


def test_a_held_lock_names_its_holder_and_the_way_out(backend: FileBackend) -> None:
    """Who, since when, where the file is, and `pulumi cancel`."""
    with processes(backend, 1) as [holder]:
        go(holder)
        assert said(holder) == "held"
        with pytest.raises(StackLockedError) as caught, backend.lock("dev"):
            pass
        lock = json.loads(next(folder(backend).glob("*.json")).read_bytes())
    message = str(caught.value)
    assert "currently locked by 1 lock(s)" in message
    assert "pulumi cancel" in message
    assert f"@{socket.gethostname()} (pid {holder.pid}) at {lock['timestamp']}" in message
    assert lock["pid"] == holder.pid


def test_the_lock_of_a_killed_process_is_taken_over_and_said(backend: FileBackend) -> None:
    """SIGKILL leaves the file; the next one goes on, also while the dead one is not yet reaped."""
    told: list[str] = []
    with processes(backend, 1) as [holder]:
        go(holder)
        assert said(holder) == "held"
        holder.kill()
        os.waitid(os.P_PID, holder.pid, os.WEXITED | os.WNOWAIT)  # ended, and still a zombie
        assert psutil.Process(holder.pid).status() == psutil.STATUS_ZOMBIE
        with backend.lock("dev", told.append):
            assert len(list(folder(backend).iterdir())) == 1
    assert len(told) == 1
    assert f"(pid {holder.pid})" in told[0]


def test_of_many_that_come_at_once_exactly_one_gets_the_lock(backend: FileBackend) -> None:
    """Never two, and never none."""
    with processes(backend, 6) as contenders:
        for process in contenders:
            go(process)
        assert sorted(map(said, contenders)) == ["held", *["refused"] * 5]


def test_one_waits_while_another_looks(backend: FileBackend) -> None:
    """Writing and looking are one step, so that two never refuse each other."""
    folder(backend).mkdir(parents=True)
    guard = os.open(folder(backend), os.O_RDONLY)
    fcntl.flock(guard, fcntl.LOCK_EX)
    with processes(backend, 1) as [waiting]:
        go(waiting)
        assert waiting.stdout is not None
        assert select.select([waiting.stdout], [], [], 0.5)[0] == []
        assert list(folder(backend).iterdir()) == []
        os.close(guard)
        assert said(waiting) == "held"


def test_a_pid_that_was_given_to_another_process_holds_nothing(backend: FileBackend) -> None:
    """The lock is older than the process that has its pid now."""
    file = write(backend, pid=os.getpid(), hostname=socket.gethostname(), timestamp="2001-01-01T00:00:00Z")
    with backend.lock("dev", lambda _: None):
        assert not file.exists()


@pytest.mark.parametrize(
    "fields",
    [
        {"pid": 2**22 + 1},  # no such process here, but another host's pids are not ours to judge
        {"hostname": socket.gethostname(), "pid": os.getppid(), "timestamp": "2999-01-01T00:00:00.123456789Z"},
        {"hostname": socket.gethostname(), "pid": os.getppid(), "timestamp": "long ago"},
        {"pid": "one", "unknown": True},
    ],
)
def test_a_lock_that_may_be_held_is_respected(backend: FileBackend, fields: dict[str, object]) -> None:
    """Another host's, a living process's, one that cannot be read: refused, and the file stays."""
    file = write(backend, **fields)
    with pytest.raises(StackLockedError, match=str(file)), backend.lock("dev"):
        pass
    assert list(folder(backend).iterdir()) == [file]


def test_cancel_removes_what_is_held(backend: FileBackend) -> None:
    """`pulumi cancel` is the way out, and says how many there were."""
    write(backend)
    assert backend.cancel("dev") == 1
    with backend.lock("dev"):
        assert len(list(folder(backend).iterdir())) == 1
    assert backend.cancel("dev") == 0


def test_the_lock_goes_when_the_body_fails(backend: FileBackend) -> None:
    """A failed update does not lock the next one out."""
    with pytest.raises(ZeroDivisionError), backend.lock("dev"):
        raise ZeroDivisionError
    assert list(folder(backend).iterdir()) == []
