"""A flip or a rollback meets pods that the watch ends, or has ended."""

from dataclasses import replace
from typing import Any

import pytest

from teal.adapters.kubernetes import schedule
from teal.adapters.kubernetes.cluster import Cluster
from teal.flip.rollback import ColdError
from teal.history.model import Ending, History, Stage
from teal.model.colours import Colour
from teal.model.errors import RefusedError
from tests.unit.conftest import FakeApiServer
from tests.unit.teal.flip.ending.resting import BLUE, GREEN, SCALE, asked_for, ends, known, rest
from tests.unit.teal.flip.moving import RECORD, SERVICE, begin, move, recorded, stages
from tests.unit.teal.flip.rollback.going_back import back, confirmed_with_cron_job, live_on_green
from tests.unit.teal.working import cron_job, suspended


@pytest.mark.parametrize("done", [True, False])
async def test_a_flip_moves_no_traffic_onto_pods_that_end(api_server: FakeApiServer, *, done: bool) -> None:
    """Its endpoints may be listed still, and its gates would pass."""
    await rest(api_server)
    await ends(api_server, done=done)
    asked_for(api_server, 0)
    with pytest.raises(RefusedError, match=r"backend-blue has no pods: the watch ended them .*Next: pulumi up again"):
        await begin(api_server, move(BLUE, confirmed=GREEN), name="update-3")
    assert stages(api_server) == ["CONFIRMED", "CONFIRMED"]


async def test_a_flip_waits_for_what_is_on_its_way_and_goes_on_where_nothing_came_of_it(
    api_server: FakeApiServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """Once it is recorded, the ending is over."""
    await rest(api_server)
    await ends(api_server, done=False)
    await begin(api_server, move(BLUE, confirmed=GREEN), name="update-3")
    assert "the watch began to end the pods of blue" in capsys.readouterr().out
    assert recorded(api_server).stage is Stage.PROVEN
    assert known(api_server) is None


async def test_a_flip_starts_pods_that_somebody_else_scales_and_finds_them_awake(api_server: FakeApiServer) -> None:
    """No update starts those but this one, right before the proof."""
    await rest(api_server)
    await ends(api_server, done=True)
    asked_for(api_server, 0)

    def scaled(method: str, path: str) -> None:
        if (method, path) == ("PATCH", SCALE):
            asked_for(api_server, 1)

    api_server.fault = scaled
    back_to_blue = replace(move(BLUE, confirmed=GREEN), scaled_by_others=frozenset({"backend"}))
    await begin(api_server, back_to_blue, name="update-3")
    assert recorded(api_server).stage is Stage.PROVEN


async def test_a_flip_whose_proof_is_older_than_an_ending_is_refused(
    api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record was written since it was read, and says by whom."""
    await rest(api_server)
    seen = Cluster.restarts

    async def late(cluster: Cluster, colour: Colour) -> Any:  # noqa: ANN401 - as the real one
        await ends(api_server, done=False)
        return await seen(cluster, colour)

    monkeypatch.setattr(Cluster, "restarts", late)
    with pytest.raises(RefusedError, match=r"the watch began to end the pods of blue .* Next: pulumi up again"):
        await begin(api_server, move(BLUE, confirmed=GREEN), name="update-3")
    assert stages(api_server) == ["CONFIRMED", "CONFIRMED"]


async def test_an_ending_of_before_is_not_blamed(api_server: FakeApiServer) -> None:
    """Somebody recorded something else since."""
    await rest(api_server)
    await ends(api_server, done=True)
    api_server.fault = lambda method, path: 409 if (method, path) == ("PUT", RECORD) else None
    with pytest.raises(RefusedError, match="somebody else recorded a flip"):
        await begin(api_server, move(BLUE, confirmed=GREEN), name="update-3")
    with pytest.raises(RefusedError, match="somebody else began a flip meanwhile"):
        await back(api_server)


async def test_a_rollback_says_that_an_ending_came_first(
    api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was recorded after the rollback had looked."""
    await rest(api_server)
    seen = Cluster.autoscalers

    async def late(cluster: Cluster) -> Any:  # noqa: ANN401 - as the real one
        await ends(api_server, done=False)
        return await seen(cluster)

    monkeypatch.setattr(Cluster, "autoscalers", late)
    with pytest.raises(RefusedError, match=r"the watch began to end the pods of blue at .* meanwhile, and this"):
        await back(api_server)


@pytest.mark.parametrize(("done", "pods"), [(False, 1), (True, 0)])
async def test_a_rollback_leaves_such_a_colour_to_an_update(
    api_server: FakeApiServer, *, done: bool, pods: int
) -> None:
    """It starts its pods first."""
    await rest(api_server)
    await ends(api_server, done=done)
    asked_for(api_server, pods)
    with pytest.raises(ColdError, match="the watch ended its pods"):
        await back(api_server)
    asked_for(api_server, 1)
    await ends(api_server, done=True)
    assert (await back(api_server)).slots == {BLUE: "b", GREEN: "g"}


async def test_a_cron_job_that_waits_has_not_been_ended(
    api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has no pods that could have been, and a rollback hands its schedule over."""
    monkeypatch.setattr(schedule, "SETTLE_SECONDS", 0.0)
    await live_on_green(api_server)
    api_server.answers.pop(SERVICE)
    cron_job(api_server, "blue")
    await confirmed_with_cron_job(api_server, BLUE)
    await confirmed_with_cron_job(api_server, GREEN)
    await ends(api_server, done=True)
    assert suspended(api_server) == {"blue": True, "green": False}
    assert (await back(api_server)).stage is Stage.BAKING


def test_the_end_of_a_flip_is_dated_beside_what_was_ended() -> None:
    """What the record says of pods that end stays there."""
    its = Ending(colour=BLUE, flip=2, at="2026-01-01T12:00:00+00:00")
    assert History(ending=its).dated("2026-01-01T12:01:00+00:00").ending == its
