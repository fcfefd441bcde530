"""The gates: pure decisions over measured evidence. They measure nothing; `teal.proof` does.

Each module that has a gate holds one kind of evidence, the function that judges it, and the gate's entry (`GATE`),
which tells the rest of teal everything about the gate. docs/gates.md lists them all.

A gate takes what was measured and returns a verdict. It never raises because of an answer: one that makes no sense is a
verdict too.
"""

from collections.abc import Sequence
from importlib import import_module
from pkgutil import iter_modules

from teal.gates.approvals import approval
from teal.gates.endpoints import capacity, with_way_back
from teal.gates.identity import Answer, version
from teal.gates.registration import Gate, family
from teal.gates.replies import smoke

__all__ = ["GATES", "Answer", "approval", "capacity", "gate_of", "smoke", "version", "with_way_back"]

_FOUND = (getattr(import_module(f"{__name__}.{each.name}"), "GATE", None) for each in iter_modules(__path__))

GATES: Sequence[Gate] = tuple(
    sorted(
        (each for each in _FOUND if isinstance(each, Gate)),
        key=lambda gate: (not gate.always, gate.router is not None, gate.name),
    )
)
"""Each module's gate: first those that every service is asked, and last those of a router."""


def gate_of(verdict: str) -> Gate | None:
    """Return the gate that gives the verdict of this name; None where no gate does."""
    by_name = {each.name: each for each in GATES}
    return by_name.get(verdict) or by_name.get(family(verdict))
