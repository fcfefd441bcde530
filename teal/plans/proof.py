"""Decides which gates a move has to pass, and which it need not, before anything is measured."""

from dataclasses import dataclass

from teal.gates import GATES, approvals
from teal.gates.registration import family
from teal.plans.model import Proof
from teal.spec.move import Move

KNOWN = "this release was confirmed before"
"""The reason why a rollback has fewer gates."""

APPROVAL = approvals.GATE.name

_FIRST = [each.name for each in GATES if each.always]  # gates of every service are named first


@dataclass(frozen=True, slots=True)
class Proofs:
    """The gates of one move."""

    move: Move
    fewer: bool
    """Whether the move goes to a release that was confirmed before."""

    def of(self, service: str) -> Proof:
        """Return the gates of one service of the flip set."""
        plan = self.move.flip_set[service]
        asked = (plan.for_rollback() if self.fewer else plan).gates
        left_out = dict.fromkeys(sorted({family(gate) for gate in plan.gates - asked}), KNOWN)
        off = {gate: why for gate, why in self.move.skipped.items() if gate != APPROVAL}
        return Proof(asked=tuple(sorted(asked, key=_order)), skipped={**left_out, **off})

    def of_a_share(self, service: str) -> Proof:
        """Return the gates of one service whose idle colour gets more of its traffic."""
        plan = self.move.canary.get(service)
        return Proof(asked=tuple(sorted(plan.gates, key=_order)) if plan else ())

    @property
    def at_least(self) -> str:
        """The gates of every move, even of one back to a release that was confirmed before; in words."""
        gates = {gate for plan in self.move.flip_set.values() for gate in plan.for_rollback().gates}
        *others, last = sorted({family(gate) for gate in gates}, key=_order)
        return f"{', '.join(others)} and {last}"

    @property
    def of_the_flip_set(self) -> Proof:
        """The gates that are asked once for the whole flip set: the approval."""
        if self.move.approval is None:
            return Proof(skipped={gate: why for gate, why in self.move.skipped.items() if gate == APPROVAL})
        return Proof(skipped={APPROVAL: KNOWN}) if self.fewer else Proof(asked=(APPROVAL,))


def _order(gate: str) -> tuple[int, str]:
    return (_FIRST.index(gate) if gate in _FIRST else len(_FIRST), gate)
