"""What a plan rests on: an update as declared, and the services as read. `teal_infra.planning.plan` collects it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from teal.history.model import History
from teal.model.colours import Colour
from teal.model.workers import Overlap
from teal.plans.model import Cost, SlotPlan, Word
from teal.spec.move import Move


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceFacts:
    """One service, as declared and as read."""

    live: Colour | None
    """Where its traffic goes; None where it has none."""
    share: int = 0
    """Percent of its traffic that the other colour has."""
    slots: Mapping[Colour, SlotPlan]
    """Both colours."""
    beside: tuple[str, ...] = ()
    """What changes that live traffic depends on without being part of a pod, by the setting's name."""
    overwrites: str = ""
    """Who else moved its traffic, where this update is told to overwrite that."""
    request: Cost = field(default_factory=Cost)
    """Of one pod."""
    removed: bool = False
    """Whether it is to go, although it carries live traffic."""
    beginning: tuple[tuple[Word, str], ...] = ()
    """What begins or ends with this update of what the stack did not make."""
    worker: Overlap | None = None
    """When both of its colours take work; None for a service that is asked for something."""
    cron: bool = False
    """Whether it is a cron job, of which one colour alone runs its schedule."""
    dangers: tuple[str, ...] = ()
    """Why the update is refused, as far as it is this service's doing."""

    @property
    def starts_with_the_move(self) -> bool:
        """Whether its pods start as a part of a flip, and not before it."""
        return self.worker not in {None, Overlap.ALLOWED}


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """All that a plan rests on."""

    namespace: str
    move: Move
    """What is declared of live traffic."""
    history: History
    releases: Mapping[Colour, str]
    """Digest of each slot that there is, as the history keeps them."""
    services: Mapping[str, ServiceFacts]
    chosen: str = ""
    """Clients that are to get the idle colour whatever is live; empty where nobody is."""
    chosen_now: str = ""
    """Those that get it now."""
    ends: str = ""
    """When the pods end of the colour that is idle then, in words; empty where they stay, or there are none."""
    dangers: tuple[str, ...] = ()
    """Why the update is refused, as far as it is nobody's in particular."""

    @property
    def staying(self) -> Mapping[str, ServiceFacts]:
        """The services of the flip set; beside them there may be some that are to go."""
        return {name: each for name, each in self.services.items() if name in self.move.flip_set}

    @property
    def flips(self) -> bool:
        """Whether traffic of any of them moves altogether."""
        return any(each.live is not self.move.to for each in self.staying.values())

    @property
    def fewer(self) -> bool:
        """Whether the active release was confirmed before: what it is worth is known."""
        return self.history.was_confirmed(self.move.to, self.move.release)
