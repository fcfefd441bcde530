"""The report as a page for people: `report.md`. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.load.records import Mode
from sandbox.report.verdict import WORDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sandbox.report.model import Flip, Quantiles, Report


def page(report: Report, picture: str | None) -> str:
    """Return the page in Markdown; `picture` is the file to show, relative to the page."""
    parts = [*_top(report, picture), *_what_moved(report), *_refused(report), *_load(report), *_how(report)]
    return "\n\n".join(part for part in parts if part)


def milliseconds(value: float | None) -> str:
    """Return a duration in words; a missing one says that nothing moved."""
    return "did not move" if value is None else f"{value:.0f} ms"


def _top(report: Report, picture: str | None) -> Iterable[str]:
    yield f"# {report.verdict}: {report.lost} of {report.requests} requests lost"
    yield "\n".join(f"- {problem}" for problem in report.problems)
    yield (
        f"Open-loop load in two modes while the live colour changed {_times(len(report.flips))}, "
        f"on {report.started:%Y-%m-%d %H:%M} UTC for {report.seconds:.0f} s. Engine: {report.engine}."
    )
    if picture:
        yield f"![Answers per colour over time]({picture})"


def _what_moved(report: Report) -> Iterable[str]:
    yield "## Flips"
    yield _table(
        ["flip", *(f"write to last old answer, {WORDS[mode]}" for mode in Mode), "`pulumi up`", "lost", "moved"],
        [_flip(flip) for flip in report.flips],
    )
    if report.floor is not None:
        patches = ", ".join(milliseconds(patch.write_to_last_old_ms) for patch in report.floor.patches)
        yield (
            f"Floor: a bare `kubectl patch` of a separate Service on the same pods took {patches} on new connections, "
            f"{report.floor.lost} of {report.floor.requests} requests lost."
        )
    yield (
        "The time runs from the instant at which the API server delivered the new selector to a watch, to the "
        "scheduled instant of the last request that the old colour answered. A selector does not move connections "
        "that are already open."
    )


def _flip(flip: Flip) -> list[str]:
    return [
        f"{flip.from_} → {flip.to} {flip.version}",
        *(milliseconds(flip.write_to_last_old_ms.get(mode)) for mode in Mode),
        f"{flip.up_seconds:.1f} s",
        str(sum(flip.lost.values())),
        "yes" if flip.moved else "**no**",
    ]


def _refused(report: Report) -> Iterable[str]:
    yield "## Refusals"
    for refusal in report.refusals:
        seen = refusal.evidence
        answers = ", ".join(f"{count} answers by {colour}" for colour, count in seen.answers.items()) or "no answers"
        yield f"Flip to {refusal.to}: {'refused' if refusal.refused else '**not refused**'}."
        yield f"> {refusal.reason}"
        yield (
            f"Exit status {seen.exit_status}; then the selector said {seen.selector_colour} (resource version "
            f"{seen.resource_version_before} before, {seen.resource_version_after} after). Meanwhile: {answers}."
        )


def _load(report: Report) -> Iterable[str]:
    yield "## Load"
    yield _table(
        ["", "requests", "lost", "connections", "latency p50, p99, max", "generator late p50, p99, max", "answers"],
        [
            [
                WORDS[mode],
                str(detail.requests),
                ", ".join(f"{count} {outcome}" for outcome, count in detail.lost_by_outcome.items()) or "0",
                str(detail.connections),
                _quantiles(detail.latency_ms),
                _quantiles(detail.generator_lag_ms),
                ", ".join(f"{count} {version}" for version, count in detail.answers_by_version.items()),
            ]
            for mode, detail in report.modes.items()
        ],
    )


def _how(report: Report) -> Iterable[str]:
    yield "## Steps"
    yield _table(["step", "took"], [[step.name, f"{step.seconds:.1f} s"] for step in report.steps])
    host = report.host
    versions = [f"Python {host.python}", *(f"{name} {version}" for name, version in report.versions.items())]
    yield (
        f"Measured on {host.cores} cores (load average {host.load_average:.1f}), {host.memory_gib:.0f} GiB, "
        f"{host.system}, kernel {host.kernel}, {', '.join(versions)}."
    )


def _quantiles(found: Quantiles | None) -> str:
    return "none" if found is None else f"{found.p50:.1f}, {found.p99:.1f}, {found.max:.1f} ms"


def _times(count: int) -> str:
    return {0: "not at all", 1: "once", 2: "twice"}.get(count, f"{count} times")


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
