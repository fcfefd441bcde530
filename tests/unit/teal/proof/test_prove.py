"""The proof as a whole: every gate of every service, at once, within its time; what is missing is refused by name."""

import asyncio
import json
import os
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType

import pytest

from teal.gates import Answer, approvals, documents, endpoints, identity, replies, samples
from teal.gates.approvals import Approval, ApprovalPlan
from teal.gates.documents import ContractPlan
from teal.gates.replies import Reply, Request, SmokeCheck
from teal.gates.samples import MetricCheck, MetricsPlan, Queried, Series
from teal.model.colours import Colour
from teal.model.errors import RefusedError, UnreachableError
from teal.model.live import Endpoint, LiveAutoscaler, LivePod, LiveService, LiveSlot
from teal.model.verdict import Outcome, Verdict
from teal.proof import prove as proving
from teal.proof.prove import expected, prove, require
from teal.spec.gates import GatePlan

GREEN, BLUE = Colour.GREEN, Colour.BLUE
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
APPROVAL = ApprovalPlan(
    max_age=timedelta(hours=1), releases={"backend": "digest"}, versions={"backend": "1.1.0"}, now=NOW
)
METRICS = MetricsPlan(
    up="up",
    counts="counts",
    checks=(MetricCheck(name="errors", query="errors", below=0.05),),
    samples=10,
    window="120s",
    traffic=None,
    wait_seconds=0,
)
READINESS = SmokeCheck(name="readiness", request=Request(path="/health/ready"), within_seconds=2)
CONTRACT = ContractPlan(path="/openapi.json")
PLAN = GatePlan(
    version="1.1.0",
    version_path="/deployment/metadata",
    asked=(READINESS, CONTRACT, METRICS),
)
DOCUMENT = json.dumps({"openapi": "3.1.0", "paths": {"/old": {"get": {"deprecated": True}}}}).encode()


UNASKED = GatePlan(version="1.1.0", version_path=None, image="shop/green")


class World:
    """A cluster and a Prometheus in which green may go live, service by service."""

    def __init__(self) -> None:
        """Everything is well."""
        self.live: Colour | None = BLUE
        self.ready = {GREEN: 2, BLUE: 2}
        self.desired = 2
        self.asked_for = 2
        self.outdated = 0
        self.version = "1.1.0"
        self.replies = {
            "/health/ready": Reply(status=200),
            "/openapi.json": Reply(status=200, body=DOCUMENT),
            "/old": Reply(status=200, headers={"deprecation": "true", "sunset": "Thu, 31 Dec 2026 23:59:59 GMT"}),
        }
        self.values: dict[str, float | None] = {"counts": 50, "errors": 0}
        self.up = True
        self.approval = Approval(
            colour=GREEN,
            versions={"backend": "1.1.0"},
            releases={"backend": "digest"},
            by="anna@example",
            at=NOW,
        ).as_data()
        self.hangs = ""
        self.reads = 0
        self.come_at = 0

    async def _pause(self, what: str) -> None:
        if what == self.hangs:
            await asyncio.Event().wait()
        await asyncio.sleep(0)

    async def live_services(self) -> Mapping[str, LiveService]:
        """Where traffic goes: the first of what a look at who serves asks for."""
        self.reads += 1
        await self._pause("services")
        if self.live is None:
            return {}
        live = LiveService(colour=self.live, selector={}, annotations={}, resource_version="7", writer="")
        return {"backend": live, "frontend": live}

    async def endpoints(self, workers: Collection[str] = ()) -> Mapping[str, Sequence[Endpoint]]:
        """As many as there are."""
        del workers
        if self.reads == self.come_at:
            self.ready[GREEN], self.outdated = 2, 0
        return {
            f"backend-{colour}": [Endpoint(pod=f"backend-{colour}-{each}", port=8000) for each in range(ready)]
            for colour, ready in self.ready.items()
        }

    async def slots(self) -> Mapping[tuple[str, Colour], LiveSlot]:
        """Of the destination; what is replaced in live says nothing of it."""
        await asyncio.sleep(0)
        pods = {GREEN: self.outdated, BLUE: 1}
        return {("backend", each): LiveSlot(annotations={}, replicas=2, outdated=old) for each, old in pods.items()}

    async def autoscalers(self) -> Mapping[str, LiveAutoscaler]:
        """Of both colours."""
        pods = {BLUE: self.desired, GREEN: 99}
        return {
            f"backend-{colour}": LiveAutoscaler(annotations={}, minimum=1, desired=desired)
            for colour, desired in pods.items()
        }

    async def pods_asked_for(self, name: str) -> int:
        """Of the destination."""
        assert name == "backend-green"
        return self.asked_for

    async def config_map(self, name: str) -> Mapping[str, str]:
        """The approval."""
        await self._pause("approval")
        assert name == "teal-approval"
        return self.approval

    async def pods(self, service: str) -> Sequence[LivePod]:
        """Those behind the endpoints, and one of live."""
        await self._pause(service)
        assert service == "backend"
        return [
            LivePod(
                name=each.pod,
                colour=colour,
                version=self.version,
                image=f"shop/{colour}",
                image_id=f"{colour}@sha256:1",
            )
            for colour in (GREEN, BLUE)
            for each in (await self.endpoints())[f"backend-{colour}"]
        ]

    async def ask(self, endpoint: Endpoint, path: str) -> Answer:
        """The version."""
        await self._pause(path)
        return Answer(endpoint=endpoint.pod, version=self.version, colour="green")

    async def request(self, service: str, wanted: Request, *, within: float) -> Reply:
        """From the table."""
        assert within > 0
        assert service.startswith("backend-")
        await self._pause(wanted.path)
        return self.replies[wanted.path]

    async def query(self, promql: str, at: str = "") -> Queried:
        """From the table."""
        assert not at
        await self._pause(promql)
        if promql == "up":
            pods = range(self.ready[GREEN] if self.up else 0)
            return Queried(series=[Series(labels={"pod": f"backend-green-{each}"}, value=1) for each in pods])
        value = self.values[promql]
        return Queried(series=[Series(labels={"colour": "green"}, value=value)] if value is not None else [])


@pytest.fixture(autouse=True)
def _oasdiff(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that finds nothing."""
    command = tmp_path / "oasdiff"
    command.write_text("#!/bin/sh\necho '[]'\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(proving, "PAUSE_SECONDS", 0.001)


async def verdicts(world: World, plan: GatePlan = PLAN, *, wait: bool = True) -> Sequence[Verdict]:
    """Prove green."""
    return await prove(world, world, GREEN, {"backend": plan}, approval=APPROVAL, wait=wait)


def refuse(found: Sequence[Verdict], plan: GatePlan = PLAN) -> str:
    """Why it is refused."""
    with pytest.raises(RefusedError) as refused:
        allow(found, plan)
    return str(refused.value)


def allow(found: Sequence[Verdict], plan: GatePlan = PLAN) -> None:
    """Let pass what is proven."""
    require(found, expected=expected({"backend": plan}, APPROVAL), live=BLUE, destination=GREEN, namespace="shop")


async def test_what_is_well_is_proven() -> None:
    """Every gate that the plan names comes back, once, and passes."""
    found = await verdicts(World())
    allow(found)
    names = sorted(each.gate for each in found)
    assert names == sorted({*PLAN.gates, "approval"})
    assert PLAN.gates == {
        "capacity",
        "version",
        "smoke.readiness",
        "contract.changes",
        "contract.deprecations",
        "metrics.availability",
        "metrics.requests",
        "metrics.errors",
    }


def _set(name: str, value: object) -> Callable[[World], None]:
    return lambda world: setattr(world, name, value)


def _reply(path: str, reply: Reply) -> Callable[[World], None]:
    return lambda world: world.replies.update({path: reply})


def _value(promql: str, value: float | None) -> Callable[[World], None]:
    return lambda world: world.values.update({promql: value})


@pytest.mark.parametrize(
    ("gate", "outcome", "remove"),
    [
        ("capacity", Outcome.FAILED, _set("ready", {GREEN: 0, BLUE: 2})),
        ("version", Outcome.INCONCLUSIVE, _set("ready", {GREEN: 0, BLUE: 2})),
        ("version", Outcome.FAILED, _set("version", "")),
        ("smoke.readiness", Outcome.ERROR, _reply("/health/ready", Reply(error="no endpoints"))),
        ("contract.changes", Outcome.INCONCLUSIVE, _reply("/openapi.json", Reply(status=404))),
        ("contract.deprecations", Outcome.INCONCLUSIVE, _reply("/openapi.json", Reply(status=404))),
        ("contract.deprecations", Outcome.ERROR, _reply("/old", Reply(late=True))),
        ("metrics.availability", Outcome.INCONCLUSIVE, _set("up", value=False)),
        ("metrics.requests", Outcome.INCONCLUSIVE, _value("counts", None)),
        ("metrics.errors", Outcome.INCONCLUSIVE, _value("errors", None)),
        ("approval", Outcome.INCONCLUSIVE, _set("approval", {})),
    ],
)
async def test_without_its_evidence_each_gate_keeps_traffic_where_it_is(
    gate: str, outcome: Outcome, remove: Callable[[World], None]
) -> None:
    """All else is well."""
    world = World()
    world.asked_for = 0
    remove(world)
    found = await verdicts(world)
    assert {each.gate: each.outcome for each in found}[gate] is outcome
    assert f"{gate} of " in refuse(found)


@pytest.mark.parametrize("gate", sorted({*PLAN.gates, "approval"}))
async def test_a_verdict_that_does_not_come_back_is_missed_by_name(gate: str) -> None:
    """However it was lost: no gate is skipped by accident."""
    found = [each for each in await verdicts(World()) if each.gate != gate]
    assert f"{gate} of {'the flip set' if gate == 'approval' else 'backend'}: no verdict came back" in refuse(found)


async def test_a_service_that_was_not_measured_is_missed() -> None:
    """Its name is in what is expected, not in what was found."""
    found = await verdicts(World())
    asked = {"backend": PLAN, "frontend": GatePlan(version="1", version_path="/")}
    with pytest.raises(RefusedError, match="capacity of frontend: no verdict came back; version of frontend"):
        require(found, expected=expected(asked), live=BLUE, destination=GREEN, namespace="shop")


def test_nothing_expected_is_nothing_proven() -> None:
    """An empty flip set moves nothing."""
    with pytest.raises(RefusedError, match="no gate ran"):
        require([], expected={}, live=None, destination=GREEN, namespace="shop")


async def test_a_verdict_that_nobody_expected_forbids_all_the_same() -> None:
    """A refusal is a refusal, whoever asked for it."""
    odd = Verdict(gate="odd", service="backend", outcome=Outcome.ERROR, seen="?", needed="!")
    assert "odd of backend ERROR: ?; needed: !" in refuse([*await verdicts(World()), odd])


async def test_a_refusal_is_one_line_with_all_evidence_and_the_next_command() -> None:
    """An engine prints the text of an exception and nothing else."""
    world = World()
    world.version, world.ready, world.asked_for = "1.0.9", {GREEN: 1, BLUE: 2}, 0
    text = refuse(await verdicts(world))
    assert "\n" not in text
    assert "capacity of backend FAILED: green has 1 ready endpoint; needed: 2 (what blue has)" in text
    assert "version of backend FAILED: 1 of 1 answered version 1.0.9 of colour green; needed: version 1.1.0" in text
    assert "Nothing moved: live traffic stays on blue. Next: kubectl -n shop get pods -l teal/colour=green" in text


@pytest.mark.parametrize(
    ("gate", "remedy"),
    [
        ("targets", "kubectl -n shop describe targetgroupbindings -l teal/colour=green"),
        ("alarms", "aws cloudwatch describe-alarms --alarm-name-prefix backend-green-"),
        ("smoke", "kubectl -n shop get pods -l teal/colour=green, mend that slot"),
    ],
)
async def test_what_only_the_router_misses_is_looked_for_there(gate: str, remedy: str) -> None:
    """The pods are well, as far as the cluster knows."""
    failed = Verdict(gate=gate, service="backend", outcome=Outcome.FAILED, seen="?", needed="!")
    assert f"Next: {remedy}, then pulumi up again" in refuse([*await verdicts(World()), failed])


async def test_who_only_lacks_a_yes_is_told_how_to_get_it() -> None:
    """Nothing else has to be mended."""
    world = World()
    world.approval = {}
    assert "Next: python -m teal approve green --namespace shop, then pulumi up again" in refuse(await verdicts(world))
    world.version = "1.0.9"
    assert "Next: kubectl" in refuse(await verdicts(world))


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
    assert world.reads == 3


async def test_a_rollout_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pulumi's provider may call it complete before the last pod is replaced; then it is refused in the end."""
    world = World()
    world.outdated, world.come_at = 1, 3
    allow(await verdicts(world))
    assert world.reads == 3
    monkeypatch.setattr(proving, "COMING_SECONDS", 0.05)
    world.outdated, world.come_at = 1, 0
    assert "1 pod that its last rollout has not replaced yet" in refuse(await verdicts(world))


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
