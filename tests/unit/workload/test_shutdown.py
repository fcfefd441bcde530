"""An instance that is told to go loses no request: it says so, lingers, finishes and ends."""

import asyncio
import subprocess
import sys

import httpx2
import pytest

from tests.unit.workload.service import Service, serving
from workload.pricing.drain import drain


async def request_in_flight(service: Service) -> "asyncio.Task[httpx2.Response]":
    """A business request that the instance has begun to answer."""
    task = asyncio.create_task(service.client.get("/models"))
    async with asyncio.timeout(5):
        while not service.lifecycle.active_requests:  # noqa: ASYNC110 - the instance has a number, no event
            await asyncio.sleep(0)
    return task


async def test_draining_is_said_and_new_requests_are_served() -> None:
    """After SIGTERM readiness is 503, and who still comes is served on a connection that then closes."""
    async with serving(DRAIN_LINGER_SECONDS="60") as service:
        assert "Connection" not in (await service.client.get("/models")).headers
        service.terminate()
        ready = await service.client.get("/health/ready")
        live = await service.client.get("/health/live")
        answers = [await service.client.get("/models") for _ in range(3)]
        assert not service.ended.done()
    assert (ready.status_code, live.status_code) == (503, 200)
    assert "shutting down" in ready.json()["reason"]
    assert [(answer.status_code, answer.headers["Connection"]) for answer in answers] == [(200, "close")] * 3


async def test_request_in_flight_is_finished_before_the_end() -> None:
    """A request that began before SIGTERM is answered in full although the instance does not linger."""
    async with serving(FAULT_LATENCY_MS="400") as service:
        answer = await request_in_flight(service)
        service.terminate()
        async with asyncio.timeout(5):
            assert (await answer).status_code == 200
            await service.ended
    assert (await answer).headers["Connection"] == "close"


async def test_request_beyond_the_timeout_does_not_keep_it() -> None:
    """The drain's timeout ends an instance whose request takes longer; that one is told 500."""
    async with serving(FAULT_LATENCY_MS="30000", DRAIN_TIMEOUT_SECONDS="0") as service:
        answer = await request_in_flight(service)
        service.terminate()
        async with asyncio.timeout(5):
            assert (await answer).status_code == 500
            await service.ended


async def test_second_signal_ends_at_once() -> None:
    """Who cannot wait sends a second signal."""
    async with serving(DRAIN_LINGER_SECONDS="60") as service:
        service.terminate()
        service.terminate()
        async with asyncio.timeout(5):
            await service.ended


@pytest.mark.parametrize("content_type", ["application/json", "application/x-www-form-urlencoded"])
async def test_shutdown_is_read_whatever_its_content_type(content_type: str) -> None:
    """`curl -d` claims a form; the body is read as JSON all the same, and the instance ends by itself."""
    async with serving() as service:
        status = await service.client.post(
            "/deployment/shutdown", content=b'{"drain_timeout_seconds": 7}', headers={"Content-Type": content_type}
        )
        async with asyncio.timeout(5):
            await service.ended
    assert status.status_code == 200
    assert status.json() | {"drained": None, "started_at": None} == {
        "shutting_down": True,
        "drained": None,
        "active_requests": 0,
        "drain_timeout_seconds": 7,
        "started_at": None,
    }


@pytest.mark.parametrize("body", [b"{", b'{"drain_timeout_seconds": -1}', b'{"drain_timeout_seconds": "soon"}'])
async def test_bad_shutdown_changes_nothing(body: bytes) -> None:
    """A body that cannot be read is a 422 and begins no drain."""
    async with serving() as service:
        answer = await service.client.post("/deployment/shutdown", content=body)
        assert service.lifecycle.drain is None
    assert answer.status_code == 422


async def test_status_counts_what_is_in_flight() -> None:
    """The status tells how many requests are in flight, itself not counted."""
    async with serving(FAULT_LATENCY_MS="300", DRAIN_LINGER_SECONDS="60") as service:
        idle = (await service.client.get("/deployment/shutdown/status")).json()
        answer = await request_in_flight(service)
        busy = (await service.client.get("/deployment/shutdown/status")).json()
        await answer
    assert (idle["active_requests"], busy["active_requests"]) == (0, 1)
    assert (idle["shutting_down"], idle["started_at"]) == (False, None)


async def test_closing_connections_keeps_the_slot_ready() -> None:
    """Connections can be ended without an end: answers say close, readiness stays."""
    async with serving() as service:
        told = await service.client.post("/deployment/connections/close", json={"seconds": 60})
        answer = await service.client.get("/models")
        ready = await service.client.get("/health/ready")
        await service.client.post("/deployment/connections/close", json={"seconds": 0})
        after = await service.client.get("/models")
    assert told.json() == {"closing": True, "seconds": 60}
    assert (answer.headers["Connection"], ready.status_code) == ("close", 200)
    assert "Connection" not in after.headers


async def test_prestop_drains_and_the_signal_then_ends_it() -> None:
    """The drain client returns once what was in flight is answered; the process lives until SIGTERM."""
    async with serving(FAULT_LATENCY_MS="400") as service:
        answer = await request_in_flight(service)
        problem = await asyncio.to_thread(drain, service.port, wait=0, timeout=20)
        assert problem is None
        assert answer.done()
        assert not service.ended.done()
        service.terminate()
        async with asyncio.timeout(5):
            await service.ended


async def test_prestop_says_what_is_still_in_flight() -> None:
    """A drain that does not succeed in time names what it waits for."""
    async with serving(FAULT_LATENCY_MS="30000") as service:
        answer = await request_in_flight(service)
        problem = await asyncio.to_thread(drain, service.port, wait=0, timeout=1)
        answer.cancel()
    assert problem == "not drained after 1 s: 1 requests are still in flight"


def test_prestop_without_a_service_fails() -> None:
    """A drain client that reaches nobody says so with exit status 1."""
    done = subprocess.run(
        [sys.executable, "-m", "workload.pricing.drain", "--wait", "0", "--port", "1"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "127.0.0.1:1 does not answer" in done.stderr


async def test_process_ends_with_status_0_after_sigterm() -> None:
    """The command itself drains at SIGTERM and ends with status 0."""
    command = (sys.executable, "-m", "workload.pricing")
    environment = {"HOST": "127.0.0.1", "PORT": "0", "DRAIN_LINGER_SECONDS": "0.1"}
    process = await asyncio.create_subprocess_exec(*command, env=environment, stderr=asyncio.subprocess.PIPE)
    assert process.stderr is not None
    async with asyncio.timeout(30):
        while b"running on" not in await process.stderr.readline():
            pass
        process.terminate()
        _, said = await process.communicate()
    assert process.returncode == 0
    assert b"ending with 0 requests in flight" in said


@pytest.mark.parametrize("kept_alive", [True, False])
async def test_nothing_is_lost_over_a_shutdown(*, kept_alive: bool) -> None:
    """Callers that go on for a while after SIGTERM, as endpoints take time to disappear, all get their answers."""
    async with serving(DRAIN_LINGER_SECONDS="1", FAULT_LATENCY_MS="5") as service:
        headers = {} if kept_alive else {"Connection": "close"}
        under_load, gone = asyncio.Event(), asyncio.Event()
        statuses: list[int] = []

        async def call() -> None:
            async with httpx2.AsyncClient(base_url=service.client.base_url, headers=headers) as client:
                while not gone.is_set():
                    statuses.append((await client.get("/pricing")).status_code)
                    if len(statuses) > 100:
                        under_load.set()

        async with asyncio.timeout(20), asyncio.TaskGroup() as callers:
            for _ in range(8):
                callers.create_task(call())
            await under_load.wait()
            service.terminate()
            before = len(statuses)
            asyncio.get_running_loop().call_later(0.7, gone.set)
        await service.ended
    assert set(statuses) == {200}
    assert len(statuses) > before + 50
