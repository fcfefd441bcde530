"""The approval gate: a person has said yes to this very flip, not long ago."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from pydantic import TypeAdapter, ValidationError

from teal.gates.registration import Gate, Question, Skippable
from teal.model.colours import Colour, colour_of
from teal.model.verdict import Outcome, Verdict, printable

GATE = Gate(
    name="approval",
    questions=(
        Question(
            "`approval`",
            "ConfigMap `teal-approval`",
            (
                "somebody said yes to this colour in these releases (versions and slot digests), not too long ago, and "
                "no other flip has used that yes; with `approval.another`, somebody else than runs the update"
            ),
        ),
    ),
    deadline_seconds=30.0,  # one read
    skippable=Skippable(
        description="Why nobody has to approve.",
        wrong="nobody could say later why nobody was asked",
        example="'an emergency: INC-1'",
    ),
    on_rollback=False,
    remedy="python -m teal approve {destination} --namespace {namespace}",
)

FLIP_SET = "the flip set"
"""What the verdict is about: services flip together, so there is one approval for all. No service is called so."""

SKEW = timedelta(minutes=1)
"""By how much the clocks of two API servers may differ: one of them dates an approval, another one its use."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Vouched:
    """Whether the API server vouches for who approves."""

    since: datetime | None = None
    """By the API server's clock; None where it does not."""
    why: str = ""
    """Why it does not, or why that is not known."""


NEVER = datetime.max.replace(tzinfo=UTC)
"""The present moment where nobody has asked for it: every approval is too old."""

NOBODY = Vouched(why="nobody asked the API server")

_SHOWN = 80
_BY_SERVICE = TypeAdapter(dict[str, str])


@dataclass(frozen=True, kw_only=True, slots=True)
class ApprovalPlan:
    """What an approval has to be."""

    max_age: timedelta
    releases: Mapping[str, str]
    """What flips, as a digest of each service's slot; workers, which start with the flip, included."""
    versions: Mapping[str, str] = field(default_factory=dict[str, str])
    """The same as versions."""
    another: bool = False
    """Whether it has to be somebody else's than the updater's."""
    updater: str = ""
    """Who runs the update, as the API server authenticated them."""
    used: frozenset[str] = frozenset()
    """Approvals by which other flips passed, as their verdicts name them."""
    vouched: Vouched = NOBODY
    """Whether the API server vouches for who approves."""
    now: datetime = NEVER
    """The present moment by the API server's clock, which dates approvals."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Approval:
    """Who said yes to what, and when."""

    colour: Colour
    versions: Mapping[str, str]
    """By service: all that flips, and nothing else."""
    releases: Mapping[str, str]
    """The same as digests: a version may be given twice."""
    by: str
    """As the API server authenticated them, where it vouches for that."""
    at: datetime
    """By the API server's clock."""

    def as_data(self) -> dict[str, str]:
        """As a ConfigMap keeps it."""
        versions, releases = (json.dumps(dict(sorted(each.items()))) for each in (self.versions, self.releases))
        at = self.at.isoformat()
        return {"colour": self.colour, "versions": versions, "releases": releases, "by": self.by, "at": at}

    def __str__(self) -> str:
        """By which a flip that used it names it: of all that it says."""
        return f"approval {hashlib.sha256(json.dumps(self.as_data()).encode()).hexdigest()[:16]}"

    @classmethod
    def read(cls, data: Mapping[str, str]) -> "Approval":
        """Take it from what a ConfigMap keeps.

        Raises:
            ValueError: that is no approval.
        """
        colour, at, by = colour_of(data.get("colour")), data.get("at", ""), data.get("by", "")
        if colour is None or not by:
            raise ValueError("it names no colour, or nobody")
        try:
            versions = _BY_SERVICE.validate_json(data.get("versions", ""), strict=True)
            releases = _BY_SERVICE.validate_json(data.get("releases", ""), strict=True)
        except ValidationError:
            raise ValueError("its versions and releases are not by service") from None
        when = datetime.fromisoformat(at)
        if when.tzinfo is None:
            raise ValueError("its time has no zone")
        return cls(colour=colour, versions=versions, releases=releases, by=by, at=when.astimezone(UTC))


def approval(destination: Colour, plan: ApprovalPlan, data: Mapping[str, str]) -> Verdict:
    """Somebody approved this destination in these versions, not longer ago than the stack allows.

    Args:
        destination: the colour that traffic is to move to.
        plan: what an approval has to be.
        data: what the cluster keeps of the last approval; empty where there is none.
    """
    another = f", by somebody else than {printable(plan.updater, _SHOWN)}" if plan.another else ""

    def verdict(outcome: Outcome, seen: str, asked: str = "ConfigMap teal-approval") -> Verdict:
        needed = f"an approval of {destination} with {_list(plan.versions)}, at most {plan.max_age} old{another}"
        return Verdict(gate=GATE.name, service=FLIP_SET, outcome=outcome, seen=seen, needed=needed, asked=asked)

    if not data:
        return verdict(Outcome.INCONCLUSIVE, "nobody approved anything")
    try:
        given = Approval.read(data)
    except ValueError as error:
        return verdict(Outcome.ERROR, f"what is kept is no approval: {error}")
    who = f"{printable(given.by, _SHOWN)}{_by_whose_word(given, plan.vouched)}"
    seen = f"{who} approved {given.colour} with {_list(given.versions)} at {given.at:%FT%TZ}"
    outcome, but = _judged(given, destination, plan)
    return verdict(outcome, seen + but, f"ConfigMap teal-approval, {given}")


def _judged(given: Approval, destination: Colour, plan: ApprovalPlan) -> tuple[Outcome, str]:
    """What an approval comes to, and what is wrong with it beside what it says."""
    if (given.colour, dict(given.versions)) != (destination, dict(plan.versions)):
        return Outcome.FAILED, ""
    changed = sorted(name for name in plan.versions if given.releases.get(name) != plan.releases.get(name))
    if changed:
        return Outcome.FAILED, f", and {', '.join(changed)} of {destination} has been changed since"
    age = plan.now - given.at
    if age < -SKEW:
        return Outcome.ERROR, ", which is still to come by the API server's clock"
    if any(str(given) in each for each in plan.used):
        return Outcome.FAILED, ", which another flip has used"
    if plan.another and given.by == plan.updater:
        return Outcome.FAILED, ", and runs this update as well"
    return (Outcome.PASSED if age <= plan.max_age else Outcome.FAILED), ""


def _by_whose_word(given: Approval, vouched: Vouched) -> str:
    """Nothing where the API server vouches for the name."""
    if vouched.since is None:
        return f" (self-declared: {vouched.why})"
    return " (self-declared: before there was an admission policy)" if given.at < vouched.since else ""


def _list(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{service} {version}" for service, version in sorted(versions.items()))
