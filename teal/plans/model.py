"""The plan of an update as data: its words, and what each of them rests on. Decides nothing, shows nothing.

The keys of its JSON are read by the policy pack, by stack outputs' readers and
by `python -m teal plan`; they only ever grow.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from teal.model.colours import Colour

IDLE = "idle"
"""State of a worker's colour that is not active."""


class Word(StrEnum):
    """What an update does, the mildest first: of several, the last one is said."""

    NOTHING = "NOTHING"
    """No pod changes, no traffic moves. What is beside them (alert rules, a dashboard, the watch) may."""
    PREPARE = "PREPARE"
    """The idle colour changes; nothing that is live does."""
    RETIRE = "RETIRE"
    """The idle colour's pods go, or a service that is to go does."""
    FLIP = "FLIP"
    """Traffic moves, or a larger share of it, to a colour that is there as declared; or a begun move is ended."""
    ROLLBACK = "ROLLBACK"
    """Traffic moves back to a release that was confirmed before; or the idle colour has less of it."""
    RELEASE = "RELEASE"
    """The idle colour changes, and then traffic moves to it."""
    ROLLING = "ROLLING"
    """What is live changes in place: no gate, no bake."""
    UNSAFE = "UNSAFE"
    """Refused before anything is touched."""

    @property
    def moves(self) -> bool:
        """Whether traffic moves."""
        return self in {Word.FLIP, Word.ROLLBACK, Word.RELEASE}


def strongest(words: Iterable[Word]) -> Word:
    """The word that is said for several."""
    order = list(Word)
    return max(words, key=order.index, default=Word.NOTHING)


class Model(BaseModel):
    """A part of a plan."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True, extra="ignore")


class Now(Model):
    """A colour of a service as read."""

    version: str
    replicas: int
    """Pods that its Deployment is asked for."""
    ready: int
    outdated: int = 0
    """Pods that the last rollout has not replaced yet."""


class Planned(Model):
    """A colour of a service as it is to be."""

    version: str
    replicas: int
    """Pods that its Deployment is asked for, or its autoscaler at least."""
    state: str
    """running, stopped or retired; idle, where a worker's colour has no pods because the other one is active."""
    digest: str
    """Of what its pods are declared to be."""

    @property
    def running(self) -> bool:
        """Whether it is to have pods."""
        return self.state == "running"


class SlotPlan(Model):
    """A colour of a service, before and after."""

    now: Now | None = None
    planned: Planned | None = None
    changes: tuple[str, ...] = ()
    """What of its pods changes in place, by the setting's name; empty where no pod restarts."""
    adopted: bool = False
    """Whether its pods are none of the stack's making: then it has no Deployment of the stack's either."""

    @property
    def version(self) -> str:
        """The release that it will be; where it goes, the one that it was."""
        return (self.planned or self.now or Planned(version="", replicas=0, state="", digest="")).version

    @property
    def starts(self) -> bool:
        """Whether it gets pods that it has not."""
        asked_for = self.planned is not None and self.planned.running and self.planned.replicas > 0
        return asked_for and (self.now is None or self.now.replicas == 0)

    @property
    def halfway(self) -> bool:
        """Whether its last rollout is still to be brought to its end."""
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
    """Those that are not, and why."""


class Cost(Model):
    """What pods ask of their nodes: requests times replicas."""

    pods: int = 0
    cpu_millicores: int = 0
    memory_bytes: int = 0

    def __add__(self, other: "Cost") -> "Cost":
        """Both together."""
        return Cost(
            pods=self.pods + other.pods,
            cpu_millicores=self.cpu_millicores + other.cpu_millicores,
            memory_bytes=self.memory_bytes + other.memory_bytes,
        )


class Rollback(Model):
    """How one comes back from what this update makes."""

    colour: Colour | None = None
    """Where traffic would go; None where there is no way back."""
    version: str = ""
    warm: bool = False
    """Whether its pods are there already."""
    how: str = ""
    """In words: what it asks for, or why there is none."""


class ServicePlan(Model):
    """One service."""

    word: Word
    reasons: tuple[str, ...] = ()
    live_colour: Colour | None = None
    """As read from the router."""
    slots: Mapping[Colour, SlotPlan] = Field(default_factory=dict[Colour, SlotPlan])
    beside: tuple[str, ...] = ()
    """What else changes that live traffic depends on, without a restart."""
    proof: Proof = Proof()
    idle_cost: Cost = Cost()


class Plan(Model):
    """All of an update."""

    word: Word
    """Of the flip set."""
    reasons: tuple[str, ...] = ()
    """Why it is that word."""
    active_colour: Colour
    """As declared."""
    confirmed_colour: Colour | None = None
    """As recorded."""
    namespace: str
    traffic: str = ""
    """What it will see, in words."""
    rollback: Rollback = Rollback()
    proof: Proof = Proof()
    """Of the flip set as a whole: approval."""
    idle_cost: Cost = Cost()
    services: Mapping[str, ServicePlan] = Field(default_factory=dict[str, ServicePlan])
