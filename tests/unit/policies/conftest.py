"""One pack process for all tests of it."""

from collections.abc import Iterator

import pytest

from tests.unit.policies.pack import Pack


@pytest.fixture(scope="session")
def pack() -> Iterator[Pack]:
    """The real pack, running."""
    running = Pack()
    yield running
    running.stop()
