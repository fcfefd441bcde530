"""The outcome of a gate, with its evidence. No I/O.

The four outcomes are those of Argo Rollouts' measurements, with one rule: only `PASSED` lets traffic move. What could
not be measured has not passed.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum

MOST = 400
"""The most characters of a verdict's text: a history holds hundreds of verdicts, and a refusal is one line."""

LISTED = 3
"""How many findings a verdict names, beside their number."""


class Outcome(StrEnum):
    """The result of asking a gate."""

    PASSED = "PASSED"
    FAILED = "FAILED"
    INCONCLUSIVE = "INCONCLUSIVE"
    """There was no data, or too little."""
    ERROR = "ERROR"
    """Nobody could look."""


def printable(text: str, most: int = MOST) -> str:
    """Return a text as one printable line of at most so many characters.

    A service's answer ends up on screens and in logs, where a line break could forge a line and an escape sequence
    could hide one.
    """
    line = " ".join(text.split())
    if not line.isprintable():
        line = "".join(character if character.isprintable() else "�" for character in line)
    return line if len(line) <= most else line[: most - 1] + "…"


def listed(texts: Sequence[str], most: int = MOST) -> str:
    """Return the first of some findings, each of at most so many characters, and how many more there are."""
    more = f" and {len(texts) - LISTED} more" if len(texts) > LISTED else ""
    return "; ".join(printable(each, most) for each in texts[:LISTED]) + more


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """One gate's outcome for one service, and its evidence. Its texts are made printable and short."""

    gate: str
    """The gate, and which one of its verdicts where it has several: `capacity`, `smoke.checkout`, `metrics.p95`."""
    service: str
    outcome: Outcome
    seen: str
    """What was measured, in words and with its unit."""
    needed: str
    """What would have passed."""
    asked: str = ""
    """Who was asked, and for what."""

    def __post_init__(self) -> None:
        """Bound the texts as they come in, so that nobody who shows or stores them has to."""
        for name in _TEXTS:
            object.__setattr__(self, name, printable(getattr(self, name)))

    def __str__(self) -> str:
        """Return the gate, service, outcome and evidence in one line."""
        return f"{self.gate} of {self.service} {self.outcome}: {self.seen}; needed: {self.needed}"


_TEXTS = tuple(field.name for field in fields(Verdict) if field.name != "outcome")


def judging(gate: str, service: str, *, needed: str, asked: str) -> Callable[[Outcome, str], Verdict]:
    """Return a function that makes the verdict of one gate from its outcome, and from what was seen."""

    def verdict(outcome: Outcome, seen: str) -> Verdict:
        return Verdict(gate=gate, service=service, outcome=outcome, seen=seen, needed=needed, asked=asked)

    return verdict


def unproven(verdicts: Iterable[Verdict]) -> tuple[Verdict, ...]:
    """Return the verdicts that forbid the move: all that are not `PASSED`."""
    return tuple(verdict for verdict in verdicts if verdict.outcome is not Outcome.PASSED)
