"""Stacks for the tests of the program."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from sandbox.cluster.environment import Sandbox
from tests.sandbox.program.stacks import Stack

_numbers = count()


@pytest.fixture(scope="module")
def stack(
    sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Stack]:
    """Blue live at 1.0.0, green warm at 1.1.0, in a namespace of this module's own."""
    number = next(_numbers)
    name = request.path.stem.replace("_", "-")
    made = Stack.create(sandbox, name, tmp_path_factory.mktemp(name), 30100 + 10 * number)
    made.up()
    yield made
    made.kubectl("delete", "namespace", name, "--ignore-not-found", "--wait=false")  # `down` would end its pods anyway


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """Where a test's commands write what they print."""
    return tmp_path
