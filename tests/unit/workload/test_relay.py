"""An instance that is a frontend: it asks its own backend, says which one that was, and keeps the contract itself."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from tests.unit.workload.service import Service, asking, serving


@asynccontextmanager
async def frontend(backend: Service) -> AsyncGenerator[Service]:
    """A green 1.1.0 in front of a backend."""
    url = f"http://127.0.0.1:{backend.port}"
    async with serving(VERSION="1.1.0", BACKEND_URL=url) as service:
        yield service


async def test_the_backend_answers_and_both_say_who_they_are() -> None:
    """Status, body and type are the backend's; a frontend that meets the other colour's backend is found out."""
    async with serving(DEPLOYMENT_GROUP="blue", VERSION="1.0.0") as backend, frontend(backend) as service:
        asked, passed = [await each.client.get("/models?provider=Alder") for each in (backend, service)]
        asked_for = {"model_name": "alder-small", "input_tokens": 1000, "output_tokens": 10}
        estimate = await service.client.post("/cost-estimate", json=asked_for)
        missing = await service.client.get("/no-such-path")
    assert passed.json()["models"] == asked.json()["models"] != []
    assert passed.headers["Content-Type"] == "application/json"
    assert {name: passed.headers[name] for name in ("X-Colour", "X-Version")} == {
        "X-Colour": "green",
        "X-Version": "1.1.0",
    }
    assert (passed.headers["X-Backend-Colour"], passed.headers["X-Backend-Version"]) == ("blue", "1.0.0")
    assert (estimate.status_code, estimate.json()["input_tokens"]) == (200, 1000)
    assert missing.status_code == 404
    assert missing.headers["X-Backend-Colour"] == "blue"


async def test_what_is_about_the_instance_is_its_own_and_needs_no_backend() -> None:
    """Ready, alive, and of its own version, while nobody answers at BACKEND_URL."""
    async with asking(VERSION="1.1.0", BACKEND_URL=f"http://127.0.0.1:{closed_port()}") as client:
        ready, live = await client.get("/health/ready"), await client.get("/health/live")
        metadata = await client.get("/deployment/metadata")
    assert (ready.status_code, live.status_code) == (200, 200)
    assert (metadata.json()["version"], metadata.json()["deployment_group"]) == ("1.1.0", "green")
    assert "X-Backend-Colour" not in metadata.headers


async def test_a_backend_that_is_away_is_a_502_that_names_it() -> None:
    """It is counted as the frontend's error, and says where to look."""
    port = closed_port()
    async with asking(BACKEND_URL=f"http://127.0.0.1:{port}") as client:
        answer = await client.get("/pricing")
        metrics = (await client.get("/metrics")).text
    assert answer.status_code == 502
    assert f"the backend at 127.0.0.1:{port} did not answer" in answer.json()["detail"]
    assert 'status="502"' in metrics


@pytest.mark.parametrize("said", [b"", b"SSH-2.0-dropbear\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"])
async def test_half_an_answer_is_none(said: bytes) -> None:
    """What a backend that ends in the middle leaves is not passed on."""

    async def end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(said)
        writer.close()

    async with await asyncio.start_server(end, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with asking(BACKEND_URL=f"http://127.0.0.1:{port}") as client:
            assert (await client.get("/pricing")).status_code == 502


async def test_a_drain_waits_for_the_backends_answer() -> None:
    """A request that is with the backend when SIGTERM comes is answered in full."""
    async with serving(FAULT_LATENCY_MS="300") as backend, frontend(backend) as service:
        answer = asyncio.create_task(service.client.get("/models"))
        async with asyncio.timeout(5):
            while not backend.lifecycle.active_requests:  # noqa: ASYNC110 - the instance has a number, no event
                await asyncio.sleep(0)
            service.lifecycle.begin_drain(5, exits=True)
            assert (await answer).status_code == 200
            await service.ended
    assert (await answer).headers["Connection"] == "close"


def closed_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]
