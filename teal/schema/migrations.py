"""Decides which schema migrations may run when, for one service in two colours: expand and contract. No I/O.

Both colours use one database, and the old colour is the way back. So a migration either *expands* (every release that
worked before it still works) or *contracts* (it drops what some release still needs). Expanding migrations run before
the pods of the release that asks for them. Contracting ones wait until that release is live and no other release needs
what they drop.

This module goes by what the stack declares. `teal_infra.components.migrations` checks that no *pod* needs what is
dropped, and the tool in the image checks that nothing contracting hides among the expanding migrations
(docs/migrations.md). `teal.schema.order` knows which revision comes after which; where it does not, a release counts as
needing what is dropped.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from teal.model.colours import Colour
from teal.model.errors import RefusedError
from teal.schema.order import Order, moving


class Phase(StrEnum):
    """What a step does to the schema."""

    EXPAND = "expand"
    CONTRACT = "contract"
    DOWN = "down"


@dataclass(frozen=True, kw_only=True, slots=True)
class Schema:
    """What a release says of the schema. Revisions are named as its tool does: `0002`, `ae10`, `shop.0002_tax`."""

    expand: str
    """The release works from this revision on: everything up to it is applied before its pods start."""
    contract: str | None = None
    """The release does not need what migrations up to this revision drop; they may run once it is live."""
    down: str | None = None
    """What this release's expanding migrations did after this revision is undone."""

    @property
    def in_order(self) -> Sequence[str | None]:
        """The revisions that it names, the oldest first."""
        return (self.down, self.expand, self.contract)

    @property
    def ceiling(self) -> str:
        """The last revision at which the release is known to work, including contracting ones."""
        return self.contract or self.expand


@dataclass(frozen=True, kw_only=True, slots=True)
class Release:
    """One colour's release of a service, as the stack declares it."""

    colour: Colour
    version: str
    schema: Schema | None
    """The release's schema; None where it says nothing, so that it may need whatever a migration drops."""
    retired: bool = False
    """Whether it is scaled to zero, so that no pod of it needs anything."""

    @property
    def contract(self) -> str:
        """The revision to which it lets the schema be contracted; empty where it asks for none."""
        return (self.schema.contract or "") if self.schema else ""

    def works_at(self, revision: str, order: Order) -> bool | None:
        """Return whether its pods do without what migrations up to `revision` drop; None where that is unknown."""
        return self.schema is not None and order.reaches(self.schema.ceiling, revision)

    def __str__(self) -> str:
        """Return the colour and the version."""
        return f"{self.colour} {self.version}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Contracted:
    """What is recorded of contracting migrations; the texts are empty where there were none."""

    begun: str = ""
    """Recorded before a migration runs. From then on, whatever it drops may be gone. It is never below `done`."""
    done: str = ""
    """Recorded after a migration has run."""
    by: str = ""
    """The release whose Job ran: its colour and version."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """Brings the schema to a revision, with the tool in a release's image."""

    phase: Phase
    release: Release
    revision: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What is done to the schema of one service."""

    before: tuple[Step, ...] = ()
    """The steps before the pods of their release: expanding ones, or a way down."""
    after: tuple[Step, ...] = ()
    """The contracting steps, once the active release is confirmed and nobody needs what they drop."""
    waiting: str = ""
    """Why a declared contracting migration does not run yet; empty where none waits."""
    contracted: Contracted = Contracted()
    """What is recorded of contracting migrations: `begun` before those of this plan, the rest after them."""
    staying: frozenset[tuple[Colour, str]] = frozenset()
    """The colour and version of the releases whose pods do without what is dropped by then."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """What a service says of all its migrations."""

    revisions: tuple[str, ...] = ()
    """The revisions that its releases name, the oldest first; empty where only the releases' own order is known."""
    down_refused: str = ""
    """Why no migration can be undone; empty where they can."""


ANY = Rules()


def decide(
    service: str, active: Colour, releases: Sequence[Release], contracted: Contracted, rules: Rules = ANY
) -> Plan:
    """Decide which migrations run before which slot, and which after the flip.

    Args:
        service: the service's name, for messages.
        active: the colour that the stack declares live.
        releases: what the colours declare, at most one release for each.
        contracted: what is recorded of contracting migrations.
        rules: what the service says of all its migrations.

    Raises:
        RefusedError: a release needs what was dropped, or a way down would drop what one needs.
    """
    return _Decision(service, active, releases, contracted, rules).plan()


class _Decision:
    """The decision about one service's schema."""

    def __init__(
        self, service: str, active: Colour, releases: Sequence[Release], contracted: Contracted, rules: Rules
    ) -> None:
        self._service, self._active, self._releases = service, active, releases
        self._contracted, self._rules = contracted, rules
        self._order = Order(rules.revisions, *(each.schema.in_order for each in releases if each.schema))

    def plan(self) -> Plan:
        if twice := self._order.contradiction:
            raise RefusedError(
                f"the slots of {self._service} contradict each other: {twice} comes both before and after another "
                f"revision that they name, so nobody could tell who needs what. Nothing was changed. Next: {self._list}"
            )
        for each in self._releases:
            self._require_present(each)
        before = tuple(
            self._down(each, each.schema.down)
            if each.schema.down is not None
            else Step(phase=Phase.EXPAND, release=each, revision=each.schema.expand)
            for each in self._releases
            if each.schema is not None
        )
        return self._contract(before)

    def _require_present(self, release: Release) -> None:
        """Refuse a release whose pods need what was dropped, or may need it.

        Raises:
            RefusedError: a release does; the message says which, and what it lacks.
        """
        gone = self._contracted.begun
        works = release.works_at(gone, self._order)
        if not gone or release.retired or works:
            return
        says = f"its schema goes up to {release.schema.ceiling}" if release.schema else "it has no schema"
        mend = f"give {release.colour} a release that works without (and set schema.contract to {gone} or later)"
        if works is None and release.schema:
            doubt, remedy = self._doubt(release.colour, release.schema.ceiling, gone)
            says, mend = f"{says}, and {doubt}", f"{remedy}; or {mend}"
        raise RefusedError(
            f"{release} of {self._service} needs what migrations up to {gone} dropped ({says}): its pods would fail on "
            f"their queries. Nothing was changed. Next: {mend}, or bring it back first: docs/migrations.md, 'Going "
            "back'"
        )

    def _contract(self, before: tuple[Step, ...]) -> Plan:
        """Return the plan with the contracting steps, and why other contractions have to wait."""
        recorded = self._contracted
        # A step stays declared as long as the release that ran it, so that its Job is neither deleted nor run again.
        steps = [_contracting(each) for each in self._releases if each.contract and str(each) == recorded.by]
        pending = [
            each
            for each in self._releases
            if each.contract and not (recorded.done and self._order.reaches(recorded.done, each.contract))
        ]
        live = next((each for each in pending if each.colour is self._active), None)
        waiting = ""
        if live is None:
            if idle := next(iter(pending), None):
                waiting = f"{self._named(idle)} waits until {idle.colour} is live"
        elif needing := next((each for each in self._releases if self._needs(each, live.contract)), None):
            waiting = f"{self._named(live)} waits: {needing} still needs what it drops"
            if needing.schema and needing.works_at(live.contract, self._order) is None:
                doubt, _ = self._doubt(needing.colour, needing.schema.ceiling, live.contract)
                waiting += f", as far as is known: {doubt}"
        else:
            # It does without what is gone already (`_require_present`), so the record never goes back.
            recorded = Contracted(begun=live.contract, done=live.contract, by=str(live))
            steps = [*(step for step in steps if step.release is not live), _contracting(live)]
        staying = [each for each in self._releases if each.works_at(recorded.begun, self._order)]
        return Plan(
            before=before,
            after=tuple(steps),
            waiting=waiting,
            contracted=recorded,
            staying=frozenset((each.colour, each.version) for each in staying),
        )

    def _needs(self, release: Release, revision: str) -> bool:
        """Return whether a running release may miss what migrations up to `revision` drop."""
        return not release.retired and not release.works_at(revision, self._order)

    def _down(self, release: Release, to: str) -> Step:
        """Return the way back to `to`, if nobody needs what it drops.

        Raises:
            RefusedError: somebody does, or there is no way back.
        """
        gone = self._contracted.begun
        needing = [
            each
            for each in self._releases
            if not each.retired and not (each.schema and self._order.reaches(to, each.schema.expand))
        ]
        if self._rules.down_refused:
            why = f"services.{self._service}.migrations.downRefused says: {self._rules.down_refused}"
        elif needing:
            why = f"{needing[0]} is not retired, and " + (
                f"needs the schema from {needing[0].schema.expand} on"
                if needing[0].schema
                else "does not say what it needs"
            )
        elif gone and not self._order.reaches(to, gone):
            why = f"migrations up to {gone} dropped data, which no way down brings back"
        else:
            return Step(phase=Phase.DOWN, release=release, revision=to)
        raise RefusedError(
            f"schema.down {to} of {release} of {self._service} is refused: {why}. Nothing was changed. Next: pulumi "
            f"config rm --path 'teal:{release.colour}.{self._service}.schema.down', and retire what needs the schema, "
            "or go forward with a release that mends it; docs/migrations.md, 'Going back'"
        )

    def _named(self, release: Release) -> str:
        return f"contracting {self._service} to {release.contract} for {release}"

    def _doubt(self, colour: Colour, revision: str, other: str) -> tuple[str, str]:
        """Return why it is unknown whether one revision comes after another, and the command that says so."""
        if moving(revision):
            at = f"teal:{colour}.{self._service}.schema.expand"
            return (
                f"{revision} is another revision in each image",
                f"name the one that it is: pulumi config set --path --type string '{at}' REVISION",
            )
        return f"nothing says whether {revision} comes after {other}", self._list

    @property
    def _list(self) -> str:
        """The command that tells the order of the revisions, in the words of an error."""
        named = [
            *self._rules.revisions,
            *(name for each in self._releases if each.schema for name in (each.schema.expand, each.contract) if name),
        ]
        at, known = f"teal:services.{self._service}.migrations.revisions", (self._contracted.begun, *named)
        return (
            f"list the revisions, oldest first ({', '.join(dict.fromkeys(filter(None, known)))} among them): pulumi "
            f"config set --path --type string '{at}[0]' REVISION, then [1], and so on"
        )


def _contracting(release: Release) -> Step:
    return Step(phase=Phase.CONTRACT, release=release, revision=release.contract)
