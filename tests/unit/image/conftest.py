"""The workshop of these tests."""

from pathlib import Path

import pytest

from tests.unit.image.workshop import Workshop


@pytest.fixture
def workshop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    """A workshop whose tools work."""
    return Workshop(tmp_path, monkeypatch)
