"""A front door is believed only when it answers with the new release, and failed only by its own service."""

import httpx2
import pytest

from teal import doors
from teal.colours import Colour
from teal.errors import RefusedError
from tests.unit.conftest import FakeApiServer

PATH = "/deployment/metadata"


async def test_a_door_that_answers_the_new_version_is_confirmed(api_server: FakeApiServer) -> None:
    """It takes several answers in a row, each asked for anew."""
    api_server.answers["/deployment/metadata"] = (200, {"version": "1.1.0", "deployment_group": "green"})
    await doors.await_version(api_server.url, PATH, "1.1.0", Colour.GREEN)
    assert len(api_server.asked) == doors.IN_A_ROW


async def test_a_door_that_still_answers_the_old_version_is_not(
    api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An accepted write whose data path does not follow is refused with what the door says."""
    monkeypatch.setattr(doors, "DEADLINE_SECONDS", 3.0)
    api_server.answers["/deployment/metadata"] = (200, {"version": "1.0.0", "deployment_group": "blue"})
    with pytest.raises(RefusedError, match=r"answers version 1\.0\.0 of blue, needed: version 1\.1\.0 of green"):
        await doors.await_version(api_server.url, PATH, "1.1.0", Colour.GREEN)


def _status(reason: str, message: str) -> dict[str, str]:
    return {"kind": "Status", "reason": reason, "message": message}


@pytest.mark.parametrize(
    ("status", "body", "failure", "blind"),
    [
        (200, {}, "", ""),
        (304, {}, "", ""),
        (404, {"detail": "no such page"}, "/pricing answered 404", ""),
        (500, {}, "/pricing answered 500", ""),
        (503, {"detail": "busy"}, "/pricing answered 503", ""),
        (503, _status("ServiceUnavailable", "no endpoints available"), "no endpoints available", ""),
        (503, _status("ServiceUnavailable", "error trying to reach it"), "error trying to reach it", ""),
        (503, _status("ServiceUnavailable", "apiserver is shutting down"), "", "503 apiserver is shutting down"),
        (403, _status("Forbidden", "not allowed"), "", "403 not allowed"),
        (404, _status("NotFound", "services not found"), "", "404 services not found"),
    ],
)
async def test_only_the_services_own_answer_is_held_against_it(
    api_server: FakeApiServer, status: int, body: object, failure: str, blind: str
) -> None:
    """What the API server says for itself makes the keeper blind, unless it says that the service is not there."""
    api_server.answers["/api/v1/namespaces/teal/services/backend:http/proxy/pricing"] = (status, body)
    async with httpx2.AsyncClient(base_url=api_server.url, trust_env=False) as http:
        seen = await doors.knock(http, "teal", "backend", "/pricing")
    assert seen == doors.Knock(failure=failure, blind=f"API server: {blind}" if blind else "")


async def test_an_api_server_that_does_not_answer_says_nothing_of_the_service(api_server: FakeApiServer) -> None:
    """A refused connection is the way there, not the service."""
    api_server.stop()
    async with httpx2.AsyncClient(base_url=api_server.url, trust_env=False) as http:
        seen = await doors.knock(http, "teal", "backend", "/pricing")
    assert seen.failure == ""
    assert seen.blind.startswith("API server: ConnectError")
