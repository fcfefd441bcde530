"""Traffic goes back at once where that is proven, and the record of it is one that the next update goes on with."""

import pytest

from teal.adapters.kubernetes import schedule
from teal.adapters.kubernetes.cluster import Cluster, ClusterAccess
from teal.flip.mover import Mover
from teal.flip.rollback import ColdError
from teal.history.model import Stage
from teal.model.errors import ForeignChangeError, NotThereError, RefusedError
from teal.model.labels import DIGEST
from tests.unit.conftest import FakeApiServer
from tests.unit.teal.flip.moving import SERVICE, cluster, finish, move, recorded, stages, written
from tests.unit.teal.flip.rollback.going_back import (
    BLUE,
    DEPLOYMENTS,
    GREEN,
    back,
    confirmed_with_cron_job,
    deployments,
    live_on_green,
)
from tests.unit.teal.working import BATCH, cron_job, suspended


async def test_traffic_goes_back_at_once_and_is_recorded(api_server: FakeApiServer) -> None:
    """As a flip that is open, and that nobody keeps: it is baked by whoever comes next."""
    await live_on_green(api_server)
    flip = await back(api_server)
    assert written(api_server) == ["blue"]
    assert stages(api_server) == ["CONFIRMED", "CONFIRMED", "BAKING"]
    assert flip == recorded(api_server)
    assert (flip.origin, flip.to, flip.rollback, flip.undoes, flip.owner) == (GREEN, BLUE, True, False, "")
    assert (flip.origin_version, flip.version, flip.by, flip.carried) == (
        "1.1.0",
        "1.0.0",
        "somebody@example",
        {"backend": 1},
    )
    assert [each.gate for each in flip.verdicts] == ["capacity"]
    assert flip.allowed_at


async def test_it_is_recorded_before_it_is_written(api_server: FakeApiServer) -> None:
    """Whoever finds its process dead knows what it was about to do."""
    await live_on_green(api_server)
    seen: list[Stage] = []

    def fault(method: str, path: str) -> int | None:
        if (method, path) == ("PATCH", SERVICE):
            seen.append(recorded(api_server).stage)
        return None

    api_server.fault = fault
    await back(api_server)
    assert seen == [Stage.PROVEN]


async def test_the_update_that_follows_finds_nothing_to_move_and_bakes(api_server: FakeApiServer) -> None:
    """It has the same colour as the active one, in the same release."""
    await live_on_green(api_server)
    await back(api_server)
    declared = move(BLUE, confirmed=GREEN)
    async with Cluster.connect(ClusterAccess(namespace="teal", kubeconfig=api_server.kubeconfig)) as found:
        mover = Mover(found, declared, name="update-2", say=print)
        assert await mover.begin() is None
        await mover.finish(GREEN)
    assert stages(api_server) == ["CONFIRMED"] * 3
    assert written(api_server) == ["blue"]


async def test_a_bake_that_fails_goes_back_to_where_it_came_from(api_server: FakeApiServer) -> None:
    """As with any other flip between two releases that were confirmed."""
    await live_on_green(api_server)
    await back(api_server)
    api_server.answers[f"{SERVICE}:http/proxy/pricing"] = (500, {})
    with pytest.raises(RefusedError, match="Traffic was put back onto green"):
        await finish(api_server, move(BLUE, confirmed=GREEN), confirmed=GREEN)
    assert written(api_server) == ["blue", "green"]


@pytest.mark.parametrize(
    ("blue", "why"),
    [
        ("changed", "not known to have been confirmed"),
        ("b/other", "not known to have been confirmed"),
        ("", "not known"),
    ],
)
async def test_a_release_that_was_changed_since_is_left_to_an_update(
    api_server: FakeApiServer, blue: str, why: str
) -> None:
    """Its pods, or whom they reach: it asks all gates."""
    await live_on_green(api_server)
    deployments(api_server, blue=blue, green="g")
    with pytest.raises(ColdError, match=why) as said:
        await back(api_server)
    assert said.value.to is BLUE
    assert (written(api_server), stages(api_server)) == ([], ["CONFIRMED", "CONFIRMED"])


async def test_too_few_pods_are_left_to_an_update(api_server: FakeApiServer) -> None:
    """It starts those that are missing first."""
    await live_on_green(api_server)
    api_server.pods("backend", "green", ["1.1.0"] * 3)
    with pytest.raises(ColdError, match=r"blue has 1 ready endpoint; needed: 3 \(what green has\)"):
        await back(api_server)
    assert (written(api_server), stages(api_server)) == ([], ["CONFIRMED", "CONFIRMED"])


@pytest.mark.parametrize(
    ("version", "said"),
    [
        ("1.1.0", "1.1.0 is live already, on green.*Next: teal status"),
        ("0.9.0", "0.9.0 was never deployed.*Next: teal history"),
    ],
)
async def test_a_version_that_cannot_be_gone_back_to(api_server: FakeApiServer, version: str, said: str) -> None:
    """Nothing moves, and it is said why."""
    await live_on_green(api_server)
    with pytest.raises(NotThereError, match=said):
        await back(api_server, version)
    assert written(api_server) == []


async def test_a_version_whose_slot_was_given_away(api_server: FakeApiServer) -> None:
    """It was live once: what is to be done is named."""
    await live_on_green(api_server)
    for each in api_server.answers[DEPLOYMENTS][1]["items"]:
        if each["metadata"]["labels"]["teal/colour"] == "blue":
            each["metadata"]["labels"]["app.kubernetes.io/version"] = "1.2.0"
    with pytest.raises(NotThereError, match=r"1.0.0 was live in flip 1.*blue runs 1.2.0.*Next: teal deploy 1.0.0"):
        await back(api_server, "1.0.0")


async def test_the_version_that_is_meant_may_be_named(api_server: FakeApiServer) -> None:
    """And is gone back to."""
    await live_on_green(api_server)
    assert (await back(api_server, "1.0.0")).to is BLUE


async def test_nothing_to_go_back_to(api_server: FakeApiServer) -> None:
    """No flip at all, or no other colour."""
    with pytest.raises(NotThereError, match="no flip is remembered"):
        await back(api_server)
    await live_on_green(api_server)
    deployments(api_server, green="g")
    with pytest.raises(NotThereError, match="blue has no release"):
        await back(api_server)


async def test_traffic_that_somebody_else_sent_elsewhere_is_left(api_server: FakeApiServer) -> None:
    """There is no other colour of it."""
    await live_on_green(api_server)
    api_server.service("backend", "red", writer="kubectl-patch")
    with pytest.raises(ForeignChangeError, match="'red'"):
        await back(api_server)


async def test_a_schedule_goes_back_with_the_traffic(
    api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Long after the flip: a cron job has no pods that would have to be started; it has to be what was confirmed."""
    monkeypatch.setattr(schedule, "SETTLE_SECONDS", 0.0)
    cluster(api_server, "blue")
    api_server.answers.pop(SERVICE)
    deployments(api_server, blue="b", green="g")
    cron_job(api_server, "blue")
    await confirmed_with_cron_job(api_server, BLUE)
    await confirmed_with_cron_job(api_server, GREEN)
    assert stages(api_server) == ["CONFIRMED", "CONFIRMED"]
    assert suspended(api_server) == {"blue": True, "green": False}
    annotations = api_server.answers[f"{BATCH}/mailer-blue"][1]["metadata"]["annotations"]
    known, annotations[DIGEST] = annotations[DIGEST], "changed since"
    with pytest.raises(ColdError, match="not known to have been confirmed"):
        await back(api_server)
    assert suspended(api_server) == {"blue": True, "green": False}
    annotations[DIGEST] = known
    flip = await back(api_server)
    assert (flip.stage, flip.to) == (Stage.BAKING, BLUE)
    assert suspended(api_server) == {"blue": False, "green": True}
