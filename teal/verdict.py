"""The outcome of a proof, with its evidence. No I/O.

Four outcomes as Argo Rollouts' measurements have them, with one rule: only
`PASSED` lets traffic move. What could not be measured has not passed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What came of asking."""

    PASSED = "PASSED"
    FAILED = "FAILED"
    INCONCLUSIVE = "INCONCLUSIVE"
    """No data, or too little of it."""
    ERROR = "ERROR"
    """Could not look."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """One gate's outcome for one service, and what it rests on."""

    gate: str
    service: str
    outcome: Outcome
    seen: str
    """What came back, in words, with its unit."""
    needed: str
    """What would have passed."""

    def __str__(self) -> str:
        """One line: gate, service, outcome, evidence."""
        return f"{self.gate} of {self.service} {self.outcome}: {self.seen}; needed: {self.needed}"


def unproven(verdicts: Iterable[Verdict]) -> tuple[Verdict, ...]:
    """The verdicts that forbid the move: all that are not `PASSED`."""
    return tuple(verdict for verdict in verdicts if verdict.outcome is not Outcome.PASSED)
