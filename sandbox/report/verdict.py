"""What speaks against a run, in sentences. Pure.

A run passes when nothing does: no request lost, no answer of two colours, every flip moved the traffic of every
service, every refusal refused, every migration before its release. What was not seen speaks against it too.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Final

from sandbox.load.records import Mode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sandbox.report.model import Flip, Migrations, ModeDetail, Refusal, Revert

WORDS: Final = {Mode.NEW_CONNECTIONS: "new connections", Mode.KEPT_ALIVE: "kept-alive connections"}
_EXPAND: Final = "expand"

BAKE_MS: Final = 1000
"""From a write to its bake's first question, at most: meanwhile traffic is live, and nobody looks."""

BACK_MS: Final = 3000
"""From the write to the last write back of a release that fails its bake, at most: for so long it is live."""

QUIET_MS: Final = 1500
"""From a write to the last answer of the colour that was left, on kept-alive connections, at most."""


def of_loads(loads: Mapping[str, Mapping[Mode, ModeDetail]]) -> Iterable[str]:
    """Say what was lost, and what is not known."""
    if not loads:
        yield "no request was sent at all: nothing is known"
    for name, mode in product(loads, Mode):
        detail, where = loads[name].get(mode), f"{name} on {WORDS[mode]}"
        if detail is None or not detail.requests:
            yield f"no request was sent to {where}: nothing is known about them"
            continue
        if not detail.complete:
            yield f"the load of {where} was killed: what it had in flight is unknown"
        if detail.lost:
            kinds = [f"{count} {outcome}" for outcome, count in detail.lost_by_outcome.items()]
            if detail.lost_while_late:
                kinds.append(f"{detail.lost_while_late} of them sent late by the generator itself")
            yield f"{detail.lost} of {detail.requests} requests to {where} were lost: {', '.join(kinds)}"


def of_mixing(loads: Mapping[str, Mapping[Mode, ModeDetail]], frontend: str | None) -> Iterable[str]:
    """Say where two colours met in one answer, or whether nobody could tell."""
    for name, each in loads.items():
        if mixed := sum(detail.mixed for detail in each.values()):
            yield f"{mixed} answers of {name} came from a frontend and a backend of different colours"
    if frontend and not any(detail.backends for detail in loads.get(frontend, {}).values()):
        yield f"no answer of {frontend} said which backend it had asked: whether colours were mixed is unknown"


def of_flips(flips: Sequence[Flip]) -> Iterable[str]:
    """Say which flips the answers do not show."""
    if not flips:
        yield "no flip was seen"
    for flip in flips:
        for name, service in flip.services.items():
            if not service.moved:
                yield (
                    f"the flip from {flip.from_} to {flip.to} {flip.version} did not move traffic of {name}: the "
                    "answers say so"
                )
            what = f"after the flip from {flip.from_} to {flip.to} {flip.version}"
            yield from _quiet(f"{flip.from_} {what}", name, service.write_to_last_old_ms.get(Mode.KEPT_ALIVE))
        yield from _watched(f"the flip from {flip.from_} to {flip.to} {flip.version}", flip.write_to_bake_ms)


def of_refusals(refusals: Sequence[Refusal]) -> Iterable[str]:
    """Say what was let pass."""
    if not refusals:
        yield "no refusal was seen"
    for refusal in refusals:
        what = f"{refusal.to} {refusal.version}, which {refusal.what},"
        if not refusal.refused:
            yield f"{what} had to be refused with nothing moved, and was not: see its evidence"
        elif not refusal.as_meant:
            by = ", ".join(refusal.by) or "no gate that its record names"
            yield f"{what} had to be refused by {refusal.gate} alone, and was by {by}"


def of_reverts(reverts: Sequence[Revert]) -> Iterable[str]:
    """Say what was not undone, and what nobody would have noticed."""
    if not reverts:
        yield "no bake was seen to fail"
    for revert in reverts:
        if not revert.undone:
            yield f"{revert.to} {revert.version} had to be undone, and was not: see its own words"
        if not revert.failed_answers:
            yield f"{revert.to} {revert.version} failed no request of the load: what was undone is unknown"
        what = f"{revert.to} {revert.version}"
        yield from _watched(f"the flip to {what}", revert.write_to_bake_ms)
        if revert.write_to_decision_ms is None:
            yield f"when the bake of {what} decided is in no record"
        if revert.write_to_back_ms > BACK_MS:
            yield f"{what} was live for {revert.write_to_back_ms:.0f} ms; needed: at most {BACK_MS}"
        for name, modes in revert.back_to_last_answer_ms.items():
            yield from _quiet(f"{what} after it was undone", name, modes.get(Mode.KEPT_ALIVE))


def _watched(what: str, write_to_bake_ms: float | None) -> Iterable[str]:
    if write_to_bake_ms is None:
        yield f"when the bake of {what} began is in no record: for how long nobody looked is unknown"
    elif write_to_bake_ms > BAKE_MS:
        yield f"the bake of {what} began {write_to_bake_ms:.0f} ms after the write; needed: at most {BAKE_MS}"


def _quiet(what: str, service: str, last_ms: float | None) -> Iterable[str]:
    where = f"kept-alive connections of {service}"
    if last_ms is None:
        yield f"{where} did not leave {what}: the answers say so"
    elif last_ms > QUIET_MS:
        yield f"{where} were answered by {what}, for {last_ms:.0f} ms; needed: at most {QUIET_MS}"


def of_migrations(migrations: Migrations) -> Iterable[str]:
    """Say which migrations came at the wrong time, or were not seen to come at all."""
    if not migrations.jobs:
        yield "no migration was seen"
    if not migrations.waiting:
        yield "no contracting migration was seen to wait for the release that needs what it drops"
    for job in migrations.jobs:
        what = f"the migration of {job.service} to {job.revision} for {job.release}"
        if job.phase != _EXPAND:
            yield f"{what} ({job.phase}) ran, and nobody had been retired"
        if job.first_pod_s is None:
            yield f"{what} was not followed by a pod of its release"
        elif job.first_pod_s < job.done_s:
            yield f"{what} was done {job.done_s - job.first_pod_s:g} s after the first pod that needs it"
