"""What speaks against a run, in sentences. Pure.

A run passes when nothing does: no request lost, every flip moved traffic, every refusal refused. What was not seen
speaks against it too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sandbox.load.records import Mode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sandbox.report.model import Flip, ModeDetail, Refusal

WORDS: Final = {Mode.NEW_CONNECTIONS: "new connections", Mode.KEPT_ALIVE: "kept-alive connections"}


def of_loads(modes: Mapping[Mode, ModeDetail]) -> Iterable[str]:
    """Say what was lost, and what is not known."""
    for mode in Mode:
        detail = modes.get(mode)
        if detail is None or not detail.requests:
            yield f"no request was sent on {WORDS[mode]}: nothing is known about them"
            continue
        if not detail.complete:
            yield f"the load on {WORDS[mode]} was killed: what it had in flight is unknown"
        if detail.lost:
            kinds = [f"{count} {outcome}" for outcome, count in detail.lost_by_outcome.items()]
            if detail.lost_while_late:
                kinds.append(f"{detail.lost_while_late} of them sent late by the generator itself")
            yield f"{detail.lost} of {detail.requests} requests on {WORDS[mode]} were lost: {', '.join(kinds)}"


def of_flips(flips: Sequence[Flip]) -> Iterable[str]:
    """Say which flips the answers do not show."""
    if not flips:
        yield "no flip was seen"
    for flip in flips:
        if not flip.moved:
            yield f"the flip from {flip.from_} to {flip.to} {flip.version} did not move traffic: the answers say so"


def of_refusals(refusals: Sequence[Refusal]) -> Iterable[str]:
    """Say what was let pass."""
    if not refusals:
        yield "no refusal was seen"
    for refusal in refusals:
        if not refusal.refused:
            yield f"the flip to {refusal.to} had to be refused with nothing moved, and was not: see its evidence"
