"""Front doors and endpoints follow a flip's write: its bake goes on meanwhile, and nothing is confirmed before."""

import asyncio
import time
from dataclasses import replace

import pytest

from teal.adapters import front_door
from teal.adapters.kubernetes import connections
from teal.model.errors import RefusedError
from tests.unit.conftest import FakeApiServer
from tests.unit.teal.flip.moving import DOOR, begin, cluster, move, stages, written
from tests.unit.teal.flip.overtaken.meddling import baking, finish


async def test_a_front_door_that_is_slow_to_follow_is_watched_meanwhile(
    api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A release that fails right after the write is undone, whether or not its front door has followed by then."""
    monkeypatch.setattr(front_door, "DEADLINE_SECONDS", 60)
    cluster(api_server, "blue")
    declared = replace(move(seconds=30), front_doors={"backend": "http://127.0.0.1:1"})
    await begin(api_server, declared)
    api_server.service("backend", "green")
    api_server.answers[DOOR] = (500, {})
    begun = time.monotonic()
    with pytest.raises(RefusedError, match="Traffic was put back onto blue"):
        await finish(api_server, declared)
    assert time.monotonic() < begun + 30


async def test_a_front_door_that_never_follows_is_not_confirmed(
    api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though its bake, which asks through the cluster, passed."""
    monkeypatch.setattr(front_door, "DEADLINE_SECONDS", 0.3)
    cluster(api_server, "blue")
    declared = replace(move(), front_doors={"backend": "http://127.0.0.1:1"})
    await begin(api_server, declared)
    api_server.service("backend", "green")
    with pytest.raises(RefusedError, match=r"UNPROVEN. 0 s after the write the front door http://127.0.0.1:1 answers"):
        await finish(api_server, declared)
    assert stages(api_server) == ["UNPROVEN"]


async def test_the_last_question_comes_after_the_endpoints_have_followed(api_server: FakeApiServer) -> None:
    """A bake of no length: until a controller has listed the new colour's pods, the old one answers."""
    cluster(api_server, "blue")
    api_server.endpoints("backend", ["backend-blue-0"])
    await begin(api_server, move())
    api_server.service("backend", "green")

    async def controller() -> None:
        await baking(api_server)
        api_server.endpoints("backend", ["backend-green-0"])
        api_server.asked.clear()

    await asyncio.gather(finish(api_server, move()), controller())
    assert stages(api_server) == ["CONFIRMED"]
    followed = min(n for n, path in enumerate(api_server.asked) if path.endswith("/endpointslices"))
    assert DOOR in api_server.asked[followed:]


async def test_endpoints_that_never_follow_are_not_confirmed(
    api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The selector was written, and its traffic still goes to blue's pod."""
    monkeypatch.setattr(front_door, "DEADLINE_SECONDS", 0.3)
    cluster(api_server, "blue")
    api_server.endpoints("backend", ["backend-blue-0"])
    await begin(api_server, move())
    api_server.service("backend", "green")
    with pytest.raises(RefusedError, match="EndpointSlices of Service backend still name backend-blue-0"):
        await finish(api_server, move())


async def test_pods_that_do_not_answer_hold_up_no_bake(
    api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kept-alive connections are a courtesy: the front door is asked first, and a way back waits for none of it."""

    async def hang(*_: object, **__: object) -> list[str]:
        await asyncio.sleep(60)
        return []

    monkeypatch.setattr(connections, "close", hang)
    cluster(api_server, "blue")
    await begin(api_server, move(close="/close"))
    api_server.service("backend", "green")
    api_server.answers[DOOR] = (500, {})
    finishing = asyncio.create_task(finish(api_server, move(close="/close", seconds=30)))
    while not written(api_server):
        assert not finishing.done()
        await asyncio.sleep(0.05)
    finishing.cancel()
    assert written(api_server) == ["blue"]
