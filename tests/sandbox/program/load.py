"""Requests to a stack's front door, and what became of them."""

import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Self

from sandbox.load.records import Follower, Record
from tests.sandbox.program.stacks import WORK_TREE, Stack


class Load:
    """An open-loop load on a stack's front door, in one mode, while a `with` block runs."""

    def __init__(  # noqa: PLR0913 - options of one command
        self, stack: Stack, mode: str, out: Path, *, rate: int = 100, url: str = "", path: str = "/pricing"
    ) -> None:
        """Describe it; it starts with the `with` block and ends with it. Its door is the stack's, or at the URL."""
        self._stack, self._mode, self._rate, self._url, self._path = stack, mode, rate, url, path
        self._out = out / f"{mode}.csv"
        self._process: subprocess.Popen[bytes] | None = None
        self.records: Sequence[Record] = ()
        self.wall_offset_ns = 0
        """From the clock of the records to Unix time; known once the block has ended."""

    def __enter__(self) -> Self:
        """Start, and return once requests are answered."""
        url = (self._url or self._stack.outputs()["frontDoor"]) + self._path
        options = ["--url", url, "--mode", self._mode, "--rate", str(self._rate), "--seconds", "600"]
        command = [str(WORK_TREE / ".venv/bin/python"), "-m", "sandbox.load", *options, "--out", str(self._out)]
        self._process = subprocess.Popen(
            self._stack.sandbox.command(command), env=self._stack.environ(), cwd=WORK_TREE, stdout=subprocess.DEVNULL
        )
        follower = Follower(self._out)
        while not follower.read():
            assert self._process.poll() is None, "the load ended before it began"
            time.sleep(0.05)  # no event tells: its file has none
        return self

    def __exit__(self, *_: object) -> None:
        """End it; what is in flight is still counted."""
        assert self._process is not None
        self._process.terminate()
        self._process.wait(60)
        follower = Follower(self._out)
        self.records = sorted(follower.read(), key=_instant)
        assert follower.header is not None, "the load wrote nothing"
        self.wall_offset_ns = follower.header.wall_offset_ns

    def await_colour(self, colour: str, *, seconds: float = 10) -> None:
        """Wait until a request is answered by a colour, of those whose instant was after this call."""
        begun = time.monotonic_ns()
        while not any(each.scheduled_ns > begun and each.colour == colour for each in Follower(self._out).read()):
            assert time.monotonic_ns() < begun + seconds * 1e9, f"{colour} answered no request for {seconds:.0f} s"
            time.sleep(0.05)  # no event tells: its file has none

    @property
    def lost(self) -> Sequence[Record]:
        """Requests without a complete answer, or with a 5xx."""
        return [record for record in self.records if record.outcome.lost]

    def assert_nothing_lost(self, *, besides: range = range(0)) -> None:
        """Fail with a line for each burst of lost requests, and with what the cluster says of the pods behind them.

        Args:
            besides: instants (ns, as in the records) at which requests may be lost.
        """
        lost = [each for each in self.lost if each.scheduled_ns not in besides]
        if lost:
            count = f"{len(lost)} of {len(self.records)} requests were lost"
            raise AssertionError("\n".join([count, *self._bursts(), self._behind()]))

    def _bursts(self) -> Iterator[str]:
        """Each run of lost requests: when, in seconds of the load and as a clock's time, and what became of them."""
        for lost, run in groupby(self.records, key=lambda record: record.outcome.lost):
            if lost:
                instants, *_ = zip(*(burst := list(run)), strict=True)
                begin = (instants[0] - self.records[0].scheduled_ns) / 1e9
                clock = datetime.fromtimestamp((instants[0] + self.wall_offset_ns) / 1e9, UTC)
                kinds = Counter((each.outcome.value, each.status, each.colour) for each in burst)
                lasted = (instants[-1] - instants[0]) / 1e9
                yield f"  at {begin:.2f} s ({clock:%H:%M:%S.%f}) for {lasted:.2f} s: {dict(kinds)}"

    def _behind(self) -> str:
        """Pods, endpoints and the last events of the namespace."""
        events = self._stack.kubectl("get", "events", "--sort-by=.lastTimestamp").splitlines()[-30:]
        return "\n".join([self._stack.kubectl("get", "pods,endpointslices", "-o", "wide"), *events])

    @property
    def colours(self) -> Sequence[str]:
        """The colours that answered, each once in a row, in the order of the requests: answers overtake each other."""
        answered = [record for record in self.records if not record.outcome.lost]
        seen = [record.colour for record in answered]
        return [colour for number, colour in enumerate(seen) if number == 0 or seen[number - 1] != colour]


def _instant(record: Record) -> int:
    return record.scheduled_ns
