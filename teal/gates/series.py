"""The series gate: Prometheus has what the bake will ask for, before traffic moves.

A bake whose queries have no answer ends unproven each time, with traffic on a colour that nobody confirms. So this gate
finds out before whether the service's counter has any series, and whether they have a status.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from teal.gates.registration import Asked, Gate, Question
from teal.gates.samples import Queried
from teal.model.colours import Colour
from teal.model.verdict import Outcome, Verdict, judging

GATE = Gate(
    name="metrics.series",
    questions=(
        Question(
            "`metrics.series`, without metrics gates",
            "Prometheus",
            "what the bake will ask for is there, in either colour: `requestMetrics` names what the service has",
        ),
    ),
    deadline_seconds=30.0,  # one query for each library whose names are known, all at once
    on_rollback=False,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class SeriesPlan(Asked):
    """What is asked about the series of one service, in both colours."""

    entry: ClassVar[Gate] = GATE

    requests: str
    """The name of the counter."""
    status: str
    """The counter's label that holds the status."""
    every: str
    """PromQL: how many series the counter has, by colour."""
    with_status: str
    """PromQL: how many of these have a status, by colour."""
    others: Mapping[str, str]
    """PromQL by preset: how many series the service has under that preset's names."""


def series(  # noqa: PLR0913 - what was asked about whom, and each answer
    service: str,
    plan: SeriesPlan,
    *,
    live: Colour | None,
    every: Queried,
    with_status: Queried,
    others: Mapping[str, Queried],
) -> Verdict:
    """Judge whether the service has the series that its bake needs.

    Args:
        service: the service's name.
        plan: what was asked.
        live: the colour that serves now. Before the first release nobody had a request, and the bake needs no series.
        every: the counter's series, in either colour.
        with_status: those with a status.
        others: the series under the names of other presets.
    """
    verdict = judging(
        GATE.name,
        service,
        needed=f"series of {plan.requests} with the label {plan.status}, in either colour",
        asked="Prometheus for the series that the bake needs",
    )
    key = f"teal:services.{service}.requestMetrics"
    if every.error is not None or with_status.error is not None:
        return verdict(Outcome.ERROR, every.error or with_status.error or "")
    if live is None and not every.series:
        return verdict(Outcome.PASSED, "no colour was live yet, so nobody had a request")
    if with_status.series:
        return verdict(Outcome.PASSED, f"{sum(each.value for each in with_status.series):.0f} such series")
    known = [preset for preset, found in others.items() if found.series]
    mend = f"{key}.preset to {' or '.join(known) or 'the library that counts its requests, or to none'}"
    if every.series:
        return verdict(Outcome.INCONCLUSIVE, f"{plan.requests} has no label {plan.status}; set {key}.status, or {mend}")
    why = f"no series of {plan.requests}: {service} had no request, or its metrics have other names; set {mend}"
    return verdict(Outcome.INCONCLUSIVE, why)
