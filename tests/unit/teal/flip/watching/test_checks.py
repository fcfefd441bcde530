"""How slow a release is, and what its stack counts, while it is live: against bounds, and against what was live."""

import asyncio
from collections.abc import Mapping

import pytest

from teal.adapters.kubernetes.cluster import Cluster, ClusterAccess
from teal.adapters.prometheus import Prometheus
from teal.flip.watching import observer
from teal.flip.watching.bake import Bake, Observed
from teal.flip.watching.checks import Measured
from teal.flip.watching.live_metrics import LiveMetrics
from teal.flip.watching.observer import Observer
from teal.gates.samples import Queried, Series
from teal.model.colours import Colour
from teal.model.verdict import Outcome, Verdict
from teal.routers.selector import SelectorRouter
from teal.spec.bake import BakeMetric, BakePlan, ServiceBake, Slowness, cautious
from teal.spec.request_metrics import DEFAULT
from tests.unit.conftest import FakeApiServer

BLUE, GREEN = Colour.BLUE, Colour.GREEN
SLOW = Slowness(seconds=2, times_before=1.5, floor_seconds=0.1)
ORDERS = BakeMetric(query='orders{pod=~"{pods}"}', at_least_times_before=0.5)
QUEUE = BakeMetric(query="queue{live='{live}', colour='{colour}'}", below=10)


def planned(*, slowness: Slowness | None = SLOW, own: Mapping[str, BakeMetric] | None = None) -> BakePlan:
    """One service with a Prometheus."""
    service = ServiceBake(path="/pricing", slowness=slowness, own=own or {})
    return BakePlan(
        services={"backend": service}, seconds=1, error_percent=5, samples=10, window=60, prometheus="http://prometheus"
    )


def told(colour: Colour, value: float | None) -> Queried:
    """An instant vector of one colour; empty where there is no value."""
    return Queried(series=() if value is None else [Series(labels={"colour": colour}, value=value)])


def said(  # noqa: PLR0913 - both numbers, what they rest on, and when it is asked
    plan: BakePlan, name: str, here: float | None, before: float | None, *, requests: float = 100, early: bool = False
) -> Verdict | None:
    """What one check says of green, which blue was left for; early: of what already suffices to put traffic back."""
    check = next(
        each
        for each in LiveMetrics(Silent({}), "teal").checks("backend", plan.services["backend"])
        if each.name == name
    )
    seen = Observed(
        asked=100,
        requests=requests,
        error_share=0.0,
        standing={"backend-green-0"},
        measured={name: Measured(check=check, here=told(GREEN, here), before=told(BLUE, before))},
    )
    bake = Bake(plan=plan, colour=GREEN, observed={"backend": seen}, left=BLUE)
    verdicts = bake.failed() if early else bake.verdicts()
    return next((each for each in verdicts if each.gate == f"bake-metrics.{name}"), None)


class Silent(Prometheus):
    """A Prometheus that keeps what it was asked, and answers by what the query holds."""

    def __init__(self, answers: Mapping[str, Queried]) -> None:
        """Answer these."""
        self.answers = answers
        self.heard: list[tuple[str, str]] = []

    async def query(self, promql: str, at: str = "") -> Queried:
        """The first answer whose key is in the query."""
        self.heard.append((promql, at))
        return next((each for key, each in self.answers.items() if key in promql), Queried())


@pytest.mark.parametrize(
    ("here", "before", "outcome"),
    [
        (1.2, 0.8, Outcome.PASSED),  # at the bound: 1.5 times
        (1.21, 0.8, Outcome.FAILED),
        (2.0, 1.9, Outcome.FAILED),  # the fixed bound does not pass
        (1.99, 1.9, Outcome.PASSED),
        (0.15, 0.01, Outcome.PASSED),  # what live had is taken for 0.1 s
        (0.16, 0.01, Outcome.FAILED),
        (1.9, None, Outcome.PASSED),  # nobody asked the colour before: the fixed bound alone
        (2.1, None, Outcome.FAILED),
        (None, 0.8, Outcome.INCONCLUSIVE),
    ],
)
def test_a_release_is_as_fast_as_what_was_live(here: float | None, before: float | None, outcome: Outcome) -> None:
    """Within fixed bounds, and within a multiple of what live had before the flip."""
    verdict = said(planned(), "p95", here, before)
    assert verdict is not None
    assert verdict.outcome is outcome
    assert (said(planned(), "p95", here, before, early=True) is not None) is (outcome is Outcome.FAILED)


@pytest.mark.parametrize(("requests", "outcome"), [(19, Outcome.PASSED), (20, Outcome.FAILED)])
def test_of_a_few_requests_nobody_can_say_how_slow_the_slowest_are(requests: int, outcome: Outcome) -> None:
    """The slowest twentieth of fewer than twenty is none."""
    verdict = said(planned(), "p95", 5.0, 0.1, requests=requests)
    assert verdict is not None
    assert verdict.outcome is outcome


@pytest.mark.parametrize(
    ("here", "outcome"), [(50, Outcome.PASSED), (49, Outcome.FAILED), (None, Outcome.INCONCLUSIVE)]
)
def test_the_stack_has_numbers_of_its_own(here: float | None, outcome: Outcome) -> None:
    """Half as many orders as before are enough, fewer are not, and no number is no pass."""
    verdict = said(planned(own={"orders": ORDERS}), "orders", here, 100)
    assert verdict is not None
    assert verdict.outcome is outcome


def test_what_was_before_has_to_be_known_where_the_stack_compares_with_it() -> None:
    """Otherwise nothing is proven."""
    verdict = said(planned(own={"orders": ORDERS}), "orders", 50, None)
    assert verdict is not None
    assert verdict.outcome is Outcome.INCONCLUSIVE


def test_a_number_that_nobody_asked_for_proves_nothing() -> None:
    """A bake that ends before its first look."""
    bake = Bake(plan=planned(own={"queue": QUEUE}), colour=GREEN, observed={"backend": Observed()}, left=BLUE)
    found = {each.gate: each.outcome for each in bake.verdicts() if each.gate.startswith("bake-metrics.")}
    assert found == {"bake-metrics.p95": Outcome.INCONCLUSIVE, "bake-metrics.queue": Outcome.INCONCLUSIVE}


def test_without_a_histogram_or_a_prometheus_nobody_asks() -> None:
    """Neither is a failure."""
    bare = planned().model_copy(update={"prometheus": ""})
    for plan in (bare, planned(slowness=None)):
        bake = Bake(plan=plan, colour=GREEN, observed={"backend": Observed()})
        assert not [each for each in bake.verdicts() if each.gate.startswith("bake-metrics.")]
    assert ServiceBake(path="/", slowness=SLOW, metrics=DEFAULT.model_copy(update={"duration": None})).checks == []


def test_a_query_that_the_stack_may_not_have_declared_is_not_sent() -> None:
    """Who writes the record of flips would read with the watch's token what they may not; the flip stays unproven."""
    plan = cautious(planned(slowness=None, own={"orders": ORDERS}))
    assert list(LiveMetrics(Silent({}), "teal").checks("backend", plan.services["backend"])) == []
    bake = Bake(plan=plan, colour=GREEN, observed={"backend": Observed()}, left=BLUE)
    (verdict,) = [each for each in bake.verdicts() if each.gate == "bake-metrics.orders"]
    assert verdict.outcome is Outcome.INCONCLUSIVE


async def test_what_was_before_is_asked_once_as_of_the_flip(api_server: FakeApiServer) -> None:
    """Of the pods that the left colour had; now is asked of the ready pods alone."""
    api_server.service("backend", "green")
    api_server.pods("backend", "green", ["1.1.0"])
    api_server.answers["/api/v1/namespaces/teal/services/backend:http/proxy/pricing"] = (200, {})
    prometheus = Silent({"orders": told(GREEN, 5), "queue": told(GREEN, 1)})
    plan = planned(slowness=None, own={"orders": ORDERS, "queue": QUEUE})
    async with Cluster.connect(ClusterAccess(namespace="teal", kubeconfig=api_server.kubeconfig)) as cluster:
        router = SelectorRouter(cluster)
        bake = Bake.begin(plan, GREEN, left=BLUE, since="2026-11-29T00:00:00+00:00")
        look = Observer(cluster, LiveMetrics(prometheus, "teal"), router, bake, await router.live_services(["backend"]))
        await look.bake(_settled, lambda _: None)
    before = [promql for promql, at in prometheus.heard if at]
    assert before == ['orders{pod=~"backend-blue-[a-z0-9]+-[a-z0-9]+"}']
    assert {at for _, at in prometheus.heard} == {"", "2026-11-29T00:00:00+00:00"}
    now = {promql for promql, at in prometheus.heard if not at and ("orders" in promql or "queue" in promql)}
    assert now == {'orders{pod=~"backend-green-0"}', "queue{live='blue', colour='green'}"}
    assert bake.observed["backend"].measured["queue"].here == told(GREEN, 1)


class Slow(Silent):
    """A Prometheus that never answers of orders, and of errors from the second question on that there are many."""

    async def query(self, promql: str, at: str = "") -> Queried:
        """What is there of errors; nothing of orders."""
        if "orders" in promql:
            await asyncio.Event().wait()
        heard = sum("/" in each for each, _ in self.heard)
        await super().query(promql, at)
        return told(GREEN, (0.5 if heard else 0) if "/" in promql else 300)


async def test_numbers_that_take_long_hold_up_no_question_for_errors(
    api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A release that fails is live for as long as nobody asks."""
    monkeypatch.setattr(observer, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(observer, "MEASURE_SECONDS", 0.01)
    api_server.service("backend", "green")
    api_server.pods("backend", "green", ["1.1.0"])
    api_server.answers["/api/v1/namespaces/teal/services/backend:http/proxy/pricing"] = (200, {})
    plan = planned(slowness=None, own={"orders": ORDERS}).model_copy(update={"seconds": 60})
    async with Cluster.connect(ClusterAccess(namespace="teal", kubeconfig=api_server.kubeconfig)) as cluster:
        router = SelectorRouter(cluster)
        bake = Bake.begin(plan, GREEN, left=BLUE, since="2026-11-29T00:00:00+00:00")
        sent = await router.live_services(["backend"])
        async with asyncio.timeout(20):
            await Observer(cluster, LiveMetrics(Slow({}), "teal"), router, bake, sent).bake(_settled, lambda _: None)
    assert [each.gate for each in bake.failed()] == ["bake-metrics"]


async def _settled() -> None:
    """Nothing has to come about."""
