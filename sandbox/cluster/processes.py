"""Running other programs, and knowing a process again: by its id and its start time, never by its name.

An id alone is given to somebody else sooner or later; with the start time it is one process for ever.
"""

import contextlib
import os
import select
import shlex
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sandbox.cluster.errors import SandboxError

_ERROR_LINES = 15


def run(*argv: str | Path, environ: Mapping[str, str] | None = None, text: str | None = None) -> str:
    """Run a command to its end and return what it printed.

    Args:
        argv: the command.
        environ: its environment, this process's by default.
        text: its standard input, nothing by default.

    Raises:
        SandboxError: it is missing or exited with a status other than 0; the message has its last lines.
    """
    command = [str(argument) for argument in argv]
    try:
        result = subprocess.run(  # noqa: S603 - no shell, and every command is written in this package
            command,
            check=False,
            text=True,
            env=environ,
            input=text or "",
            capture_output=True,
        )
    except FileNotFoundError:
        msg = f"{command[0]} is not installed, so `{shlex.join(command)}` cannot be run. Look at: make sandbox"
        raise SandboxError(msg) from None
    if result.returncode != 0:
        output = "\n".join((result.stdout + result.stderr).splitlines()[-_ERROR_LINES:])
        msg = f"`{shlex.join(command)}` exited with {result.returncode}:\n{output}"
        raise SandboxError(msg)
    return result.stdout


@dataclass(frozen=True)
class Process:
    """One process of this machine, whether it still lives or not."""

    pid: int
    started: int  # clock ticks since boot (field 22 of /proc/PID/stat)

    @classmethod
    def of(cls, pid: int) -> "Process | None":
        """The process that has this id now."""
        try:
            # The name, in parentheses, may hold anything; the fields after it may not.
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        state, started = fields[0], fields[19]
        return None if state in {"Z", "X"} else cls(pid, int(started))

    @property
    def alive(self) -> bool:
        """Whether it runs (a zombie does not)."""
        return Process.of(self.pid) == self

    def children(self) -> list["Process"]:
        """Its children that live."""
        try:
            pids = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        except (FileNotFoundError, ProcessLookupError):
            return []
        return [child for child in map(Process.of, map(int, pids)) if child]

    @property
    def inner_pid(self) -> int:
        """Its id in the process namespace right below ours; 0 when it is in ours, deeper (a pod's), or gone."""
        try:
            lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        except (FileNotFoundError, ProcessLookupError):
            return 0
        ids = next(line.split()[1:] for line in lines if line.startswith("NSpid:"))
        return int(ids[1]) if len(ids) == 2 else 0  # noqa: PLR2004 - ours and the one below

    def arguments(self) -> list[str]:
        """Its command; empty strings when it is gone."""
        try:
            return Path(f"/proc/{self.pid}/cmdline").read_text().rstrip("\0").split("\0")
        except (FileNotFoundError, ProcessLookupError):
            return [""]

    def ancestors(self) -> set[int]:
        """Ids of itself and everything it descends from."""
        found: set[int] = set()
        pid = self.pid
        while pid and pid not in found:
            found.add(pid)
            try:
                pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
            except (FileNotFoundError, ProcessLookupError):
                break
        return found


def end(processes: Iterable[Process], *, grace_s: float, last_s: float = 10.0) -> list[Process]:
    """End processes: ask, wait `grace_s` (0: do not ask), kill, wait; return those that live all the same."""
    living = {process: descriptor for process in processes if (descriptor := _open(process)) is not None}
    try:
        for number, wait_s in ((signal.SIGTERM, grace_s), (signal.SIGKILL, last_s)):
            if wait_s <= 0:
                continue
            for descriptor in living.values():
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(descriptor, number)
            _wait(living, wait_s)
        return list(living)
    finally:
        for descriptor in living.values():
            os.close(descriptor)


def _open(process: Process) -> int | None:
    """A descriptor of exactly this process, or None when it is gone."""
    try:
        descriptor = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return None
    if process.alive:  # looked at after opening: the descriptor cannot be another's
        return descriptor
    os.close(descriptor)
    return None


def _wait(living: dict[Process, int], wait_s: float) -> None:
    """Wait until all have ended, at most `wait_s`; what has leaves the mapping, also where the wait is interrupted."""
    deadline = time.monotonic() + wait_s
    poll = select.poll()
    for descriptor in living.values():
        poll.register(descriptor, select.POLLIN)
    while living and (left := deadline - time.monotonic()) > 0:
        ended = {descriptor for descriptor, _ in poll.poll(left * 1000)}
        for process, descriptor in list(living.items()):
            if descriptor in ended:
                poll.unregister(descriptor)
                del living[process]
                os.close(descriptor)
