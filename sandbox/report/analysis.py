"""Conclusions from records and writes. Pure.

The one figure that needs a definition is `write_to_last_old_ms`: from the instant at which the move was written (see
`sandbox.load.watch`, `sandbox.aws.watch`) to the *scheduled instant of the last request that the old colour
answered*. It says until when a client could still be sent to the old colour; how long that colour then took to answer
is in `last_old_answer_ms`. It is 0 where no request scheduled after the write was answered by the old colour, and None
where the clients did not move: the old colour did not answer them before the write, or still did at the end of the
watch.
"""

from __future__ import annotations

import time
from collections import Counter
from itertools import groupby
from statistics import median
from typing import TYPE_CHECKING, Final

from sandbox.load.records import Mode, Outcome
from sandbox.report import verdict
from sandbox.report.model import (
    Flip,
    Floor,
    Migration,
    Migrations,
    ModeDetail,
    Patch,
    Quantiles,
    Report,
    Revert,
    Second,
    ServiceMove,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from sandbox.load.records import Record
    from sandbox.report.seen import FlipSeen, JobSeen, Load, Move, RevertSeen, Seen

SETTLED_NS: Final = 1_000_000_000
"""How much before the write, and at the end of the watch, says where clients were and where they are."""


def window(records: Iterable[Record], move: Move) -> list[Record]:
    """Return the requests scheduled between the write and the end of its watch."""
    return [record for record in records if move.write_ns <= record.scheduled_ns < move.until_ns]


def last_old(records: Iterable[Record], move: Move) -> Record | None:
    """Return the last request within the watch that the old colour answered."""
    old = [record for record in window(records, move) if record.colour == move.from_colour]
    return max(old, key=lambda record: record.scheduled_ns, default=None)


def has_moved(records: Sequence[Record], move: Move) -> bool:
    """Whether the old colour answered in the second before the write, and only the new one's version in the last."""
    before = {r.colour for r in records if move.write_ns - SETTLED_NS <= r.scheduled_ns < move.write_ns}
    return move.from_colour in before and has_settled(records, move)


def has_settled(records: Iterable[Record], move: Move) -> bool:
    """Whether only the new colour's version answered in the last second of the watch."""
    last = [r for r in window(records, move) if r.scheduled_ns >= move.until_ns - SETTLED_NS and r.colour]
    return {(r.colour, r.version) for r in last} == {(move.to_colour, move.version)}


def write_to_last_old_ms(records: Sequence[Record], move: Move) -> float | None:
    """See the module's docstring."""
    return _until_last_old(records, move) if has_moved(records, move) else None


def back_to_last_ms(records: Sequence[Record], move: Move) -> float | None:
    """As `write_to_last_old_ms`, of a way back: clients that had not come as far were rid of the release at once."""
    return _until_last_old(records, move) if has_settled(records, move) else None


def _until_last_old(records: Iterable[Record], move: Move) -> float:
    last = last_old(records, move)
    return 0.0 if last is None else round((last.scheduled_ns - move.write_ns) / 1e6, 1)


def last_old_answer_ms(records: Sequence[Record], move: Move) -> float | None:
    """As `write_to_last_old_ms`, to the last byte of that answer."""
    last = last_old(records, move)
    if last is None or not has_moved(records, move):
        return None
    return round((last.scheduled_ns - move.write_ns) / 1e6 + last.finished_us / 1e3, 1)


def lost(records: Iterable[Record]) -> int:
    """Count the requests without a usable answer."""
    return sum(record.outcome.lost for record in records)


def conclude(seen: Seen) -> Report:
    """Judge a run; what is missing from it is a problem, never a pass."""
    found = {name: {load.header.mode: load for load in seen.loads if load.service == name} for name in seen.services}
    flips = [_flip(found, flip) for flip in seen.flips]
    loads = {name: {mode: _detail(load, seen.broken) for mode, load in modes.items()} for name, modes in found.items()}
    details = [detail for modes in loads.values() for detail in modes.values()]
    reverts = [_revert(found, revert) for revert in seen.reverts]
    migrations = Migrations(jobs=[_job(seen, job) for job in seen.jobs], waiting=seen.waiting)
    floor = _floor(seen)
    known = [p.write_to_last_old_ms for p in floor.patches if p.write_to_last_old_ms is not None] if floor else []
    problems = [
        *([seen.failure] if seen.failure else []),
        *verdict.of_loads(loads),
        *verdict.of_mixing(loads, seen.frontend),
        *verdict.of_flips(flips),
        *verdict.of_refusals(seen.refusals),
        *verdict.of_reverts(reverts),
        *(verdict.of_migrations(migrations) if seen.migrates else ()),
    ]
    return Report(
        router=seen.router,
        verdict="FAILED" if problems else "PASSED",
        problems=problems,
        requests=sum(detail.requests for detail in details),
        lost=sum(detail.lost for detail in details),
        mixed=sum(detail.mixed for detail in details),
        flips=flips,
        refusals=seen.refusals,
        reverts=reverts,
        migrations=migrations if seen.migrates else None,
        floor_ms=round(median(known), 1) if known else None,
        floor=floor,
        versions=seen.versions,
        engine=seen.engine,
        providers=seen.providers,
        started=seen.started,
        seconds=round((time.monotonic_ns() - seen.started_ns) / 1e9, 1),
        steps=seen.steps,
        loads=loads,
        host=seen.host,
    )


def _flip(loads: Mapping[str, Mapping[Mode, Load]], seen: FlipSeen) -> Flip:
    moves = dict(sorted(seen.moves.items(), key=lambda item: item[1].write_ns))
    writes = [move.write_ns for move in moves.values()]
    one = next(iter(moves.values()))
    return Flip(
        from_=one.from_colour,
        to=one.to_colour,
        version=one.version,
        services={name: _service(loads.get(name, {}), move) for name, move in moves.items()},
        writes_apart_ms=round((writes[-1] - writes[0]) / 1e6, 1),
        write_to_bake_ms=after(writes[0], seen.bake_ns),
        up_seconds=round(seen.up_seconds, 2),
        preview_seconds=seen.preview_seconds,
    )


def _service(loads: Mapping[Mode, Load], move: Move) -> ServiceMove:
    records = {mode: load.records for mode, load in loads.items()}
    watched = {mode: window(each, move) for mode, each in records.items()}
    return ServiceMove(
        moved=has_moved(records.get(Mode.NEW_CONNECTIONS, ()), move),
        write_to_last_old_ms={mode: write_to_last_old_ms(each, move) for mode, each in records.items()},
        last_old_answer_ms={mode: last_old_answer_ms(each, move) for mode, each in records.items()},
        requests={mode: len(each) for mode, each in watched.items()},
        lost={mode: lost(each) for mode, each in watched.items()},
    )


def _job(seen: Seen, job: JobSeen) -> Migration:
    """The cluster keeps whole seconds: the last one, in which the Job was done, counts as its own."""

    def after_start(at: datetime) -> float:
        return round((at - seen.started).total_seconds(), 1)

    began, done = (seen.started_ns + round(after_start(at) * 1e9) for at in (job.began, job.done))
    during = [r for load in seen.loads for r in load.records if began <= r.scheduled_ns < done + SETTLED_NS]
    return Migration(
        service=job.service,
        release=f"{job.colour} {job.version}",
        phase=job.phase,
        revision=job.revision,
        began_s=after_start(job.began),
        done_s=after_start(job.done),
        first_pod_s=after_start(job.first_pod) if job.first_pod else None,
        answers=Counter(record.colour for record in during if record.colour),
        lost=lost(during),
    )


def _floor(seen: Seen) -> Floor | None:
    load = seen.floor_load
    if load is None:
        return None
    return Floor(
        patches=[
            Patch(
                from_=move.from_colour,
                to=move.to_colour,
                write_to_last_old_ms=write_to_last_old_ms(load.records, move),
            )
            for move in seen.patches
        ],
        requests=len(load.records),
        lost=lost(load.records),
    )


def _revert(loads: Mapping[str, Mapping[Mode, Load]], seen: RevertSeen) -> Revert:
    records = [record for modes in loads.values() for load in modes.values() for record in load.records]
    own = [record for record in records if _is_of(record, f"{seen.to} {seen.version}")]
    errors = [each for record in own if (each := record.scheduled_ns + record.finished_us * 1000) >= seen.moved_ns]
    return Revert(
        to=seen.to,
        version=seen.version,
        what=seen.what,
        reason=seen.reason,
        undone=seen.undone,
        exit_status=seen.exit_status,
        write_to_bake_ms=after(seen.moved_ns, seen.bake_ns),
        write_to_first_error_ms=after(seen.moved_ns, min(errors, default=None)),
        write_to_decision_ms=after(seen.moved_ns, seen.decided_ns),
        write_to_back_ms=round((max(move.write_ns for move in seen.back.values()) - seen.moved_ns) / 1e6, 1),
        back_to_last_answer_ms={
            name: {mode: back_to_last_ms(load.records, move) for mode, load in loads.get(name, {}).items()}
            for name, move in seen.back.items()
        },
        failed_answers=len(errors),
    )


def after(write_ns: int, at_ns: int | None) -> float | None:
    """How many ms after a write something was; None where nobody knows when it was."""
    return None if at_ns is None else round((at_ns - write_ns) / 1e6, 1)


def _is_of(record: Record, broken: str) -> bool:
    """Whether an answer is the broken release's own: complete, 500 or above, and signed by it."""
    return record.outcome is Outcome.SERVER_ERROR and f"{record.colour} {record.version}" == broken


def _detail(load: Load, broken: str) -> ModeDetail:
    records = load.records
    failed = [record for record in records if record.outcome.lost and not _is_of(record, broken)]
    answered = [record for record in records if not record.outcome.lost]
    late_ms = load.end.late_ms if load.end else 0.0
    late = [record for record in records if load.end and record.started_us > late_ms * 1000]
    return ModeDetail(
        rate=load.header.rate,
        requests=len(records),
        lost=len(failed),
        by_broken=sum(_is_of(record, broken) for record in records),
        lost_by_outcome=Counter(record.outcome for record in failed),
        lost_while_late=len(set(failed) & set(late)),
        answers_by_version=Counter(f"{r.colour} {r.version}" for r in records if r.colour),
        statuses=Counter(record.status for record in records if record.status is not None),
        connections=max((record.connection or 0 for record in records), default=0),
        backends=Counter(record.backend_colour for record in records if record.backend_colour),
        mixed=sum(record.backend_colour not in {"", record.colour} for record in records),
        latency_ms=_quantiles([record.finished_us for record in answered]),
        generator_lag_ms=_quantiles([record.started_us for record in records]),
        late=len(late),
        late_ms=late_ms,
        complete=load.end is not None,
        per_second=list(_per_second(records)),
    )


def _per_second(records: Sequence[Record]) -> Iterable[Second]:
    if not records:
        return
    start = records[0].scheduled_ns
    for second, group in groupby(records, key=lambda record: (record.scheduled_ns - start) // 1_000_000_000):
        each = list(group)
        yield Second(second=second, answers=Counter(r.colour for r in each if r.colour), lost=lost(each))


def _quantiles(microseconds: list[int]) -> Quantiles | None:
    if not microseconds:
        return None
    ordered = sorted(microseconds)

    def rank(share: float) -> float:
        return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))] / 1000, 2)

    return Quantiles(p50=rank(0.5), p99=rank(0.99), max=rank(1))
