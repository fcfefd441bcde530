"""Where stacks are kept: the layout of Pulumi's file backend, checkpoints, history and the selected stack.

Facts are those of Pulumi's `pkg/backend/diy` (layout version 1, uncompressed) and `pkg/workspace`. Not here: what a
checkpoint says (`checkpoint.py`), who may write it (`locks.py`).
"""

import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sandbox.engine import locks
from sandbox.engine.checkpoint import Snapshot
from sandbox.engine.errors import EngineError, StackNotFoundError, StateError
from sandbox.engine.files import read_yaml, write_atomic
from sandbox.engine.project import Project
from sandbox.engine.state import ROOT_STACK_TYPE

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_LAYOUT = 1


@dataclass(frozen=True, kw_only=True)
class UpdateInfo:
    """One entry of a stack's history; times are Unix seconds.

    `kind` is update, preview, refresh, destroy or import; `result` succeeded or failed; `resource_changes` counts by
    create, update, delete, same, …; `version` counts from 1 and is set on reading.
    """

    kind: str
    start_time: int
    end_time: int
    result: str
    message: str = ""
    environment: dict[str, str] = field(default_factory=dict[str, str])
    config: dict[str, Any] = field(default_factory=dict[str, Any])
    resource_changes: dict[str, int] = field(default_factory=dict[str, int])
    version: int = 0


_HISTORY = {
    "kind": "kind",
    "startTime": "start_time",
    "message": "message",
    "environment": "environment",
    "config": "config",
    "version": "version",
    "result": "result",
    "endTime": "end_time",
    "resourceChanges": "resource_changes",
}


class FileBackend:
    """The stacks of one project in one folder. A stack is named `dev` or `organization/<project>/dev`."""

    def __init__(
        self, url: str, project: Project, environ: Mapping[str, str] = os.environ, *, fsync: bool = False
    ) -> None:
        """Take a `file://` address; nothing is made yet. `fsync` guards each save against loss of power too.

        Raises:
            EngineError: the address is of another kind.
        """
        if not url.startswith("file://"):
            raise EngineError(
                f"backend '{url}' is not supported by the embedded engine: it keeps state in a folder only. "
                "Set PULUMI_BACKEND_URL=file:///some/folder."
            )
        self.url = url
        self.project = project
        self._environ = environ
        self._fsync = fsync
        self._root = Path(url.removeprefix("file://").partition("?")[0]).expanduser().absolute() / ".pulumi"

    def stacks(self) -> list[str]:
        """Name the project's stacks, sorted."""
        return sorted(file.stem for file in self._folder("stacks").glob("*.json") if _NAME.fullmatch(file.stem))

    def exists(self, stack: str) -> bool:
        """Tell whether there is such a stack."""
        return self._file(stack).exists()

    def full_name(self, stack: str) -> str:
        """Give the name Pulumi's file backend knows a stack by: organization/<project>/<stack>.

        Raises:
            EngineError: it is no name, or one of another project.
        """
        *scope, name = stack.split("/")
        if scope not in ([], ["organization"], ["organization", self.project.name]) or not _NAME.fullmatch(name):
            raise EngineError(
                f"'{stack}' is no stack of this project: a name has letters, digits, '-', '_', '.', 100 at most, "
                f"or is organization/{self.project.name}/<name>."
            )
        return f"organization/{self.project.name}/{name}"

    def create(self, stack: str) -> None:
        """Make an empty stack.

        Raises:
            EngineError: there is one of that name, or the folder has a layout this engine does not know.
        """
        if self.exists(stack):
            raise EngineError(f"stack '{stack}' already exists. Select it with `pulumi stack select {stack}`.")
        meta = self._root / "meta.yaml"
        if not meta.exists():
            write_atomic(meta, f"version: {_LAYOUT}\n".encode())
        version = read_yaml(meta, StateError)[0].get("version")
        if version != _LAYOUT:
            raise StateError(f"{meta}: layout version {version} is not supported; run `pulumi state upgrade` first.")
        empty = {"version": 3, "checkpoint": {"stack": self.full_name(stack)}}
        write_atomic(self._file(stack), json.dumps(empty).encode(), fsync=self._fsync)

    def remove(self, stack: str, *, force: bool = False) -> None:
        """Remove a stack with its history and backups.

        Raises:
            EngineError: it still has resources and `force` is not given.
        """
        resources = self.load(stack).resources if not force else []
        if any(resource.type != ROOT_STACK_TYPE for resource in resources):
            raise EngineError(
                f"'{stack}' still has {len(resources)} resource(s); nothing was removed. Destroy them with "
                f"`pulumi destroy --stack {stack}`, or forget them with `pulumi stack rm --force`."
            )
        file = self._file(stack)
        for kind in ("history", "backups"):
            shutil.rmtree(self._folder(kind) / file.stem, ignore_errors=True)
        self._backup(file).unlink(missing_ok=True)
        file.unlink(missing_ok=True)
        if self.current() == file.stem:
            self.select(None)

    def load(self, stack: str) -> Snapshot:
        """Read a stack's last snapshot.

        Raises:
            StackNotFoundError: there is no such stack.
            StateError: its checkpoint cannot be used.
            SecretsError: it has secrets and the passphrase is missing or wrong.
        """
        file = self._file(stack)
        try:
            return Snapshot.from_deployment(json.loads(file.read_bytes()), self._environ)
        except FileNotFoundError as error:
            raise StackNotFoundError(
                f"no stack named '{stack}' found. Make it with `pulumi stack init {stack}`, or see `pulumi stack ls`."
            ) from error
        except (StateError, ValueError, TypeError, KeyError, AttributeError) as error:
            where = f"{file}:{error.lineno}" if isinstance(error, json.JSONDecodeError) else str(file)
            raise StateError(
                f"{where}: the checkpoint cannot be used: {error or type(error).__name__}. Nothing was done. The one "
                f"before it is {self._backup(file)}."
            ) from error

    def save(self, stack: str, snapshot: Snapshot) -> None:
        """Write a snapshot at once or not at all; the one before stays beside it as .bak.

        It is written first and checked then, as Pulumi does: a state that is odd is worth more than none.

        Raises:
            StateError: Pulumi's own engine would refuse what was written.
        """
        file = self._file(stack)
        content = snapshot.to_checkpoint(self.full_name(stack)).encode()
        if file.exists():
            self._backup(file).unlink(missing_ok=True)
            self._backup(file).hardlink_to(file)
        write_atomic(file, content, fsync=self._fsync)
        snapshot.verify()

    @contextmanager
    def lock(self, stack: str, tell: Callable[[str], None] = print) -> Generator[None]:
        """Hold the stack for the body; `tell` gets a line for each stale lock that is taken over.

        Raises:
            StackLockedError: somebody else holds it; names who, since when and what to do.
        """
        with locks.hold(self._locks(stack), tell):
            yield

    def cancel(self, stack: str) -> int:
        """Remove all locks of a stack, held ones too (`pulumi cancel`), and tell how many there were."""
        found = locks.locks(self._locks(stack))
        for lock in found:
            lock.file.unlink(missing_ok=True)
        return len(found)

    def history_append(self, stack: str, entry: UpdateInfo) -> None:
        """Add to a stack's history, with a copy of its checkpoint."""
        file = self._file(stack)
        prefix = self._folder("history") / file.stem / f"{file.stem}-{time.time_ns()}"
        content = {name: getattr(entry, attribute) for name, attribute in _HISTORY.items()}
        write_atomic(prefix.with_name(f"{prefix.name}.history.json"), json.dumps(content).encode())
        shutil.copyfile(file, prefix.with_name(f"{prefix.name}.checkpoint.json"))

    def history(self, stack: str) -> list[UpdateInfo]:
        """Give a stack's history, newest first."""
        name = self._file(stack).stem
        files = sorted((self._folder("history") / name).glob("*.history.json"))
        entries = (json.loads(file.read_bytes()) for file in files)
        read = [
            UpdateInfo(**{_HISTORY[k]: v for k, v in e.items() if k in _HISTORY and v is not None}) for e in entries
        ]
        return [replace(entry, version=number) for number, entry in enumerate(read, start=1)][::-1]

    def current(self) -> str | None:
        """Name the selected stack (PULUMI_STACK, or what `select` kept), None where none is."""
        settings = self._settings()
        chosen = self._environ.get("PULUMI_STACK") or settings.get("stacks", {}).get(self.url) or settings.get("stack")
        return str(chosen).rpartition("/")[2] if chosen else None

    def select(self, stack: str | None) -> None:
        """Select a stack for later commands on this project and backend, or none."""
        chosen: dict[str, str] = self._settings().get("stacks", {})
        chosen.pop(self.url, None)
        if stack is not None:
            chosen[self.url] = self.full_name(stack)
        write_atomic(self._settings_file(), json.dumps({"stacks": chosen}, indent=4).encode())

    def _settings(self) -> dict[str, Any]:
        try:
            return json.loads(self._settings_file().read_bytes())
        except (FileNotFoundError, ValueError):
            return {}  # a convenience file: without it a command asks for --stack

    def _settings_file(self) -> Path:
        home = Path(self._environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
        digest = hashlib.sha1(str(self.project.file).encode(), usedforsecurity=False).hexdigest()
        return home / "workspaces" / f"{self.project.name}-{digest}-workspace.json"

    def _folder(self, kind: str) -> Path:
        return self._root / kind / self.project.name

    def _locks(self, stack: str) -> Path:
        return self._root / "locks" / self.full_name(stack)

    def _file(self, stack: str) -> Path:
        return self._folder("stacks") / f"{self.full_name(stack).rpartition('/')[2]}.json"

    def _backup(self, file: Path) -> Path:
        return file.with_name(f"{file.name}.bak")
