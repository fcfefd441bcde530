"""Where stacks are kept: the layout of Pulumi's file backend, with its locks and history."""

import os
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from sandbox.engine.checkpoint import Snapshot
from sandbox.engine.project import Project


@dataclass(frozen=True, kw_only=True)
class UpdateInfo:
    """One line of a stack's history; times are Unix seconds. `kind`: update, preview, refresh, destroy or import."""

    kind: str
    start_time: int
    end_time: int
    result: str  # succeeded or failed
    message: str = ""
    environment: dict[str, str] = field(default_factory=dict[str, str])
    config: dict[str, dict[str, object]] = field(default_factory=dict[str, dict[str, object]])
    resource_changes: dict[str, int] = field(default_factory=dict[str, int])  # by create, update, delete, same, …
    version: int = 0


class FileBackend:
    """The stacks of one project in one folder (`file://…`)."""

    def __init__(self, url: str, project: Project, environ: Mapping[str, str] = os.environ) -> None:
        """Take a file:// address; nothing is made yet."""
        self.url = url
        self.project = project
        self.environ = environ

    def stacks(self) -> list[str]:
        """Name the project's stacks, sorted."""
        raise NotImplementedError

    def exists(self, stack: str) -> bool:
        """Tell whether there is such a stack."""
        raise NotImplementedError

    def create(self, stack: str) -> None:
        """Make an empty stack; one that exists is an error."""
        raise NotImplementedError

    def remove(self, stack: str, *, force: bool = False) -> None:
        """Remove a stack, its history and backups; one that still has resources only by force."""
        raise NotImplementedError

    def load(self, stack: str) -> Snapshot:
        """Read a stack's last snapshot; StackNotFoundError where there is none."""
        raise NotImplementedError

    def save(self, stack: str, snapshot: Snapshot) -> None:
        """Write a snapshot at once or not at all; the one before stays as .bak."""
        raise NotImplementedError

    @contextmanager
    def lock(self, stack: str, tell: Callable[[str], None] = print) -> Generator[None]:
        """Hold the stack for the body; StackLockedError where somebody else does. `tell` gets notes on stale locks."""
        tell(stack)
        raise NotImplementedError
        yield

    def cancel(self, stack: str) -> int:
        """Remove all locks of a stack (`pulumi cancel`) and tell how many."""
        raise NotImplementedError

    def history_append(self, stack: str, entry: UpdateInfo) -> None:
        """Add to a stack's history, with a copy of its checkpoint."""
        raise NotImplementedError

    def history(self, stack: str) -> list[UpdateInfo]:
        """Give a stack's history, newest first."""
        raise NotImplementedError

    def current(self) -> str | None:
        """Name the selected stack, None where none is."""
        raise NotImplementedError

    def select(self, stack: str | None) -> None:
        """Select a stack for later commands, or none."""
        raise NotImplementedError
