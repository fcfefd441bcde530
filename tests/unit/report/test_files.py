"""What is written: the fields that others read, a page, and a picture."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from sandbox.report.files import write

from .runs import NANO, failed, moving, refusal, run, staying

if TYPE_CHECKING:
    from pathlib import Path


def test_the_json_has_the_agreed_fields(tmp_path: Path) -> None:
    """Names that others read, pinned; what is not known, and a mode that did not move, is null."""
    seen = run(kept=staying())
    seen.flips.append(replace(seen.flips[0], bake_ns=None))
    write(seen, tmp_path)
    report = json.loads((tmp_path / "report.json").read_text())
    agreed = {"requests", "lost", "mixed", "flips", "refusals", "reverts", "migrations", "floor_ms", "loads"}
    assert agreed | {"versions", "engine", "providers"} <= report.keys()
    assert report["providers"][1] == {"name": "aws", "version": "7.51.1+stand-in", "stand_in": True}
    flip = report["flips"][0]
    assert [each["write_to_bake_ms"] for each in report["flips"]] == [250.0, None]
    assert (flip["from"], flip["to"], flip["up_seconds"], flip["writes_apart_ms"]) == ("blue", "green", 2.31, 12.0)
    backend = flip["services"]["backend"]
    assert backend["write_to_last_old_ms"] == {"new_connections": 60.0, "kept_alive": None}
    assert {"gate", "by", "reason", "evidence"} <= report["refusals"][0].keys()
    clock = ("bake", "first_error", "decision", "back")
    assert [report["reverts"][0][f"write_to_{each}_ms"] for each in clock] == [200.0, 502.0, 1900.0, 2000.0]


def test_the_page_says_what_counts(tmp_path: Path) -> None:
    """The verdict, the problems, each flip and the refusal's own words are on the page."""
    write(run(new=[*moving(), failed(NANO)]), tmp_path)
    page = (tmp_path / "report.md").read_text()
    assert page.startswith("# FAILED: 1 of 5601 requests lost")
    assert "1 of 1401 requests to backend on new connections were lost: 1 reset" in page
    assert "| blue → green 1.1.0 | backend | 60 ms | 1000 ms | 0 | yes |" in page
    assert "| blue → green 1.1.0 | frontend | 78 ms | 1088 ms | 0 | yes |" in page
    assert "took 2.3 s, the writes to its 2 services were 12 ms apart" in page
    assert "and its bake asked for the first time 250 ms after the write." in page
    assert "| backend green 1.1.0 | expand to 0003 | 1 to 2 s | 3 s | 800 blue | 1 |" in page
    assert "- contracting backend to 0004 for green 1.1.0 waits: blue 1.0.0 still needs" in page
    assert "frontend was then sent to green (version 7 before, 7 after)" in page
    assert "> flip from green to blue refused." in page
    assert "which takes 2.5 s: refused by metrics.p95 of backend, whose it is to refuse it." in page
    assert "blue 1.2.0, which is well at first: live for 2.0 s, 4 of its answers were errors, then traffic was" in page
    assert "| its bake has come to its verdict | 1900 ms |\n| traffic is back | 2000 ms |" in page
    assert "| backend | 30 ms | 900 ms |" in page
    assert "(flips.png)" in page


def test_the_page_names_the_engine_and_what_is_none_of_pulumis(tmp_path: Path) -> None:
    """Beside figures of a load balancer it says that they are not AWS's; where there is none, it has nothing to say."""
    seen = run()
    write(seen, tmp_path)
    page = (tmp_path / "report.md").read_text()
    assert "Engine: Pulumi v3.274.1; providers: kubernetes 4.25.0, aws 7.51.1+stand-in (a stand-in for" in page
    assert "not AWS: " not in page
    seen.router = "alb"
    write(seen, tmp_path)
    assert (
        "stand-in, not AWS: the aws provider is 7.51.1+stand-in, the API moto" in (tmp_path / "report.md").read_text()
    )


def test_the_page_says_who_refused_where_it_should_have_been_another(tmp_path: Path) -> None:
    """Both are named."""
    seen = run()
    seen.refusals = [refusal(by="version of backend")]
    write(seen, tmp_path)
    page = (tmp_path / "report.md").read_text()
    assert "refused by version of backend, **and was to be by metrics.p95 of backend**." in page


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
