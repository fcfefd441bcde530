"""Checks people's yes to a flip: it is good for one flip, for the release that it named, for a while."""

import json
from dataclasses import dataclass, field

from teal.gates.approvals import GATE, Approval
from teal.history.model import Flip, History, Stage
from teal.model.labels import DIGEST
from teal.model.verdict import Outcome, Verdict
from tests.simulation.cluster.store import Store, Written

MATURES = 120.0
"""The most seconds from the look at an approval to the record of the proof: other gates wait for pods."""
ROUNDED = 2.0
"""How many seconds further apart two times of the API server's, each of whole seconds, may seem to lie."""


@dataclass(kw_only=True, slots=True)
class Approvals:
    """Every yes that was given, and when."""

    store: Store
    max_age: float
    """For how many seconds a yes is good; 0 where nobody has to approve."""
    vouched: bool
    """Whether the API server vouches for who approves."""
    given: dict[str, Written] = field(default_factory=dict[str, Written])
    """Each yes that was given, by its name in verdicts."""

    def written(self, write: Written) -> None:
        """Note a yes."""
        self.given[str(Approval.read(write.after["data"]))] = write

    def wrong(self, write: Written, flip: Flip, history: History) -> str:
        """Return what is wrong with a flip's record of its approval when it is proven or refused; empty for nothing."""
        if not self.max_age or flip.rollback or flip.stage not in {Stage.PROVEN, Stage.REFUSED}:
            return ""
        verdict, name = _asked(flip)
        if flip.stage is Stage.PROVEN:
            if not flip.allowed_at:
                return ""  # the live release was changed in place: docs/invariants.md, assumptions
            why = self._why_not(name, flip, history, write.by.sent, self.max_age + MATURES)
            return f"it passed by {name or 'no approval'}, and {why}" if why else ""
        if verdict is None or verdict.outcome not in {Outcome.FAILED, Outcome.ERROR} or not name.startswith(GATE.name):
            return ""
        why = self._why_not(name, flip, history, write.by.sent, self.max_age - ROUNDED)
        return "" if why else f"it was refused by {name}, which is good: {verdict.seen}"

    def _why_not(self, name: str, flip: Flip, history: History, at: float, most: float) -> str:
        given = self.given.get(name)
        if given is None:
            return "nobody approved that"
        yes = Approval.read(given.after["data"])
        if self.vouched and yes.by != given.by.actor:
            return f"{given.by.actor} gave it"
        if yes.colour is not flip.to or {*yes.versions.values()} != {flip.version}:
            return f"that is of {yes.colour} {json.dumps(dict(yes.versions))}"
        if flip.stage is not Stage.PROVEN and any(self.unapproved(flip, each) for each in yes.releases):
            return "its release was changed since"
        if at - given.at > most:
            return f"that is {at - given.at:.0f} s old"
        used = next((each for each in history.flips if each.number != flip.number and self._uses(each, name)), None)
        return f"{used} has used it" if used else ""

    def unapproved(self, flip: Flip, service: str) -> bool:
        """Return whether the yes to a flip was to another release of a service than its destination has now."""
        given = self.given.get(_asked(flip)[1])
        if given is None or flip.rollback:
            return False
        now = self.store.get("deployments", f"{service}-{flip.to}")["metadata"]["annotations"][DIGEST]
        return Approval.read(given.after["data"]).releases.get(service) != now

    def _uses(self, flip: Flip, name: str) -> bool:
        return flip.stage is not Stage.REFUSED and any(name in each.asked for each in flip.verdicts)


def _asked(flip: Flip) -> tuple[Verdict | None, str]:
    """Return a flip's verdict on its approval, and the name of that."""
    verdict = next((each for each in flip.verdicts if each.gate == GATE.name), None)
    return verdict, verdict.asked.rpartition(", ")[2] if verdict is not None else ""
