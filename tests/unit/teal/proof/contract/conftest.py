"""The document is the reference service's, and the oasdiff is the compiled one."""

from pathlib import Path

import pytest

from sandbox.cluster.cache import cache_folder
from sandbox.tools import OASDIFF
from tests.unit.teal.proof.contract.doors import Document
from tests.unit.workload.service import asking


@pytest.fixture
async def document() -> Document:
    """The reference service's."""
    async with asking() as service:
        return (await service.get("/openapi.json")).json()


@pytest.fixture
def oasdiff(monkeypatch: pytest.MonkeyPatch) -> Path:
    """The compiled one, alone on PATH."""
    if not OASDIFF.built(cache_folder()):
        pytest.skip(f"oasdiff {OASDIFF.version} is not compiled yet: make unit does it")
    folder = OASDIFF.target(cache_folder())
    monkeypatch.setenv("PATH", str(folder))
    return folder / "oasdiff"
