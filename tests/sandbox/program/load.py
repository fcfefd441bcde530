"""Requests to a stack's front door, and what became of them."""

import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from sandbox.load.records import Follower, Record
from tests.sandbox.program.stacks import WORK_TREE, Stack


class Load:
    """An open-loop load on a stack's front door, in one mode, while a `with` block runs."""

    def __init__(self, stack: Stack, mode: str, out: Path, *, rate: int = 100) -> None:
        """Describe it; it starts with the `with` block and ends with it."""
        self._stack, self._mode, self._rate = stack, mode, rate
        self._out = out / f"{mode}.csv"
        self._process: subprocess.Popen[bytes] | None = None
        self.records: Sequence[Record] = ()

    def __enter__(self) -> Self:
        """Start, and return once requests are answered."""
        url = self._stack.outputs()["frontDoor"] + "/pricing"
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
        self.records = Follower(self._out).read()

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

    @property
    def colours(self) -> Sequence[str]:
        """The colours that answered, each once in a row, in the order of the requests: answers overtake each other."""
        answered = [record for record in sorted(self.records, key=_instant) if not record.outcome.lost]
        seen = [record.colour for record in answered]
        return [colour for number, colour in enumerate(seen) if number == 0 or seen[number - 1] != colour]


def _instant(record: Record) -> int:
    return record.scheduled_ns
