"""Keeps what has happened in a seed, as no process knows it."""

from dataclasses import dataclass, field

from teal.history.model import Flip, History
from teal.model.colours import MANAGER
from tests.simulation.checks.writes import by_a_flip, colour_of
from tests.simulation.cluster.store import Written


@dataclass(kw_only=True, slots=True)
class Seen:
    """Every flip that was recorded, every move of traffic, and when."""

    baking: dict[int, tuple[float, str]] = field(default_factory=dict[int, tuple[float, str]])
    """Since when each flip bakes, and with whom, by its number."""
    history: History = field(default_factory=History)
    moves: list[Written] = field(default_factory=list[Written])
    """Every write that changed where traffic goes."""
    doors: list[Written] = field(default_factory=list[Written])
    """Every write of what directs traffic, whatever it changed."""
    begun: dict[int, float] = field(default_factory=dict[int, float])
    """When each flip was recorded first, by its number."""
    proven: dict[int, float] = field(default_factory=dict[int, float])
    """When the record of each proven flip was sent, by its number: by then all gates had passed."""
    deployed: dict[str, float] = field(default_factory=dict[str, float])
    """When the release of each slot was written last."""
    scaled: dict[str, Written] = field(default_factory=dict[str, Written])
    """The last write of the autoscaler of each slot."""
    stuck: set[int] = field(default_factory=set[int])
    """The flips that came to rest where they are, and could not go back."""
    asleep: list[Written] = field(default_factory=list[Written])
    """Every write with which the watch ended the pods of a colour."""
    settling: dict[str, float] = field(default_factory=dict[str, float])
    """How long the other colour has to be confirmed before an update retires the idle one, by update."""
    ended: dict[int, float] = field(default_factory=dict[int, float])
    """When the end of each flip was recorded, by its number."""
    owners: list[tuple[float, str, str]] = field(default_factory=list[tuple[float, str, str]])
    """Since when somebody kept the open flip: that owner's name, and whose process it was."""

    def strangers(self) -> list[Written]:
        """Return the moves of traffic by neither an engine nor teal."""
        return [each for each in self.moves if not by_a_flip(each)]

    def others(self, service: str, actor: str, since: float) -> bool:
        """Return whether anybody but a process's engine has written what directs a service's traffic since a time."""
        written = [each.by for each in self.doors if each.name == service and each.at >= since]
        return any(each.actor != actor or each.manager == MANAGER for each in written)

    def owner(self, at: float) -> str:
        """Return whose process kept the open flip at a time."""
        return next((actor for since, _, actor in reversed(self.owners) if since <= at), "")

    def moved_last(self, service: str, flip: Flip) -> str | None:
        """Return where teal sent a service's traffic last; None where somebody else did since."""
        last = next((each for each in reversed(self.moves) if each.name == service), None)
        if last is None:
            return flip.origin
        return colour_of(last.after) if by_a_flip(last) else None
