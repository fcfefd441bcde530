"""The report as a page for people: `report.md`. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sandbox.load.records import Mode
from sandbox.report.verdict import WORDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sandbox.report.model import Flip, Migration, Quantiles, Refusal, Report, Revert


_LOAD_HEADS: Final = (
    *("service", "on", "rate", "requests", "lost", "connections"),
    *("latency p50, p99, max", "generator late p50, p99, max", "answers"),
)


STAND_IN: Final = "a stand-in for Pulumi's own, over moto and not over AWS"
"""What a provider is that is called one."""

BARE: Final = {"service": "kubectl patch", "alb": "ModifyRule"}
"""A bare write, by router."""

_WRITTEN: Final = {
    "service": "the API server delivered the new selector to a watch",
    "alb": "the sandbox's AWS took the new weights (a stand-in: a real load balancer follows later)",
}
_KEPT_ALIVE: Final = {
    "service": "A selector moves new connections only; those that are kept alive move when either side ends them.",
    "alb": "Every request is shared out anew, whatever its connection.",
}


def page(report: Report, picture: str | None) -> str:
    """Return the page in Markdown; `picture` is the file to show, relative to the page."""
    sections = (_what_moved(report), _migrated(report), _refused(report), _undone(report), _load(report), _how(report))
    parts = [*_top(report, picture), *(part for section in sections for part in section)]
    return "\n\n".join(part for part in parts if part)


def title(flip: Flip) -> str:
    """Name a flip."""
    return f"{flip.from_} → {flip.to} {flip.version}"


def milliseconds(value: float | None) -> str:
    """Return a duration in words; a missing one says that nothing moved."""
    return "did not move" if value is None else f"{value:.0f} ms"


def _top(report: Report, picture: str | None) -> Iterable[str]:
    yield f"# {report.verdict}: {report.lost} of {report.requests} requests lost"
    yield "\n".join(f"- {problem}" for problem in report.problems)
    yield (
        f"Open-loop load on {' and '.join(report.loads) or 'nothing'}, in two modes each, while the live colour "
        f"changed {_times(len(report.flips))}, "
        f"on {report.started:%Y-%m-%d %H:%M} UTC for {report.seconds:.0f} s. {engine(report)}."
    )
    if picture:
        yield f"![Answers per colour over time]({picture})"


def _what_moved(report: Report) -> Iterable[str]:
    yield "## Flips"
    yield behind(report)
    yield _table(
        ["flip", "service", *(f"write to last old answer, {WORDS[mode]}" for mode in Mode), "lost", "moved"],
        [row for flip in report.flips for row in _flip(flip)],
    )
    for flip in report.flips:
        yield (
            f"{title(flip)}: `pulumi up` took {flip.up_seconds:.1f} s, the writes to its {len(flip.services)} services "
            f"were {flip.writes_apart_ms:.0f} ms apart (for so long, two front doors may lead to two colours), and "
            f"{bake(flip.write_to_bake_ms)}."
        )
    yield (
        f"Answers in which a frontend met a backend of the other colour: {report.mixed}. A frontend asks the backend "
        "of its own colour, and says in its answer which one that was."
    )
    if report.floor is not None:
        patches = ", ".join(milliseconds(patch.write_to_last_old_ms) for patch in report.floor.patches)
        yield (
            f"Floor: a bare `{BARE[report.router]}` of a separate door on the backend's pods took {patches} on new "
            f"connections, {report.floor.lost} of {report.floor.requests} requests lost."
        )
    yield (
        f"The time runs from the instant at which {_WRITTEN[report.router]}, to the scheduled instant of the last "
        f"request that the old colour answered. {_KEPT_ALIVE[report.router]}"
    )


def _flip(flip: Flip) -> Iterable[list[str]]:
    for name, service in flip.services.items():
        yield [
            title(flip),
            name,
            *(milliseconds(service.write_to_last_old_ms.get(mode)) for mode in Mode),
            str(sum(service.lost.values())),
            "yes" if service.moved else "**no**",
        ]


def _migrated(report: Report) -> Iterable[str]:
    if report.migrations is None:
        return
    yield "## Migrations"
    yield _table(
        ["release", "schema", "Job ran", "its first pod", "answers meanwhile", "lost"],
        [
            [f"{job.service} {job.release}", f"{job.phase} to {job.revision}", *ran(job), str(job.lost)]
            for job in report.migrations.jobs
        ],
    )
    yield "Seconds after the start of the run, as the cluster keeps them. What contracts did not run:"
    yield "\n".join(f"- {why}" for why in report.migrations.waiting)


def ran(job: Migration) -> list[str]:
    """Say when a migration ran, when the first pod that needs it came, and who answered meanwhile."""
    answers = ", ".join(f"{count} {colour}" for colour, count in job.answers.items())
    pod = "none" if job.first_pod_s is None else f"{job.first_pod_s:.0f} s"
    return [f"{job.began_s:.0f} to {job.done_s:.0f} s", pod, answers or "no load yet"]


def _refused(report: Report) -> Iterable[str]:
    yield "## Refusals"
    for refusal in report.refusals:
        by = f"refused by {', '.join(refusal.by) or 'no gate that its record names'}"
        meant = "whose it is to refuse it" if refusal.as_meant else f"**and was to be by {refusal.gate}**"
        yield f"{release(refusal)}: {f'{by}, {meant}' if refusal.refused else '**not refused**'}."
        yield f"> {refusal.reason}"
        yield f"Exit status {refusal.evidence.exit_status}. " + " ".join(
            f"{name} was then sent to {seen.colour} (version {seen.version_before} before, {seen.version_after} "
            "after); answers meanwhile: "
            + (", ".join(f"{count} {colour}" for colour, count in seen.answers.items()) or "none")
            + "."
            for name, seen in refusal.evidence.services.items()
        )


def _undone(report: Report) -> Iterable[str]:
    yield "## Undone"
    for revert in report.reverts:
        yield f"{release(revert)}: {undone(revert)}, exit status {revert.exit_status}."
        yield f"> {revert.reason}"
        yield _table(["its clock", "after the first write"], clock(revert))
        yield _table(
            ["service", *(f"write back to its last answer, {WORDS[mode]}" for mode in Mode)],
            [
                [name, *(milliseconds(modes.get(mode)) for mode in Mode)]
                for name, modes in revert.back_to_last_answer_ms.items()
            ],
        )


def release(moved: Refusal | Revert) -> str:
    """Name a release that is broken on purpose."""
    return f"{moved.to} {moved.version}, which {moved.what}"


def undone(revert: Revert) -> str:
    """Say for how long it was live, and what it cost."""
    back = "traffic was put back" if revert.undone else "**traffic was not put back**"
    live = revert.write_to_back_ms / 1000
    return f"live for {live:.1f} s, {revert.failed_answers} of its answers were errors, then {back}"


def clock(revert: Revert) -> list[list[str]]:
    """What happened when: instants after the first write."""
    return [
        ["its bake asks for the first time", known(revert.write_to_bake_ms)],
        ["a client has the first of its errors", known(revert.write_to_first_error_ms)],
        ["its bake has come to its verdict", known(revert.write_to_decision_ms)],
        ["traffic is back", known(revert.write_to_back_ms)],
    ]


def bake(write_to_bake_ms: float | None) -> str:
    """Say for how long nobody looked after a write."""
    if write_to_bake_ms is None:
        return "when its bake asked for the first time is **unknown**"
    return f"its bake asked for the first time {write_to_bake_ms:.0f} ms after the write"


def behind(report: Report) -> str:
    """Say what the figures of a load balancer are figures of; nothing where there is none, or AWS's own."""
    stand_in = next((each for each in report.providers if each.name == "aws" and each.stand_in), None)
    if report.router != "alb" or stand_in is None:
        return ""
    return (
        f"Measured behind a stand-in, not AWS: the aws provider is {stand_in.version}, the API moto, and what carries "
        "the traffic HAProxy."
    )


def known(after: float | None) -> str:
    """Return a duration in words, or that nobody knows it."""
    return "unknown" if after is None else f"{after:.0f} ms"


def engine(report: Report) -> str:
    """Name the engine and its providers, and what is none of Pulumi's."""
    named = [f"{each.name} {each.version}" + (f" ({STAND_IN})" if each.stand_in else "") for each in report.providers]
    return f"Engine: {report.engine}; providers: {', '.join(named) or 'unknown'}"


def _load(report: Report) -> Iterable[str]:
    yield "## Load"
    yield _table(
        _LOAD_HEADS,
        [
            [
                name,
                WORDS[mode],
                f"{detail.rate}/s",
                str(detail.requests),
                ", ".join(f"{count} {outcome}" for outcome, count in detail.lost_by_outcome.items()) or "0",
                str(detail.connections),
                _quantiles(detail.latency_ms),
                _quantiles(detail.generator_lag_ms),
                ", ".join(f"{count} {version}" for version, count in detail.answers_by_version.items()),
            ]
            for name, modes in report.loads.items()
            for mode, detail in modes.items()
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
