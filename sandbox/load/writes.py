"""The file the watch writes and a report reads: one JSON line per change of a Service's selector."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from pathlib import Path

COLOUR_LABEL: Final = "teal/colour"


class Write(BaseModel):
    """One Service's selector, from the instant the API server delivered it to a watch."""

    model_config = ConfigDict(frozen=True)

    service: str
    selector: dict[str, str]
    resource_version: str
    observed_ns: int  # CLOCK_MONOTONIC; a few milliseconds after the API server committed it
    exact: bool  # False for what was already there when the watch began, or began again after an error

    @property
    def colour(self) -> str:
        """The colour the selector asks for; empty where it asks for none."""
        return self.selector.get(COLOUR_LABEL, "")


def read_writes(path: Path) -> list[Write]:
    """Return what the watch has recorded so far, oldest first; nothing if it has not begun."""
    if not path.exists():
        return []
    whole, _, _ = path.read_text(encoding="utf-8").rpartition("\n")
    return [Write.model_validate_json(line) for line in whole.splitlines()]
