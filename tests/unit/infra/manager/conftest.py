"""A stack whose blue is live, and an engine that does as it is told."""

from pathlib import Path

import pytest

from tests.unit.conftest import FakeApiServer
from tests.unit.infra.manager.projects import Engine, confirm, driven, project
from tests.unit.teal.flip.rollback.going_back import deployments


@pytest.fixture
def file(tmp_path: Path, api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of a stack with both slots, of which blue is live."""
    api_server.service("backend", "blue")
    confirm(api_server, "blue")
    deployments(api_server, blue="b", green="g")
    return project(tmp_path, api_server, monkeypatch)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    """One that does as it is told."""
    return driven(monkeypatch, Engine())
