"""What a whole proof needs on this machine."""

import os
from pathlib import Path

import pytest

from teal.proof import standing as proving


@pytest.fixture
def oasdiff(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An oasdiff that finds nothing, and no pauses."""
    command = tmp_path / "oasdiff"
    command.write_text("#!/bin/sh\necho '[]'\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(proving, "PAUSE_SECONDS", 0.001)
