"""What is written: the fields that others read, a page, and a picture."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sandbox.report.files import write

from .runs import NANO, failed, moving, run

if TYPE_CHECKING:
    from pathlib import Path


def test_the_json_has_the_agreed_fields(tmp_path: Path) -> None:
    """Names that others read, pinned; a mode that did not move is null."""
    write(run(), tmp_path)
    report = json.loads((tmp_path / "report.json").read_text())
    agreed = {"requests", "lost", "mixed", "flips", "refusals", "migrations", "floor_ms", "loads", "versions", "engine"}
    assert agreed <= report.keys()
    flip = report["flips"][0]
    assert (flip["from"], flip["to"], flip["up_seconds"], flip["writes_apart_ms"]) == ("blue", "green", 2.31, 12.0)
    backend = flip["services"]["backend"]
    assert backend["write_to_last_old_ms"] == {"new_connections": 60.0, "kept_alive": None}
    assert {"reason", "evidence"} <= report["refusals"][0].keys()


def test_the_page_says_what_counts(tmp_path: Path) -> None:
    """The verdict, the problems, each flip and the refusal's own words are on the page."""
    write(run(new=[*moving(), failed(NANO)]), tmp_path)
    page = (tmp_path / "report.md").read_text()
    assert page.startswith("# FAILED: 1 of 3601 requests lost")
    assert "1 of 901 requests to backend on new connections were lost: 1 reset" in page
    assert "| blue → green 1.1.0 | backend | 60 ms | did not move | 0 | yes |" in page
    assert "| blue → green 1.1.0 | frontend | 78 ms | did not move | 0 | yes |" in page
    assert "took 2.3 s, and the writes to its 2 services were 12 ms apart" in page
    assert "| backend green 1.1.0 | expand to 0003 | 1 to 2 s | 3 s | 800 blue | 1 |" in page
    assert "- contracting backend to 0004 for green 1.1.0 waits: blue 1.0.0 still needs" in page
    assert "frontend was then sent to green (version 7 before, 7 after)" in page
    assert "> flip from green to blue refused." in page
    assert "blue 1.2.0, which is well at first: live for 4.0 s, 1 of its answers were errors, then traffic was" in page
    assert "(flips.png)" in page


def test_the_picture_is_drawn(tmp_path: Path) -> None:
    """A PNG of some size, with and without flips."""
    seen = run()
    write(seen, tmp_path)
    assert (tmp_path / "flips.png").read_bytes().startswith(b"\x89PNG")
    seen.flips = []
    write(seen, tmp_path)
    assert (tmp_path / "flips.png").stat().st_size > 10_000


def test_a_run_without_answers_leaves_no_picture_of_an_earlier_one(tmp_path: Path) -> None:
    """What is in the folder is of one run."""
    write(run(), tmp_path)
    seen = run()
    seen.loads = []
    write(seen, tmp_path)
    assert not (tmp_path / "flips.png").exists()
    assert "flips.png" not in (tmp_path / "report.md").read_text()
