"""What commands work on: the project around the current folder, its backend, the stack that is meant, its config."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.engine.backend import FileBackend
from sandbox.engine.errors import EngineError, StackNotFoundError
from sandbox.engine.project import Project
from sandbox.engine.stackconfig import StackConfig

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from sandbox.engine.checkpoint import Snapshot


class Workspace:
    """A project and its backend."""

    def __init__(self, args: argparse.Namespace) -> None:
        """Find both.

        Raises:
            EngineError: there is no project here, or no backend this engine can use.
        """
        self._args = args
        self.project = Project.find(Path.cwd())
        self.backend = FileBackend(backend_url(), self.project)

    @property
    def stack(self) -> str:
        """The stack that is meant; it exists.

        Raises:
            StackNotFoundError: none is selected, or it does not exist.
        """
        named: str | None = getattr(self._args, "stack", None) or self.backend.current()
        if not named:
            raise StackNotFoundError(
                "no stack selected; please use `pulumi stack select` or `pulumi stack init` to choose one, or name one "
                "with --stack"
            )
        if not self.backend.exists(named):
            raise StackNotFoundError(
                f"no stack named '{named}' found; nothing was done; make it with `pulumi stack init {named}` or see "
                "`pulumi stack ls`"
            )
        return named.rpartition("/")[2]

    def config(self, stack: str) -> StackConfig:
        """The stack's config file."""
        given: str | None = getattr(self._args, "config_file", None)
        path = Path(given).absolute() if given else self.project.stack_config_dir / f"Pulumi.{stack}.yaml"
        return StackConfig.load(path, self.project)

    def snapshot(self, stack: str, config: StackConfig) -> Snapshot:
        """The stack's state, able to seal secrets with the stack's own key."""
        snapshot = self.backend.load(stack)
        if snapshot.crypter is None or snapshot.crypter.salt != config.encryption_salt:
            if config.encryption_salt is None and has_passphrase(os.environ):
                config.crypter()  # puts a salt into the file
                config.save()
            if config.encryption_salt is not None:
                snapshot.crypter = config.crypter()
        return snapshot


def has_passphrase(environ: Mapping[str, str]) -> bool:
    """Whether the environment names a passphrase; the empty one counts."""
    return any(name in environ for name in ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"))


def credentials_file() -> Path:
    """Where the backend that was logged in to is kept."""
    return Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi") / "credentials.json"


def backend_url() -> str:
    """The backend's address: PULUMI_BACKEND_URL, else the one logged in to.

    Raises:
        EngineError: none is named.
    """
    if url := os.environ.get("PULUMI_BACKEND_URL"):
        return url
    try:
        url = json.loads(credentials_file().read_bytes()).get("current")
    except (OSError, ValueError):
        url = None
    if not url:
        raise EngineError(
            "no backend is selected; nothing was done; set PULUMI_BACKEND_URL=file:///some/folder or run "
            "`pulumi login file:///some/folder`"
        )
    return str(url)
