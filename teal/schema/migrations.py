"""Expand and contract: which schema migrations may run when, for one service in two colours. No I/O.

Both colours use one database, and the old colour is the way back. So a
migration either *expands* (every release that worked before it still works) or
*contracts* (it drops what some release still needs). Expanding ones run before
the pods of the release that asks for them. Contracting ones wait until that
release is live and no other release needs what they drop.

Only stack config is decided on here: that no *pod* needs it any more is for
the edge to see (teal_infra.components.migrations), and that nothing contracting hides among the
expanding ones is for the tool in the image to see (docs/migrations.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from teal.model.colours import Colour
from teal.model.errors import RefusedError


class Phase(StrEnum):
    """What a step does to the schema."""

    EXPAND = "expand"
    CONTRACT = "contract"
    DOWN = "down"


@dataclass(frozen=True, kw_only=True, slots=True)
class Schema:
    """What a release says of the schema. Revisions are numbers as text: `0002`, `20261121`."""

    expand: str
    """The release works from here on: everything up to it is applied before its pods start."""
    contract: str | None = None
    """The release no longer needs what migrations up to here drop; they may run once it is live."""
    down: str | None = None
    """Take back what this release's expanding migrations did after this revision."""

    @property
    def ceiling(self) -> str:
        """The last revision at which the release is known to work, contracting ones included."""
        return self.contract or self.expand


@dataclass(frozen=True, kw_only=True, slots=True)
class Release:
    """One colour's release of a service, as the stack declares it."""

    colour: Colour
    version: str
    schema: Schema | None
    """None: it says nothing, so whatever a migration drops may be what it needs."""
    retired: bool = False
    """Scaled to zero: no pod of it needs anything."""

    @property
    def contract(self) -> str:
        """The revision that it lets the schema be contracted to; empty where it asks for none."""
        return (self.schema.contract or "") if self.schema else ""

    def works_at(self, revision: str) -> bool:
        """Whether its pods do not miss what migrations up to `revision` drop."""
        return self.schema is not None and number(self.schema.ceiling) >= number(revision)

    def __str__(self) -> str:
        """Colour and version."""
        return f"{self.colour} {self.version}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Contracted:
    """What is recorded of contracting migrations; empty text where there were none."""

    begun: str = ""
    """Recorded before one runs: from then on, whatever it drops may be gone. Never below `done`."""
    done: str = ""
    """Recorded after one has run."""
    by: str = ""
    """The release whose Job ran: colour and version."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """Bring the schema to a revision, with the tool in a release's image."""

    phase: Phase
    release: Release
    revision: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What is done to the schema of one service."""

    before: tuple[Step, ...] = ()
    """Before the pods of the step's release: expanding ones, or a way down."""
    after: tuple[Step, ...] = ()
    """Once the active release is confirmed and nobody needs what they drop: contracting ones."""
    waiting: str = ""
    """Why a declared contracting migration does not run yet; empty when none waits."""


def number(revision: str) -> int:
    """The place of a revision in the order of migrations; 0 where there is none."""
    return int(revision or 0)


def decide(service: str, active: Colour, releases: Sequence[Release], contracted: Contracted) -> Plan:
    """Say which migrations run before which slot, and which after the flip.

    Args:
        service: the service's name, for messages.
        active: the colour that the stack declares live.
        releases: what each colour declares; at most one a colour.
        contracted: what is recorded of contracting migrations that ran.

    Raises:
        RefusedError: a release needs what was dropped, or a way down would take away what one needs.
    """
    gone = contracted.begun
    for release in releases:
        if gone and not release.retired and not release.works_at(gone):
            says = f"its schema goes up to {release.schema.ceiling}" if release.schema else "it has no schema"
            raise RefusedError(
                f"{release} of {service} needs what migrations up to {gone} dropped ({says}): its pods would fail on "
                f"their queries. Nothing was changed. Next: give {release.colour} a release that works without (and "
                f"set schema.contract to {gone} or later), or bring it back first: docs/migrations.md, 'Going back'"
            )
    before = tuple(
        _down(service, release, release.schema.down, releases, gone)
        if release.schema.down is not None
        else Step(phase=Phase.EXPAND, release=release, revision=release.schema.expand)
        for release in releases
        if release.schema is not None
    )
    after, waiting = _contract(service, active, releases, contracted)
    return Plan(before=before, after=after, waiting=waiting)


def _contract(
    service: str, active: Colour, releases: Sequence[Release], contracted: Contracted
) -> tuple[tuple[Step, ...], str]:
    """The contracting steps, and why what else is declared has to wait."""
    # What ran stays declared as long as the release that ran it, so that its Job is neither deleted nor run again.
    steps = [_contracting(each) for each in releases if each.contract and str(each) == contracted.by]
    pending = [each for each in releases if number(each.contract) > number(contracted.done)]
    live = next((each for each in pending if each.colour is active), None)
    if live is None:
        idle = next(iter(pending), None)
        return tuple(steps), f"{_named(service, idle)} waits until {idle.colour} is live" if idle else ""
    needing = [each for each in releases if not each.retired and not each.works_at(live.contract)]
    if needing:
        return tuple(steps), f"{_named(service, live)} waits: {needing[0]} still needs what it drops"
    return (*(step for step in steps if step.release is not live), _contracting(live)), ""


def _contracting(release: Release) -> Step:
    return Step(phase=Phase.CONTRACT, release=release, revision=release.contract)


def _down(service: str, release: Release, to: str, releases: Sequence[Release], gone: str) -> Step:
    """The way back to `to`, if nobody needs what it takes away.

    Raises:
        RefusedError: somebody does.
    """
    needing = [
        each for each in releases if not each.retired and (not each.schema or number(each.schema.expand) > number(to))
    ]
    if needing:
        why = f"{needing[0]} is not retired, and " + (
            f"needs the schema from {needing[0].schema.expand} on"
            if needing[0].schema
            else "does not say what it needs"
        )
    elif number(to) < number(gone):
        why = f"migrations up to {gone} dropped data, which no way down brings back"
    else:
        return Step(phase=Phase.DOWN, release=release, revision=to)
    raise RefusedError(
        f"schema.down {to} of {release} of {service} is refused: {why}. Nothing was changed. Next: retire what needs "
        "it, or go forward with a release that mends it; docs/migrations.md, 'Going back'"
    )


def _named(service: str, release: Release) -> str:
    return f"contracting {service} to {release.contract} for {release}"
