"""Measuring the sunset gate: which documents are asked for, and what counts as gone."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from teal.gates.replies import Reply, Request
from teal.gates.samples import Queried, Series
from teal.gates.usage import UsagePlan
from teal.model.colours import Colour
from teal.model.verdict import Outcome, Verdict
from teal.proof import usage
from teal.proof.measure import Subject, measure
from tests.unit.teal.proof.world import World

GREEN, BLUE = Colour.GREEN, Colour.BLUE
PLAN = UsagePlan(
    metric="api_requests_total",
    label="api_version",
    window="168h",
    query="used",
    paths={"v1": "/v1.json", "v2": "/v2.json"},
    service_key="paths",
)
DOCUMENT: dict[str, Any] = {"openapi": "3.1.0", "paths": {"/old": {"get": {"deprecated": True}}, "/new": {"get": {}}}}
HAS = Reply(status=200, body=json.dumps(DOCUMENT).encode())
GONE, NOT_FOUND, BROKEN = (Reply(status=each) for each in (410, 404, 500))


class Doors:
    """The doors of both colours, and a Prometheus."""

    def __init__(self, replies: Mapping[str, Reply], **requests: float) -> None:
        """Every document is there but for these replies; these are the requests of blue by version."""
        self.replies = replies
        self.requests = requests
        self.asked: list[str] = []

    async def request(self, service: str, wanted: Request, *, within: float) -> Reply:
        """A document, or an operation."""
        assert within > 0
        name = f"{service.removeprefix('backend-')} {wanted.path}"
        self.asked.append(name)
        return self.replies.get(name, HAS)

    async def query(self, promql: str) -> Queried:
        """The requests by version."""
        assert promql == "used"
        labels = ({"colour": "blue", "api_version": each} for each in self.requests)
        return Queried(series=[Series(labels=each, value=self.requests[each["api_version"]]) for each in labels])


async def measured(doors: Doors, live: Colour | None = BLUE) -> Verdict:
    """What is found on the way to green."""
    return await usage.measure(doors, doors, "backend", PLAN, destination=GREEN, live=live)


@pytest.mark.parametrize(
    ("replies", "outcome", "asked"),
    [
        ({}, Outcome.PASSED, ["green /v1.json", "green /old"]),
        ({"green /v1.json": GONE}, Outcome.FAILED, ["green /v1.json", "blue /v1.json", "blue /old"]),
        ({"green /v1.json": NOT_FOUND}, Outcome.FAILED, ["green /v1.json", "blue /v1.json", "blue /old"]),
        (
            {"green /old": GONE, "blue /old": GONE},
            Outcome.PASSED,
            ["green /v1.json", "green /old", "blue /v1.json", "blue /old"],
        ),
        ({"green /v1.json": GONE, "blue /v1.json": GONE}, Outcome.PASSED, ["green /v1.json", "blue /v1.json"]),
        ({"green /v1.json": BROKEN}, Outcome.INCONCLUSIVE, ["green /v1.json"]),
        ({"green /v1.json": Reply(late=True)}, Outcome.ERROR, ["green /v1.json"]),
        ({"green /v1.json": GONE, "blue /v1.json": BROKEN}, Outcome.INCONCLUSIVE, ["green /v1.json", "blue /v1.json"]),
    ],
)
async def test_a_version_is_gone_with_its_document_or_what_is_in_it(
    replies: Mapping[str, Reply], outcome: Outcome, asked: list[str]
) -> None:
    """Live is asked only where the idle colour lacks it: each request is one more that a service may count."""
    doors = Doors(replies, v1=3, v2=0)
    assert (await measured(doors)).outcome is outcome
    assert doors.asked == asked


async def test_an_operation_that_is_gone_is_named() -> None:
    """The document may outlive what it describes."""
    found = await measured(Doors({"green /old": GONE}, v1=3))
    assert found.outcome is Outcome.FAILED
    assert found.seen == "v1 had 3 requests, and GET /old of green answered 410"


@pytest.mark.parametrize(("live", "versions"), [(None, {"v1": 3}), (GREEN, {"v1": 3}), (BLUE, {"v3": 3}), (BLUE, {})])
async def test_nobody_is_asked_in_vain(live: Colour | None, versions: Mapping[str, float]) -> None:
    """What is not used, has no document, or is not compared with anything."""
    doors = Doors({}, **versions)
    await measured(doors, live)
    assert doors.asked == []


async def test_without_a_prometheus_it_is_an_error() -> None:
    """As for the metrics gates; the settings refuse it before."""
    of = Subject(service="backend", destination=GREEN, live=BLUE, ready=(), cluster=World(), prometheus=None, wait=True)
    (found,) = await measure(PLAN, of)
    assert (found.gate, found.outcome) == ("sunset", Outcome.ERROR)
    assert "teal:prometheus.url" in found.seen


async def test_a_proof_asks_it() -> None:
    """With the Prometheus of the stack."""
    world = World()
    world.replies |= {"/v1.json": HAS, "/old": GONE}

    class Counting(World):
        """Counts by version."""

        async def query(self, promql: str, at: str = "") -> Queried:
            del at
            assert promql == "used"
            return Queried(series=[Series(labels={"colour": "blue", "api_version": "v1"}, value=1)])

    of = Subject(
        service="backend", destination=GREEN, live=BLUE, ready=(), cluster=world, prometheus=Counting(), wait=True
    )
    (found,) = await measure(PLAN, of)
    assert (found.outcome, found.seen) == (Outcome.PASSED, "no version goes that is used; requests were for v1 (1)")
