"""What a proof waits for, what a preview sends, and what is asked of whom."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace
from types import ModuleType

import pytest

from teal.gates import approvals, documents, endpoints, identity, replies, samples
from teal.gates.replies import Reply, Request, SmokeCheck
from teal.model.errors import UnreachableError
from teal.model.labels import FLOOR
from teal.model.verdict import Outcome
from teal.proof import standing as proving
from teal.proof.prove import prove
from teal.spec.gates import GatePlan
from tests.unit.teal.proof.world import (
    APPROVAL,
    BLUE,
    CONTRACT,
    GREEN,
    METRICS,
    PLAN,
    READINESS,
    World,
    allow,
    refuse,
    verdicts,
)

pytestmark = pytest.mark.usefixtures("oasdiff")


UNASKED = GatePlan(version="1.1.0", version_path=None, image="shop/green")


async def test_what_live_is_being_scaled_to_is_needed() -> None:
    """Of the live colour's autoscaler; the destination's own has no say."""
    world = World()
    world.desired, world.asked_for = 3, 2
    assert "needed: 3 (what the autoscaler of blue asks for)" in refuse(await verdicts(world))
    world.ready[GREEN] = 3
    allow(await verdicts(world))


async def test_pods_on_their_way_are_waited_for() -> None:
    """Those that were asked for; then they are measured as well."""
    world = World()
    world.ready[GREEN] = 0
    world.come_at = 3
    allow(await verdicts(world))
    assert world.reads == 3 + 1  # once more after the other gates


async def test_a_rollout_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pulumi's provider may call it complete before the last pod is replaced; then it is refused in the end."""
    world = World()
    world.outdated, world.come_at = 1, 3
    allow(await verdicts(world))
    assert world.reads == 3 + 1  # once more after the other gates
    monkeypatch.setattr(proving, "COMING_SECONDS", 0.05)
    world.outdated, world.come_at = 1, 0
    assert "1 pod that its last rollout has not replaced yet" in refuse(await verdicts(world))


async def test_a_release_that_is_replaced_while_the_gates_are_asked_is_refused() -> None:
    """What passed was another: somebody has written the Deployment's template in between."""
    world = World()
    world.replaced_at = 2
    refused = refuse(await verdicts(world))
    assert "capacity of backend FAILED: green has 2 ready endpoints, and somebody has replaced its release" in refused


async def test_the_colour_that_is_left_keeps_its_pods_until_the_flip_is_confirmed() -> None:
    """Its autoscaler was asked to, and somebody has written it since; where nothing was asked, nothing is missed."""
    keeps = replace(PLAN, keeps=True)
    world = World()
    refused = refuse(await verdicts(world, keeps))
    assert "the autoscaler of blue may go down to 2: the minimum that this update asks for is not there" in refused
    then = "2026-01-01T12:00:00+00:00"
    for floor, well in ((f"2@{then}", True), (f"3@{then}", False), ("2@then", False), ("two", False)):
        world.marks = {FLOOR: floor}
        (allow if well else refuse)(await verdicts(world, keeps))
    allow(await verdicts(World()))


async def test_pods_that_are_lost_while_the_gates_are_asked_are_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The capacity counts as it is once all else has passed."""
    monkeypatch.setattr(proving, "COMING_SECONDS", 0.05)
    world = World()
    world.lose_at = 2
    assert "green has 1 ready endpoint" in refuse(await verdicts(world))


async def test_pods_that_never_come_are_waited_for_no_longer_than_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then it is refused."""
    monkeypatch.setattr(proving, "COMING_SECONDS", 0.05)
    world = World()
    world.ready[GREEN] = 1
    begun = time.monotonic()
    assert "capacity of backend FAILED" in refuse(await verdicts(world))
    assert 0.05 <= time.monotonic() - begun < 5


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_a_preview_sends_nothing_that_may_change_something(method: str) -> None:
    """Neither to the service nor past it: a pull request's preview must not place an order. An update asks it."""
    check = SmokeCheck(name="order", request=Request(path="/orders", method=method), within_seconds=1)
    plan = replace(PLAN, asked=(*PLAN.asked, check))
    world = World()
    world.replies.pop("/orders", None)  # asked all the same, it would be a KeyError
    found = {each.gate: each for each in await verdicts(world, plan, wait=False)}
    assert found["smoke.order"].seen == f"not asked in a preview: {method} /orders may change something"
    assert found["smoke.order"].outcome is Outcome.INCONCLUSIVE
    assert found["smoke.readiness"].outcome is Outcome.PASSED
    world.replies["/orders"] = Reply(status=200)
    allow(await verdicts(world, plan), plan)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_preview_asks_what_changes_nothing(method: str) -> None:
    """As an update does."""
    check = SmokeCheck(name="order", request=Request(path="/orders", method=method), within_seconds=1)
    world = World()
    world.replies["/orders"] = Reply(status=200)
    found = await verdicts(world, replace(PLAN, asked=(check,)), wait=False)
    assert {each.gate: each.outcome for each in found}["smoke.order"] is Outcome.PASSED


async def test_a_preview_waits_for_no_pod() -> None:
    """It says how it is."""
    world = World()
    world.ready[GREEN] = 1
    found = await verdicts(world, wait=False)
    assert {each.gate: each.outcome for each in found}["capacity"] is Outcome.FAILED
    assert world.reads == 1


@pytest.mark.parametrize(
    ("hangs", "module", "gates"),
    [
        ("services", endpoints, PLAN.gates),  # nothing can be measured without it
        ("/deployment/metadata", identity, {"version"}),
        ("/health/ready", replies, {"smoke.readiness"}),
        ("/openapi.json", documents, CONTRACT.gates),
        ("errors", samples, METRICS.gates),
        ("approval", approvals, {"approval"}),
    ],
)
async def test_a_gate_that_hangs_is_an_error_and_holds_up_no_other(
    hangs: str, module: ModuleType, gates: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each has a deadline of its own; nothing waits for ever."""
    entry = module.GATE
    monkeypatch.setattr(module, "GATE", replace(entry, deadline_seconds=0.05))
    for each in PLAN.measured:
        if each.entry is entry:
            monkeypatch.setattr(type(each), "entry", module.GATE)
    world = World()
    world.hangs = hangs
    quick = replace(PLAN, asked=(replace(READINESS, within_seconds=0.05), CONTRACT, METRICS))
    async with asyncio.timeout(10):
        found = await verdicts(world, quick)
    assert {each.gate for each in found if each.outcome is Outcome.ERROR} == gates
    assert {each.gate for each in found} == {*PLAN.gates, "approval"}
    refuse(found)


async def test_metrics_without_a_prometheus_are_an_error() -> None:
    """Nobody could look."""
    found = await prove(World(), None, GREEN, {"backend": PLAN}, approval=APPROVAL)
    assert {each.gate for each in found if each.outcome is Outcome.ERROR} == METRICS.gates
    assert "the stack names no Prometheus (teal:prometheus.url)" in refuse(found)


async def test_where_nothing_can_be_known_nothing_goes_on() -> None:
    """The other measurements end with the first that finds the API server gone."""
    world = World()
    world.hangs = "/health/ready"

    async def gone(name: str) -> Mapping[str, str]:
        raise UnreachableError(name)

    world.config_map = gone
    async with asyncio.timeout(5):
        with pytest.raises(UnreachableError, match="teal-approval"):
            await verdicts(world)
    assert len(asyncio.all_tasks()) == 1


async def test_a_release_that_was_confirmed_before_is_asked_for_less() -> None:
    """It lacks what the newer one added, and an incident has no minute for scrapes."""
    plan = PLAN.for_rollback()
    world = World()
    world.replies["/openapi.json"] = Reply(status=404)
    world.values = {}
    found = await verdicts(world, plan)
    allow(found, plan)
    assert plan.gates == {"capacity", "version", "smoke.readiness"}


async def test_without_a_live_colour_the_first_release_is_proven_by_itself() -> None:
    """Nothing is compared."""
    world = World()
    world.live, world.ready = None, {GREEN: 1, BLUE: 0}
    allow(await verdicts(world))


async def test_a_live_colour_that_is_the_destination_is_compared_with_nothing() -> None:
    """A flip set of which one service was moved before its update was killed."""
    world = World()
    world.live, world.ready = GREEN, {GREEN: 2, BLUE: 0}
    allow(await verdicts(world))


@pytest.mark.parametrize("image", ["shop/green", "shop/other"])
async def test_a_service_that_cannot_be_asked_is_known_by_what_its_pods_run(image: str) -> None:
    """No pod is asked for anything: the API server and the kubelets say what runs."""
    world = World()
    found = await verdicts(world, replace(UNASKED, image=image))
    (said,) = [each for each in found if each.gate == "version"]
    assert said.outcome is (Outcome.PASSED if image == "shop/green" else Outcome.FAILED)
    assert "2 of 2" in said.seen
