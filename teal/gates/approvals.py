"""The approval gate: somebody has approved this very flip, not long ago."""

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
    remedy="teal approve {destination} --namespace {namespace}",
)

FLIP_SET = "the flip set"
"""The service that the verdict names. Services flip together, so one approval is for all; no service has this name."""

SKEW = timedelta(minutes=1)
"""By how much the clocks of two API servers may differ: one of them dates an approval, another one its use."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Vouched:
    """Whether the API server vouches for the name of the approver."""

    since: datetime | None = None
    """Since when it does, by its own clock; None where it does not."""
    why: str = ""
    """Why it does not, or why that is unknown."""


NEVER = datetime.max.replace(tzinfo=UTC)
"""The default of the present moment, which makes every approval too old: a plan that was not given the time approves
nothing."""

NOBODY = Vouched(why="nobody asked the API server")

_SHOWN = 80
_BY_SERVICE = TypeAdapter(dict[str, str])


@dataclass(frozen=True, kw_only=True, slots=True)
class ApprovalPlan:
    """The conditions that an approval has to meet."""

    max_age: timedelta
    releases: Mapping[str, str]
    """What flips, as a digest of each service's slot; workers, which start with the flip, included."""
    versions: Mapping[str, str] = field(default_factory=dict[str, str])
    """What flips, as the version of each service."""
    another: bool = False
    """Whether the approver has to be somebody else than the updater."""
    updater: str = ""
    """The account that runs the update, as the API server authenticated it."""
    used: frozenset[str] = frozenset()
    """The approvals that other flips have used, as their verdicts name them."""
    vouched: Vouched = NOBODY
    """Whether the API server vouches for the name of the approver."""
    now: datetime = NEVER
    """The present moment by the API server's clock, which dates approvals."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Approval:
    """Who approved what, and when."""

    colour: Colour
    versions: Mapping[str, str]
    """The approved version of every service that flips, and of no other."""
    releases: Mapping[str, str]
    """The digests of the same slots, since one version may be used twice."""
    by: str
    """The approver, as the API server authenticated them where it vouches for that."""
    at: datetime
    """The time of the approval, by the API server's clock."""

    def as_data(self) -> dict[str, str]:
        """Return the data that a ConfigMap stores of it."""
        versions, releases = (json.dumps(dict(sorted(each.items()))) for each in (self.versions, self.releases))
        at = self.at.isoformat()
        return {"colour": self.colour, "versions": versions, "releases": releases, "by": self.by, "at": at}

    def __str__(self) -> str:
        """Return the name under which a flip records that it used this approval: a hash of all its data."""
        return f"approval {hashlib.sha256(json.dumps(self.as_data()).encode()).hexdigest()[:16]}"

    @classmethod
    def read(cls, data: Mapping[str, str]) -> "Approval":
        """Read an approval from the data of a ConfigMap.

        Raises:
            ValueError: the data is no approval.
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
    """Judge whether somebody approved this destination in these versions, not longer ago than the stack allows.

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
        return verdict(Outcome.ERROR, f"the ConfigMap holds no approval: {error}")
    who = f"{printable(given.by, _SHOWN)}{_by_whose_word(given, plan.vouched)}"
    seen = f"{who} approved {given.colour} with {_list(given.versions)} at {given.at:%FT%TZ}"
    outcome, but = _judged(given, destination, plan)
    return verdict(outcome, seen + but, f"ConfigMap teal-approval, {given}")


def _judged(given: Approval, destination: Colour, plan: ApprovalPlan) -> tuple[Outcome, str]:
    """Return the outcome of an approval, and what is wrong with it that its own words do not show."""
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
    """Return a note for a name that the API server does not vouch for; empty where it does."""
    if vouched.since is None:
        return f" (self-declared: {vouched.why})"
    return " (self-declared: before there was an admission policy)" if given.at < vouched.since else ""


def _list(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{service} {version}" for service, version in sorted(versions.items()))
