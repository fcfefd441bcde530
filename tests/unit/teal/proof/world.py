"""A cluster and a Prometheus as a proof asks them, in which green is well unless a test says otherwise."""

import asyncio
import json
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from teal.gates import Answer
from teal.gates.approvals import Approval, ApprovalPlan
from teal.gates.documents import ContractPlan
from teal.gates.replies import Reply, Request, SmokeCheck
from teal.gates.samples import MetricCheck, MetricsPlan, Queried, Series
from teal.model.colours import Colour
from teal.model.errors import RefusedError
from teal.model.labels import REVISION
from teal.model.live import Endpoint, LiveAutoscaler, LivePod, LiveService, LiveSlot
from teal.model.verdict import Verdict
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
        self.replaced_at = self.lose_at = 0
        self.marks: Mapping[str, str] = {}
        """The annotations of the autoscalers."""

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
        if self.reads == self.lose_at:
            self.ready[GREEN] = 1
        return {
            f"backend-{colour}": [Endpoint(pod=f"backend-{colour}-{each}", port=8000) for each in range(ready)]
            for colour, ready in self.ready.items()
        }

    async def slots(self) -> Mapping[tuple[str, Colour], LiveSlot]:
        """Of the destination; what is replaced in live says nothing of it."""
        await asyncio.sleep(0)
        pods = {GREEN: self.outdated, BLUE: 1}
        marks = {REVISION: "2" if self.reads == self.replaced_at else "1"}
        return {("backend", each): LiveSlot(annotations=marks, replicas=2, outdated=old) for each, old in pods.items()}

    async def autoscalers(self) -> Mapping[str, LiveAutoscaler]:
        """Of both colours."""
        pods = {BLUE: self.desired, GREEN: 99}
        return {
            f"backend-{colour}": LiveAutoscaler(annotations=self.marks, minimum=2, desired=desired)
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

    async def ask(self, endpoint: Endpoint, path: str, *, tls: bool = False) -> Answer:
        """The version."""
        del tls
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
