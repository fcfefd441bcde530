"""What a run observed, before anything is concluded from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sandbox.load.records import Follower

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from sandbox.load.records import End, Header, Record
    from sandbox.report.model import Host, Refusal, Step


@dataclass(frozen=True, kw_only=True)
class Load:
    """One load's file."""

    header: Header
    records: Sequence[Record]
    end: End | None  # None: the load was killed

    @classmethod
    def read(cls, path: Path) -> Load | None:
        """Read a file of `sandbox.load`; None if the load never began.

        Raises:
            ValueError: it holds a line that no load wrote.
        """
        follower = Follower(path)
        records = sorted(follower.read(), key=lambda record: record.scheduled_ns)
        if follower.header is None:
            return None
        return cls(header=follower.header, records=records, end=follower.end)


@dataclass(frozen=True, kw_only=True)
class Move:
    """One write to a selector, and how long the answers were watched after it. Instants are CLOCK_MONOTONIC, in ns."""

    from_colour: str
    to_colour: str
    version: str
    write_ns: int
    until_ns: int
    up_seconds: float = 0.0  # of the command that wrote
    preview_seconds: float | None = None


@dataclass(kw_only=True)
class Seen:
    """All of a run, collected as it goes, so that a run cut short has its report too."""

    started: datetime
    started_ns: int
    host: Host
    engine: str = "unknown"
    versions: dict[str, str] = field(default_factory=dict[str, str])
    steps: list[Step] = field(default_factory=list["Step"])
    loads: list[Load] = field(default_factory=list[Load])
    moves: list[Move] = field(default_factory=list[Move])
    refusals: list[Refusal] = field(default_factory=list["Refusal"])
    refused_ns: list[int] = field(default_factory=list[int])  # when each refusal was over
    floor_load: Load | None = None
    patches: list[Move] = field(default_factory=list[Move])
    failure: str | None = None  # why the run did not come to its end
