"""What a load writes is what a report reads, also while it is being written."""

from __future__ import annotations

import asyncio
import signal
import sys
from typing import TYPE_CHECKING

import pytest

from sandbox.load.generator import Plan
from sandbox.load.records import End, Follower, Mode, Outcome, Record, Writer

from .servers import serving

if TYPE_CHECKING:
    from pathlib import Path

PLAN = Plan(url="http://127.0.0.1:30080/", mode=Mode.KEPT_ALIVE, rate=200, connections=16, seconds=5)
ANSWERED = Record(10**15, 120, 480, 2100, Outcome.ANSWERED, 200, "blue", "1.0.0", 7)
REFUSED = Record(10**15 + 5_000_000, 90, None, 300, Outcome.REFUSED, None, "", "", None)
ODD = Record(10**15 + 10_000_000, 90, 91, 300, Outcome.ANSWERED, 200, 'a,"colour', "1,0", 8, "green")


def test_a_file_is_followed_as_it_grows(tmp_path: Path) -> None:
    """Each record is read once, and a line only when it is whole."""
    path = tmp_path / "load.csv"
    follower = Follower(path)
    assert follower.read() == []
    with path.open("w") as file:
        writer = Writer(file, PLAN.header())
        writer.write(ANSWERED)
        writer.write(REFUSED)
        writer.flush()
        whole = path.read_bytes()
        path.write_bytes(whole[:-4])
        assert follower.read() == [ANSWERED]
        path.write_bytes(whole)
        assert follower.read() == [REFUSED]
        writer.write(ODD)
        writer.end(End(reason="signal", requests=3, lost=1, late=0, late_ms=50, max_lag_ms=0.12))
    assert follower.read() == [ODD]
    assert follower.header is not None
    assert follower.header.mode is Mode.KEPT_ALIVE
    assert follower.end is not None
    assert follower.end.reason == "signal"


def test_a_load_that_was_killed_has_no_end(tmp_path: Path) -> None:
    """Without its last line a file does not pass for a finished load."""
    path = tmp_path / "load.csv"
    with path.open("w") as file:
        Writer(file, PLAN.header()).write(ANSWERED)
    follower = Follower(path)
    assert follower.read() == [ANSWERED]
    assert follower.end is None


@pytest.mark.parametrize("mode", Mode)
async def test_sigterm_ends_the_command_with_everything_written(tmp_path: Path, mode: Mode) -> None:
    """The command records all that the server was asked, ends its file and exits with 0."""
    path = tmp_path / "load.csv"
    async with serving(lambda e: e.answer()) as server:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "sandbox.load", "--url", server.url, "--mode", mode, "--out", str(path)),
            *("--rate", "100", "--connections", "4", "--seconds", "60"),
            stdout=asyncio.subprocess.PIPE,
        )
        await server.first_request.wait()
        process.send_signal(signal.SIGTERM)
        await process.communicate()
    follower = Follower(path)
    records = follower.read()
    assert process.returncode == 0
    assert len(records) == server.requests > 0
    assert follower.end is not None
    assert (follower.end.reason, follower.end.requests, follower.end.lost) == ("signal", len(records), 0)


async def test_the_command_refuses_a_target_beyond_loopback(tmp_path: Path) -> None:
    """Exit status 2, the reason on stderr, and no file."""
    path = tmp_path / "load.csv"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "sandbox.load", "--url", "http://192.0.2.10/", "--out", str(path), "--seconds", "1"),
        stderr=asyncio.subprocess.PIPE,
    )
    _, stderr = await process.communicate()
    assert process.returncode == 2
    assert b"192.0.2.10" in stderr
    assert not path.exists()
