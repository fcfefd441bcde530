"""What is concluded from records: when traffic moved, whether it did, and what was lost."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sandbox.load.records import Mode, Outcome
from sandbox.report.analysis import conclude, has_moved, last_old_answer_ms, write_to_last_old_ms

from .runs import MOVE, NANO, VERSIONS, WRITE_NS, failed, in_order, load, moving, record, refusal, run, staying


@pytest.mark.parametrize("last_old_ms", [10, 60, 750, 2900])
def test_the_time_ends_with_the_last_request_the_old_colour_answered(last_old_ms: int) -> None:
    """From the write to the scheduled instant of that request."""
    assert write_to_last_old_ms(moving(last_old_ms), MOVE) == last_old_ms


def test_how_long_the_old_colour_took_to_answer_is_told_apart() -> None:
    """A slow answer does not make the move slow; it is in the other figure."""
    at = WRITE_NS + 61_000_000
    slow = in_order([*moving(60), record(at, took_us=900_000)])
    assert write_to_last_old_ms(slow, MOVE) == 61.0
    assert last_old_answer_ms(slow, MOVE) == 961.0


def test_a_move_before_the_next_request_took_nothing() -> None:
    """No request scheduled after the write reached the old colour: 0, which is not None."""
    assert write_to_last_old_ms(moving(-1), MOVE) == 0.0


def test_one_straggler_counts() -> None:
    """The last answer counts, not when most had moved."""
    assert write_to_last_old_ms(in_order([*moving(60), record(WRITE_NS + 1_234_000_000)]), MOVE) == 1234.0


@pytest.mark.parametrize(
    "records",
    [
        staying(),
        moving(3500),
        in_order([*moving(60), record(MOVE.until_ns - 1)]),
        [record(at, "green") for at in range(0, 9 * NANO, NANO // 100)],
        moving(60, seconds=6),
        [r for r in moving(60) if r.scheduled_ns > WRITE_NS],
        [r._replace(version="1.2.0") for r in moving(60)],
        [],
    ],
    ids=[
        "blue answers on",
        "blue still answers in the last second",
        "one answer of blue at the end",
        "green answered before",
        "no answers at the end",
        "no answers before",
        "another version",
        "nothing",
    ],
)
def test_what_is_not_seen_to_move_did_not(records: list[object]) -> None:
    """The old colour must have answered before the write, and only the new one, as declared, at the end."""
    assert not has_moved(records, MOVE)  # pyright: ignore[reportArgumentType] - a table of lists, one of them empty
    assert write_to_last_old_ms(records, MOVE) is None  # pyright: ignore[reportArgumentType] - as above


def test_what_comes_after_the_watch_is_another_story() -> None:
    """Answers after the end of the watch, such as of the next flip, change nothing."""
    later = [record(MOVE.until_ns + NANO), failed(MOVE.until_ns + NANO)]
    flip = conclude(run(in_order([*moving(60), *later]))).flips[0]
    assert flip.write_to_last_old_ms[Mode.NEW_CONNECTIONS] == 60.0
    assert flip.lost == {Mode.NEW_CONNECTIONS: 0, Mode.KEPT_ALIVE: 0}


def test_a_run_that_nothing_speaks_against_has_passed() -> None:
    """Nothing lost, the flip seen in the answers, the refusal refused; kept-alive connections need not move."""
    report = conclude(run())
    assert (report.verdict, report.problems) == ("PASSED", [])
    assert (report.requests, report.lost) == (1800, 0)
    assert report.flips[0].moved
    assert report.flips[0].write_to_last_old_ms == {Mode.NEW_CONNECTIONS: 60.0, Mode.KEPT_ALIVE: None}


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
    assert report.modes[Mode.NEW_CONNECTIONS].lost_while_late == 1
    assert report.modes[Mode.NEW_CONNECTIONS].late == 1
    assert "1 of them sent late by the generator itself" in report.problems[0]


def test_every_mode_must_have_been_asked() -> None:
    """A load that did not begin, or was killed, is never a pass."""
    seen = run()
    seen.loads = seen.loads[:1]
    assert conclude(seen).problems == ["no request was sent on kept-alive connections: nothing is known about them"]
    seen.loads.append(load(Mode.KEPT_ALIVE, staying(), killed=True))
    assert conclude(seen).problems == [
        "the load on kept-alive connections was killed: what it had in flight is unknown"
    ]


def test_what_was_not_seen_is_no_pass() -> None:
    """No flip, no refusal, a refusal that did not refuse, a flip that moved nothing, a run cut short."""
    seen = run(new=staying())
    seen.refusals = [refusal(refused=False)]
    seen.failure = "interrupted"
    assert len(conclude(seen).problems) == 3
    seen = run()
    seen.moves, seen.refusals = [], []
    assert conclude(seen).problems == ["no flip was seen", "no refusal was seen"]


def test_the_floor_is_the_median_of_its_patches_and_apart_from_the_load() -> None:
    """Its requests and losses are its own."""
    seen = run()
    assert conclude(seen).floor_ms is None
    back = replace(MOVE, from_colour="green", to_colour="blue", version=VERSIONS["blue"], write_ns=9 * NANO)
    back = replace(back, until_ns=13 * NANO)
    forth = moving(40)
    seen.floor_load = load(
        Mode.NEW_CONNECTIONS,
        [
            *forth,
            *(
                record(at, "green" if at <= 9 * NANO + 20_000_000 else "blue")
                for at in range(9 * NANO, 13 * NANO, NANO // 100)
            ),
            failed(3),
        ],
    )
    seen.patches = [MOVE, back]
    report = conclude(seen)
    assert report.floor is not None
    assert [patch.write_to_last_old_ms for patch in report.floor.patches] == [40.0, 20.0]
    assert report.floor_ms == 30.0
    assert (report.floor.lost, report.lost, report.requests) == (1, 0, 1800)


def test_each_second_is_counted() -> None:
    """Answers per second and colour add up to the requests."""
    seconds = conclude(run(new=[*moving(60), failed(5 * NANO + 7)])).modes[Mode.NEW_CONNECTIONS].per_second
    assert [second.second for second in seconds] == list(range(9))
    assert (seconds[5].answers, seconds[5].lost) == ({"blue": 7, "green": 93}, 1)
    assert sum(sum(second.answers.values()) + second.lost for second in seconds) == 901
