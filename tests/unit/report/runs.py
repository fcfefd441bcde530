"""Runs made up for tests: two colours, a write, and what clients saw of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sandbox.load.records import End, Header, Mode, Outcome, Record
from sandbox.report.model import Evidence, Host, Provider, Refusal, Untouched
from sandbox.report.seen import FlipSeen, JobSeen, Load, Move, RevertSeen, Seen

if TYPE_CHECKING:
    from collections.abc import Iterable

NANO = 1_000_000_000
WRITE_NS = 5 * NANO
MOVE = Move(
    from_colour="blue",
    to_colour="green",
    version="1.1.0",
    write_ns=WRITE_NS,
    until_ns=WRITE_NS + 4 * NANO,
)
BROKEN = "1.2.0"
BROKEN_NS = 10 * NANO
"""When blue, broken, was made live."""
BACK = Move(
    from_colour="blue",
    to_colour="green",
    version="1.1.0",
    write_ns=BROKEN_NS + 2 * NANO,
    until_ns=BROKEN_NS + 4 * NANO,
)
STARTED = datetime(2026, 11, 21, tzinfo=UTC)
SERVICES = ("backend", "frontend")
VERSIONS = {"blue": "1.0.0", "green": "1.1.0"}


def record(at_ns: int, colour: str = "blue", *, took_us: int = 2000, late_us: int = 100) -> Record:
    """A request that `colour` answered."""
    return Record(at_ns, late_us, late_us + 50, took_us, Outcome.ANSWERED, 200, colour, VERSIONS[colour], 1)


def failed(at_ns: int, outcome: Outcome = Outcome.RESET, *, late_us: int = 100) -> Record:
    """A request that was lost."""
    return Record(at_ns, late_us, None, 3000, outcome, None, "", "", None)


def moving(last_old_ms: float = 60.0, *, seconds: int = 9) -> list[Record]:
    """A hundred requests a second; green answers all that were scheduled later than `last_old_ms` after the write."""
    turn = WRITE_NS + round(last_old_ms * 1e6)
    return [record(at, "blue" if at <= turn else "green") for at in range(0, seconds * NANO, NANO // 100)]


def staying() -> list[Record]:
    """As `moving`, with blue answering all of it."""
    return [record(at) for at in range(0, 9 * NANO, NANO // 100)]


def returning(last_ms: float = 900.0) -> list[Record]:
    """What follows: a broken blue is live, fails once, and answers for the last time so long after the way back."""
    turn = BACK.write_ns + round(last_ms * 1e6)
    found = [
        record(at, "blue")._replace(version=BROKEN) if BROKEN_NS <= at <= turn else record(at, "green")
        for at in range(9 * NANO, BACK.until_ns, NANO // 100)
    ]
    return [
        each._replace(outcome=Outcome.SERVER_ERROR, status=500) if each.scheduled_ns == BROKEN_NS + NANO // 2 else each
        for each in found
    ]


def breaking(records: Iterable[Record], version: str) -> list[Record]:
    """The first one is an error that blue gave in this version."""
    first, *others = records
    return [first._replace(outcome=Outcome.SERVER_ERROR, status=500, colour="blue", version=version), *others]


def in_order(records: Iterable[Record]) -> list[Record]:
    """As a load's file is read."""
    return sorted(records, key=lambda record: record.scheduled_ns)


def asking(records: Iterable[Record], backend: str | None = None) -> list[Record]:
    """As a frontend answers: each says which backend it asked, by default the one of its own colour."""
    return [r if r.outcome.lost else r._replace(backend_colour=backend or r.colour) for r in records]


def load(mode: Mode, records: list[Record], *, service: str = "backend", killed: bool = False) -> Load:
    """One load's file."""
    header = Header(
        mode=mode, url="http://127.0.0.1:1/", rate=100, connections=1, seconds=9, timeout_seconds=5, wall_offset_ns=0
    )
    end = End(reason="signal", requests=len(records), lost=0, late=0, late_ms=50, max_lag_ms=1)
    return Load(service=service, header=header, records=in_order(records), end=None if killed else end)


def refusal(*, refused: bool = True, by: str = "metrics.p95 of backend") -> Refusal:
    """A refused flip."""
    untouched = Untouched(colour="green", version_before="7", version_after="7", answers={"green": 300})
    evidence = Evidence(exit_status=255, services=dict.fromkeys(SERVICES, untouched))
    return Refusal(
        to="blue",
        version="1.2.0",
        what="takes 2.5 s",
        gate="metrics.p95 of backend",
        by=by.split(", "),
        reason="flip from green to blue refused.",
        refused=refused,
        evidence=evidence,
    )


def revert(*, undone: bool = True, back: Move = BACK) -> RevertSeen:
    """A release that was live for two seconds, and failed."""
    said = "flip 3 from green 1.1.0 to blue 1.2.0: REVERTED. Traffic was put back onto green"
    return RevertSeen(
        to="blue",
        version="1.2.0",
        what="is well at first",
        reason=said,
        undone=undone,
        exit_status=255,
        moved_ns=BROKEN_NS,
        bake_ns=BROKEN_NS + 200_000_000,
        decided_ns=BROKEN_NS + 1_900_000_000,
        back={"backend": back, "frontend": back},
    )


def job(began: float = 1, done: float = 2, pod: float | None = 3, **changes: str) -> JobSeen:
    """A migration, with instants in seconds after the start of the run."""
    said = {"service": "backend", "colour": "green", "version": "1.1.0", "phase": "expand", "revision": "0003"}
    first = None if pod is None else STARTED + timedelta(seconds=pod)
    begun, over = (STARTED + timedelta(seconds=at) for at in (began, done))
    return JobSeen(**{**said, **changes}, began=begun, done=over, first_pod=first)


def flipped(apart_ns: int = 12_000_000) -> FlipSeen:
    """The backend was written first, the frontend `apart_ns` later."""
    moves = {"frontend": replace(MOVE, write_ns=WRITE_NS + apart_ns), "backend": MOVE}
    return FlipSeen(moves=moves, up_seconds=2.314, bake_ns=WRITE_NS + 250_000_000)


def run(new: list[Record] | None = None, kept: list[Record] | None = None) -> Seen:
    """A run that nothing speaks against: a flip, kept-alive connections a second after it; a refusal, an undoing.

    Args:
        new: what the backend's door answered on new connections.
        kept: and on kept-alive ones. The frontend's did as it should.
    """
    return Seen(
        started=STARTED,
        started_ns=0,
        host=Host(cores=2, load_average=1.5, memory_gib=24, kernel="6.18", system="Debian 12", python="3.11"),
        services=list(SERVICES),
        frontend="frontend",
        loads=[
            load(Mode.NEW_CONNECTIONS, [*(new or moving()), *returning(30)]),
            load(Mode.KEPT_ALIVE, [*(kept or moving(1000)), *returning()]),
            load(Mode.NEW_CONNECTIONS, asking([*moving(90), *returning(40)]), service="frontend"),
            load(Mode.KEPT_ALIVE, asking([*moving(1100), *returning()]), service="frontend"),
        ],
        flips=[flipped()],
        refusals=[refusal()],
        reverts=[revert()],
        broken="blue 1.2.0",
        engine="Pulumi v3.274.1",
        providers=[
            Provider(name="kubernetes", version="4.25.0", stand_in=False),
            Provider(name="aws", version="7.51.1+stand-in", stand_in=True),
        ],
        migrates=True,
        jobs=[job()],
        waiting=["contracting backend to 0004 for green 1.1.0 waits: blue 1.0.0 still needs what it drops"],
    )
