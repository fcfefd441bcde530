"""What became of every flip: who, when, from, to, what was measured, how it ended. Pure; `teal.records` keeps it.

One entry may be the flip under way: whoever finds it unfinished, from whichever
machine, knows from it alone what was proven, what has to be watched and where
traffic came from.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from teal.bake import BakePlan
from teal.colours import Colour
from teal.verdict import Verdict

KEPT = 20
"""Flips that are remembered; at this length a ConfigMap, which may hold 1 MiB, is far from full."""

KEPT_BYTES = 512 * 1024
"""However long the evidence is."""


class Stage(StrEnum):
    """How far a flip is, or how it ended."""

    PROVEN = "PROVEN"
    """Every gate passed; the write is under way. Traffic may be anywhere between the two colours."""
    BAKING = "BAKING"
    """Traffic moved, and is watched."""
    CONFIRMED = "CONFIRMED"
    """The bake passed."""
    UNPROVEN = "UNPROVEN"
    """The bake could not be judged: traffic stayed where it went, not confirmed; it is baked again."""
    REVERTED = "REVERTED"
    """The bake failed, and traffic is back where it came from."""
    STUCK = "STUCK"
    """The bake failed, and the old colour could not take the traffic back; it is tried again."""
    REFUSED = "REFUSED"
    """A gate did not pass; nothing moved."""
    ABANDONED = "ABANDONED"
    """Proven, and never written, or overtaken by another flip."""

    @property
    def open(self) -> bool:
        """Whether somebody has to go on with it."""
        return self in {Stage.PROVEN, Stage.BAKING, Stage.UNPROVEN, Stage.STUCK}


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
    """RFC 3339 in UTC."""
    ended: str = ""
    stage: Stage
    release: str = ""
    """What becomes live, as a digest of all that the slot declares; a version may be given twice."""
    rollback: bool = False
    """Onto a release that was confirmed before."""
    undoes: bool = False
    """Back onto the confirmed colour, from one that never was: whatever its bake says, that one gets nothing back."""
    reason: str = ""
    """Why it ended so, in a sentence."""
    verdicts: tuple[Verdict, ...] = ()
    skipped: Mapping[str, str] = Field(default_factory=dict[str, str])
    """Gates that were switched off on purpose, and the reason that the stack gives."""
    plan: BakePlan
    carried: Mapping[str, int] = Field(default_factory=dict[str, int])
    """Ready endpoints with which the old colour carried each service's traffic until then."""
    keeper: str = ""
    """Who goes on with it now, or who brought it to its end."""
    beat: int = 0
    """Counts up while the keeper lives; only its change means something, so clocks need not agree."""

    def at(self, stage: Stage, reason: str = "", *verdicts: Verdict) -> Self:
        """The same flip, further on; a gate that was measured again replaces what it said before."""
        again = {(each.gate, each.service) for each in verdicts}
        kept = [each for each in self.verdicts if (each.gate, each.service) not in again]
        ended = "" if stage.open else now()
        update = {"stage": stage, "reason": reason, "verdicts": (*kept, *verdicts), "ended": ended}
        return self.model_copy(update=update)

    def kept_by(self, keeper: str) -> Self:
        """The same flip, with a sign of life of its keeper."""
        return self.model_copy(update={"keeper": keeper, "beat": self.beat + 1})

    def __str__(self) -> str:
        """One line: what moved, how it ended and who began it."""
        moved = f"{self.origin or 'nothing'} {self.origin_version}".strip() + f" to {self.to} {self.version}"
        what = "rollback" if self.rollback else "flip"
        return f"{what} {self.number} from {moved}, begun {self.begun} by {self.by}: {self.stage}"


class History(Model):
    """The last flips, oldest first; at most one of them is open."""

    flips: tuple[Flip, ...] = ()

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
        if last.stage is Stage.CONFIRMED:
            return frozenset({last.to})
        if last.stage in {Stage.REVERTED, Stage.ABANDONED}:
            return frozenset({last.origin})
        return frozenset({last.to, last.origin})

    @property
    def next_number(self) -> int:
        """Of the flip that comes; numbers go on where the beginning is forgotten."""
        return self.last.number + 1 if self.last is not None else 1

    def with_flip(self, flip: Flip) -> "History":
        """The history with a flip added, or further on; what is too old for the bounds is forgotten.

        Where another flip was still open, it was overtaken by this one, unless this one moved nothing.
        """
        flips = [_overtaken(each, flip) for each in self.flips if each.number != flip.number]
        return History(flips=_bounded(sorted([*flips, flip], key=lambda each: each.number), flip))

    def was_confirmed(self, colour: Colour, release: str) -> bool:
        """Whether a release (a digest of all that its slot declares) was live before, in this colour, and confirmed."""
        return any(
            each.stage is Stage.CONFIRMED and each.to is colour and each.release == release for each in self.flips
        )

    def find(self, number: int) -> Flip | None:
        """A flip by its number; None where it is forgotten."""
        return next((each for each in self.flips if each.number == number), None)


def now() -> str:
    """This moment, RFC 3339 in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _overtaken(flip: Flip, by: Flip) -> Flip:
    if flip.number > by.number or not flip.stage.open or by.stage is Stage.REFUSED:
        return flip
    return flip.at(Stage.ABANDONED, f"overtaken by flip {by.number}")


def _bounded(flips: Sequence[Flip], written: Flip) -> tuple[Flip, ...]:
    """Without the oldest, of which nobody has to know any more: not the open one, nor the one that is written now."""
    kept = list(flips)
    for each in flips:
        if len(kept) <= KEPT and sum(len(one.model_dump_json()) for one in kept) <= KEPT_BYTES:
            break
        if not each.stage.open and each.number != written.number:
            kept.remove(each)
    return tuple(kept)
