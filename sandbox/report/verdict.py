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


def of_refusals(refusals: Sequence[Refusal]) -> Iterable[str]:
    """Say what was let pass."""
    if not refusals:
        yield "no refusal was seen"
    for refusal in refusals:
        if not refusal.refused:
            yield f"the flip to {refusal.to} had to be refused with nothing moved, and was not: see its evidence"


def of_reverts(reverts: Sequence[Revert]) -> Iterable[str]:
    """Say what was not undone, and what nobody would have noticed."""
    if not reverts:
        yield "no bake was seen to fail"
    for revert in reverts:
        if not revert.undone:
            yield f"{revert.to} {revert.version} had to be undone, and was not: see its own words"
        if not revert.failed_answers:
            yield f"{revert.to} {revert.version} failed no request of the load: what was undone is unknown"


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
