"""What the demo reads of the program's history: the flip that was just made and no other, on its own clock."""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from sandbox.cluster.environment import Sandbox
from sandbox.demo.remembered import Memory, monotonic_ns
from sandbox.demo.user import Ran, User

if TYPE_CHECKING:
    from pathlib import Path


class Reader(User):
    """Somebody whose command prints a history that a test gives."""

    def __init__(self, folder: Path) -> None:
        """Nothing is remembered yet."""
        sandbox = Sandbox.named("unit", kubeconfig=folder / "kubeconfig", work_tree=folder)
        super().__init__(sandbox, stack="s", namespace="n", config=folder / "c", log=folder / "log")
        self.history: list[dict[str, object]] = []
        self.asked: list[tuple[str, ...]] = []

    def run(self, *argv: str) -> Ran:
        """Print it."""
        self.asked.append(argv)
        return Ran(status=0, output=json.dumps(self.history), seconds=0)


@pytest.fixture
def user(tmp_path: Path) -> Reader:
    """A reader."""
    return Reader(tmp_path)


def flip(number: int, to: str = "green", version: str = "1.1.0", **said: object) -> dict[str, object]:
    """One entry, as `teal history --json` prints it."""
    return {"number": number, "to": to, "version": version, "stage": "CONFIRMED", "verdicts": [], **said}


def test_only_a_flip_that_came_since_is_the_one_that_was_made(user: Reader) -> None:
    """An earlier run's flips to the same release are others; so is a flip to another release."""
    memory = Memory(user)
    user.history = [flip(1)]
    assert memory.flip("green", "1.1.0") is not None
    assert memory.flip("green", "1.1.0") is None
    user.history += [flip(2, "blue", "1.2.0")]
    assert memory.flip("blue", "1.0.0") is None
    user.history += [flip(3, "blue", "1.2.0")]
    assert memory.flip("blue", "1.2.0") is not None
    assert set(user.asked) == {(sys.executable, "-m", "teal", "history", "--json", "--namespace", "n")}


def test_an_instant_that_is_not_recorded_is_not_known(user: Reader) -> None:
    """By an older release of the program, or where no bake began: nothing is made up."""
    user.history = [flip(1, bakeBeganAt="", decidedAt="2026-11-21T10:00:00.250+00:00")]
    found = Memory(user).flip("green", "1.1.0")
    assert found is not None
    assert found.bake_began_at is None
    assert found.decided_at == datetime(2026, 11, 21, 10, 0, 0, 250_000, tzinfo=UTC)
    assert monotonic_ns(found.bake_began_at) is None


def test_what_did_not_pass_is_told(user: Reader) -> None:
    """Whatever its outcome: no data is not a pass."""
    gates = {"capacity": "PASSED", "version": "FAILED", "metrics.p95": "INCONCLUSIVE"}
    verdicts = [{"gate": gate, "service": "backend", "outcome": said, "seen": "x"} for gate, said in gates.items()]
    user.history = [flip(1, verdicts=verdicts)]
    found = Memory(user).flip("green", "1.1.0")
    assert found is not None
    assert [each.gate for each in found.unproven] == ["version", "metrics.p95"]


def test_an_instant_of_the_wall_clock_is_put_onto_the_clock_of_the_loads() -> None:
    """A second ago is a second ago."""
    before = time.monotonic_ns()
    found = monotonic_ns(datetime.now(UTC) - timedelta(seconds=1))
    assert found is not None
    assert before - 1_001_000_000 < found <= time.monotonic_ns() - 999_000_000
