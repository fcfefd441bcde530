"""What a run observed, before anything is concluded from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sandbox.load.records import Follower

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from sandbox.load.records import End, Header, Record
    from sandbox.report.model import Host, Provider, Refusal, Step


@dataclass(frozen=True, kw_only=True)
class Load:
    """One load's file."""

    service: str  # whose front door it asked
    header: Header
    records: Sequence[Record]
    end: End | None  # None: the load was killed

    @classmethod
    def read(cls, path: Path, service: str) -> Load | None:
        """Read a file of `sandbox.load`; None if the load never began.

        Raises:
            ValueError: it holds a line that no load wrote.
        """
        follower = Follower(path)
        records = sorted(follower.read(), key=lambda record: record.scheduled_ns)
        if follower.header is None:
            return None
        return cls(service=service, header=follower.header, records=records, end=follower.end)


@dataclass(frozen=True, kw_only=True)
class Move:
    """One write that moved a service's traffic, and how long the answers were watched. CLOCK_MONOTONIC, in ns."""

    from_colour: str
    to_colour: str
    version: str
    write_ns: int
    until_ns: int


@dataclass(frozen=True, kw_only=True)
class FlipSeen:
    """One command that moved the whole flip set."""

    moves: Mapping[str, Move]  # by service; all of one direction
    up_seconds: float
    preview_seconds: float | None = None
    bake_ns: int | None = None  # when its bake asked for the first time; None: the program's record does not say


@dataclass(frozen=True, kw_only=True)
class RevertSeen:
    """One command that moved the whole flip set onto a release that failed its bake, and put it back."""

    to: str
    version: str
    what: str  # is wrong with it
    reason: str  # the program's own words
    undone: bool  # it said so, its exit status was not 0, and all traffic was back
    exit_status: int
    moved_ns: int  # the first write
    bake_ns: int | None  # when its bake asked for the first time; None: the program's record does not say
    decided_ns: int | None  # when its bake came to its verdict; None: as above
    back: Mapping[str, Move]  # the writes back, by service


@dataclass(frozen=True, kw_only=True)
class JobSeen:
    """One migration of a database's schema, by the cluster's own record of it, in whole seconds."""

    service: str
    colour: str
    version: str
    phase: str  # expand, contract or down
    revision: str
    began: datetime
    done: datetime
    first_pod: datetime | None  # when the first pod of that release was created; None if there is none


@dataclass(kw_only=True)
class Seen:
    """All of a run, collected as it goes, so that a run cut short has its report too."""

    started: datetime
    started_ns: int
    host: Host
    router: str = "service"  # what directs live traffic, as `teal:router` has it
    engine: str = "unknown"
    providers: list[Provider] = field(default_factory=list["Provider"])
    versions: dict[str, str] = field(default_factory=dict[str, str])
    steps: list[Step] = field(default_factory=list["Step"])
    loads: list[Load] = field(default_factory=list[Load])
    services: list[str] = field(default_factory=list[str])  # the flip set
    frontend: str | None = None  # the one of them that asks its own colour's backend
    flips: list[FlipSeen] = field(default_factory=list[FlipSeen])
    refusals: list[Refusal] = field(default_factory=list["Refusal"])
    reverts: list[RevertSeen] = field(default_factory=list[RevertSeen])
    broken: str = ""  # colour and version that are live only to fail: their own 5xx answers are counted apart
    refused_ns: list[int] = field(default_factory=list[int])  # when each refusal was over
    migrates: bool = False  # whether there is a database to migrate
    jobs: list[JobSeen] = field(default_factory=list[JobSeen])
    waiting: list[str] = field(default_factory=list[str])  # why contracting ones wait, in the program's words
    floor_load: Load | None = None
    patches: list[Move] = field(default_factory=list[Move])
    failure: str | None = None  # why the run did not come to its end
