"""From records it is concluded whether a run passed, and what was lost, refused or undone in it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from sandbox.load.records import Mode, Outcome
from sandbox.report.analysis import back_to_last_ms, conclude

from .runs import (
    BACK,
    BROKEN_NS,
    NANO,
    SERVICES,
    asking,
    breaking,
    failed,
    job,
    load,
    moving,
    record,
    refusal,
    returning,
    revert,
    run,
    staying,
)

if TYPE_CHECKING:
    from sandbox.report.seen import JobSeen


def test_a_run_that_nothing_speaks_against_has_passed() -> None:
    """Nothing lost, the flip seen in the answers, the refusal refused, the failing release undone."""
    report = conclude(run())
    assert (report.verdict, report.problems) == ("PASSED", [])
    assert (report.requests, report.lost, report.mixed) == (5600, 0, 0)
    (flip,) = report.flips
    assert all(service.moved for service in flip.services.values())
    assert flip.services["backend"].write_to_last_old_ms == {Mode.NEW_CONNECTIONS: 60.0, Mode.KEPT_ALIVE: 1000.0}
    assert flip.write_to_bake_ms == 250.0


def test_an_answer_of_two_colours_fails_the_run() -> None:
    """One of thousands does; and so does a frontend that never says whom it asked."""
    seen = run()
    odd = asking([record(7 * NANO + 5, "green")], backend="blue")
    seen.loads[2] = load(Mode.NEW_CONNECTIONS, [*asking(moving(90)), *odd], service="frontend")
    report = conclude(seen)
    assert (report.mixed, report.lost) == (1, 0)
    assert report.problems == ["1 answers of frontend came from a frontend and a backend of different colours"]
    seen = run()
    seen.loads[2:] = [replace(each, service="frontend") for each in seen.loads[:2]]
    (problem,) = conclude(seen).problems
    assert "whether colours were mixed is unknown" in problem


def test_a_migration_is_told_with_who_answered_meanwhile() -> None:
    """Its last second counts, because the cluster keeps whole ones; and the losses in it."""
    seen = run(new=[*moving(), failed(NANO + 5)])
    (told,) = conclude(seen).migrations.jobs  # pyright: ignore[reportOptionalMemberAccess] - there is a database
    assert (told.release, told.began_s, told.done_s, told.first_pod_s) == ("green 1.1.0", 1, 2, 3)
    assert (told.answers, told.lost) == ({"blue": 800}, 1)


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (job(pod=1), "was done 1 s after the first pod that needs it"),
        (job(pod=None), "was not followed by a pod of its release"),
        (job(phase="contract"), "(contract) ran, and nobody had been retired"),
    ],
)
def test_a_migration_at_the_wrong_time_fails_the_run(told: JobSeen, said: str) -> None:
    """After its pods, without any, or one that drops what the old release needs."""
    seen = run()
    seen.jobs = [told]
    (problem,) = conclude(seen).problems
    assert said in problem


def test_migrations_that_were_not_seen_are_a_problem_only_where_there_is_a_database() -> None:
    """None ran, and none was said to wait."""
    seen = run()
    seen.jobs, seen.waiting = [], []
    assert len(conclude(seen).problems) == 2
    seen.migrates = False
    assert conclude(seen).problems == []
    assert conclude(seen).migrations is None


@pytest.mark.parametrize("outcome", [outcome for outcome in Outcome if outcome.lost])
def test_one_lost_request_fails_the_run(outcome: Outcome) -> None:
    """Whatever its kind, whichever the mode, whenever it was; and the sentence names the kind."""
    for seen in (run(new=[*moving(), failed(1, outcome)]), run(kept=[*staying(), failed(8 * NANO, outcome)])):
        report = conclude(seen)
        assert report.verdict == "FAILED"
        assert report.lost == 1
        assert f"1 {outcome}" in report.problems[0]


def test_a_loss_of_a_late_generator_is_called_one_and_says_so() -> None:
    """It counts all the same, with the lateness beside it."""
    report = conclude(run(new=[*moving(), failed(1, late_us=60_000), failed(2)]))
    assert report.loads["backend"][Mode.NEW_CONNECTIONS].lost_while_late == 1
    assert report.loads["backend"][Mode.NEW_CONNECTIONS].late == 1
    assert "1 of them sent late by the generator itself" in report.problems[0]


def test_every_mode_of_every_service_must_have_been_asked() -> None:
    """A load that did not begin, or was killed, is never a pass."""
    seen = run()
    whole = seen.loads.pop()
    assert "no request was sent to frontend on kept-alive connections: nothing is known about them" in (
        conclude(seen).problems
    )
    seen.loads.append(replace(whole, end=None))
    assert conclude(seen).problems == [
        "the load of frontend on kept-alive connections was killed: what it had in flight is unknown"
    ]


def test_what_was_not_seen_is_no_pass() -> None:
    """No flip, no refusal, a refusal that did not refuse, a flip that moved nothing, a run cut short."""
    seen = run(new=staying())
    seen.refusals = [refusal(refused=False)]
    seen.failure = "interrupted"
    assert len(conclude(seen).problems) == 3
    assert "had to be refused with nothing moved, and was not" in conclude(seen).problems[-1]
    seen = run()
    seen.flips, seen.refusals, seen.reverts = [], [], []
    assert conclude(seen).problems == ["no flip was seen", "no refusal was seen", "no bake was seen to fail"]


def test_only_the_broken_releases_own_errors_are_counted_apart() -> None:
    """Complete answers, signed by it; the same from anybody else is a request lost."""
    report = conclude(run())
    assert (report.reverts[0].failed_answers, report.lost) == (4, 0)
    report = conclude(run(new=breaking(moving(), version="1.0.0")))
    assert report.lost == 1
    assert report.loads["backend"][Mode.NEW_CONNECTIONS].lost_by_outcome == {Outcome.SERVER_ERROR: 1}


def test_a_bake_that_failed_has_to_be_undone_and_to_have_cost_something() -> None:
    """Traffic that stayed, and a release that failed nobody, both speak against the run."""
    seen = run()
    seen.reverts = [revert(undone=False)]
    assert conclude(seen).problems == ["blue 1.2.0 had to be undone, and was not: see its own words"]
    seen = run()
    seen.reverts = [replace(revert(), version="9.9.9")]
    assert conclude(seen).problems == ["blue 9.9.9 failed no request of the load: what was undone is unknown"]


def test_an_undoing_has_its_clock() -> None:
    """After the first write, until a client had an answer, not until it asked; then how long it was met."""
    (undone,) = conclude(run()).reverts
    assert (undone.write_to_bake_ms, undone.write_to_first_error_ms) == (200.0, 502.0)
    assert (undone.write_to_decision_ms, undone.write_to_back_ms) == (1900.0, 2000.0)
    assert undone.back_to_last_answer_ms["frontend"] == {Mode.NEW_CONNECTIONS: 40.0, Mode.KEPT_ALIVE: 900.0}
    assert undone.quiet_ms == {Mode.NEW_CONNECTIONS: 40.0, Mode.KEPT_ALIVE: 900.0}


def test_a_client_that_never_met_the_failing_release_was_rid_of_it_at_once() -> None:
    """A kept-alive connection may not have followed before traffic was back: 0, which is not None."""
    stayed = [record(at, "green") for at in range(9 * NANO, BACK.until_ns, NANO // 100)]
    seen = run()
    seen.loads[3] = load(Mode.KEPT_ALIVE, asking([*moving(1100), *stayed]), service="frontend")
    report = conclude(seen)
    assert report.problems == []
    assert report.reverts[0].back_to_last_answer_ms["frontend"][Mode.KEPT_ALIVE] == 0.0
    assert back_to_last_ms(returning(1500), BACK) is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"bake_ns": None}, "when the bake of the flip to blue 1.2.0 began is in no record"),
        ({"bake_ns": BROKEN_NS + 1_200_000_000}, "the flip to blue 1.2.0 began 1200 ms after the write"),
        ({"decided_ns": None}, "when the bake of blue 1.2.0 decided is in no record"),
        ({"moved_ns": BROKEN_NS - 1_100_000_000, "bake_ns": BROKEN_NS - NANO}, "was live for 3100 ms; needed: at most"),
    ],
)
def test_a_failing_release_that_is_live_too_long_or_unwatched_fails_the_run(
    change: dict[str, object], said: str
) -> None:
    """Three seconds, its bake within one, and both known."""
    seen = run()
    seen.reverts = [replace(revert(), **change)]  # pyright: ignore[reportArgumentType] - a table of fields
    (problem,) = conclude(seen).problems
    assert said in problem


def test_kept_alive_connections_that_stay_with_a_failing_release_fail_the_run() -> None:
    """After traffic was put back, as after any flip."""
    seen = run()
    seen.reverts = [revert(back=replace(BACK, write_ns=BACK.write_ns - 610_000_000))]
    problems = conclude(seen).problems
    where = "were answered by blue 1.2.0 after it was undone, for 1510 ms; needed: at most 1500"
    assert problems == [f"kept-alive connections of {name} {where}" for name in SERVICES]


@pytest.mark.parametrize("by", ["metrics.errors of backend", "metrics.p95 of backend, version of backend"])
def test_a_refusal_by_another_gate_fails_the_run(by: str) -> None:
    """It proves nothing of the gate that is there for it; so does one beside it."""
    seen = run()
    seen.refusals = [refusal(by=by)]
    (problem,) = conclude(seen).problems
    assert f"had to be refused by metrics.p95 of backend alone, and was by {by}" in problem


def test_each_second_is_counted() -> None:
    """Answers per second and colour add up to the requests."""
    loads = conclude(run(new=[*moving(60), failed(5 * NANO + 7)])).loads
    seconds = loads["backend"][Mode.NEW_CONNECTIONS].per_second
    assert [second.second for second in seconds] == list(range(14))
    assert (seconds[5].answers, seconds[5].lost) == ({"blue": 7, "green": 93}, 1)
    assert sum(sum(second.answers.values()) + second.lost for second in seconds[:9]) == 901


@pytest.mark.parametrize(
    "change",
    [
        {"version_after": "8"},
        {"colour": "blue"},
        {"answers": {"green": 299, "blue": 1}},
        {"answers": {}},
    ],
)
def test_a_refusal_touches_no_service(change: dict[str, object]) -> None:
    """Nobody wrote it, it names the live colour, and that one answered, and no other."""
    (untouched, _) = refusal().evidence.services.values()
    assert untouched.still("green")
    assert not untouched.model_copy(update=change).still("green")
