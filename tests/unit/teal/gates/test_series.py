"""What the bake will ask for is there before traffic moves; what is not is named, and the preset that finds it."""

import pytest

from teal.gates.samples import Queried, Series
from teal.gates.series import SeriesPlan, series
from teal.model.colours import Colour
from teal.model.verdict import Outcome

PLAN = SeriesPlan(
    requests="http_requests_total", status="status", every="every", with_status="told", others={"go-promhttp": "go"}
)
NONE = Queried()
SOME = Queried(series=[Series(labels={"colour": "blue"}, value=3)])
DOWN = Queried(error="Prometheus is down")


@pytest.mark.parametrize(
    ("live", "every", "told", "other", "outcome", "seen"),
    [
        (Colour.BLUE, SOME, SOME, NONE, Outcome.PASSED, "3 such series"),
        (Colour.BLUE, NONE, NONE, NONE, Outcome.INCONCLUSIVE, "requestMetrics.preset to the library"),
        (Colour.BLUE, NONE, NONE, SOME, Outcome.INCONCLUSIVE, "requestMetrics.preset to go-promhttp"),
        (Colour.BLUE, SOME, NONE, SOME, Outcome.INCONCLUSIVE, "has no label status; set teal:services.shop"),
        (Colour.BLUE, DOWN, NONE, NONE, Outcome.ERROR, "Prometheus is down"),
        (Colour.BLUE, SOME, DOWN, NONE, Outcome.ERROR, "Prometheus is down"),
        (None, NONE, NONE, NONE, Outcome.PASSED, "no colour was live yet"),
        (None, SOME, NONE, NONE, Outcome.INCONCLUSIVE, "has no label status"),
    ],
)
def test_series_are_found_or_their_names_are_asked_for(  # noqa: PLR0913, PLR0917 - a table's columns
    live: Colour | None, every: Queried, told: Queried, other: Queried, outcome: Outcome, seen: str
) -> None:
    """Before the first release nobody had a request; after it, none at all means that the names are wrong."""
    verdict = series("shop", PLAN, live=live, every=every, with_status=told, others={"go-promhttp": other})
    assert (verdict.gate, verdict.outcome) == ("metrics.series", outcome)
    assert seen in verdict.seen
