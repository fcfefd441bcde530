"""The series gate: what the bake will ask of Prometheus is there, before traffic moves and not only after.

A bake whose queries have no answer ends unproven, each time, with traffic on a
colour that nobody confirms. So whether the service's own name for its counter
has any series at all, and whether these have a status, is found out before.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from teal.gates.registration import Asked, Gate, Question
from teal.gates.samples import Queried
from teal.model.colours import Colour
from teal.model.verdict import Outcome, Verdict

GATE = Gate(
    name="metrics.series",
    questions=(
        Question(
            "`metrics.series`, without metrics gates",
            "Prometheus",
            "what the bake will ask for is there, in either colour: `requestMetrics` names what the service has",
        ),
    ),
    deadline_seconds=30.0,  # a query for each library whose names are known, at once
    on_rollback=False,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class SeriesPlan(Asked):
    """What is asked about the series of one service, of both colours."""

    entry: ClassVar[Gate] = GATE

    requests: str
    """Name of the counter."""
    status: str
    """Its label that holds the status."""
    every: str
    """PromQL: how many series the counter has, by colour."""
    told: str
    """PromQL: how many of them have a status, by colour."""
    others: Mapping[str, str]
    """PromQL by preset: how many series the service has under that one's names."""


def series(  # noqa: PLR0913 - what was asked about whom, and each answer
    service: str,
    plan: SeriesPlan,
    *,
    live: Colour | None,
    every: Queried,
    told: Queried,
    others: Mapping[str, Queried],
) -> Verdict:
    """The service has the series that its bake needs.

    Args:
        service: the service's name.
        plan: what was asked.
        live: the colour that serves now. Before the first release nobody had a request, and its bake needs none.
        every: series of the counter, in either colour.
        told: those of them with a status.
        others: the same under the names of other presets.
    """

    def verdict(outcome: Outcome, seen: str) -> Verdict:
        return Verdict(
            gate=GATE.name,
            service=service,
            outcome=outcome,
            seen=seen,
            needed=f"series of {plan.requests} with the label {plan.status}, in either colour",
            asked="Prometheus for the series that the bake needs",
        )

    key = f"teal:services.{service}.requestMetrics"
    if every.error is not None or told.error is not None:
        return verdict(Outcome.ERROR, every.error or told.error or "")
    if live is None and not every.series:
        return verdict(Outcome.PASSED, "no colour was live yet, so nobody had a request")
    if told.series:
        return verdict(Outcome.PASSED, f"{sum(each.value for each in told.series):.0f} such series")
    known = [preset for preset, found in others.items() if found.series]
    mend = f"{key}.preset {' or '.join(known)}" if known else f"{key}.preset, or its names; none where it has none"
    if every.series:
        return verdict(Outcome.INCONCLUSIVE, f"{plan.requests} has no label {plan.status}; set {key}.status, or {mend}")
    return verdict(Outcome.INCONCLUSIVE, f"no series of {plan.requests}: {service} had no request, or set {mend}")
