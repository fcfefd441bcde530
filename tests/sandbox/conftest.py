"""The sandbox cluster that the end-to-end tests share."""

import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from sandbox.cluster.environment import WORK_TREE, Sandbox

NAME = "e2e"

# Where the tests run in the background of a script, SIGINT is ignored, and so it would be by whatever they start.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """A sandbox of the tests' own, from nothing; gone afterwards."""

    def run(command: str) -> None:
        # Its progress goes to the terminal: a first start compiles Kubernetes.
        subprocess.run([sys.executable, "-m", "sandbox", command, "--name", NAME], cwd=WORK_TREE, check=True)

    run("up")
    yield Sandbox.load(NAME)
    run("down")
