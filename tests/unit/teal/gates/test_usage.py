"""The sunset gate: a version that clients use does not go, and what nobody counted is not unused."""

from collections.abc import Mapping, Sequence

import pytest

from teal.gates.samples import Queried, Series
from teal.gates.usage import Offer, UsagePlan, sunset, used
from teal.model.colours import Colour
from teal.model.verdict import Outcome

GREEN, BLUE = Colour.GREEN, Colour.BLUE
PASSED, FAILED, INCONCLUSIVE, ERROR = Outcome
PLAN = UsagePlan(
    metric="api_requests_total",
    label="api_version",
    window="168h",
    query="used",
    paths={"v1": "/v1.json", "v2": "/v2.json"},
    service_key="teal:services.backend.gates.contract.paths",
)
THERE = Offer()
GONE = Offer(lack=FAILED, why="/v1.json of green answered 410")
THEIRS = Offer(lack=FAILED, why="/v1.json of blue answered 410")
AWAY = Offer(lack=ERROR, why="/v1.json of green could not be asked")
NONE = Offer(lack=INCONCLUSIVE, why="/v1.json of blue answered 500")


def counted(**colours: Mapping[str, float]) -> Queried:
    """The requests by colour and version."""
    return Queried(
        series=[
            Series(labels={"colour": colour, "api_version": version}, value=value)
            for colour, of in colours.items()
            for version, value in of.items()
        ]
    )


BOTH = counted(blue={"v1": 36.2, "v2": 5}, green={"v2": 1, "v1": 0.1})
V2 = counted(blue={"v1": 0, "v2": 5})


@pytest.mark.parametrize(
    ("queried", "v1", "outcome", "seen"),
    [
        (BOTH, [THERE], PASSED, "no version goes that is used; requests were for v1 (37), v2 (6)"),
        (BOTH, [GONE, THERE], FAILED, "v1 had 37 requests, and /v1.json of green answered 410"),
        (BOTH, [GONE, THEIRS], PASSED, "no version goes that is used; requests were for v1 (37), v2 (6)"),
        (BOTH, [GONE, NONE], INCONCLUSIVE, "v1 had 37 requests, and /v1.json of blue answered 500"),
        (BOTH, [AWAY], ERROR, "v1 had 37 requests, and /v1.json of green could not be asked"),
        (V2, [], PASSED, "no version goes that is used; requests were for v2 (5)"),
        (counted(blue={"v1": 0}), [], PASSED, "no version goes that is used; requests were for none"),
        # What is not counted may be used all the same.
        (
            Queried(),
            [],
            INCONCLUSIVE,
            "blue has no series of api_requests_total with the label api_version: it may be used, and not counted",
        ),
        (
            counted(green={"v1": 0}),
            [],
            INCONCLUSIVE,
            "blue has no series of api_requests_total with the label api_version: it may be used, and not counted",
        ),
        (Queried(error="Prometheus is down"), [], ERROR, "Prometheus is down"),
        (
            counted(blue={"v0": 2}),
            [],
            INCONCLUSIVE,
            "v0 had 2 requests, and teal:services.backend.gates.contract.paths has no document of it",
        ),
    ],
)
def test_what_is_used_stays(queried: Queried, v1: Sequence[Offer], outcome: Outcome, seen: str) -> None:
    """What live does not offer either is not taken away by this flip."""
    offered = {"v1": v1, "v2": [THERE]}
    found = sunset("backend", GREEN, PLAN, live=BLUE, queried=queried, offered=offered)
    assert (found.gate, found.outcome, found.seen) == ("sunset", outcome, seen)
    assert found.needed == "every version of the API in green that clients of blue used within 168h"
    assert found.asked == (
        "Prometheus for api_requests_total by api_version, and backend in both colours for the documents"
    )


def test_a_known_loss_is_said_before_what_nobody_knows() -> None:
    """Three are named, and how many more there are."""
    queried = counted(blue={f"v{each}": 1 for each in range(6)})
    offered = {f"v{each}": [GONE, THERE] for each in range(1, 5)} | {"v5": [AWAY]}
    found = sunset("backend", GREEN, PLAN, live=BLUE, queried=queried, offered=offered)
    assert found.outcome is FAILED
    assert found.seen.startswith("v1 had 1 requests, and")
    assert found.seen.endswith(" and 1 more")


@pytest.mark.parametrize(("live", "seen"), [(None, "nothing is live that could be used"), (GREEN, "is live already")])
def test_where_nobody_else_is_live_nothing_goes(live: Colour | None, seen: str) -> None:
    """The first release of all, and a flip that was cut off after its write."""
    found = sunset("backend", GREEN, PLAN, live=live, queried=Queried(error="down"), offered={})
    assert found.outcome is PASSED
    assert seen in found.seen


@pytest.mark.parametrize(("at_most", "versions"), [(0, {"v1": 37, "v2": 6}), (6, {"v1": 37}), (37, {})])
def test_some_requests_may_be_no_use(at_most: int, versions: Mapping[str, int]) -> None:
    """Those of a gate, where a service counts them."""
    plan = UsagePlan(
        metric="m", label="api_version", window="1h", query="q", at_most=at_most, paths={}, service_key="k"
    )
    assert used(plan, BOTH) == versions
