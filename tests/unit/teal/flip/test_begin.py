"""What an update begins with: what another one left behind, a Lease that it cannot have, a data path that lags."""

import asyncio
from dataclasses import replace

import pytest

from teal.adapters.kubernetes.cluster import Cluster, ClusterAccess
from teal.flip import mover, tenure
from teal.flip.owner import Owner
from teal.history.lease import Lease
from teal.history.model import Stage
from teal.history.store import OvertakenError, Records
from teal.model.colours import Colour
from teal.model.errors import RefusedError, UnreachableError
from tests.unit.conftest import FakeApiServer
from tests.unit.teal.flip.moving import DOOR, begin, both, cluster, finish, move, recorded, stages, written

LEASES = "/apis/coordination.k8s.io/v1/namespaces/teal/leases"


@pytest.fixture(autouse=True)
def _short_leases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tenure, "PROVEN_LEASES", 1)
    monkeypatch.setattr(tenure, "LEASE_SECONDS", 1.5)


async def test_an_account_that_may_not_show_that_it_lives_moves_nothing(api_server: FakeApiServer) -> None:
    """It learns that before the engine writes, and the flip is over."""
    cluster(api_server, "blue")
    api_server.answers[f"{LEASES}/teal-flip"] = (403, {"kind": "Status"})
    with pytest.raises(UnreachableError, match=r"403 to GET .*leases/teal-flip"):
        await begin(api_server, move())
    assert (stages(api_server), written(api_server)) == (["REFUSED"], [])


async def test_an_account_that_may_not_list_pods_moves_nothing(api_server: FakeApiServer) -> None:
    """Its bake could not tell which pods crash, and would leave each flip unproven."""
    cluster(api_server, "blue")
    api_server.answers["/api/v1/namespaces/teal/pods"] = (403, {"kind": "Status"})
    with pytest.raises(UnreachableError, match=r"403 to GET .*/pods.*Next: kubectl auth can-i"):
        await begin(api_server, move())
    assert (stages(api_server), written(api_server)) == ([], [])


async def test_a_lease_that_somebody_else_keeps_moves_nothing(
    api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message says what that means and what to do, and the flip is over."""

    async def lost(_: Lease) -> bool:
        return False

    monkeypatch.setattr(Lease, "_write", lost)
    cluster(api_server, "blue")
    with pytest.raises(RefusedError, match=r"renewed by somebody else.*moved no traffic.*Next: teal status"):
        await begin(api_server, move())
    assert (stages(api_server), written(api_server)) == (["REFUSED"], [])


async def test_half_a_flip_stays_open_where_its_proof_fails(api_server: FakeApiServer) -> None:
    """Its record would say that nothing moved, and no watch would go on with it."""
    cluster(api_server, "blue")
    for colour, version in (("blue", "1.0.0"), ("green", "1.1.0")):
        api_server.pods("frontend", colour, [version])
    api_server.service("frontend", "blue")
    await begin(api_server, both(move()))
    api_server.service("frontend", "green")  # the engine's write; then the update died
    api_server.pods("backend", "green", [])
    with pytest.raises(RefusedError, match=r"This update moved nothing: frontend went to green .*teal watch"):
        await begin(api_server, both(move()), name="update-2")
    assert stages(api_server) == ["PROVEN"]


@pytest.mark.parametrize(("alive", "stage"), [(True, "PROVEN"), (False, "REFUSED")])
async def test_a_refusal_does_not_end_what_another_update_has_begun(
    api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch, *, alive: bool, stage: str
) -> None:
    """Two machines declare the same flip. One has proven it and is about to write; the other's gates fail."""

    async def free(*_: object) -> bool:
        return not alive

    monkeypatch.setattr(mover, "free", free)
    cluster(api_server, "blue")
    await begin(api_server, move())
    api_server.pods("backend", "green", [])
    with pytest.raises(RefusedError, match="green has 0 ready endpoints"):
        await begin(api_server, move(), name="update-2")
    assert stages(api_server) == [stage]


async def revert(server: FakeApiServer) -> None:
    """A flip to green whose bake has failed, and whose update died when it had put traffic back."""
    cluster(server, "blue")
    await begin(server, move())
    async with Cluster.connect(ClusterAccess(namespace="teal", kubeconfig=server.kubeconfig)) as found:
        records = Records(found.http, "teal")
        await records.save(await records.load(), recorded(server).at(Stage.REVERTING, "bake of backend FAILED"))


async def left_halfway(api_server: FakeApiServer) -> None:
    """A flip to green whose bake has failed, and whose update died when it had put one of two services back."""
    cluster(api_server, "blue")
    for colour, version in (("blue", "1.0.0"), ("green", "1.1.0")):
        api_server.pods("frontend", colour, [version])
    api_server.service("frontend", "blue")
    await begin(api_server, both(move()))
    api_server.service("frontend", "green")  # the backend is back already
    async with Cluster.connect(ClusterAccess(namespace="teal", kubeconfig=api_server.kubeconfig)) as found:
        records = Records(found.http, "teal")
        await records.save(await records.load(), recorded(api_server).at(Stage.REVERTING, "bake of backend FAILED"))


async def test_a_way_back_that_was_left_halfway_is_finished_first(api_server: FakeApiServer) -> None:
    """With what failed, half of the traffic would go on: nobody had looked since."""
    await left_halfway(api_server)
    await begin(api_server, both(move()), name="update-2")
    assert stages(api_server) == ["REVERTED", "PROVEN"]
    assert (
        api_server.answers["/api/v1/namespaces/teal/services/frontend"][1]["spec"]["selector"]["teal/colour"] == "blue"
    )


async def test_a_plan_of_which_the_engine_would_write_a_part_moves_nothing(api_server: FakeApiServer) -> None:
    """The frontend was on green when it was planned, so the engine sees nothing to write there: it is back since."""
    await left_halfway(api_server)
    planned = replace(both(move()), planned={"backend": Colour.BLUE, "frontend": Colour.GREEN})
    with pytest.raises(RefusedError, match="live traffic of frontend has left green since this update was planned"):
        await begin(api_server, planned, name="update-2")
    assert stages(api_server) == ["REVERTED"]


@pytest.mark.parametrize("overtaken", [True, False])
async def test_nothing_begins_before_somebody_else_has_finished_the_way_back(
    api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch, *, overtaken: bool
) -> None:
    """Both would write where the same traffic goes."""

    async def go_on(_: Owner) -> None:
        if overtaken:
            raise OvertakenError("the watch keeps it")

    await left_halfway(api_server)
    monkeypatch.setattr(Owner, "go_on", go_on)
    with pytest.raises(RefusedError, match=r"has to be back on blue before another flip begins.*Next: teal"):
        await begin(api_server, both(move()), name="update-2")
    assert stages(api_server) == ["REVERTING"]


async def test_a_flip_whose_traffic_is_back_ends_before_the_next_begins(api_server: FakeApiServer) -> None:
    """The same release again is another flip, with a proof of its own and none of the first one's evidence."""
    await revert(api_server)
    await begin(api_server, move(), name="update-2")
    assert stages(api_server) == ["REVERTED", "PROVEN"]
    assert {each.outcome for each in recorded(api_server).verdicts} == {"PASSED"}


async def test_whoever_puts_traffic_back_is_not_disturbed(
    api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It lives, so its flip is its own to end."""

    async def lives(*_: object) -> bool:
        return False

    monkeypatch.setattr(mover, "free", lives)
    await revert(api_server)
    with pytest.raises(RefusedError, match=r"its owner update-1 lives, and puts traffic back. Next: wait"):
        await begin(api_server, move(), name="update-2")
    assert stages(api_server) == ["REVERTING"]


async def test_what_the_left_colour_answers_is_not_held_against_the_destination(api_server: FakeApiServer) -> None:
    """A selector is written, and EndpointSlices still name the colour that fails: a way back would be undone by it."""
    cluster(api_server, "blue")
    await begin(api_server, move())
    api_server.service("backend", "green")
    api_server.endpoints("backend", ["backend-blue-0"])
    api_server.answers[DOOR] = (500, {})

    async def follow() -> None:
        while api_server.asked.count(DOOR) < 3:  # noqa: ASYNC110 - another thread's list
            await asyncio.sleep(0.01)
        api_server.answers[DOOR] = (200, {})
        api_server.endpoints("backend", ["backend-green-0"])

    await asyncio.gather(finish(api_server, move(), confirmed=Colour.BLUE), follow())
    assert stages(api_server) == ["CONFIRMED"]


async def test_what_failed_is_not_confirmed_as_another_release(api_server: FakeApiServer) -> None:
    """Somebody sent traffic back to it, and the colour has another release by now: its way back comes first."""
    await revert(api_server)
    api_server.service("backend", "green", writer="kubectl-patch")
    declared = replace(move(), release="another digest", versions={Colour.BLUE: "1.0.0", Colour.GREEN: "1.2.0"})
    await asyncio.sleep(1.6)  # the lease of who died
    with pytest.raises(RefusedError, match=r"REVERTED\. bake of backend FAILED"):
        await finish(api_server, declared, name="update-2")
    assert (stages(api_server), written(api_server)) == (["REVERTED"], ["blue"])


async def test_another_release_of_the_colour_that_bakes_has_the_same_way_back(api_server: FakeApiServer) -> None:
    """Nothing else is live by then, and the colour that the first one left is still the one to go back to."""
    cluster(api_server, "blue")
    await begin(api_server, move())
    api_server.service("backend", "green")
    declared = replace(move(), release="another digest")
    await begin(api_server, declared, name="update-2")
    assert recorded(api_server).origin is Colour.BLUE
    api_server.answers[DOOR] = (500, {})
    with pytest.raises(RefusedError, match=r"Traffic was put back onto blue"):
        await finish(api_server, declared, name="update-2")
    assert written(api_server) == ["blue"]


async def test_what_is_refused_says_where_traffic_is(api_server: FakeApiServer) -> None:
    """On the very colour, where an earlier release of it has the traffic."""
    cluster(api_server, "blue")
    await begin(api_server, move())
    api_server.service("backend", "green")
    api_server.pods("backend", "green", ["1.1.0"], ready=False)
    with pytest.raises(RefusedError, match=r"flip from blue to green refused.*live traffic stays on green"):
        await begin(api_server, replace(move(), release="another digest"), name="update-2")
