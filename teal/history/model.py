"""What became of every flip: who, when, from, to, what was measured, how it ended. Pure; `teal.history.store` keeps it.

One entry may be the flip under way: whoever finds it unfinished, from whichever
machine, knows from it alone what was proven, what has to be watched and where
traffic came from.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from teal.model.colours import Colour
from teal.model.verdict import Outcome, Verdict, printable
from teal.spec.bake import BakePlan

KEPT = 20
"""Flips that are remembered."""

KEPT_BYTES = 512 * 1024
"""Of the history as it is stored, however long the evidence is: a ConfigMap holds 1 MiB, an etcd request 1.5 MiB."""

REASON = 4000
"""Characters of a reason that is kept where nothing else makes a history short enough; its log has the rest."""

LASTING = "approval"
"""The gate whose evidence is never thinned: by it an approval that was used is known."""

MANY = 1_000_000
"""Endpoints: where it is not known how many carried the traffic, as many as carry it now are needed."""


class Stage(StrEnum):
    """How far a flip is, or how it ended."""

    PROVEN = "PROVEN"
    """Every gate passed; the write is under way. Traffic may be anywhere between the two colours."""
    BAKING = "BAKING"
    """Traffic moved, and is watched."""
    REVERTING = "REVERTING"
    """The bake failed, and traffic is being put back: whoever goes on does not bake again what has failed."""
    CONFIRMED = "CONFIRMED"
    """The bake passed."""
    UNPROVEN = "UNPROVEN"
    """The bake could not be judged: traffic stayed where it went, not confirmed; it is baked again."""
    REVERTED = "REVERTED"
    """The bake failed, and traffic is back where it came from."""
    STUCK = "STUCK"
    """The bake failed, and the old colour could not take the traffic back; it is tried again."""
    OVERTAKEN = "OVERTAKEN"
    """Somebody else wrote where traffic goes, around the write or during the bake: what they left was not undone."""
    REFUSED = "REFUSED"
    """A gate did not pass; nothing moved."""
    ABANDONED = "ABANDONED"
    """Proven, and never written, or overtaken by another flip."""

    @property
    def open(self) -> bool:
        """Whether somebody has to go on with it."""
        return self in {Stage.PROVEN, Stage.BAKING, Stage.REVERTING, Stage.UNPROVEN, Stage.STUCK}


class Model(BaseModel):
    """Something that is kept as JSON."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True, extra="ignore")


class Flip(Model):
    """One flip of the whole flip set."""

    number: int
    origin: Colour | None
    """Where traffic came from; None where there was none."""
    to: Colour
    origin_version: str = ""
    version: str
    by: str
    """Who ran the update, as the API server authenticated it."""
    begun: str
    """RFC 3339 in UTC, as all times here by the API server's clock: they come from different machines."""
    ended: str = ""
    """The same; empty while it is open, and until its end is recorded."""
    stage: Stage
    release: str = ""
    """What becomes live, as a digest of all that the slot declares; a version may be given twice."""
    slots: Mapping[Colour, str] = Field(default_factory=dict[Colour, str], exclude_if=lambda each: not each)
    """Digest of each slot alone, as it was declared: a release is known by it, whatever changes around it."""
    rollback: bool = False
    """Onto a release that was confirmed before."""
    undoes: bool = False
    """Back onto the confirmed colour, from one that never was: whatever its bake says, that one gets nothing back."""
    reason: str = ""
    """Why it ended so, in a sentence."""
    verdicts: tuple[Verdict, ...] = ()
    thinned: int = 0
    """Verdicts that passed, and that are not kept any more: there was no room for them."""
    skipped: Mapping[str, str] = Field(default_factory=dict[str, str])
    """Gates that were switched off on purpose, and the reason that the stack gives."""
    plan: BakePlan
    carried: Mapping[str, int] = Field(default_factory=dict[str, int])
    """Ready endpoints with which the old colour carried each service's traffic until then."""
    identities: Mapping[str, str] = Field(default_factory=dict[str, str], exclude_if=lambda each: not each)
    """What each service's Deployment said that its pods run with when they were proven: by it a rollback knows them."""
    allowed_at: str = ""
    """When its proof was complete, RFC 3339 with milliseconds: the write follows one record and one read later."""
    bake_began_at: str = ""
    """When the front door was asked for the first time after the write, RFC 3339 with milliseconds."""
    decided_at: str = ""
    """When its last bake came to its verdict, RFC 3339 with milliseconds: a way back is written after it."""
    loss: float = 0.0
    """Share of the answers that failed when its bake did, 0 to 1; 0 where that is not known."""
    owner: str = ""
    """Who goes on with it now, or who brought it to its end."""
    overtaken: tuple[int, Stage, str] | None = Field(default=None, exclude_if=lambda each: each is None)
    """The number of the flip that overtook it while it was open, and its stage and reason until then."""
    heartbeat: int = 0
    """Counts up while the owner lives; only its change means something, so clocks need not agree."""

    def at(self, stage: Stage, reason: str = "", *verdicts: Verdict) -> Self:
        """The same flip, further on; a gate that was measured again replaces what it said before."""
        again = {(each.gate, each.service) for each in verdicts}
        kept = [each for each in self.verdicts if (each.gate, each.service) not in again]
        update = {"stage": stage, "reason": reason, "verdicts": (*kept, *verdicts), "ended": ""}
        return self.model_copy(update=update)

    def carried_by(self, services: Iterable[str]) -> Mapping[str, int]:
        """With how many endpoints the colour that was left carried each service; `MANY` where that is not known."""
        return {name: self.carried.get(name, MANY) for name in services}

    def owned_by(self, owner: str) -> Self:
        """The same flip, with a sign of life of its owner."""
        return self.model_copy(update={"owner": owner, "heartbeat": self.heartbeat + 1})

    def thin(self) -> Self:
        """The same flip without the evidence that nobody asks for later: what passed."""
        kept = tuple(each for each in self.verdicts if each.outcome is not Outcome.PASSED or each.gate == LASTING)
        return self.model_copy(update={"verdicts": kept, "thinned": self.thinned + len(self.verdicts) - len(kept)})

    def shortest(self) -> Self:
        """The same flip with its end alone: no evidence, and the beginning of its reason."""
        kept = tuple(each for each in self.verdicts if each.gate == LASTING)
        gone = len(self.verdicts) - len(kept)
        return self.model_copy(
            update={"verdicts": kept, "thinned": self.thinned + gone, "reason": printable(self.reason, REASON)}
        )

    @property
    def bytes(self) -> int:
        """That it takes in a stored history, the comma after it included."""
        return len(self.model_dump_json(by_alias=True).encode()) + 1

    def __str__(self) -> str:
        """One line: what moved, how it ended and who began it."""
        moved = f"{self.origin or 'nothing'} {self.origin_version}".strip() + f" to {self.to} {self.version}"
        what = "rollback" if self.rollback else "flip"
        return f"{what} {self.number} from {moved}, begun {self.begun} by {self.by}: {self.stage}"


class Ending(Model):
    """Pods of the idle colour that the watch ended, or has begun to."""

    colour: Colour
    flip: int
    """Number of the flip that left the colour, or in which it was refused."""
    at: str
    """RFC 3339 in UTC."""
    done: bool = False
    """Whether nothing of it is under way any more."""


class History(Model):
    """The last flips, oldest first; at most one of them is open."""

    flips: tuple[Flip, ...] = ()
    ending: Ending | None = Field(default=None, exclude_if=lambda each: each is None)
    """The last one of the colour that was idle then, until a flip onto it has begun."""

    @property
    def last(self) -> Flip | None:
        """The flip that was begun last."""
        return self.flips[-1] if self.flips else None

    @property
    def open(self) -> Flip | None:
        """The flip that somebody has to go on with; what was refused after it moved nothing."""
        return next((each for each in reversed(self.flips) if each.stage.open), None)

    @property
    def last_move(self) -> Flip | None:
        """The last flip that was not refused: traffic is where it ended."""
        return next((each for each in reversed(self.flips) if each.stage is not Stage.REFUSED), None)

    @property
    def left(self) -> frozenset[Colour | None]:
        """The colours that traffic is on if nobody but teal and its engine moved it; none where no flip is known."""
        last = self.open or self.last_move
        if last is None:
            return frozenset()
        if last.stage in {Stage.CONFIRMED, Stage.OVERTAKEN}:
            return frozenset({last.to})
        if last.stage in {Stage.REVERTED, Stage.ABANDONED}:
            return frozenset({last.origin})
        return frozenset({last.to, last.origin})

    def approvals(self, *, besides: int) -> frozenset[str]:
        """The approvals by which other flips than one passed their gates, as verdicts name them.

        What was refused for another reason moved nothing, and has used nothing.
        """
        return frozenset(
            verdict.asked
            for each in self.flips
            for verdict in each.verdicts
            if each.number != besides and each.stage is not Stage.REFUSED and verdict.gate == LASTING
        )

    @property
    def next_number(self) -> int:
        """Of the flip that comes; numbers go on where the beginning is forgotten."""
        return self.last.number + 1 if self.last is not None else 1

    def with_flip(self, flip: Flip) -> "History":
        """The history with a flip added, or further on; what is too old for the bounds is forgotten.

        Where another flip was still open, it was overtaken by this one, unless this one moved nothing: if that is known
        only later, the other one is open again.
        """
        flips = [_overtaken(each, flip) for each in self.flips if each.number != flip.number]
        kept = _bounded(sorted([*flips, flip], key=lambda each: each.number), flip)
        over = self.ending is not None and flip.to is self.ending.colour and flip.stage is not Stage.REFUSED
        return self.model_copy(update={"flips": kept, **({"ending": None} if over else {})})

    def dated(self, now: str) -> "History":
        """The same, with a time for the end of each flip that has ended and does not say when."""
        flips = (
            each if each.ended or each.stage.open else each.model_copy(update={"ended": now}) for each in self.flips
        )
        return self.model_copy(update={"flips": tuple(flips)})

    def watched(self, plan: BakePlan) -> "History":
        """The same, with what is open to be watched by another plan than its record has."""
        flips = (each.model_copy(update={"plan": plan}) if each.stage.open else each for each in self.flips)
        return self.model_copy(update={"flips": tuple(flips)})

    def stored(self) -> str:
        """As it is kept, to the byte; without blanks, which nobody pays to read every time."""
        return self.model_dump_json(by_alias=True)

    def was_confirmed(self, colour: Colour, release: str) -> bool:
        """Whether a release (a digest of all that its slot declares) was live before, in this colour, and confirmed."""
        return any(
            each.stage is Stage.CONFIRMED and each.to is colour and each.release == release for each in self.flips
        )

    def find(self, number: int) -> Flip | None:
        """A flip by its number; None where it is forgotten."""
        return next((each for each in self.flips if each.number == number), None)


def _overtaken(flip: Flip, by: Flip) -> Flip:
    if by.stage is Stage.REFUSED and flip.overtaken is not None and flip.overtaken[0] == by.number:
        _, stage, reason = flip.overtaken
        return flip.at(stage, reason).model_copy(update={"overtaken": None})
    if flip.number > by.number or not flip.stage.open or by.stage is Stage.REFUSED:
        return flip
    overtaken = (by.number, flip.stage, flip.reason)
    return flip.at(Stage.ABANDONED, f"overtaken by flip {by.number}").model_copy(update={"overtaken": overtaken})


_EMPTY_BYTES = len(History().stored())


def _bounded(flips: Sequence[Flip], written: Flip) -> tuple[Flip, ...]:
    """What there is room for, oldest first: evidence goes before flips, and neither the open nor the written one goes.

    The steps, each taken only as far as it has to be: what passed in flips that have ended; those flips themselves;
    what passed in the flips that stay; all of their evidence.
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
