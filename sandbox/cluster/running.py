"""A sandbox that may be running: its lock, its supervisor's record, and what the supervisor says.

Looking only; `start` brings one up and `removal` ends it.
"""

import contextlib
import json
from collections.abc import Generator
from typing import Any

from sandbox.cluster.cache import locked
from sandbox.cluster.control import ask
from sandbox.cluster.environment import Sandbox
from sandbox.cluster.errors import NotRunningError, PrerequisiteError, SandboxError
from sandbox.cluster.layout import Layout
from sandbox.cluster.processes import Process
from sandbox.cluster.progress import Steps


@contextlib.contextmanager
def exclusive(sandbox: Sandbox, steps: Steps) -> Generator[None]:
    """Hold this sandbox's lock: no second `up` or `down` of it runs meanwhile."""

    def waiting(holder: str) -> None:
        steps.say(f"waiting for process {holder}, which is bringing sandbox {sandbox.name!r} up or down")

    with locked(sandbox.root.parent / f"{sandbox.name}.lock", waiting):
        yield


def status(sandbox: Sandbox) -> dict[str, Any] | None:
    """What the supervisor says of its components, or None when it does not answer.

    Raises:
        PrerequisiteError: only root may ask.
    """
    try:
        return next(ask(Layout(sandbox).control, {"do": "status"}, timeout_s=5.0), None)
    except PrerequisiteError:
        raise
    except SandboxError:  # not there, or hung
        return None


def require_up(sandbox: Sandbox) -> dict[str, Any]:
    """The status of a sandbox that must be up.

    Raises:
        NotRunningError: it is not.
    """
    found = status(sandbox)
    if found is None:
        msg = f"sandbox {sandbox.name!r} is not up: no supervisor answers. Start it: make sandbox NAME={sandbox.name}"
        raise NotRunningError(msg)
    return found


def supervisor(layout: Layout) -> Process | None:
    """The recorded supervisor (the process around its namespaces), if it lives."""
    try:
        record = json.loads(layout.supervisor.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    process = Process(record["pid"], record["started"])
    return process if process.alive else None


def first_process(layout: Layout) -> Process:
    """The supervisor as the host sees it: process 1 of the sandbox's process namespace.

    Raises:
        NotRunningError: there is none.
    """
    outer = supervisor(layout)
    children = outer.children() if outer else []
    if not children:
        msg = f"sandbox {layout.sandbox.name!r} has no process: it is not up. Start it: make sandbox"
        raise NotRunningError(msg)
    return children[0]
