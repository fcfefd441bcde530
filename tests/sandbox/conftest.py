"""The sandbox cluster that the end-to-end tests share, also with those of another worker."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.cluster import running
from sandbox.cluster.environment import WORK_TREE, Sandbox

NAME = os.environ.get("TEAL_E2E_NAME", "e2e")

# Where the tests run in the background of a script, SIGINT is ignored, and so it would be by whatever they start.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """A sandbox of the tests' own, from nothing and gone afterwards; one that is up already is used, and stays."""
    here = running.status(Sandbox.named(NAME)) is not None

    def run(*command: str) -> None:
        # Its progress goes to the terminal: a first start compiles Kubernetes.
        subprocess.run([sys.executable, "-m", "sandbox", *command, "--name", NAME], cwd=WORK_TREE, check=True)

    run("up", "--metrics")
    if "metrics-server" not in running.require_up(Sandbox.named(NAME))["components"]:
        pytest.exit(f"sandbox {NAME} is up without metrics, which tests need. Next: make sandbox-down NAME={NAME}")
    yield Sandbox.load(NAME)
    if not here:
        run("down")


def pytest_itemcollected(item: pytest.Item) -> None:
    """Keep together, for workers, what uses one stack: a file, those that share one, all behind the load balancer."""
    if item.get_closest_marker("shared"):
        group = "shared"
    else:
        group = "aws" if item.path.parent.name == "aws" else item.path.stem
    item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(scope="module")
def node_port(request: pytest.FixtureRequest) -> int:
    """The first of ten node ports that no other file has."""
    files = sorted(path.relative_to(WORK_TREE) for path in Path(__file__).parent.rglob("test_*.py"))
    return 30100 + 10 * files.index(request.path.relative_to(WORK_TREE))
