"""The confirmation gate: a person has said yes to this very flip, not long ago."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pydantic import TypeAdapter, ValidationError

from teal.colours import Colour, colour_of
from teal.verdict import Outcome, Verdict, printable

GATE = "approval"

FLIP_SET = "the flip set"
"""What the verdict is about: services flip together, so there is one approval for all. No service is called so."""

SKEW = timedelta(minutes=1)
"""By how much the runner's clock may be behind the API server's, which dates approvals."""

_SHOWN = 80
_VERSIONS = TypeAdapter(dict[str, str])


@dataclass(frozen=True, kw_only=True, slots=True)
class ApprovalPlan:
    """How old an approval may be."""

    max_age: timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class Approval:
    """Who said yes to what, and when."""

    colour: Colour
    versions: Mapping[str, str]
    """By service: all that flips, and nothing else."""
    by: str
    """As the API server authenticated them."""
    at: datetime
    """By the API server's clock."""

    def as_data(self) -> dict[str, str]:
        """As a ConfigMap keeps it."""
        versions = json.dumps(dict(sorted(self.versions.items())))
        return {"colour": self.colour, "versions": versions, "by": self.by, "at": self.at.isoformat()}

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
            versions = _VERSIONS.validate_json(data.get("versions", ""), strict=True)
        except ValidationError:
            raise ValueError("its versions are not by service") from None
        when = datetime.fromisoformat(at)
        if when.tzinfo is None:
            raise ValueError("its time has no zone")
        return cls(colour=colour, versions=versions, by=by, at=when.astimezone(UTC))


def approval(
    destination: Colour, versions: Mapping[str, str], plan: ApprovalPlan, data: Mapping[str, str], now: datetime
) -> Verdict:
    """Somebody approved this destination in these versions, not longer ago than the stack allows.

    Args:
        destination: the colour that traffic is to move to.
        versions: what it is declared to be, by service.
        plan: how old an approval may be.
        data: what the cluster keeps of the last approval; empty where there is none.
        now: the present moment.
    """

    def verdict(outcome: Outcome, seen: str) -> Verdict:
        return Verdict(
            gate=GATE,
            service=FLIP_SET,
            outcome=outcome,
            seen=seen,
            needed=f"an approval of {destination} with {_list(versions)}, at most {plan.max_age} old",
            asked="ConfigMap teal-approval",
        )

    if not data:
        return verdict(Outcome.INCONCLUSIVE, "nobody approved anything")
    try:
        given = Approval.read(data)
    except ValueError as error:
        return verdict(Outcome.ERROR, f"what is kept is no approval: {error}")
    seen = f"{printable(given.by, _SHOWN)} approved {given.colour} with {_list(given.versions)} at {given.at:%FT%TZ}"
    if (given.colour, dict(given.versions)) != (destination, dict(versions)):
        return verdict(Outcome.FAILED, seen)
    age = now - given.at
    if age < -SKEW:
        return verdict(Outcome.ERROR, f"{seen}, which is still to come by this machine's clock")
    return verdict(Outcome.PASSED if age <= plan.max_age else Outcome.FAILED, seen)


def _list(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{service} {version}" for service, version in sorted(versions.items()))
