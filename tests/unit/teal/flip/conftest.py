"""Owners and ways back wait for a moment only, where a test asks for that."""

import pytest

from teal.flip import revert, tenure


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A way back that is given up soon, and leases that are short."""
    monkeypatch.setattr(revert, "CAPACITY_SECONDS", 0.2)
    monkeypatch.setattr(revert, "PAUSE_SECONDS", 0.02)
    monkeypatch.setattr(tenure, "PROVEN_LEASES", 1)
    monkeypatch.setattr(tenure, "LEASE_SECONDS", 1.5)
