"""Writes a run's three files: `report.json`, `report.md` and `flips.png`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.report.analysis import conclude
from sandbox.report.page import page
from sandbox.report.picture import draw

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.report.model import Report
    from sandbox.report.seen import Seen

_PICTURE = "flips.png"


def write(seen: Seen, folder: Path) -> Report:
    """Conclude, and write into `folder`; a file of an earlier run that this one has nothing for is removed.

    Raises:
        OSError: the folder cannot be written to.
    """
    report = conclude(seen)
    folder.mkdir(parents=True, exist_ok=True)
    picture = folder / _PICTURE
    drawable = any(load.records for load in seen.loads)
    if drawable:
        draw(seen, picture)
    else:
        picture.unlink(missing_ok=True)
    (folder / "report.json").write_text(report.model_dump_json(indent=2, by_alias=True) + "\n", encoding="utf-8")
    (folder / "report.md").write_text(page(report, _PICTURE if drawable else None) + "\n", encoding="utf-8")
    return report
