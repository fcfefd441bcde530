"""These tests check the colours of one stack file."""

from pathlib import Path

import pytest

from tests.unit.conftest import FakeApiServer
from tests.unit.infra.checking.colours import well
from tests.unit.infra.manager.projects import project


@pytest.fixture
def file(tmp_path: Path, api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of a stack whose blue is live, and whose green is well."""
    api_server.service("backend", "blue")
    for colour, version in (("blue", "1.0.0"), ("green", "1.1.0")):
        api_server.pods("backend", colour, [version])
        well(api_server, f"backend-{colour}")
    return project(tmp_path, api_server, monkeypatch)
