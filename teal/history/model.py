"""The model of a flip's record: who, when, from, to, what was measured and how it ended. Pure; `store` keeps it.

One entry may be the flip under way. Whoever finds it unfinished, from whichever machine, learns from it alone what was
proven, what has to be watched and where traffic came from.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Self

from pydantic import Field

from teal.model.colours import Colour
from teal.model.stored import Model
from teal.model.verdict import Outcome, Verdict, printable
from teal.spec.bake import BakePlan

KEPT = 20
"""How many flips are remembered."""

KEPT_BYTES = 512 * 1024
"""How large a stored history may be, however long its evidence: a ConfigMap holds 1 MiB, an etcd request 1.5 MiB."""

REASON = 4000
"""How many characters of a reason are kept where nothing else makes a history short enough; its log has the rest."""

LASTING = "approval"
"""The gate whose evidence is always kept, since it tells which approvals were used."""

MANY = 1_000_000
"""A number of endpoints that nobody has: if it is unknown how many carried the traffic, as many as now are needed."""


class Stage(StrEnum):
    """How far a flip has come, or how it ended."""

    PROVEN = "PROVEN"
    """Every gate passed, and the write is under way. Traffic may be anywhere between the two colours."""
    BAKING = "BAKING"
    """Traffic moved and is watched."""
    REVERTING = "REVERTING"
    """The bake failed, and traffic is being put back. The next owner does not bake again what has failed."""
    CONFIRMED = "CONFIRMED"
    """The bake passed."""
    UNPROVEN = "UNPROVEN"
    """The bake could not be judged. Traffic stayed where it went, unconfirmed; it is baked again."""
    REVERTED = "REVERTED"
    """The bake failed, and traffic is back where it came from."""
    STUCK = "STUCK"
    """The bake failed, and the old colour could not take the traffic back; that is tried again."""
    OVERTAKEN = "OVERTAKEN"
    """Somebody else wrote where traffic goes, around the write or during the bake. Their change was not undone."""
    REFUSED = "REFUSED"
    """A gate did not pass; nothing moved."""
    ABANDONED = "ABANDONED"
    """The flip was proven and never written, or another flip has overtaken it."""

    @property
    def open(self) -> bool:
        """Whether somebody has to go on with the flip."""
        return self in {Stage.PROVEN, Stage.BAKING, Stage.REVERTING, Stage.UNPROVEN, Stage.STUCK}


class Flip(Model):
    """One flip of the whole flip set."""

    number: int
    origin: Colour | None
    """The colour that traffic came from; None where there was none."""
    to: Colour
    origin_version: str = ""
    version: str
    by: str
    """The account that ran the update, as the API server authenticated it."""
    begun: str
    """RFC 3339 in UTC, as all times here by the API server's clock: they come from different machines."""
    ended: str = ""
    """The same; empty while it is open, and until its end is recorded."""
    stage: Stage
    release: str = ""
    """The digest of all that the new slot declares, since one version may be used twice."""
    slots: Mapping[Colour, str] = Field(default_factory=dict[Colour, str], exclude_if=lambda each: not each)
    """The digest of each slot alone, as it was declared: a release is known by it, whatever changes around it."""
    rollback: bool = False
    """Whether it goes to a release that was confirmed before."""
    undoes: bool = False
    """Whether it goes back to the confirmed colour from one that was never confirmed. If it fails, it is not undone."""
    reason: str = ""
    """Why it ended so, in a sentence."""
    verdicts: tuple[Verdict, ...] = ()
    thinned: int = 0
    """The number of verdicts that passed and that were dropped for lack of room."""
    skipped: Mapping[str, str] = Field(default_factory=dict[str, str])
    """The gates that were switched off on purpose, with the stack's reasons."""
    plan: BakePlan
    carried: Mapping[str, int] = Field(default_factory=dict[str, int])
    """The ready endpoints with which the old colour carried each service's traffic until then."""
    identities: Mapping[str, str] = Field(default_factory=dict[str, str], exclude_if=lambda each: not each)
    """What each service's pods ran with when they were proven, by their Deployment; a rollback compares it."""
    allowed_at: str = ""
    """When the proof was complete, in RFC 3339 with milliseconds: the write follows one record and one read later."""
    bake_began_at: str = ""
    """When the front door was first asked after the write, in RFC 3339 with milliseconds."""
    decided_at: str = ""
    """When the last bake came to its verdict, in RFC 3339 with milliseconds: a way back is written after it."""
    loss: float = 0.0
    """The share of the answers that failed when the bake did, 0 to 1; 0 where that is unknown."""
    owner: str = ""
    """The owner that goes on with the flip now, or that brought it to its end."""
    overtaken: tuple[int, Stage, str] | None = Field(default=None, exclude_if=lambda each: each is None)
    """The number of the flip that overtook it while it was open, and its stage and reason until then."""
    heartbeat: int = 0
    """It counts up while the owner lives. Only a change of it has a meaning, so clocks need not agree."""

    def at(self, stage: Stage, reason: str = "", *verdicts: Verdict) -> Self:
        """Return the flip at another stage. A gate that was measured again replaces its earlier verdict."""
        again = {(each.gate, each.service) for each in verdicts}
        kept = [each for each in self.verdicts if (each.gate, each.service) not in again]
        return self.model_copy(update={"stage": stage, "reason": reason, "verdicts": (*kept, *verdicts), "ended": ""})

    def carried_by(self, services: Iterable[str]) -> Mapping[str, int]:
        """Return with how many endpoints the old colour carried each service; `MANY` where that is unknown."""
        return {name: self.carried.get(name, MANY) for name in services}

    def owned_by(self, owner: str) -> Self:
        """Return the flip with another owner, or with one more heartbeat of the same one."""
        return self.model_copy(update={"owner": owner, "heartbeat": self.heartbeat + 1})

    def thin(self) -> Self:
        """Return the flip without the verdicts that passed, which nobody needs later."""
        kept = tuple(each for each in self.verdicts if each.outcome is not Outcome.PASSED or each.gate == LASTING)
        return self.model_copy(update={"verdicts": kept, "thinned": self.thinned + len(self.verdicts) - len(kept)})

    def shortest(self) -> Self:
        """Return the flip with its end alone: without evidence, and with the beginning of its reason."""
        kept = tuple(each for each in self.verdicts if each.gate == LASTING)
        thinned, reason = self.thinned + len(self.verdicts) - len(kept), printable(self.reason, REASON)
        return self.model_copy(update={"verdicts": kept, "thinned": thinned, "reason": reason})

    @property
    def kind(self) -> str:
        """The word for it: `rollback` where it goes to a release that was confirmed before, `flip` otherwise."""
        return "rollback" if self.rollback else "flip"

    @property
    def came_from(self) -> str:
        """The colour and version that traffic came from, in words: `blue 1.4.2`, or `nothing`."""
        return f"{self.origin or 'nothing'} {self.origin_version}".strip()

    @property
    def bytes(self) -> int:
        """The flip's size in a stored history, with the comma after it."""
        return len(self.model_dump_json(by_alias=True).encode()) + 1

    def __str__(self) -> str:
        """Return in one line what moved, how it ended and who began it."""
        moved = f"from {self.came_from} to {self.to} {self.version}"
        return f"{self.kind} {self.number} {moved}, begun {self.begun} by {self.by}: {self.stage}"


class Ending(Model):
    """The record that the watch has ended the pods of the idle colour, or has begun to."""

    colour: Colour
    flip: int
    """The number of the flip that left the colour, or in which its release was refused or undone."""
    at: str
    """The time in RFC 3339, in UTC."""
    done: bool = False
    """Whether nothing of it is under way any more."""


class History(Model):
    """The last flips, the oldest first. At most one of them is open."""

    flips: tuple[Flip, ...] = ()
    ending: Ending | None = Field(default=None, exclude_if=lambda each: each is None)
    """The last ending of an idle colour's pods; None once a flip to that colour has begun."""

    @property
    def last(self) -> Flip | None:
        """The flip that was begun last."""
        return self.flips[-1] if self.flips else None

    @property
    def open(self) -> Flip | None:
        """The flip that somebody has to go on with. Later flips that were refused moved nothing."""
        return next((each for each in reversed(self.flips) if each.stage.open), None)

    @property
    def last_move(self) -> Flip | None:
        """The last flip that was not refused: traffic is where it ended."""
        return next((each for each in reversed(self.flips) if each.stage is not Stage.REFUSED), None)

    @property
    def left(self) -> frozenset[Colour | None]:
        """The colours that traffic is on if only teal and its engine moved it; empty where no flip is known."""
        last = self.open or self.last_move
        if last is None:
            return frozenset()
        if last.stage in {Stage.CONFIRMED, Stage.OVERTAKEN}:
            return frozenset({last.to})
        if last.stage is Stage.REVERTED:
            return frozenset({last.origin})
        if last.stage is Stage.ABANDONED:  # the flip before it may have ended after it, and put its traffic back
            return frozenset({last.origin}) | History(flips=self.flips[: self.flips.index(last)]).left
        return frozenset({last.to, last.origin})

    def approvals(self, *, besides: int) -> frozenset[str]:
        """Return the approvals that other flips than one used to pass their gates, as verdicts name them.

        A flip that was refused for another reason moved nothing and used none.
        """
        return frozenset(
            verdict.asked
            for each in self.flips
            for verdict in each.verdicts
            if each.number != besides and each.stage is not Stage.REFUSED and verdict.gate == LASTING
        )

    @property
    def next_number(self) -> int:
        """The number of the next flip. Numbers go on even where the first flips are forgotten."""
        return self.last.number + 1 if self.last is not None else 1

    def with_flip(self, flip: Flip) -> "History":
        """Return the history with a flip added, or with its entry replaced; flips beyond the bounds are forgotten.

        Where another flip was still open, it was overtaken by this one, unless this one moved nothing: if that is known
        only later, the other one is open again.
        """
        flips = [_overtaken(each, flip) for each in self.flips if each.number != flip.number]
        kept = _bounded(sorted([*flips, flip], key=lambda each: each.number), flip)
        over = self.ending is not None and flip.to is self.ending.colour and flip.stage is not Stage.REFUSED
        return self.model_copy(update={"flips": kept, **({"ending": None} if over else {})})

    def dated(self, now: str) -> "History":
        """Return the history in which each flip that has ended without a time for that has this one."""
        flips = (
            each if each.ended or each.stage.open else each.model_copy(update={"ended": now}) for each in self.flips
        )
        return self.model_copy(update={"flips": tuple(flips)})

    def watched(self, plan: BakePlan) -> "History":
        """Return the history with another bake plan for the open flips."""
        flips = (each.model_copy(update={"plan": plan}) if each.stage.open else each for each in self.flips)
        return self.model_copy(update={"flips": tuple(flips)})

    def stored(self) -> str:
        """Return the exact text that is stored, without blanks, since every reader loads it."""
        return self.model_dump_json(by_alias=True)

    def was_confirmed(self, colour: Colour, release: str) -> bool:
        """Return whether a release (the digest of its slot) was live in this colour before, and confirmed."""
        return any(
            each.stage is Stage.CONFIRMED and each.to is colour and each.release == release for each in self.flips
        )

    def find(self, number: int) -> Flip | None:
        """Return a flip by its number; None where it is forgotten."""
        return next((each for each in self.flips if each.number == number), None)


def _overtaken(flip: Flip, by: Flip) -> Flip:
    moved_nothing = by.stage in {Stage.REFUSED, Stage.ABANDONED}
    if moved_nothing and flip.overtaken is not None and flip.overtaken[0] == by.number:
        _, stage, reason = flip.overtaken
        return flip.at(stage, reason).model_copy(update={"overtaken": None})
    if flip.number > by.number or not flip.stage.open or moved_nothing:
        return flip
    overtaken = (by.number, flip.stage, flip.reason)
    return flip.at(Stage.ABANDONED, f"overtaken by flip {by.number}").model_copy(update={"overtaken": overtaken})


_EMPTY_BYTES = len(History().stored())


def _bounded(flips: Sequence[Flip], written: Flip) -> tuple[Flip, ...]:
    """Return the flips that there is room for, the oldest first; the open and the written ones always stay.

    The steps, each taken only as far as necessary, drop: the passed verdicts of ended flips; those flips themselves;
    the passed verdicts of the flips that stay; all their evidence.
    """
    ended = [each.number for each in flips if not each.stage.open and each.number != written.number]
    beyond = {*ended[: max(0, len(flips) - KEPT)]}
    kept = {each.number: each for each in flips if each.number not in beyond}
    sizes = {number: each.bytes for number, each in kept.items()}
    for number, step in (
        *((each, Flip.thin) for each in ended),
        *((each, None) for each in ended),
        *((each, shorten) for shorten in (Flip.thin, Flip.shortest) for each in tuple(kept)),
    ):
        if _EMPTY_BYTES + sum(sizes.values()) <= KEPT_BYTES:
            break
        if (flip := kept.pop(number, None)) is not None:
            del sizes[number]
            if step is not None:
                kept[number] = step(flip)
                sizes[number] = kept[number].bytes
    return tuple(kept[each] for each in sorted(kept))
