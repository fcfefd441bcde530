"""The sunset gate: no version of an API goes while clients still use it.

It judges how often each version was asked for, as Prometheus counts it, and whether both colours still offer what was.
A version that live does not offer either is not taken away by this flip.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from teal.gates.registration import Asked, Gate, Question, Skippable
from teal.gates.samples import Queried
from teal.model.colours import Colour
from teal.model.verdict import Outcome, Verdict, judging, listed, printable

GATE = Gate(
    name="sunset",
    questions=(
        Question(
            "`sunset`",
            "Prometheus for the requests of each version of the API, both colours for its document",
            "the idle colour offers every version that clients still use and that live offers",
        ),
    ),
    deadline_seconds=45.0,  # for the query, and then the requests, as of the contract gates
    skippable=Skippable(
        description="Why a version of an API may go while clients still use it.",
        wrong="nobody could say later why clients were left without it",
        example="'the last client knows'",
    ),
    on_rollback=False,  # an older release lacks what the newer one added
    remedy=(
        "keep that version in the release of {destination}, or say why it may go: "
        "pulumi config set --path teal:skipGates.sunset 'why'"
    ),
)

_SHOWN = 110


@dataclass(frozen=True, kw_only=True, slots=True)
class UsagePlan(Asked):
    """How the use of each version of a service's API is counted, and where its document is."""

    entry: ClassVar[Gate] = GATE

    metric: str
    """The name of the counter."""
    label: str
    """The counter's label that holds the version."""
    window: str
    """The time over which requests are counted, as PromQL has it."""
    query: str
    """PromQL: the requests within the window, by colour and version."""
    at_most: int = 0
    """The requests within the window that do not count as use."""
    paths: Mapping[str, str]
    """Where the document of each version is."""
    service_key: str
    """The settings of the service's documents, for whoever has to add one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """Whether one colour offers a version."""

    lack: Outcome | None = None
    """`FAILED` where it does not offer it, `ERROR` or `INCONCLUSIVE` where nobody knows; None where it does."""
    why: str = ""
    """The reason for it."""


def used(plan: UsagePlan, queried: Queried) -> Mapping[str, int]:
    """Return the requests by version, of those that had enough to count as used, in both colours together."""
    totals: dict[str, float] = {}
    for each in queried.series:
        version = each.labels.get(plan.label, "")
        totals[version] = totals.get(version, 0) + each.value
    return {version: math.ceil(total) for version, total in sorted(totals.items()) if total > plan.at_most}


def sunset(  # noqa: PLR0913 - who is asked, and what each of them answered
    service: str,
    destination: Colour,
    plan: UsagePlan,
    *,
    live: Colour | None,
    queried: Queried,
    offered: Mapping[str, Sequence[Offer]],
) -> Verdict:
    """Judge whether a version goes that clients still use.

    Args:
        service: the service's name.
        destination: the colour that traffic is to move to.
        plan: what was asked.
        live: the colour that serves now; None where none does.
        queried: the requests of both colours by version.
        offered: by version, what the destination offers of it, and, where that is not all, what live does; of the
            versions whose documents are known.
    """
    clients = f"clients of {live or 'live'}"
    verdict = judging(
        GATE.name,
        service,
        needed=f"every version of the API in {destination} that {clients} used within {plan.window}",
        asked=f"Prometheus for {plan.metric} by {plan.label}, and {service} in both colours for the documents",
    )
    if live is None:
        return verdict(Outcome.PASSED, "nothing is live that could be used")
    if live is destination:
        return verdict(Outcome.PASSED, f"{destination} is live already")
    if queried.error is not None:
        return verdict(Outcome.ERROR, queried.error)
    if not any(each.labels.get("colour") == live for each in queried.series):
        lacking = f"{live} has no series of {plan.metric} with the label {plan.label}: it may be used, and not counted"
        return verdict(Outcome.INCONCLUSIVE, lacking)
    uses = used(plan, queried)
    for outcome in (Outcome.FAILED, Outcome.ERROR, Outcome.INCONCLUSIVE):
        found = [text for each, text in _missing(plan, uses, offered) if each is outcome]
        if found:
            return verdict(outcome, listed(found))
    asked = ", ".join(f"{printable(version, _SHOWN)} ({requests})" for version, requests in uses.items())
    return verdict(Outcome.PASSED, f"no version goes that is used; requests were for {asked or 'none'}")


def _missing(
    plan: UsagePlan, uses: Mapping[str, int], offered: Mapping[str, Sequence[Offer]]
) -> Iterator[tuple[Outcome, str]]:
    """Yield what is not offered, or not known to be, of what is used."""
    for version, requests in uses.items():
        text = f"{printable(version, _SHOWN)} had {requests} requests"
        if version not in offered:
            yield Outcome.INCONCLUSIVE, f"{text}, and {plan.service_key} has no document of it"
            continue
        lacks = [(each.lack, each.why) for each in offered[version] if each.lack is not None]
        taken = [outcome for outcome, _ in lacks] != [Outcome.FAILED, Outcome.FAILED]  # live does not offer it either
        if lacks and taken:
            outcome, why = lacks[-1]
            yield outcome, f"{text}, and {why}"
