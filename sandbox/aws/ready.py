"""Waiting for the sandbox's AWS: a start does not wait for it, since most rehearsals do not touch it."""

import time
from typing import Final

from sandbox.cluster import running
from sandbox.cluster.environment import Sandbox
from sandbox.cluster.errors import StartError

_COMPONENTS: Final = ("moto", "target-group-binding-kind", "target-group-binding")
_POLL_S: Final = 0.1


def await_ready(sandbox: Sandbox, *, seconds: float = 60.0) -> None:
    """Wait until AWS answers, the cluster knows TargetGroupBindings and somebody follows them.

    Raises:
        StartError: one of them does not come up in time.
    """
    deadline = time.monotonic() + seconds
    while True:
        states = (running.status(sandbox) or {"components": {}})["components"]
        absent = [name for name in _COMPONENTS if states.get(name, {}).get("phase") not in {"running", "done"}]
        if not absent:
            return
        if time.monotonic() > deadline:
            logs = sandbox.root / "logs"
            msg = f"{', '.join(absent)} of sandbox {sandbox.name!r} not there after {seconds:.0f} s. See {logs}"
            raise StartError(msg)
        time.sleep(_POLL_S)
