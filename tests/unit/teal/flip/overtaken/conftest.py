"""Bakes look often, and leases are short."""

import pytest

from teal.routers.kubernetes import KubernetesRouter


@pytest.fixture(autouse=True)
def _pace(monkeypatch: pytest.MonkeyPatch, patience: None) -> None:  # noqa: ARG001 - what it sets
    monkeypatch.setattr(KubernetesRouter, "pace", 0.02)
