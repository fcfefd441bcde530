"""The file a watch writes and a report reads: one JSON line per move of a service's traffic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from pathlib import Path

COLOUR_LABEL: Final = "teal/colour"


class Write(BaseModel):
    """Where one service's traffic was sent, and since when: by a Service's selector, or by a listener rule."""

    model_config = ConfigDict(frozen=True)

    service: str
    colour: str  # empty where it is sent to none, or to several
    observed_ns: int  # CLOCK_MONOTONIC; at most a few milliseconds after it was committed
    exact: bool  # False for what was already there when the watch began, or began again after an error


def read_writes(path: Path) -> list[Write]:
    """Return what the watch has recorded so far, oldest first; nothing if it has not begun."""
    if not path.exists():
        return []
    whole, _, _ = path.read_text(encoding="utf-8").rpartition("\n")
    return [Write.model_validate_json(line) for line in whole.splitlines()]
