"""A front door is believed only when it answers with the new release."""

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
