"""The plan of an update as data: its word, and what that rests on. It decides and shows nothing.

The policy pack, readers of stack outputs and `teal plan` read the keys of its JSON, so keys are only ever
added.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from pydantic import Field

from teal.model.colours import Colour
from teal.model.stored import Model

FILE = "TEAL_PLAN_FILE"
"""The environment variable with the file to which a preview writes the plan as JSON, relative to the project."""

COMPONENT = "teal:index:Plan"
"""The type of the resource that holds the plan."""

IDLE = "idle"
"""The state of a worker's colour that is not active."""


class Word(StrEnum):
    """What an update does, the mildest first. Of several words, the last one is used."""

    NOTHING = "NOTHING"
    """No pod changes and no traffic moves. What stands beside them (alert rules, a dashboard, the watch) may change."""
    PREPARE = "PREPARE"
    """The idle colour changes, and nothing that is live does."""
    RETIRE = "RETIRE"
    """The idle colour's pods go, or a service that is to be removed does."""
    FLIP = "FLIP"
    """Traffic, or more of it, moves to a colour that exists as declared; or a move that has begun is ended."""
    ROLLBACK = "ROLLBACK"
    """Traffic moves back to a release that was confirmed before, or the idle colour gets less traffic."""
    RELEASE = "RELEASE"
    """The idle colour changes, and then traffic moves to it."""
    ROLLING = "ROLLING"
    """What is live changes in place, without gates and without a bake."""
    UNSAFE = "UNSAFE"
    """The update is refused before anything is touched."""

    @property
    def moves(self) -> bool:
        """Whether traffic moves."""
        return self in {Word.FLIP, Word.ROLLBACK, Word.RELEASE}


def strongest(words: Iterable[Word]) -> Word:
    """Return the word that stands for several."""
    order = list(Word)
    return max(words, key=order.index, default=Word.NOTHING)


class Now(Model):
    """A colour of a service as it was read."""

    version: str
    replicas: int
    """The pods that its Deployment asks for."""
    ready: int
    outdated: int = 0
    """The pods that the last rollout has not replaced yet."""


class Planned(Model):
    """A colour of a service as it is declared."""

    version: str
    replicas: int
    """The pods that its Deployment asks for, or the least that its autoscaler does."""
    state: str
    """`running`, `stopped` or `retired`; `idle` where a worker's colour has no pods because the other one is active."""
    digest: str
    """The digest of what its pods are declared to be."""

    @property
    def running(self) -> bool:
        """Whether it is to have pods."""
        return self.state == "running"


class SlotPlan(Model):
    """A colour of a service, before and after the update."""

    now: Now | None = None
    planned: Planned | None = None
    changes: tuple[str, ...] = ()
    """What of its pods changes in place, by the setting's name; empty where no pod restarts."""
    adopted: bool = False
    """Whether the stack did not make its pods, and has no Deployment for them."""

    @property
    def version(self) -> str:
        """The version that it will have, or the one that it had where it goes."""
        return (self.planned or self.now or Planned(version="", replicas=0, state="", digest="")).version

    @property
    def starts(self) -> bool:
        """Whether it gets pods, and has none now."""
        asked_for = self.planned is not None and self.planned.running and self.planned.replicas > 0
        return asked_for and (self.now is None or self.now.replicas == 0)

    @property
    def halfway(self) -> bool:
        """Whether its last rollout has not finished."""
        return bool(self.planned and self.planned.running and self.now and self.now.outdated)

    @property
    def ends(self) -> bool:
        """Whether its pods go."""
        gone = self.planned is None or not self.planned.running
        return gone and self.now is not None and (self.now.replicas > 0 or self.planned is None)


class Proof(Model):
    """The gates of a move."""

    asked: tuple[str, ...] = ()
    skipped: Mapping[str, str] = Field(default_factory=dict[str, str])
    """The gates that are not asked, and why."""


class Cost(Model):
    """What pods request of their nodes: requests times replicas."""

    pods: int = 0
    cpu_millicores: int = 0
    memory_bytes: int = 0

    def __add__(self, other: "Cost") -> "Cost":
        """Return the sum of both."""
        return Cost(
            pods=self.pods + other.pods,
            cpu_millicores=self.cpu_millicores + other.cpu_millicores,
            memory_bytes=self.memory_bytes + other.memory_bytes,
        )


class Rollback(Model):
    """How traffic gets back from what this update makes."""

    colour: Colour | None = None
    """The colour that traffic would go to; None where there is no way back."""
    version: str = ""
    warm: bool = False
    """Whether its pods exist already."""
    how: str = ""
    """What it asks for, or why there is none, in words."""


class ServicePlan(Model):
    """The plan of one service."""

    word: Word
    reasons: tuple[str, ...] = ()
    live_colour: Colour | None = None
    """The live colour as read from the router."""
    slots: Mapping[Colour, SlotPlan] = Field(default_factory=dict[Colour, SlotPlan])
    beside: tuple[str, ...] = ()
    """What else changes that live traffic depends on, without a restart."""
    proof: Proof = Proof()
    idle_cost: Cost = Cost()


class Plan(Model):
    """The plan of an update."""

    word: Word
    """The word for the flip set."""
    reasons: tuple[str, ...] = ()
    """Why it is that word."""
    active_colour: Colour
    """The active colour as declared."""
    confirmed_colour: Colour | None = None
    """The confirmed colour as recorded."""
    namespace: str
    traffic: str = ""
    """What happens to traffic, in words."""
    rollback: Rollback = Rollback()
    proof: Proof = Proof()
    """The gates of the flip set as a whole: the approval."""
    idle_cost: Cost = Cost()
    services: Mapping[str, ServicePlan] = Field(default_factory=dict[str, ServicePlan])
