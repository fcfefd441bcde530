"""What a bake has seen when it ends, against a cluster on loopback."""

import asyncio
import re

import pytest

from teal.flip.watching import follow
from tests.unit.conftest import FakeApiServer
from tests.unit.teal.flip.moving import DOOR, begin, cluster, finish, move, recorded


async def test_a_data_path_that_follows_late_leaves_time_for_more_than_one_answer(
    api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only answers since then count, so that of a release which fails half of its requests one alone says nothing."""

    async def late(*_: object, **__: object) -> None:
        await asyncio.sleep(1.2)

    monkeypatch.setattr(follow, "led", late)
    cluster(api_server, "blue")
    declared = move(seconds=1)
    await begin(api_server, declared)
    api_server.service("backend", "green")
    await finish(api_server, declared)
    assert DOOR in api_server.asked
    (seen,) = [each.seen for each in recorded(api_server).verdicts if each.gate == "bake"]
    counted = re.search(r"of (\d+)\)", seen)
    assert counted, seen
    assert int(counted[1]) > 1
