"""An update died, and somebody else has moved its traffic since: whoever goes on with its flip leaves that."""

import asyncio

import pytest

from teal.flip.owner import Owner
from teal.history.model import Flip, Stage
from teal.model.errors import RefusedError
from tests.unit.conftest import FakeApiServer
from tests.unit.teal.flip import moving
from tests.unit.teal.flip.moving import BLUE, DOOR, RECORD, begin, cluster, gone_on_with, left_at, move, stages, written
from tests.unit.teal.flip.overtaken.meddling import finish


@pytest.mark.parametrize(
    ("writer", "stage"), [("kubectl-patch", "OVERTAKEN"), ("teal", "ABANDONED"), ("pulumi-kubernetes-1", "ABANDONED")]
)
async def test_a_flip_that_nobody_keeps_is_not_brought_back_over_somebody_else(
    api_server: FakeApiServer, writer: str, stage: str
) -> None:
    """Its update died during the bake; what was moved since then is left as it is, and named where it was no flip."""
    cluster(api_server, "blue")
    await begin(api_server, move())
    api_server.service("backend", "blue", writer=writer)
    await left_at(api_server, Stage.BAKING)
    ended = await gone_on_with(api_server)
    assert (ended.stage, written(api_server)) == (stage, [])
    assert f"backend leads to blue, written by '{writer}" in ended.reason


@pytest.mark.parametrize(
    ("at", "colour", "stage"),
    [
        (Stage.PROVEN, "green", "OVERTAKEN"),
        (Stage.PROVEN, "blue", "ABANDONED"),
        (Stage.BAKING, "green", "OVERTAKEN"),
    ],
)
async def test_what_a_stranger_moved_is_not_confirmed_as_a_flips(
    api_server: FakeApiServer, at: Stage, colour: str, stage: str
) -> None:
    """The update died, and somebody else has sent traffic to the same colour since, or left it where it was."""
    cluster(api_server, "blue")
    await begin(api_server, move())
    api_server.service("backend", colour, writer="kubectl-patch")
    await left_at(api_server, at)
    ended = await gone_on_with(api_server)
    assert (ended.stage, written(api_server)) == (stage, [])
    assert ("kubectl-patch" in ended.reason) is (stage == "OVERTAKEN")


async def test_an_update_that_takes_over_finds_anew_where_traffic_is(api_server: FakeApiServer) -> None:
    """While it waited for signs of life of the one before, somebody moved traffic: it bakes nothing there."""
    cluster(api_server, "blue")
    await begin(api_server, move())
    api_server.service("backend", "green")
    await left_at(api_server, Stage.BAKING, owner="update-dead")
    api_server.asked.clear()

    async def meddler() -> None:
        # The second time it looks for a sign of life, and waits another second: traffic was read before the first.
        while api_server.asked.count(RECORD) < 2:  # noqa: ASYNC110 - another thread's list
            await asyncio.sleep(0.005)
        api_server.service("backend", "red", writer="kubectl-patch")

    with pytest.raises(RefusedError, match=r"OVERTAKEN.*'red'}, written by 'kubectl-patch'"):
        await asyncio.gather(finish(api_server, move()), meddler())
    assert DOOR not in api_server.asked


@pytest.mark.usefixtures("patience")
@pytest.mark.parametrize(("at", "end"), [(Stage.PROVEN, "ABANDONED"), (Stage.REVERTING, "REVERTED")])
async def test_a_flip_that_was_left_open_ends_with_the_update_that_takes_it_back(
    api_server: FakeApiServer, at: Stage, end: str
) -> None:
    """The API server refused the write, say, and the stack declares the old colour again: nothing moves any more."""
    cluster(api_server, "blue")
    await begin(api_server, move())
    await left_at(api_server, at, owner="update-1")
    await moving.finish(api_server, move(BLUE, confirmed=BLUE), name="update-2")
    assert (stages(api_server), written(api_server)) == ([end], [])


@pytest.mark.usefixtures("patience")
async def test_what_is_confirmed_is_where_traffic_is_after_that(
    api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To see that a flip's owner is gone takes a while, in which somebody else may move traffic."""
    cluster(api_server, "blue")
    await begin(api_server, move())
    await left_at(api_server, Stage.PROVEN, owner="update-1")
    go_on = Owner.go_on

    async def meanwhile(owner: Owner) -> Flip | None:
        api_server.service("backend", "green", writer="kubectl-patch")
        return await go_on(owner)

    monkeypatch.setattr(Owner, "go_on", meanwhile)
    with pytest.raises(RefusedError, match="traffic of backend goes to green"):
        await moving.finish(api_server, move(BLUE, confirmed=BLUE), name="update-2")
