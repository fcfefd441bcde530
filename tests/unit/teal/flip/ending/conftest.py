"""Writes of an ending arrive at once."""

import pytest

from teal.flip import ending


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "ARRIVES_SECONDS", 0.05)
