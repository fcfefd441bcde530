"""The report itself: what `report.json` holds, and what the page and the terminal are made from.

Times are milliseconds or seconds as their names say. Durations come from one monotonic clock; the only wall time is
`started`. Nothing here names the host.
"""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - pydantic reads the annotations at run time

from pydantic import BaseModel, ConfigDict, Field

from sandbox.load.records import Mode, Outcome


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class ServiceMove(_Frozen):
    """What a flip was for one service of the flip set."""

    moved: bool  # at the end of the watch, new connections were answered by `to` in `version`, and by nothing else
    write_to_last_old_ms: dict[Mode, float | None]  # None where the old colour was still answering
    last_old_answer_ms: dict[Mode, float | None]  # the same to the last byte of that answer, its service time included
    requests: dict[Mode, int]  # over the watch after the write
    lost: dict[Mode, int]


class Flip(_Frozen):
    """One move of live traffic by the program: all services of the flip set."""

    from_: str = Field(serialization_alias="from")
    to: str
    version: str  # the version declared for `to`
    services: dict[str, ServiceMove]  # in the order in which they were written
    writes_apart_ms: float  # from the first write to the last: so long, two front doors may lead to two colours
    write_to_bake_ms: float | None  # from the first write to its bake's first question; None: nobody knows
    up_seconds: float  # wall time of `pulumi up`, from start to exit
    preview_seconds: float | None = None


class Untouched(_Frozen):
    """What directs one service's traffic, looked at before and after."""

    colour: str  # afterwards
    version_before: str  # equal means that nobody wrote
    version_after: str
    answers: dict[str, int]  # on new connections meanwhile, by colour

    def still(self, live: str) -> bool:
        """Whether nobody wrote it, and nobody but `live` answered."""
        same = self.version_before == self.version_after
        return same and self.colour == live and set(self.answers) == {live}


class Evidence(_Frozen):
    """What was looked at to say whether a refusal refused."""

    exit_status: int  # of `pulumi up`
    services: dict[str, Untouched]


class Refusal(_Frozen):
    """One move that had to be refused."""

    to: str
    version: str
    what: str  # is wrong with it
    gate: str  # whose it is to refuse it, with its check and service: "metrics.p95 of backend"
    by: list[str]  # the gates that did not pass, named alike, in the program's own record
    reason: str  # the program's own words
    refused: bool  # it said so, exit status not 0, nothing written, and only the live colour answered
    evidence: Evidence

    @property
    def as_meant(self) -> bool:
        """Whether the gate refused that is there for it, and no other."""
        return self.refused and self.by == [self.gate]


class Revert(_Frozen):
    """One move onto a release that failed its bake, and that had to be undone."""

    to: str
    version: str
    what: str  # is wrong with it
    reason: str  # the program's own words
    undone: bool  # it said so, exit status not 0, and all traffic was back
    exit_status: int
    write_to_bake_ms: float | None  # all from the first write; None: nobody knows
    write_to_first_error_ms: float | None  # until a client had the first of its errors
    write_to_decision_ms: float | None  # until its bake came to its verdict
    write_to_back_ms: float  # until the last write back: for so long it was live
    back_to_last_answer_ms: dict[str, dict[Mode, float | None]]  # by service; as a flip's `write_to_last_old_ms`
    failed_answers: int  # answers of 500 or above that it gave, at all doors

    @property
    def quiet_ms(self) -> dict[Mode, float | None]:
        """Of the service that took longest to be rid of it; None where one was not seen to be."""
        last = {mode: [each.get(mode) for each in self.back_to_last_answer_ms.values()] for mode in Mode}
        known = {mode: [each for each in found if each is not None] for mode, found in last.items()}
        return {
            mode: max(known[mode]) if found and len(known[mode]) == len(found) else None for mode, found in last.items()
        }


class Migration(_Frozen):
    """One migration of the database's schema that a release brought. Instants are seconds after the run's start."""

    service: str
    release: str  # colour and version
    phase: str
    revision: str
    began_s: float
    done_s: float
    first_pod_s: float | None  # the release's; not before `done_s`
    answers: dict[str, int]  # of requests scheduled while it ran, by colour, at all doors; empty before the load
    lost: int


class Migrations(_Frozen):
    """What became of the schema."""

    jobs: list[Migration]
    waiting: list[str]  # why contracting ones did not run, in the program's own words


class Patch(_Frozen):
    """One bare write."""

    from_: str = Field(serialization_alias="from")
    to: str
    write_to_last_old_ms: float | None


class Floor(_Frozen):
    """What a bare write of a separate door takes on the same pods: no proof, nothing recorded."""

    patches: list[Patch]
    requests: int
    lost: int


class Quantiles(_Frozen):
    """Of requests, in milliseconds."""

    p50: float
    p99: float
    max: float


class Second(_Frozen):
    """One second of one mode's load."""

    second: int  # after the start of the load
    answers: dict[str, int]  # by colour
    lost: int


class ModeDetail(_Frozen):
    """One mode's load on one front door, over the whole run."""

    rate: int  # requests per second, as scheduled
    requests: int
    lost: int  # answers of 500 or above that are in `by_broken` are not among them
    by_broken: int  # such answers of the release that was live only to fail
    lost_by_outcome: dict[Outcome, int]
    lost_while_late: int  # of those lost, sent late by the generator itself
    answers_by_version: dict[str, int]  # "blue 1.0.0": 4210
    statuses: dict[int, int]
    connections: int
    backends: dict[str, int]  # answers by the colour of the backend that a frontend asked; empty for others
    mixed: int  # answers in which a frontend met a backend of the other colour
    latency_ms: Quantiles | None  # of answered requests, from the scheduled instant
    generator_lag_ms: Quantiles | None  # how late the generator itself turned to a request
    late: int  # requests it turned to more than `late_ms` late
    late_ms: float
    complete: (
        bool  # the load ended by itself or was told to; False: it was killed, and what it had in flight is unknown
    )
    per_second: list[Second]


class Provider(_Frozen):
    """One of the engine's providers."""

    name: str
    version: str  # as the plugin itself says
    stand_in: bool  # for Pulumi's own, of which nothing is in it


class Step(_Frozen):
    """One step of the run."""

    name: str
    seconds: float


class Host(_Frozen):
    """What the figures were measured on."""

    cores: int
    load_average: float  # over the run's last minute; far above `cores`, the machine was busy with something else too
    memory_gib: float
    kernel: str
    system: str
    python: str


class Report(_Frozen):
    """One run, judged."""

    verdict: str  # PASSED or FAILED
    problems: list[str]  # empty exactly when PASSED
    requests: int
    lost: int
    mixed: int  # answers in which services of two colours met
    flips: list[Flip]
    refusals: list[Refusal]
    reverts: list[Revert]
    migrations: Migrations | None  # None: no database to migrate
    floor_ms: float | None  # median of the floor's patches
    floor: Floor | None
    router: str  # what directed live traffic, as `teal:router` has it
    versions: dict[str, str]
    engine: str
    providers: list[Provider]
    started: datetime
    seconds: float
    steps: list[Step]
    loads: dict[str, dict[Mode, ModeDetail]]  # by service
    host: Host
