"""The contract gates: the destination's API still offers what the live colour's does, and announces removals.

They judge what a comparison tool found in both OpenAPI documents, and the answers of deprecated operations. They
compare nothing themselves.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import ClassVar, cast

from teal.gates.openapi import Document, Operation, operations
from teal.gates.registration import Asked, Gate, Question, Skippable
from teal.gates.replies import Reply
from teal.model.colours import Colour
from teal.model.verdict import Outcome, Verdict, judging, listed, printable

CHANGES = "contract.changes"
DEPRECATIONS = "contract.deprecations"

GATE = Gate(
    name="contract",
    questions=(
        Question(
            f"`{CHANGES}`, `{CHANGES}.NAME`",
            "both colours' OpenAPI documents, `oasdiff`",
            (
                "nothing that clients of live use is gone or has another type; what is deprecated goes after its "
                "`Sunset`"
            ),
        ),
        Question(
            f"`{DEPRECATIONS}`, `{DEPRECATIONS}.NAME`",
            "what the idle colour's document calls deprecated",
            "its answers carry `Deprecation` and `Sunset`",
        ),
    ),
    deadline_seconds=45.0,  # for all requests, with an API server's restart among them
    skippable=Skippable(
        description="Why no API is compared.",
        wrong="nobody could say later why nobody looked",
        example="'the break is agreed'",
    ),
    on_rollback=False,  # an older release lacks what the newer one added
)

_SHOWN = 110


@dataclass(frozen=True, kw_only=True, slots=True)
class ContractPlan(Asked):
    """Where the document is, and which changes are allowed."""

    entry: ClassVar[Gate] = GATE

    path: str
    allowed: frozenset[str] = frozenset()
    """The comparison tool's ids of the changes that are allowed."""
    name: str = ""
    """The name of the document, by which its verdicts are called; empty where the service has one alone."""
    others: Sequence[str] = ()
    """Where the service's other documents are."""
    tls: bool = False
    """Whether the service's port speaks TLS."""

    @property
    def gates(self) -> frozenset[str]:
        """The names of all verdicts that this plan leads to."""
        return frozenset({self.called(CHANGES), self.called(DEPRECATIONS)})

    def called(self, verdict: str) -> str:
        """Return the name of a verdict about this document."""
        return f"{verdict}.{self.name}" if self.name else verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One change that breaks clients."""

    id: str
    text: str
    operation: str
    """The method and the path."""

    def __str__(self) -> str:
        """Return the change in one line."""
        return f"{printable(self.operation, _SHOWN)}: {printable(self.text, _SHOWN)} ({printable(self.id, _SHOWN)})"


@dataclass(frozen=True, kw_only=True, slots=True)
class Compared:
    """The result of a comparison."""

    changes: Sequence[Change] = ()
    lack: Outcome | None = None
    """`ERROR` or `INCONCLUSIVE` where nothing could be compared."""
    why: str = ""
    """The reason for it; or what there was in place of a comparison that was not needed."""
    absent: int = 0
    """The status by which the service said that it has no such document: 404 or 410. 0 where it did not say so."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tried:
    """An operation, and what it answered; nothing where it was not asked."""

    operation: Operation
    reply: Reply | None


def document(reply: Reply, path: str, colour: Colour) -> Document | Compared:
    """Return the OpenAPI document that a colour answered with, or why there is none."""
    where = f"{path} of {colour}"
    if reply.error is not None or reply.late:
        return Compared(lack=Outcome.ERROR, why=f"{where} could not be asked: {reply.error or 'no answer in time'}")
    if reply.status != HTTPStatus.OK:
        absent = reply.status if reply.status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE} else 0
        return Compared(lack=Outcome.INCONCLUSIVE, why=f"{where} answered {reply.status}", absent=absent)
    try:
        found: object = json.loads(reply.body) if reply.whole else None
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, dict):
        read = cast("Document", found)
        # Compared with a document without operations, nothing would be missing.
        if isinstance(read.get("openapi"), str) and any(operations(read)):
            return read
    return Compared(lack=Outcome.INCONCLUSIVE, why=f"{where} answered no OpenAPI document with operations")


def absent(*read: Document | Compared) -> bool:
    """Return whether a colour said that it has no such document."""
    return any(isinstance(each, Compared) and each.absent for each in read)


def one_of_several(
    old: Document | Compared, new: Document | Compared, *, live_has_another: bool, destination_has_another: bool
) -> tuple[Document | Compared, Document | Compared]:
    """Return what to compare where a colour lacks one of its documents: a version of the API that came, or went.

    A colour that has none of them may have been asked at a wrong path, which is no such case. Nothing can be broken in
    a document that live lacks: it is new, or its time was over before. All that live offers in a document that the
    destination lacks is gone; what was deprecated there may go after its `Sunset`.
    """
    if isinstance(old, Compared) and old.absent and live_has_another:
        came, ended = not isinstance(new, Compared), old.absent == HTTPStatus.GONE
        if came or ended:
            old = Compared(why=f"{old.why}: nothing in it could be broken")
    known = not isinstance(old, Compared) or old.lack is None
    if isinstance(new, Compared) and new.absent and known and destination_has_another:
        new = {**({} if isinstance(old, Compared) else old), "paths": {}}
    return old, new


def changes(service: str, destination: Colour, live: Colour | None, plan: ContractPlan, compared: Compared) -> Verdict:
    """Judge whether anything that clients of the live colour use is gone or has changed.

    Before the first release there are no clients. Where the destination is live already, they use it.
    """
    allowed = f", but for {', '.join(sorted(plan.allowed))}" if plan.allowed else ""
    verdict = judging(
        plan.called(CHANGES),
        service,
        needed=f"no change that breaks clients of {live or 'live'}{allowed}",
        asked=f"{service} in both colours for {plan.path}, and oasdiff for what breaks",
    )
    if live is None:
        return verdict(Outcome.PASSED, "nothing is live that could be broken")
    if live is destination:
        return verdict(Outcome.PASSED, f"{destination} is live already")
    if compared.lack is not None:
        return verdict(compared.lack, compared.why)
    breaking = [each for each in compared.changes if each.id not in plan.allowed]
    if breaking:
        return verdict(Outcome.FAILED, listed([*map(str, breaking)]))
    let = f", which are allowed: {listed([*map(str, compared.changes)])}" if compared.changes else ""
    return verdict(Outcome.PASSED, compared.why or f"{len(compared.changes)} breaking changes{let}")


def early(tried: Tried, now: datetime) -> Change | None:
    """Return a removed deprecated operation as a change, unless the `Sunset` that the live colour sent has passed."""
    sunset = _sunset(tried.reply) if tried.reply is not None else None
    if sunset is not None and sunset <= now:
        return None
    ends = f"its Sunset is {sunset:%Y-%m-%d}" if sunset is not None else "no Sunset is known of it"
    return Change(
        id="deprecated-operation-removed", text=f"deprecated, removed, and {ends}", operation=str(tried.operation)
    )


def deprecations(
    service: str, destination: Colour, plan: ContractPlan, tried: Sequence[Tried], lack: Compared | None = None
) -> Verdict:
    """Judge whether the answers of deprecated operations announce that these will go, and when.

    They do with `Deprecation` (RFC 9745, or `true` as in its drafts) and `Sunset` (RFC 8594, a date). Operations that
    need parameters or have an effect are not tried.
    """
    verdict = judging(
        plan.called(DEPRECATIONS),
        service,
        needed="Deprecation and Sunset in the answers of deprecated operations",
        asked=f"{service}-{destination} for {plan.path}, and for what is deprecated there",
    )
    if lack is not None and lack.lack is not None:
        return verdict(lack.lack, lack.why)
    asked = [(each.operation, each.reply) for each in tried if each.reply is not None]
    silent = [f"{operation} ({reply.error or 'no answer in time'})" for operation, reply in asked if _unheard(reply)]
    unmarked = [
        f"{operation} answered {reply.status} without {missing}"
        for operation, reply in asked
        if not _unheard(reply) and (missing := _missing(reply))
    ]
    if unmarked:
        return verdict(Outcome.FAILED, listed(unmarked, _SHOWN))
    if silent:
        return verdict(Outcome.ERROR, f"could not be asked: {listed(silent, _SHOWN)}")
    rest = len(tried) - len(asked)
    untried = f", {rest} were not tried: they need parameters or have effects" if rest else ""
    return verdict(Outcome.PASSED, f"{len(asked)} of {len(tried)} deprecated operations say so{untried}")


def _unheard(reply: Reply) -> bool:
    return reply.late or reply.error is not None


def _missing(reply: Reply) -> str:
    missing = [] if reply.headers.get("deprecation", "").strip() else ["Deprecation"]
    if _sunset(reply) is None:
        missing.append("a date in Sunset")
    return " and ".join(missing)


def _sunset(reply: Reply) -> datetime | None:
    try:
        found = parsedate_to_datetime(reply.headers.get("sunset", ""))
    except ValueError:
        return None
    return found if found.tzinfo is not None else None
