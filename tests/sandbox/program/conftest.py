"""Stacks for the tests of the program."""

from collections.abc import Iterator

import pytest

from sandbox.cluster.environment import Sandbox
from tests.sandbox.program.stacks import Stack

SHARED_PORT = 30090


@pytest.fixture(scope="package")
def shared_stack(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """One for all files that leave it as they found it."""
    made = Stack.create(sandbox, "test-shared", tmp_path_factory.mktemp("shared"), SHARED_PORT)
    made.up()
    return made


@pytest.fixture(scope="module")
def stack(
    sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest, node_port: int
) -> Iterator[Stack]:
    """Blue live at 1.0.0, green warm at 1.1.0, in a namespace of this module's own, or in that of the shared stack."""
    if request.node.get_closest_marker("shared"):  # pyright: ignore[reportUnknownMemberType]  # pytest 9.0 does not say its type
        yield request.getfixturevalue("shared_stack")
        return
    name = request.path.stem.replace("_", "-")
    made = Stack.create(sandbox, name, tmp_path_factory.mktemp(name), node_port)
    made.up()
    yield made
    made.kubectl("delete", "namespace", name, "--ignore-not-found", "--wait=false")  # `down` would end its pods anyway


@pytest.fixture(autouse=True)
def _as_found(request: pytest.FixtureRequest) -> Iterator[None]:
    """The shared stack is what it was before, whatever became of the test."""
    if not request.node.get_closest_marker("shared"):  # pyright: ignore[reportUnknownMemberType]  # pytest 9.0 does not say its type
        yield
        return
    stack: Stack = request.getfixturevalue("stack")
    before = stack.config.read_text()
    yield
    if stack.config.read_text() != before:
        stack.config.write_text(before)
        stack.up()
