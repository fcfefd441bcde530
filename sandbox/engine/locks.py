"""One update of a stack at a time: lock files as Pulumi's file backend keeps them, so that it honours ours and we its.

A lock of a process of this host that has ended is stale and is taken over: Pulumi leaves that to `pulumi cancel`.
"""

import fcntl
import getpass
import json
import os
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import psutil

from sandbox.engine.errors import StackLockedError
from sandbox.engine.state import now

# A process that began this long after its lock was written is another one with a reused pid. Seconds; a guess that is
# long beside what a clock is corrected by, as a lock wrongly held costs a command and one wrongly taken a state.
_CLOCK_SLACK = 60


@dataclass(frozen=True)
class Lock:
    """Who holds a stack since when (RFC 3339), and the file that says so."""

    file: Path
    pid: int
    username: str
    hostname: str
    timestamp: str

    @classmethod
    def read(cls, file: Path) -> "Lock | None":
        """Read a lock file; None where it has just been removed. An unreadable one is held by nobody we can name."""
        try:
            return cls(file, **json.loads(file.read_bytes()))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError):
            return cls(file, 0, "unknown", "unknown", "an unknown time")

    @property
    def stale(self) -> bool:
        """Whether its process was one of this host and has ended."""
        if self.hostname != socket.gethostname():
            return False
        try:
            process = psutil.Process(self.pid)
            since = datetime.fromisoformat(self.timestamp).timestamp()
            return process.status() == psutil.STATUS_ZOMBIE or process.create_time() > since + _CLOCK_SLACK
        except psutil.NoSuchProcess:
            return True
        except ValueError:
            return False  # a time we cannot read: not ours to take over

    def __str__(self) -> str:
        """Say who holds it, in the words of Pulumi's own message."""
        return f"{self.file}: created by {self.username}@{self.hostname} (pid {self.pid}) at {self.timestamp}"


def locks(folder: Path) -> list[Lock]:
    """Give the locks of a stack, the stale ones too."""
    found = (Lock.read(file) for file in sorted(folder.glob("*.json")))
    return [lock for lock in found if lock is not None]


@contextmanager
def hold(folder: Path, tell: Callable[[str], None]) -> Generator[None]:
    """Hold a stack's lock folder for the body; `tell` gets a line for each stale lock that is taken over.

    Raises:
        StackLockedError: somebody else holds it, or takes it at the same moment.
    """
    folder.mkdir(parents=True, exist_ok=True)
    identity = str(uuid4())
    mine = Lock(folder / f"{identity}.json", os.getpid(), getpass.getuser(), socket.gethostname(), now())
    content = asdict(mine)
    del content["file"]
    # Beside the folder: Pulumi takes any file in it for a lock, a half-written one too.
    half = folder.parent / f".{identity}.tmp"
    half.write_text(json.dumps(content))
    guard = os.open(folder, os.O_RDONLY)
    try:
        # Of two that come at once exactly one gets it: the write and the look are one step.
        fcntl.flock(guard, fcntl.LOCK_EX)
        for stale in [lock for lock in locks(folder) if lock.stale]:
            tell(f"the lock of a process that has ended is taken over: {stale}")
            stale.file.unlink(missing_ok=True)
        half.replace(mine.file)
        # After the write, as a real Pulumi knows nothing of the guard: it looks again after its own write, too.
        others = [lock for lock in locks(folder) if lock.file != mine.file]
        if others:
            mine.file.unlink()
            raise _refusal(others)
    finally:
        os.close(guard)
        half.unlink(missing_ok=True)
    try:
        yield
    finally:
        mine.file.unlink(missing_ok=True)


def _refusal(others: list[Lock]) -> StackLockedError:
    message = (
        f"the stack is currently locked by {len(others)} lock(s). Nothing was done. Either wait for the other "
        "process(es) to end or delete the lock file with `pulumi cancel`."
    )
    return StackLockedError("\n  ".join([message, *map(str, others)]))
