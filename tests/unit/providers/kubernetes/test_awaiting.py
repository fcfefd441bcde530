"""An await ends when the object is ready, when it cannot be, when time is up, when it is cancelled."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from sandbox.providers.kubernetes.awaiting import Wait, overdue, selector_text, until_gone, until_ready
from sandbox.providers.kubernetes.discovery import Kind
from sandbox.providers.kubernetes.errors import NotReadyError
from sandbox.providers.kubernetes.pods import Trouble
from sandbox.providers.kubernetes.readiness import Failed, Pending
from sandbox.providers.kubernetes.watching import Cancellation
from sandbox.providers.properties import Map
from tests.unit.providers.kubernetes.fake import FakeServer
from tests.unit.providers.kubernetes.objects import deployment, pod, replica_set, waiting

_DEPLOYMENTS = "/apis/apps/v1/namespaces/n/deployments"
_PODS = "/api/v1/namespaces/n/pods"
_REPLICA_SETS = "/apis/apps/v1/namespaces/n/replicasets"
_KIND = Kind(api_version="apps/v1", kind="Deployment", plural="deployments", namespaced=True)
_DONE: Map = {"replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}


def _server(live: Map, *pods: Map) -> FakeServer:
    server = FakeServer()
    server.watches = {_DEPLOYMENTS: [], _PODS: [], _REPLICA_SETS: []}
    server.objects[f"{_DEPLOYMENTS}/web"] = live
    server.objects[f"{_REPLICA_SETS}/rs"] = replica_set()
    server.objects |= {f"{_PODS}/{it['metadata']['name']}": it for it in pods}
    return server


async def _await(server: FakeServer, **wait: Any) -> Map:  # noqa: ANN401 - fields of Wait
    usual = Wait(seconds=20, report=lambda _message: None, cancellation=Cancellation())
    return await until_ready(server.api, _KIND, deployment(), replace(usual, **wait))


async def test_an_await_ends_with_the_event_that_makes_it_ready() -> None:
    """And tells before what is missing."""
    server, said = _server(deployment()), list[str]()
    server.watches[_DEPLOYMENTS] = [[{"type": "MODIFIED", "object": deployment(_DONE)}]]
    server.play.clear()

    def report(message: str) -> None:
        said.append(message)
        server.play.set()

    assert (await _await(server, report=report))["status"]["availableReplicas"] == 2
    assert said == ["n/web: 0 of 2 replicas available, 0 updated", ""]


async def test_a_watch_that_ends_is_taken_up_again() -> None:
    """What happened in between is in the next list."""
    server = _server(deployment())
    server.watches[_DEPLOYMENTS] = [[], []]
    waiter = asyncio.create_task(_await(server))
    await server.was_asked(f"GET {_DEPLOYMENTS}", times=2)  # the first list, and its watch
    server.objects[f"{_DEPLOYMENTS}/web"] = deployment(_DONE)
    assert (await waiter)["status"]["availableReplicas"] == 2


async def test_a_hopeless_rollout_fails_at_once_with_its_reason() -> None:
    """Not after its ten minutes."""
    server = _server(deployment(), pod(state=waiting("ErrImageNeverPull", "not present")))
    with pytest.raises(NotReadyError, match=r"example/app:1: ErrImageNeverPull \(not present\)") as failure:
        await _await(server)
    assert failure.value.live["metadata"]["name"] == "web"


def test_a_trouble_counts_when_it_has_lasted_its_grace() -> None:
    """Without a break: one that went and came begins anew."""
    pull = Trouble(key=("uid", "app", "pull"), text="cannot pull", grace=5)
    seen: dict[tuple[str, str, str], float] = {}
    assert overdue(Pending("", (pull,)), seen, 100) is None
    assert overdue(Pending("", (pull,)), seen, 104) is None
    assert overdue(Pending("", (pull,)), seen, 105) == Failed("cannot pull")
    assert overdue(Pending(""), seen, 106) is None
    assert overdue(Pending("", (pull,)), seen, 107) is None


async def test_a_failure_quotes_the_last_warning_about_a_pod() -> None:
    """A probe's answer is nowhere else to be read."""
    stuck = [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]
    server = _server(deployment(conditions=stuck), pod())
    events = {"a": "2026-01-01", "b": "2026-01-02"}
    server.objects |= {
        f"/api/v1/namespaces/n/events/{key}": {"message": f"probe {key}", "lastTimestamp": time, "metadata": {}}
        for key, time in events.items()
    }
    with pytest.raises(NotReadyError) as failure:
        await _await(server)
    assert failure.value.reasons == [
        "pod n/p (Running): container app is running, but not ready; last warning: probe b"
    ]


async def test_time_that_is_up_ends_an_await() -> None:
    """With what is missing."""
    with pytest.raises(NotReadyError, match="after 0 s still waiting: 0 of 2 replicas"):
        await _await(_server(deployment()), seconds=0.05)


async def test_a_cancellation_ends_an_await() -> None:
    """At once, and the object stays."""
    cancellation, server = Cancellation(), _server(deployment())
    waiter = asyncio.create_task(_await(server, cancellation=cancellation))
    await server.was_asked(f"GET {_PODS}")
    cancellation.request()
    with pytest.raises(NotReadyError, match="cancelled while waiting"):
        await asyncio.wait_for(waiter, timeout=5)
    assert not cancellation.signals


async def test_an_object_deleted_meanwhile_ends_an_await() -> None:
    """There is nothing left to wait for."""
    server = _server(deployment())
    server.watches[_DEPLOYMENTS] = [[{"type": "DELETED", "object": deployment()}]]
    with pytest.raises(NotReadyError, match="deleted meanwhile"):
        await _await(server)


async def test_a_deletion_is_over_when_the_object_is_gone() -> None:
    """Another one of its name is another one."""
    server = _server(deployment())
    wait = Wait(seconds=20, report=lambda _message: None, cancellation=Cancellation())
    server.watches[_DEPLOYMENTS] = [[{"type": "DELETED", "object": deployment()}]]
    await until_gone(server.api, _KIND, deployment(), wait)
    other = deployment()
    other["metadata"]["uid"] = "another"
    await until_gone(_server(other).api, _KIND, deployment(), wait)


async def test_a_deletion_that_lasts_says_what_it_waits_for() -> None:
    """Finalizers, mostly."""
    live = deployment()
    live["metadata"]["finalizers"] = ["example.com/slow"]
    wait = Wait(seconds=0.05, report=lambda _message: None, cancellation=Cancellation())
    with pytest.raises(NotReadyError, match=r"still there.*finalizers example.com/slow"):
        await until_gone(_server(live).api, _KIND, live, wait)


@pytest.mark.parametrize(
    ("selector", "text"),
    [
        ({"matchLabels": {"a": "b", "c": "d"}}, "a=b,c=d"),
        ({"matchExpressions": [{"key": "a", "operator": "In", "values": ["x", "y"]}]}, "a in (x,y)"),
        ({"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["x"]}]}, "a notin (x)"),
        ({"matchExpressions": [{"key": "a", "operator": "Exists"}]}, "a"),
        ({"matchExpressions": [{"key": "a", "operator": "DoesNotExist"}]}, "!a"),
        (None, ""),
    ],
)
def test_a_selector_is_written_as_the_api_asks(selector: Map | None, text: str) -> None:
    """Labels and expressions."""
    assert selector_text(selector) == text
