"""What is read for whoever looks: once for all of them, and what is not known now is said."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from teal_infra.looking import reader
from teal_infra.looking.reader import StackReader

from teal.adapters.kubernetes import cluster
from teal.adapters.kubernetes.cluster import Cluster, ClusterAccess
from teal.adapters.prometheus import Prometheus, PrometheusAccess
from teal.history.model import History, Stage
from teal.model.colours import Colour
from teal.model.errors import ChangedError, NotThereError, UnreachableError
from teal.model.routes import RouterKind
from teal.status.look import Status
from tests.unit.conftest import FakeApiServer
from tests.unit.infra.looking.looks import REVERTED, look
from tests.unit.teal.notifications.flips import flip
from tests.unit.teal.serving import Asked, Said, serving
from tests.unit.teal.standing import NAMESPACE, deployment, stack


@asynccontextmanager
async def looking(server: FakeApiServer, prometheus: str = "") -> AsyncGenerator[StackReader]:
    """At the stack of a fake API server."""
    access = ClusterAccess(namespace="teal", kubeconfig=server.kubeconfig)
    async with Cluster.connect(access) as found:
        if not prometheus:
            yield StackReader(found)
            return
        async with Prometheus.connect(PrometheusAccess(url=prometheus)) as asked:
            yield StackReader(found, asked)


def config_map(server: FakeApiServer, name: str, **data: str) -> None:
    """Let there be one."""
    found = {"metadata": {"name": name, "resourceVersion": "1"}, "data": data}
    server.answers[f"{NAMESPACE}/configmaps/{name}"] = (200, found)


def history(server: FakeApiServer) -> None:
    """Let a flip have been undone, and the next one be confirmed."""
    flips = (REVERTED, flip(Stage.CONFIRMED, 8))
    config_map(server, "teal-history", **{"flips.json": History(flips=flips).stored()})


async def test_all_who_look_are_shown_one_reading(api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the next one."""
    stack(api_server)
    async with looking(api_server) as seen:
        monkeypatch.setattr(reader, "FRESH_SECONDS", 1000)
        first, second = await asyncio.gather(seen.look(), seen.look())
        assert first is second
        assert first.status.live == {"backend": "blue"}
        assert first.status.weights == {"backend": {Colour.BLUE: 100, Colour.GREEN: 0}}
        assert (first.requests, first.approval, first.why) == (None, None, "")
        monkeypatch.setattr(reader, "FRESH_SECONDS", -1)
        api_server.service("backend", "green")
        assert (await seen.look()).status.weights == {"backend": {Colour.GREEN: 100, Colour.BLUE: 0}}


async def test_aws_is_asked_more_rarely(api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Than a cluster: an account has few requests a second."""
    status = look().status
    plan = REVERTED.plan.model_copy(update={"router": RouterKind.ALB})
    behind = status.model_copy(update={"last": REVERTED.model_copy(update={"plan": plan})})
    found = iter((status, behind, status))

    async def looked(_cluster: Cluster) -> Status:
        return next(found)

    monkeypatch.setattr(reader, "looked", looked)
    monkeypatch.setattr(reader, "FRESH_SECONDS", -1)
    monkeypatch.setattr(reader, "FRESH_AWS_SECONDS", 1000)
    async with looking(api_server) as seen:
        assert [(await seen.look()).status for _ in range(3)] == [status, behind, behind]


async def test_a_cluster_that_is_gone_is_said(api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside what was there before; where nothing was, there is nothing to show."""
    monkeypatch.setattr(cluster, "RETRY_SECONDS", 0.1)
    monkeypatch.setattr(reader, "FRESH_SECONDS", -1)
    stack(api_server)
    async with looking(api_server) as seen, looking(api_server) as late:
        await seen.look()
        api_server.fault = lambda _method, _path: 403
        found = await seen.look()
        assert (found.status.live, "answered 403" in found.why) == ({"backend": "blue"}, True)
        with pytest.raises(UnreachableError, match="answered 403"):
            await late.look()


async def test_a_flip_is_shown_with_what_was_told(api_server: FakeApiServer) -> None:
    """By its number, or the last one."""
    async with looking(api_server) as seen:
        with pytest.raises(NotThereError, match="no flip is remembered"):
            await seen.flip()
        history(api_server)
        config_map(api_server, "teal-told", **{"7.REVERTED": REVERTED.begun})
        shown = await seen.flip(7)
        assert (shown.flip, shown.stages[Stage.REVERTED], shown.stages[Stage.PROVEN]) == (REVERTED, True, False)
        assert (await seen.flip()).flip.number == 8
        with pytest.raises(NotThereError, match="no flip 3 is remembered"):
            await seen.flip(3)


def releases(server: FakeApiServer, digest: str) -> None:
    """Let green be a release."""
    green = deployment("green", "1.1.0", 2)
    green["metadata"]["annotations"] = {"teal/slot-digest": digest}
    server.answers["/apis/apps/v1/namespaces/teal/deployments"] = (200, {"items": [green]})


async def test_what_was_shown_is_what_is_approved(api_server: FakeApiServer) -> None:
    """Nothing that has become of it since, nor a colour that has no release."""
    stack(api_server)
    releases(api_server, "now")
    review = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
    async with looking(api_server) as seen:
        with pytest.raises(ChangedError, match="backend of green has been changed since it was shown"):
            await seen.approve(Colour.GREEN, {"backend": "before"})
        with pytest.raises(NotThereError, match="blue runs nothing"):
            await seen.approve(Colour.BLUE, {"backend": "now"})
        assert not api_server.written
        shown = (await seen.look()).status.colours[Colour.GREEN]
        await seen.approve(Colour.GREEN, {name: pods.release for name, pods in shown.items()})
        assert api_server.written
        assert f"POST {review}" in api_server.heard


@pytest.mark.parametrize("data", [{"colour": "red"}, {}])
async def test_what_is_no_approval_is_none(api_server: FakeApiServer, data: dict[str, str]) -> None:
    """As its gate would find."""
    stack(api_server)
    config_map(api_server, "teal-approval", **data)
    async with looking(api_server) as seen:
        assert (await seen.look()).approval is None


async def test_the_last_approval_is_shown(api_server: FakeApiServer) -> None:
    """With who gave it."""
    stack(api_server)
    kept = {
        "colour": "green",
        "versions": '{"backend": "1.1.0"}',
        "releases": '{"backend": "d"}',
        "by": "anna@example",
        "at": "2026-01-01T00:00:00+00:00",
    }
    config_map(api_server, "teal-approval", **kept)
    async with looking(api_server) as seen:
        found = (await seen.look()).approval
        assert found is not None
        assert found.by == "anna@example"


async def test_requests_are_asked_for_beside(api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for a Prometheus; what it says is shown next, and makes the trend."""
    stack(api_server)
    monkeypatch.setattr(reader, "FRESH_SECONDS", -1)

    async def handler(asked: Asked) -> Said:
        value = "0.5" if b"status" in asked.body else "12"
        result = [{"metric": {"colour": "blue"}, "value": [0, value]}]
        body = {"status": "success", "data": {"resultType": "vector", "result": result}}
        return Said(body=json.dumps(body).encode())

    async with serving(handler) as url, looking(api_server, url) as seen:
        assert (await seen.look()).requests is None
        while (found := (await seen.look())).requests is None:  # noqa: ASYNC110 - as a page looks, again and again
            await asyncio.sleep(0.01)
        rates = found.requests.services["backend"]
        assert (rates[Colour.BLUE].per_second, rates[Colour.BLUE].failed) == (12, 0.5)
        assert rates[Colour.GREEN].per_second is None
        assert found.trend == ({Colour.BLUE: 12, Colour.GREEN: 0},)
