"""A sandbox of a benchmark's own: made for it, and ended with it."""

import json
import os
import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.measure import run
from sandbox.cluster.environment import WORK_TREE, Sandbox
from sandbox.cluster.errors import SandboxError
from sandbox.cluster.progress import Steps


@contextmanager
def own_sandbox(name: str, ports: str, log: Path, steps: Steps) -> Generator[Sandbox]:
    """Bring a sandbox up for as long as a `with` block runs; what its commands print goes to `log`.

    Raises:
        SandboxError: it is in use, or does not come up.
    """
    _refuse_in_use(name)
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text("")
    try:
        steps.step("a sandbox of its own")
        _sandbox(["up", "--name", name, "--ports", ports], log)
        yield Sandbox.load(name)
    finally:
        steps.step("ending the sandbox")
        _sandbox(["down", "--name", name], log)


def results_folder(name: str) -> Path:
    """Where results and the log of all commands go; `sandbox down` leaves them."""
    return WORK_TREE / ".sandbox" / name


def _refuse_in_use(name: str) -> None:
    status = subprocess.run(  # noqa: S603 - the sandbox's own command line
        [sys.executable, "-m", "sandbox", "status", "--name", name, "--json"],
        cwd=WORK_TREE,
        capture_output=True,
        text=True,
        check=False,
    )
    if status.returncode == 0 and json.loads(status.stdout)["up"]:
        raise SandboxError(
            f"a sandbox {name!r} is up already, and the benchmark ends the one that it measures on. Nothing was done. "
            f"Next: make sandbox-down NAME={name}, or give the benchmark another --name"
        )


def _sandbox(args: Sequence[str], log: Path) -> None:
    run([sys.executable, "-m", "sandbox", *args], log=log, environ=os.environ, cwd=WORK_TREE)
