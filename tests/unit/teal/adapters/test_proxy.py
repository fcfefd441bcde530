"""Asking a Service through the API server: what the service said, and what was never its word."""

import asyncio
import contextlib
import json
import time

import httpx2
import pytest

from teal.adapters import front_door
from teal.adapters.kubernetes import proxy
from teal.gates.replies import Reply, Request
from tests.unit.teal.serving import Asked, Handler, Said, refused, serving

DOOR = "/api/v1/namespaces/shop/services/backend-green:http/proxy"


async def ask(url: str, wanted: Request, *, within: float = 5) -> Reply:
    """One request to backend-green."""
    async with httpx2.AsyncClient(base_url=url, trust_env=False) as http:
        return await proxy.request(http, "shop", "backend-green", wanted, within=within)


async def answered(handler: Handler, wanted: Request, *, within: float = 5) -> Reply:
    """One request to an API server that does so."""
    async with serving(handler) as url:
        return await ask(url, wanted, within=within)


async def test_the_request_arrives_as_it_is() -> None:
    """Method, path with its query, headers and body, behind the proxy's path."""
    seen: list[Asked] = []

    async def handler(asked: Asked) -> Said:
        seen.append(asked)
        return Said(status=201, body=b"made", headers={"X-Colour": "green"})

    wanted = Request(path="/cost?a=1&b=%20x y", method="POST", headers={"X-Key": "k"}, body='{"a": "é"}')
    reply = await answered(handler, wanted)
    (asked,) = seen
    assert (asked.method, asked.target) == ("POST", f"{DOOR}/cost?a=1&b=%20x%20y")
    assert (asked.headers["x-key"], asked.headers["user-agent"]) == ("k", "teal")
    assert asked.body == '{"a": "é"}'.encode()
    assert (reply.status, reply.body, reply.headers["x-colour"]) == (201, b"made", "green")
    assert (reply.whole, reply.late, reply.error) == (True, False, None)
    assert reply.seconds > 0


async def test_a_port_that_speaks_tls_is_asked_so() -> None:
    """By the name that the API server's proxy has for that; pods likewise."""
    seen: list[str] = []

    async def handler(asked: Asked) -> Said:
        seen.append(asked.target)
        return Said(status=404)

    async with serving(handler) as url, httpx2.AsyncClient(base_url=url, trust_env=False) as http:
        await proxy.request(http, "shop", "backend-green", Request(path="/", tls=True), within=5)
        await proxy.ask(http, "shop", "backend-1", 8443, "/version", tls=True)
        await front_door.probe(http, "shop", "backend", Request(path="/", tls=True), "443")
    assert seen == [
        "/api/v1/namespaces/shop/services/https:backend-green:http/proxy/",
        "/api/v1/namespaces/shop/pods/https:backend-1:8443/proxy/version",
        "/api/v1/namespaces/shop/services/https:backend:443/proxy/",
    ]


async def test_an_error_of_the_service_is_its_answer() -> None:
    """Also one in JSON."""

    async def handler(_: Asked) -> Said:
        return Said(status=500, body=b'{"detail": "broken"}')

    reply = await answered(handler, Request(path="/"))
    assert (reply.status, reply.error) == (500, None)


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (503, 'no endpoints available for service "backend-green"'),
        (503, "error trying to reach service: dial tcp 10.1.2.3:8000: connect: connection refused"),
        (403, 'services "backend-green:http" is forbidden'),
        (404, 'services "backend-green" not found'),
    ],
)
async def test_what_the_api_server_says_for_itself_is_no_answer_of_the_service(status: int, message: str) -> None:
    """The service was not asked; why not is kept."""

    async def handler(_: Asked) -> Said:
        return Said(status=status, body=json.dumps({"kind": "Status", "message": message}).encode())

    reply = await answered(handler, Request(path="/"))
    assert reply.error == f"the API server says {status}: {message}"


async def test_an_answer_that_does_not_come_in_time_is_late() -> None:
    """Not before its first byte, and not in the middle."""
    never = asyncio.Event()

    async def handler(asked: Asked) -> Said | None:
        if asked.target.endswith("/silent"):
            await never.wait()
        return Said(body=b"half", headers={"Content-Length": "8"})

    for path in ("/silent", "/half"):
        assert (await answered(handler, Request(path=path), within=0.05)).late


async def test_an_answer_that_trickles_is_late_as_a_whole() -> None:
    """However quickly each of its bytes follows the one before."""
    over, ended = asyncio.Event(), asyncio.Event()

    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while not over.is_set():
            writer.write(b"x")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), 0.01)
        writer.transport.abort()
        ended.set()

    server = await asyncio.start_server(trickle, "127.0.0.1", 0)
    try:
        begun = time.monotonic()
        reply = await ask(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", Request(path="/"), within=0.2)
        assert reply.late
        assert time.monotonic() - begun < 5
    finally:
        over.set()
        await ended.wait()
        server.close()
        await server.wait_closed()


async def test_no_more_is_read_than_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that never ends its answer fills no memory."""
    monkeypatch.setattr(proxy, "MOST_BYTES", 100)

    async def handler(_: Asked) -> Said:
        return Said(body=b"x" * 10_000)

    reply = await answered(handler, Request(path="/"))
    assert (len(reply.body), reply.whole) == (100, False)


async def test_no_redirect_is_followed() -> None:
    """It could lead anywhere, with the credentials of whoever runs the update."""

    async def handler(_: Asked) -> Said:
        return Said(status=302, headers={"Location": "/api/v1/namespaces/shop/secrets"})

    assert (await answered(handler, Request(path="/"))).status == 302


async def test_a_path_that_leaves_the_service_is_not_asked() -> None:
    """The way up leads to everything that the credentials may read."""
    asked: list[Asked] = []

    async def handler(each: Asked) -> Said:
        asked.append(each)
        return Said()

    reply = await answered(handler, Request(path="/../../../secrets"))
    assert reply.error == "its path leaves the service for the API server's own"
    assert asked == []


async def test_an_api_server_that_is_away_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """After some tries; it is not the service's failure."""
    monkeypatch.setattr(proxy, "RETRY_SECONDS", 0.1)
    reply = await ask(refused(), Request(path="/"))
    assert reply.error is not None
    assert "ConnectError" in reply.error


@pytest.mark.parametrize(("method", "times"), [("GET", 2), ("HEAD", 2), ("POST", 1), ("DELETE", 1)])
async def test_only_what_changes_nothing_is_sent_again(
    method: str, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that ended without an answer may have brought the request to the service."""
    monkeypatch.setattr(proxy, "RETRY_SECONDS", 5)
    asked: list[Asked] = []

    async def handler(each: Asked) -> Said | None:
        asked.append(each)
        return Said(body=b"") if len(asked) > 1 else None

    reply = await answered(handler, Request(path="/", method=method))
    assert len(asked) == times
    assert (reply.error is None) == (times > 1)


async def test_what_the_api_server_takes_to_be_there_is_not_the_services_time() -> None:
    """Only what comes after the connection is; here the one connection is taken for longer than the bound."""
    free = asyncio.Event()
    begun = asyncio.Event()

    async def handler(asked: Asked) -> Said:
        if asked.target.endswith("/first"):
            begun.set()
            await free.wait()
        return Said()

    limits = httpx2.Limits(max_connections=1)
    async with serving(handler) as url, httpx2.AsyncClient(base_url=url, trust_env=False, limits=limits) as http:

        async def one(path: str, within: float) -> Reply:
            return await proxy.request(http, "shop", "backend-green", Request(path=path), within=within)

        first = asyncio.create_task(one("/first", 5))
        await begun.wait()
        second = asyncio.create_task(one("/second", 0.2))
        asyncio.get_running_loop().call_later(0.4, free.set)
        assert (await second).status == 200
        assert (await second).seconds < 0.2
        assert (await first).status == 200


@pytest.mark.parametrize(("fails", "version"), [(0, "1.1.0"), (1, "1.1.0")])
async def test_a_pod_is_asked_again_while_the_api_server_is_away(fails: int, version: str) -> None:
    """One that restarts is no reason to refuse a flip."""
    asked: list[Asked] = []

    async def handler(each: Asked) -> Said | None:
        asked.append(each)
        body = json.dumps({"version": version, "deployment_group": "green"}).encode()
        return Said(body=body) if len(asked) > fails else None

    async with serving(handler) as url, httpx2.AsyncClient(base_url=url, trust_env=False) as http:
        answer = await proxy.ask(http, "shop", "backend-green-1", 8000, "/deployment/metadata")
    assert (answer.version, answer.colour, answer.error) == (version, "green", None)
    assert asked[0].target == "/api/v1/namespaces/shop/pods/backend-green-1:8000/proxy/deployment/metadata"


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (404, b"", "/version answered 404"),
        (503, b"", "/version: a proxy before the API server says 503"),
        (403, b'{"kind": "Status", "message": "no right"}', "/version: the API server says 403: no right"),
        (200, b"{}", "/version answered without a usable version, deployment_group"),
        (200, b'{"version": 1, "deployment_group": "green"}', "without a usable version"),
        (200, b"<html>", "without a usable json_invalid"),
    ],
)
async def test_a_pod_that_answers_nonsense_has_said_nothing(status: int, body: bytes, error: str) -> None:
    """What was wrong is kept."""

    async def handler(_: Asked) -> Said:
        return Said(status=status, body=body)

    async with serving(handler) as url, httpx2.AsyncClient(base_url=url, trust_env=False) as http:
        answer = await proxy.ask(http, "shop", "backend-green-1", 8000, "/version")
    assert answer.version is None
    assert error in str(answer.error)
