"""A move from its proof to its end, against a cluster on loopback: what is recorded, and where traffic ends up."""

from dataclasses import replace

import pytest

from teal.adapters.kubernetes import connections
from teal.adapters.kubernetes.cluster import Cluster, ClusterAccess
from teal.adapters.kubernetes.server_clock import ServerClock
from teal.history.model import Stage
from teal.history.store import OvertakenError, Records
from teal.model.errors import RefusedError
from teal.model.live import Endpoint
from tests.unit.conftest import FakeApiServer
from tests.unit.teal.flip.moving import (
    BLUE,
    DOOR,
    GREEN,
    begin,
    both,
    cluster,
    finish,
    gone_on_with,
    left_at,
    move,
    recorded,
    stages,
    written,
)

pytestmark = pytest.mark.usefixtures("patience")


async def test_a_proven_move_that_bakes_well_is_confirmed(api_server: FakeApiServer) -> None:
    """Proven before the write, confirmed after it."""
    cluster(api_server, "blue")
    await begin(api_server, move())
    assert stages(api_server) == ["PROVEN"]
    api_server.service("backend", "green")  # the engine's write
    await finish(api_server, move())
    assert stages(api_server) == ["CONFIRMED"]
    assert written(api_server) == []


async def test_when_the_write_was_allowed_and_its_bake_began_and_decided_are_recorded(
    api_server: FakeApiServer,
) -> None:
    """Between the first two traffic was live and nobody looked: whoever bakes again does not make that shorter."""
    cluster(api_server, "blue")
    before = ServerClock().now("milliseconds")
    await begin(api_server, move())
    api_server.service("backend", "green")
    written_at = ServerClock().now("milliseconds")
    api_server.pods("backend", "blue", [])
    api_server.answers[DOOR] = (500, {})
    with pytest.raises(RefusedError, match="TRAFFIC STAYS"):
        await finish(api_server, move())
    stuck = recorded(api_server)
    assert before <= stuck.allowed_at <= written_at <= stuck.bake_began_at <= stuck.decided_at
    api_server.answers[DOOR] = (200, {})
    await finish(api_server, move(), name="update-2")
    again = recorded(api_server)
    assert (again.stage, again.bake_began_at) == (Stage.CONFIRMED, stuck.bake_began_at)
    assert again.decided_at > stuck.decided_at


async def test_who_moved_what_is_recorded(api_server: FakeApiServer) -> None:
    """As the API server authenticated it, with both versions."""
    cluster(api_server, "blue")
    await begin(api_server, move())
    flip = recorded(api_server)
    assert (flip.by, flip.origin_version, flip.version) == ("somebody@example", "1.0.0", "1.1.0")
    assert {each.gate for each in flip.verdicts} == {"capacity", "version"}


async def test_a_refusal_is_recorded_with_its_evidence(api_server: FakeApiServer) -> None:
    """Nothing is written but the record."""
    cluster(api_server, "blue", green=0)
    with pytest.raises(RefusedError, match="green has 0 ready endpoints"):
        await begin(api_server, move())
    assert stages(api_server) == ["REFUSED"]
    assert written(api_server) == []


async def test_a_bake_that_fails_puts_traffic_back_and_refuses(api_server: FakeApiServer) -> None:
    """The message says what was seen, and where traffic is now."""
    cluster(api_server, "blue")
    await begin(api_server, move())
    api_server.service("backend", "green")
    api_server.answers[DOOR] = (500, {})
    with pytest.raises(RefusedError, match=r"/pricing answered 500.*Traffic was put back onto blue"):
        await finish(api_server, move())
    assert stages(api_server) == ["REVERTED"]
    assert written(api_server) == ["blue"]


async def test_traffic_is_not_put_back_onto_a_colour_that_cannot_carry_it(api_server: FakeApiServer) -> None:
    """It stays, and the message says so loudly."""
    cluster(api_server, "blue")
    await begin(api_server, move())
    api_server.service("backend", "green")
    api_server.answers[DOOR] = (500, {})
    api_server.pods("backend", "blue", [])
    with pytest.raises(RefusedError, match=r"blue has 0 ready endpoints.*TRAFFIC STAYS ON GREEN"):
        await finish(api_server, move())
    assert stages(api_server) == ["STUCK"]
    assert written(api_server) == []


async def test_a_release_that_scaled_out_while_it_failed_is_undone_all_the_same(api_server: FakeApiServer) -> None:
    """The old colour is asked for what it carried the traffic with, not for what a failing one grew to."""
    cluster(api_server, "blue")
    await begin(api_server, move())
    api_server.service("backend", "green")
    api_server.pods("backend", "green", ["1.1.0"] * 4)
    api_server.answers[DOOR] = (500, {})
    with pytest.raises(RefusedError, match="Traffic was put back onto blue"):
        await finish(api_server, move())


async def test_a_stuck_flip_is_baked_again_by_the_next_update(api_server: FakeApiServer) -> None:
    """Whichever machine runs it; nobody is waited for, since the first one said that it had ended."""
    cluster(api_server, "blue")
    await begin(api_server, move())
    api_server.service("backend", "green")
    api_server.answers[DOOR] = (500, {})
    api_server.pods("backend", "blue", [])
    with pytest.raises(RefusedError):
        await finish(api_server, move())
    api_server.answers[DOOR] = (200, {})
    await finish(api_server, move(), name="update-2")
    assert stages(api_server) == ["CONFIRMED"]


async def test_what_was_never_confirmed_gets_nothing_back(api_server: FakeApiServer) -> None:
    """Back from an unconfirmed green to blue: a bake of blue that fails does not send traffic to green again."""
    cluster(api_server, "green")
    await begin(api_server, move(BLUE, confirmed=BLUE), name="update-2")
    assert stages(api_server) == ["PROVEN"]
    api_server.service("backend", "blue")
    api_server.answers[DOOR] = (500, {})
    with pytest.raises(RefusedError, match="green was never confirmed"):
        await finish(api_server, move(BLUE, confirmed=BLUE), name="update-2", confirmed=GREEN)
    assert written(api_server) == []


async def test_a_write_whose_update_was_killed_is_not_proven_again(api_server: FakeApiServer) -> None:
    """It was proven, and traffic has moved: only its bake is to come."""
    cluster(api_server, "blue")
    await begin(api_server, move())
    api_server.service("backend", "green")
    api_server.pods("backend", "green", [])  # would be refused, and too late
    await begin(api_server, move(), name="update-2")
    assert stages(api_server) == ["PROVEN"]


async def test_a_proof_is_not_borrowed_by_another_release(api_server: FakeApiServer) -> None:
    """A killed update proved 1.1.0; what is declared now has other content."""
    cluster(api_server, "blue")
    await begin(api_server, move())
    other = replace(move(), release="another digest")
    api_server.pods("backend", "green", [])
    with pytest.raises(RefusedError, match="green has 0 ready endpoints"):
        await begin(api_server, other, name="update-2")
    assert stages(api_server) == ["PROVEN", "REFUSED"]  # the killed one may have moved something: not forgotten


async def test_what_is_confirmed_is_what_was_baked(api_server: FakeApiServer) -> None:
    """The live slot was changed while its flip was open: the release that was proven is not the one that baked."""
    cluster(api_server, "blue")
    await begin(api_server, move())
    api_server.service("backend", "green")
    other = replace(move(), release="another digest", versions={BLUE: "1.0.0", GREEN: "1.1.1"})
    await finish(api_server, other, name="update-2")
    flip = recorded(api_server)
    assert (flip.stage, flip.release, flip.version) == (Stage.CONFIRMED, "another digest", "1.1.1")


async def test_after_a_revert_nothing_moves_for_the_old_colour(api_server: FakeApiServer) -> None:
    """The config goes back to blue, where traffic is already: no gates, no new flip."""
    cluster(api_server, "blue")
    api_server.pods("backend", "blue", [])
    await begin(api_server, move(BLUE, confirmed=BLUE))
    assert stages(api_server) == []


async def test_a_lost_write_of_the_record_is_recognised(api_server: FakeApiServer) -> None:
    """The same content under another resource version is our own write, whose answer got lost."""
    cluster(api_server, "blue")
    async with Cluster.connect(ClusterAccess(namespace="teal", kubeconfig=api_server.kubeconfig)) as found:
        records = Records(found.http, "teal")
        await begin(api_server, move())
        kept = await records.load()
        flip = recorded(api_server).at(Stage.BAKING)
        await records.save(kept, flip)
        await records.save(kept, flip)
        with pytest.raises(OvertakenError):
            await records.save(kept, flip.at(Stage.CONFIRMED))


async def test_a_living_keeper_is_left_alone_and_a_dead_one_replaced(api_server: FakeApiServer) -> None:
    """A count that stands still for the lease is a dead owner's."""
    cluster(api_server, "blue")
    await begin(api_server, move())
    api_server.service("backend", "green")
    ended = await gone_on_with(api_server)
    assert (ended.stage, ended.number) == (Stage.CONFIRMED, 1)


@pytest.mark.parametrize(
    ("stage", "why"),
    [
        (Stage.PROVEN, "its update died when only backend had moved"),
        (Stage.BAKING, "of its traffic, only that of backend is on green still"),
    ],
)
async def test_half_a_flip_set_is_put_back(api_server: FakeApiServer, stage: Stage, why: str) -> None:
    """An update that died between two writes left two services on different colours, or a flip has moved one since."""
    for service in ("backend", "frontend"):
        api_server.service(service, "blue")
        api_server.pods(service, "blue", ["1.0.0"])
        api_server.pods(service, "green", ["1.1.0"])
    await begin(api_server, both(move()))
    api_server.service("backend", "green")
    await left_at(api_server, stage)
    api_server.asked.clear()
    ended = await gone_on_with(api_server)
    lists = [path for path in api_server.asked if "/services?" in path]
    assert not lists, "the watch may get the services that it knows, and list none"
    assert ended.stage is Stage.REVERTED
    assert why in ended.reason
    assert written(api_server) == ["blue"]


async def test_connections_follow_the_traffic(api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pods are asked after the write, never before it: one that does not answer would hold it up."""
    asked: list[tuple[str, int]] = []

    async def close(
        _http: object, _namespace: str, endpoints: list[Endpoint], _path: str, seconds: int, **_: object
    ) -> list[str]:
        asked.extend((each.pod.split("-")[1], seconds) for each in endpoints)
        return []

    monkeypatch.setattr(connections, "close", close)
    cluster(api_server, "blue")
    await begin(api_server, move(close="/close"))
    assert asked == []
    api_server.service("backend", "green")
    api_server.answers[DOOR] = (500, {})
    with pytest.raises(RefusedError):
        await finish(api_server, move(close="/close"))
    # Both colours are asked at once, so neither is promised to be first.
    assert ({*asked[:2]}, {*asked[2:]}) == ({("green", 0), ("blue", 60)}, {("blue", 0), ("green", 60)})
