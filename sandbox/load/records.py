"""The file a load writes and a report reads: one CSV line per request, with a JSON line at each end.

The lines are flushed while the load runs, so a reader may follow them. Instants are CLOCK_MONOTONIC in nanoseconds,
which every process on one machine shares, network namespaces included; the first line holds the offset to wall time.
A file without its last line was cut short: the load was killed, and what it had in flight is unknown.
"""

from __future__ import annotations

import csv
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple, TextIO

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_HEADER: Final = "# load "
_END: Final = "# end "
_COLUMNS: Final = (
    "scheduled_ns",
    "started_us",
    "sent_us",
    "finished_us",
    "outcome",
    "status",
    "colour",
    "version",
    "connection",
    "backend_colour",
)


class Mode(StrEnum):
    """How a client reaches the front door."""

    NEW_CONNECTIONS = "new_connections"
    KEPT_ALIVE = "kept_alive"


class Outcome(StrEnum):
    """What became of a request; everything but `ANSWERED` is lost."""

    ANSWERED = "answered"  # a complete answer below 500
    SERVER_ERROR = "server_error"  # a complete answer of 500 or above
    REFUSED = "refused"  # no connection: the port refused it
    RESET = "reset"  # the connection was reset, before or within the answer
    CLOSED = "closed"  # the server closed the connection after the request was written, without a byte of answer
    INCOMPLETE = "incomplete"  # the server closed the connection within the answer
    TIMEOUT = "timeout"  # no complete answer in time
    MALFORMED = "malformed"  # what came back is not HTTP
    UNREACHABLE = "unreachable"  # any other error of the operating system (no route, no free port)

    @property
    def lost(self) -> bool:
        """Whether the client was left without a usable answer."""
        return self is not Outcome.ANSWERED


class Record(NamedTuple):
    """One request. Offsets are microseconds after `scheduled_ns`; latency is `finished_us`."""

    scheduled_ns: int
    started_us: int  # the generator turned to it: its own lag
    sent_us: int | None  # the request was written; None if no connection came about
    finished_us: int  # the last byte of the answer, or the error
    outcome: Outcome
    status: int | None
    colour: str  # header X-Colour; empty without an answer
    version: str  # header X-Version; empty without an answer
    connection: int | None  # counts the connections of this load from 1
    backend_colour: str = ""  # header X-Backend-Colour, of a frontend's answer; empty without one


class Header(BaseModel):
    """What the load set out to do."""

    model_config = ConfigDict(frozen=True)

    mode: Mode
    url: str
    rate: int  # requests per second
    connections: int
    seconds: float
    timeout_seconds: float
    wall_offset_ns: int  # wall time = monotonic + this


class End(BaseModel):
    """How the load ended, and how well it kept its own schedule."""

    model_config = ConfigDict(frozen=True)

    reason: str  # "schedule" or "signal"
    requests: int
    lost: int
    late: int  # requests turned to more than `late_ms` after their instant: the generator's fault, nobody else's
    late_ms: float
    max_lag_ms: float


class Writer:
    """Writes one load's file; the caller decides when to flush."""

    def __init__(self, file: TextIO, header: Header) -> None:
        """Write the first lines of `file`."""
        self._file = file
        self._csv = csv.writer(file, lineterminator="\n")
        file.write(_HEADER + header.model_dump_json() + "\n")
        self._csv.writerow(_COLUMNS)
        file.flush()

    def write(self, record: Record) -> None:
        """Append one request."""
        self._csv.writerow(record)

    def flush(self) -> None:
        """Let readers see what was written so far."""
        self._file.flush()

    def end(self, end: End) -> None:
        """Append the last line."""
        self._file.write(_END + end.model_dump_json() + "\n")
        self._file.flush()


class Follower:
    """Reads a load's file, all of it or as it grows."""

    def __init__(self, path: Path) -> None:
        """Follow `path`, which need not exist yet."""
        self._path = path
        self._position = 0
        self.header: Header | None = None
        self.end: End | None = None

    def read(self) -> list[Record]:
        """Return the requests recorded since the last call; a line that is not whole yet is left for the next one.

        Raises:
            ValueError: the file holds a line that no load wrote.
        """
        if not self._path.exists():
            return []
        with self._path.open("rb") as file:
            file.seek(self._position)
            chunk = file.read()
        whole = chunk[: chunk.rfind(b"\n") + 1]
        self._position += len(whole)
        return list(self._parse(whole.decode().splitlines()))

    def _parse(self, lines: Iterable[str]) -> Iterable[Record]:
        for line in lines:
            if line.startswith(_HEADER):
                self.header = Header.model_validate_json(line.removeprefix(_HEADER))
            elif line.startswith(_END):
                self.end = End.model_validate_json(line.removeprefix(_END))
            elif not line.startswith(_COLUMNS[0]):
                yield _record(line)


def _record(line: str) -> Record:
    (row,) = csv.reader([line])
    scheduled, started, sent, finished, outcome, status, colour, version, connection, backend_colour = row
    return Record(
        int(scheduled),
        int(started),
        int(sent) if sent else None,
        int(finished),
        Outcome(outcome),
        int(status) if status else None,
        colour,
        version,
        int(connection) if connection else None,
        backend_colour,
    )
