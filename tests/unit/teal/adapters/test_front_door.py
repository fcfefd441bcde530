"""A front door is believed only when it answers with the new release, and failed only by its own service."""

import asyncio
import importlib
import ssl
import threading
from typing import Any

import httpx2
import pytest

from teal.adapters import front_door
from teal.adapters.kubernetes import proxy
from teal.gates.replies import Request
from teal.model.colours import Colour
from teal.model.errors import RefusedError
from tests.unit.conftest import FakeApiServer
from tests.unit.teal.serving import Asked, Said, refused, serving

PATH = "/deployment/metadata"
DOOR = "/api/v1/namespaces/teal/services/backend:http/proxy/pricing"
PRICING = Request(path="/pricing")


async def test_a_door_that_answers_the_new_version_is_confirmed(api_server: FakeApiServer) -> None:
    """It takes several answers in a row, each asked for anew."""
    api_server.answers["/deployment/metadata"] = (200, {"version": "1.1.0", "deployment_group": "green"})
    await front_door.await_version(api_server.url, PATH, "1.1.0", Colour.GREEN)
    assert len(api_server.asked) == front_door.IN_A_ROW


async def test_a_door_that_still_answers_the_old_version_is_not(
    api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An accepted write whose data path does not follow is refused with what the door says."""
    monkeypatch.setattr(front_door, "DEADLINE_SECONDS", 3.0)
    api_server.answers["/deployment/metadata"] = (200, {"version": "1.0.0", "deployment_group": "blue"})
    with pytest.raises(RefusedError, match=r"answers version 1\.0\.0 of blue, needed: version 1\.1\.0 of green"):
        await front_door.await_version(api_server.url, PATH, "1.1.0", Colour.GREEN)


def _status(reason: str, message: str) -> dict[str, str]:
    return {"kind": "Status", "reason": reason, "message": message}


@pytest.mark.parametrize(
    ("status", "body", "failure", "error"),
    [
        (200, {}, "", ""),
        (304, {}, "", ""),
        (404, {"detail": "no such page"}, "/pricing answered 404", ""),
        (500, {}, "/pricing answered 500", ""),
        (503, {"detail": "busy"}, "/pricing answered 503", ""),
        (
            503,
            _status("ServiceUnavailable", "no endpoints available"),
            "the API server says 503: no endpoints available",
            "",
        ),
        (
            503,
            _status("ServiceUnavailable", "error trying to reach it"),
            "the API server says 503: error trying to reach it",
            "",
        ),
        (
            503,
            _status("ServiceUnavailable", "apiserver is shutting down"),
            "",
            "the API server says 503: apiserver is shutting down",
        ),
        (429, {"detail": "one a second"}, "/pricing answered 429", ""),
        (429, proxy.SHED, "", f"the API server says 429: {proxy.SHED.decode()}"),
        (403, _status("Forbidden", "not allowed"), "", "the API server says 403: not allowed"),
        (404, _status("NotFound", "services not found"), "", "the API server says 404: services not found"),
    ],
)
async def test_only_the_services_own_answer_is_held_against_it(
    api_server: FakeApiServer, status: int, body: object, failure: str, error: str
) -> None:
    """What the API server says for itself makes the owner error, unless it says that the service is not there."""
    api_server.answers["/api/v1/namespaces/teal/services/backend:http/proxy/pricing"] = (status, body)
    async with httpx2.AsyncClient(base_url=api_server.url, trust_env=False) as http:
        seen = await front_door.probe(http, "teal", "backend", PRICING)
    assert seen == front_door.Probe(failure=failure, error=f"API server: {error}" if error else "")


async def test_a_bad_gateway_before_the_api_server_is_not_the_services(api_server: FakeApiServer) -> None:
    """A load balancer's own 502 has no mark of the API server; the same status through it is the service's."""
    api_server.answers[DOOR] = (502, b"<html>Bad Gateway</html>")
    async with httpx2.AsyncClient(base_url=api_server.url, trust_env=False) as http:
        assert (await front_door.probe(http, "teal", "backend", PRICING)).failure == "/pricing answered 502"
        api_server.before = False
        seen = await front_door.probe(http, "teal", "backend", PRICING)
    assert (seen.failure, "a proxy before the API server says 502" in seen.error) == ("", True)


@pytest.mark.parametrize("own", [200, 503], ids=["it answers itself", "it answers nothing either"])
async def test_a_request_that_is_not_answered_in_time_is_a_failure(
    api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch, own: int
) -> None:
    """It was sent, and the API server that took it is well; where that is not, nobody knows."""
    monkeypatch.setattr(front_door, "ANSWER_SECONDS", 0.2)
    over = threading.Event()
    api_server.answers["/version"] = (own, {})
    api_server.fault = lambda _, path: 200 if path == DOOR and over.wait(20) else None
    try:
        async with httpx2.AsyncClient(base_url=api_server.url, trust_env=False) as http:
            seen = await front_door.probe(http, "teal", "backend", PRICING)
    finally:
        over.set()
    assert (seen.failure == "/pricing did not answer within 0.2 s", bool(seen.error)) == (own == 200, own != 200)


async def test_a_door_that_hangs_is_a_failure_and_one_that_cannot_be_reached_is_not() -> None:
    """Of a load balancer's own door: only a request that was sent says something of the release."""
    never = asyncio.Event()

    async def handler(_: Asked) -> Said | None:
        await never.wait()
        return None

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(front_door, "ANSWER_SECONDS", 0.2)
        async with serving(handler) as url:
            assert (await front_door.probe_at(url)).failure == f"{url} did not answer within 0.2 s"
        assert (await front_door.probe_at(refused())).error


async def test_an_api_server_that_does_not_answer_says_nothing_of_the_service(api_server: FakeApiServer) -> None:
    """A refused connection is the way there, not the service."""
    api_server.stop()
    async with httpx2.AsyncClient(base_url=api_server.url, trust_env=False) as http:
        seen = await front_door.probe(http, "teal", "backend", PRICING)
    assert seen.failure == ""
    assert seen.error.startswith("API server: ConnectError")


async def test_certificates_are_read_once_for_all_questions(
    api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That takes 0.1 s, in which a bake asks nobody; a door without TLS has none to be read."""
    read: list[str] = []
    make = httpx2.create_ssl_context

    def noted(**given: Any) -> ssl.SSLContext:  # noqa: ANN401 - whatever a client's transport asks for
        if not isinstance(given.get("verify"), ssl.SSLContext):
            read.append("authorities")
        return make(**given)

    for module in (httpx2, importlib.import_module("httpx2._transports.default")):
        monkeypatch.setattr(module, "create_ssl_context", noted)
    api_server.answers["/pricing"] = (200, {})
    assert await front_door.probe_at(f"{api_server.url}/pricing") == front_door.Probe()
    assert read == []
    sealed = refused().replace("http:", "https:")
    assert all([(await front_door.probe_at(sealed)).error for _ in range(3)])
    assert read == ["authorities"]
