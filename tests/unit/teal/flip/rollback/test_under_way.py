"""A rollback undoes a flip whose bake goes on, and is refused between its steps."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

import pytest

from teal.flip import revert
from teal.flip.revert import Way
from teal.history.model import Stage
from teal.history.store import OvertakenError
from teal.model.errors import RefusedError, TealError
from teal.model.live import LiveService
from teal.model.workers import Overlap, Worker
from teal.spec.bake import ServiceBake
from teal.spec.gates import GatePlan
from tests.unit.conftest import FakeApiServer
from tests.unit.teal.flip.moving import RECORD, begin, cluster, finish, left_at, move, recorded, stages, written
from tests.unit.teal.flip.rollback.going_back import back, deployments, live_on_green
from tests.unit.teal.working import scaled, worker


async def test_a_flip_that_is_being_watched_is_undone(api_server: FakeApiServer) -> None:
    """Its owner, which lives, finds that out, and says whose verdict it was."""
    cluster(api_server, "blue")
    deployments(api_server, blue="b", green="g")
    declared = move(seconds=60)
    await begin(api_server, declared)
    api_server.service("backend", "green")
    update = asyncio.create_task(finish(api_server, declared))
    while stages(api_server) != ["BAKING"]:  # noqa: ASYNC110 - the record is in a server, of another thread
        await asyncio.sleep(0.01)
    flip = await back(api_server)
    assert (flip.stage, written(api_server)) == (Stage.REVERTED, ["blue"])
    assert flip.reason == "rolled back by somebody@example"
    with pytest.raises(RefusedError, match=r"REVERTED\. rolled back by somebody@example"):
        await update
    assert (written(api_server), stages(api_server)) == (["blue"], ["REVERTED"])


async def test_a_worker_that_was_stopped_does_not_hold_up_the_way_back(api_server: FakeApiServer) -> None:
    """Its work waits in the queue while its pods start again; requests do not wait."""
    cluster(api_server, "blue")
    deployments(api_server, blue="b", green="g")
    worker(api_server, "blue", {"blue": 1, "green": 0})
    declared = move(seconds=60)
    its = Worker(overlap=Overlap.FLIP, pods=1, grace_seconds=1)
    declared = replace(
        declared,
        flip_set={**declared.flip_set, "mailer": GatePlan(version="1.1.0", version_path=None, worker=its)},
        bake=declared.bake.model_copy(
            update={"services": {**declared.bake.services, "mailer": ServiceBake(worker=its)}}
        ),
    )
    await begin(api_server, declared)
    api_server.service("backend", "green")
    worker(api_server, "green", {"blue": 0, "green": 1})
    update = asyncio.create_task(finish(api_server, declared))
    while stages(api_server) != ["BAKING"]:  # noqa: ASYNC110 - the record is in a server, of another thread
        await asyncio.sleep(0.01)
    flip = await back(api_server)
    assert (flip.stage, written(api_server)) == (Stage.REVERTED, ["blue"])
    assert scaled(api_server) == [("mailer-blue", 1), ("mailer-green", 0)]
    with pytest.raises(RefusedError, match=r"the pods of mailer in green were stopped"):
        await update


@pytest.mark.parametrize(
    ("stage", "version", "said"),
    [
        (Stage.PROVEN, None, "its traffic is being written by update-1"),
        (Stage.REVERTING, None, "its traffic is being undone already by update-1"),
        (Stage.BAKING, "0.9.0", "what it came from is blue 1.0.0, which is not 0.9.0"),
    ],
)
async def test_who_comes_between_steps_is_refused(
    api_server: FakeApiServer, stage: Stage, version: str | None, said: str
) -> None:
    """Two writers of one traffic."""
    cluster(api_server, "blue")
    deployments(api_server, blue="b", green="g")
    await begin(api_server, move())
    api_server.service("backend", "green")
    await left_at(api_server, stage, owner="update-1")
    api_server.written.clear()
    with pytest.raises(TealError, match=said):
        await back(api_server, version)
    assert (written(api_server), stages(api_server)) == ([], [stage])


async def test_a_flip_whose_way_back_is_too_small_goes_on(api_server: FakeApiServer) -> None:
    """Nobody takes it from its owner then."""
    cluster(api_server, "blue")
    deployments(api_server, blue="b", green="g")
    await begin(api_server, move())
    api_server.service("backend", "green")
    await left_at(api_server, Stage.BAKING, owner="update-1")
    api_server.pods("backend", "blue", [])
    with pytest.raises(RefusedError, match="blue cannot take live traffic at once: capacity of backend FAILED"):
        await back(api_server)
    assert (recorded(api_server).owner, stages(api_server)) == ("update-1", ["BAKING"])


async def test_somebody_who_begins_a_flip_meanwhile_wins(api_server: FakeApiServer) -> None:
    """The record is written on the condition that it is as it was read."""
    await live_on_green(api_server)
    api_server.fault = lambda method, path: 409 if (method, path) == ("PUT", RECORD) else None
    with pytest.raises(RefusedError, match="somebody else began a flip meanwhile"):
        await back(api_server)
    assert written(api_server) == []


async def test_whoever_is_overtaken_on_the_way_back_does_not_say_that_nothing_moved(
    api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stood still after its first write: some traffic is back, and the rest is another's to move."""
    cluster(api_server, "blue")
    deployments(api_server, blue="b", green="g")
    await begin(api_server, move())
    api_server.service("backend", "green")
    await left_at(api_server, Stage.BAKING, owner="update-1")
    write = Way.move

    async def overtaken(self: Way, read: revert.Read, sent: Mapping[str, LiveService]) -> Mapping[str, str]:
        await write(self, read, sent)
        raise OvertakenError("Lease teal-flip is held by watch-1")

    monkeypatch.setattr(Way, "move", overtaken)
    with pytest.raises(RefusedError, match=r"held by watch-1: somebody else goes on with flip 1, and .* no further"):
        await back(api_server)
    assert written(api_server) == ["blue"]
