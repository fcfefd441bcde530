"""Owners show often that they live."""

import pytest

from teal.flip import tenure


@pytest.fixture(autouse=True)
def _heartbeats(monkeypatch: pytest.MonkeyPatch, patience: None) -> None:  # noqa: ARG001 - what it sets
    monkeypatch.setattr(tenure, "HEARTBEAT_SECONDS", 0.05)
