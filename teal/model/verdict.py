"""The outcome of a proof, with its evidence. No I/O.

Four outcomes as Argo Rollouts' measurements have them, with one rule: only
`PASSED` lets traffic move. What could not be measured has not passed.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from enum import StrEnum

MOST = 400
"""Characters that a text of a verdict has at most: a history holds hundreds of them, a refusal is one line."""


class Outcome(StrEnum):
    """What came of asking."""

    PASSED = "PASSED"
    FAILED = "FAILED"
    INCONCLUSIVE = "INCONCLUSIVE"
    """No data, or too little of it."""
    ERROR = "ERROR"
    """Could not look."""


def printable(text: str, most: int = MOST) -> str:
    """A text as one line that no terminal takes for anything else, of at most so many characters.

    What a service answered ends up on screens and in logs: a line break could
    forge a line there, an escape sequence hide one.
    """
    line = " ".join(text.split())
    if not line.isprintable():
        line = "".join(character if character.isprintable() else "�" for character in line)
    return line if len(line) <= most else line[: most - 1] + "…"


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """One gate's outcome for one service, and what it rests on. Its texts are made printable, and short."""

    gate: str
    """Its kind, and which one of that kind where there are several: `capacity`, `smoke.checkout`, `metrics.p95`."""
    service: str
    outcome: Outcome
    seen: str
    """What came back, in words, with its unit."""
    needed: str
    """What would have passed."""
    asked: str = ""
    """Who was asked, and for what."""

    def __post_init__(self) -> None:
        """Bound the evidence where it comes in, so that nobody who shows or keeps it has to."""
        for name in _TEXTS:
            object.__setattr__(self, name, printable(getattr(self, name)))

    def __str__(self) -> str:
        """One line: gate, service, outcome, evidence."""
        return f"{self.gate} of {self.service} {self.outcome}: {self.seen}; needed: {self.needed}"

    def as_dict(self) -> dict[str, str]:
        """For machines: every field by its name, the outcome as text."""
        return {field.name: str(getattr(self, field.name)) for field in fields(self)}


_TEXTS = tuple(field.name for field in fields(Verdict) if field.name != "outcome")


def unproven(verdicts: Iterable[Verdict]) -> tuple[Verdict, ...]:
    """The verdicts that forbid the move: all that are not `PASSED`."""
    return tuple(verdict for verdict in verdicts if verdict.outcome is not Outcome.PASSED)
