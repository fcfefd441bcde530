"""How many requests each colour answers: what Prometheus says, and what it does not."""

import json
from typing import Any

import pytest

from teal.adapters.prometheus import Prometheus, PrometheusAccess
from teal.model.colours import Colour
from teal.status.look import Pods, Status
from teal.status.requests import UNANSWERED, UNCOUNTED, WINDOW, Requests, ask
from tests.unit.teal.notifications.flips import PLAN, flip
from tests.unit.teal.serving import Asked, Said, refused, serving

STACK = Status(colours={Colour.BLUE: {"backend": Pods(), "jobs": Pods(worker=True)}})


async def asked(status: Status, *series: tuple[str, str]) -> tuple[Requests, list[str]]:
    """What a Prometheus that answers everything so comes to, and what it was asked."""
    queries: list[str] = []

    async def handler(each: Asked) -> Said:
        queries.append(each.body.decode())
        result = [{"metric": {"colour": colour}, "value": [0, value]} for colour, value in series]
        body: dict[str, Any] = {"status": "success", "data": {"resultType": "vector", "result": result}}
        return Said(body=json.dumps(body).encode())

    async with serving(handler) as url, Prometheus.connect(PrometheusAccess(url=url)) as prometheus:
        return await ask(prometheus, "shop", status), queries


async def test_each_service_that_counts_is_asked_for() -> None:
    """Not a worker; a colour without a number has none, and is none of the total."""
    found, queries = await asked(STACK, ("blue", "12.5"), ("green", "NaN"))
    assert {*found.services} == {"backend"}
    assert (found.services["backend"][Colour.BLUE].per_second, found.total(Colour.BLUE)) == (12.5, 12.5)
    assert (found.services["backend"][Colour.GREEN].per_second, found.total(Colour.GREEN)) == (None, 0.0)
    assert (found.window, len(queries)) == (WINDOW, 2)


async def test_a_flip_says_how_they_are_counted() -> None:
    """Over its window; a service that it knows not to count is not asked for."""
    uncounted = {"backend": PLAN.services["backend"].model_copy(update={"metrics": None})}
    last = flip(plan=PLAN.model_copy(update={"services": uncounted}))
    found, queries = await asked(STACK.model_copy(update={"last": last}))
    assert (found.services, found.window, found.why, queries) == ({}, 10, UNCOUNTED, [])


async def test_who_does_not_answer_is_not_named() -> None:
    """An address may hold what is nobody's to see."""
    async with Prometheus.connect(PrometheusAccess(url=refused())) as prometheus:
        assert (await ask(prometheus, "shop", STACK)).why == UNANSWERED


@pytest.mark.parametrize("colour", [*Colour])
def test_a_total_of_nothing_is_none(colour: Colour) -> None:
    """Of no service."""
    assert Requests().total(colour) == 0
