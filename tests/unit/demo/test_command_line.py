"""`python -m sandbox demo`: what it cannot do is refused before anything is built."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sandbox.__main__ import main

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("rate", ["3", "401", "many"])
def test_a_rate_that_no_load_takes_is_refused(rate: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Not when the stack is up, minutes later."""
    assert main(["demo", "--rate", rate, "--kubeconfig", str(tmp_path / "none")]) == 2
    assert "--rate" in capsys.readouterr().err
