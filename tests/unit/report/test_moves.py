"""From records it is concluded when traffic moved, whether it did, and who was left behind."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from sandbox.load.records import Mode
from sandbox.report.analysis import conclude, has_moved, last_old_answer_ms, write_to_last_old_ms

from .runs import MOVE, NANO, VERSIONS, WRITE_NS, asking, failed, in_order, load, moving, record, run, staying

if TYPE_CHECKING:
    from sandbox.load.records import Record


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
    flip = conclude(run(in_order([*moving(60), *later]))).flips[0].services["backend"]
    assert flip.write_to_last_old_ms[Mode.NEW_CONNECTIONS] == 60.0
    assert flip.lost == {Mode.NEW_CONNECTIONS: 0, Mode.KEPT_ALIVE: 0}


def test_a_flip_is_told_by_service_and_says_how_far_apart_the_writes_were() -> None:
    """In the order of the writes, each from its own."""
    (flip,) = conclude(run()).flips
    assert list(flip.services) == ["backend", "frontend"]
    assert flip.services["frontend"].write_to_last_old_ms[Mode.NEW_CONNECTIONS] == 78.0
    assert flip.writes_apart_ms == 12.0


def test_a_service_that_stays_behind_fails_the_run() -> None:
    """A flip set moves as a whole or not at all."""
    seen = run()
    seen.loads[2] = load(Mode.NEW_CONNECTIONS, asking(staying()), service="frontend")
    (problem,) = conclude(seen).problems
    assert "from blue to green 1.1.0 did not move traffic of frontend" in problem


@pytest.mark.parametrize(
    ("bake_ns", "said"),
    [
        (None, "when the bake of the flip from blue to green 1.1.0 began is in no record"),
        (WRITE_NS + 1_001_000_000, "began 1001 ms after the write; needed: at most 1000"),
    ],
)
def test_a_flip_that_nobody_watched_fails_the_run(bake_ns: int | None, said: str) -> None:
    """For longer than a second, or for nobody knows how long."""
    seen = run()
    seen.flips = [replace(seen.flips[0], bake_ns=bake_ns)]
    (problem,) = conclude(seen).problems
    assert said in problem


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        (staying(), "kept-alive connections of backend did not leave blue after the flip from blue to green 1.1.0"),
        (
            moving(1510),
            "were answered by blue after the flip from blue to green 1.1.0, for 1510 ms; needed: at most 1500",
        ),
    ],
)
def test_kept_alive_connections_that_stay_fail_the_run(kept: list[Record], said: str) -> None:
    """They have a second and a half."""
    (problem,) = conclude(run(kept=kept)).problems
    assert said in problem


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
    assert (report.floor.lost, report.lost, report.requests) == (1, 0, 5600)
