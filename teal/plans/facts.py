"""The facts of a plan: the update as declared, the services as read. `teal_infra.planning.plan` collects them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from teal.history.model import Flip, History, Stage
from teal.model.colours import Colour
from teal.model.workers import Overlap
from teal.plans.model import Cost, SlotPlan, Word
from teal.spec.move import Move


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceFacts:
    """One service, as declared and as read."""

    live: Colour | None
    """The colour that its traffic goes to; None where it has none."""
    share: int = 0
    """The percentage of its traffic that the other colour has."""
    slots: Mapping[Colour, SlotPlan]
    """Each of its colours, before and after the update."""
    beside: tuple[str, ...] = ()
    """What changes that live traffic depends on and that is no part of a pod, by the setting's name."""
    overwrites: str = ""
    """Who else moved its traffic, where this update is told to overwrite that."""
    request: Cost = field(default_factory=Cost)
    """The resources that one pod requests."""
    new: bool = False
    """Whether no flip that is remembered has moved it."""
    removed: bool = False
    """Whether it is to be removed, although it carries live traffic."""
    beginning: tuple[tuple[Word, str], ...] = ()
    """What the update takes over, or gives back, of what the stack did not make."""
    worker: Overlap | None = None
    """When both of its colours take work; None for a service that takes requests."""
    cron: bool = False
    """Whether it is a cron job, of which one colour alone runs its schedule."""
    dangers: tuple[str, ...] = ()
    """The reasons in this service to refuse the update."""

    @property
    def starts_with_the_move(self) -> bool:
        """Whether its pods start as a part of a flip, and not before it."""
        return self.worker not in {None, Overlap.ALLOWED}


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """Everything that a plan rests on."""

    namespace: str
    move: Move
    """What is declared of live traffic."""
    history: History
    releases: Mapping[Colour, str]
    """The digest of each existing slot, as the history stores it."""
    services: Mapping[str, ServiceFacts]
    chosen: str = ""
    """The clients that are to get the idle colour, whatever is live; empty where there are none."""
    chosen_now: str = ""
    """The clients that get it now."""
    ends: str = ""
    """When the pods end of the colour that is idle then, in words; empty where they stay, or there are none."""
    dangers: tuple[str, ...] = ()
    """The reasons to refuse the update that are in no service in particular."""

    @property
    def staying(self) -> Mapping[str, ServiceFacts]:
        """The services of the flip set, without those that are to be removed."""
        return {name: each for name, each in self.services.items() if name in self.move.flip_set}

    @property
    def flips(self) -> bool:
        """Whether the traffic of any of them moves completely."""
        return any(each.live is not self.move.to for each in self.staying.values())

    @property
    def confirmed(self) -> Flip | None:
        """The last flip, if it was confirmed with this very release and none is open: nothing is left to watch."""
        last, move = self.history.last_move, self.move
        end = (last.stage, last.to, last.release) if last and self.history.open is None else None
        return last if end == (Stage.CONFIRMED, move.to, move.release) else None

    @property
    def fewer(self) -> bool:
        """Whether the active release was confirmed before, so that fewer gates are asked."""
        return self.history.was_confirmed(self.move.to, self.move.release)
