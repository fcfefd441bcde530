"""Prints the gates' entries as the tables of docs/gates.md: `python -m teal.proof.table`. A unit test compares them."""

import sys
from collections.abc import Sequence

from teal.gates import GATES
from teal.gates.registration import Gate

QUESTIONS = ("gate", "asks", "passes if")
RULES = ("gate", "deadline", "switched off by", "on a rollback", "in a preview")


def questions() -> str:
    """Return what each gate asks, as Markdown."""
    return _table(QUESTIONS, [(row.names, row.asks, row.passes) for gate in GATES for row in gate.questions])


def rules() -> str:
    """Return when each gate is asked and for how long, as Markdown."""
    return _table(RULES, [_rules(gate) for gate in GATES])


def _rules(gate: Gate) -> Sequence[str]:
    beyond = " beyond the time of its own settings" if gate.extends else ""
    off = f"`teal:skipGates.{gate.family}`" if gate.family in {each.family for each in GATES if each.skippable} else ""
    return (
        f"`{gate.name}`",
        f"{gate.deadline_seconds:.0f} s{beyond}",
        off or "nothing",
        "asked" if gate.on_rollback else "not asked",
        gate.in_preview,
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "".join(f"| {' | '.join(row)} |\n" for row in (head, ("---",) * len(head), *rows))


if __name__ == "__main__":
    sys.stdout.write(f"{questions()}\n{rules()}")
