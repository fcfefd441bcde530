"""Who keeps a flip shows that it lives in a Lease, and finds there that somebody else took over."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from teal.adapters.kubernetes.cluster import Cluster, ClusterAccess
from teal.flip import tenure
from teal.history.lease import Lease
from teal.history.model import Stage
from teal.history.store import OvertakenError, Records
from teal.model.errors import UnreachableError
from tests.unit.conftest import FakeApiServer
from tests.unit.teal.flip.moving import begin, cluster, finish, move, recorded

LEASE = "/apis/coordination.k8s.io/v1/namespaces/teal/leases/teal-flip"


@pytest.fixture
async def records(api_server: FakeApiServer) -> AsyncGenerator[Records]:
    """Of a namespace in which nothing ever was."""
    async with Cluster.connect(ClusterAccess(namespace="teal", kubeconfig=api_server.kubeconfig)) as found:
        yield Records(found.http, "teal")


async def test_the_history_is_not_rewritten_while_a_bake_lasts(
    api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long it is: the Lease alone is renewed, a few hundred bytes and not a megabyte every three seconds."""
    monkeypatch.setattr(tenure, "HEARTBEAT_SECONDS", 0.1)
    cluster(api_server, "blue")
    await begin(api_server, move(seconds=1.5))
    api_server.service("backend", "green")
    api_server.heard.clear()
    await finish(api_server, move(seconds=1.5))
    assert recorded(api_server).stage is Stage.CONFIRMED
    assert api_server.heard.count(f"PUT {LEASE}") >= 4
    assert api_server.heard.count("PUT /api/v1/namespaces/teal/configmaps/teal-history") == 2  # BAKING, and its end


async def test_it_names_its_holder_and_counts_who_took_it(api_server: FakeApiServer, records: Records) -> None:
    """As client-go's leader election has it, so that `kubectl get lease` says who keeps the flip."""
    first, second = Lease(records, "update-1", 12), Lease(records, "watch-1", 12)
    await first.take()
    taken = api_server.answers[LEASE][1]["spec"]
    assert (taken["holderIdentity"], taken["leaseDurationSeconds"], taken["leaseTransitions"]) == ("update-1", 12, 0)
    await first.renew()
    renewed = api_server.answers[LEASE][1]["spec"]
    assert renewed["acquireTime"] == taken["acquireTime"]
    assert renewed["renewTime"] > taken["renewTime"]
    await second.take()
    assert api_server.answers[LEASE][1]["spec"]["leaseTransitions"] == 1


async def test_who_was_replaced_finds_it_at_the_next_renewal(records: Records) -> None:
    """It neither renews nor goes on: two owners would write traffic."""
    first, second = Lease(records, "update-1", 12), Lease(records, "watch-1", 12)
    await first.take()
    await second.take()
    with pytest.raises(OvertakenError, match="held by watch-1"):
        await first.renew()
    await second.renew()


async def test_every_renewal_is_seen(records: Records) -> None:
    """By its resource version, so that no two clocks are compared."""
    held = Lease(records, "update-1", 12)
    assert await held.seen() == ""
    await held.take()
    before = await held.seen()
    await held.renew()
    assert await held.seen() not in {"", before}


async def test_a_lost_answer_and_a_deleted_lease_end_nobody(api_server: FakeApiServer, records: Records) -> None:
    """A renewal that was written and not answered is this owner's own; a Lease that is gone is made anew."""
    held = Lease(records, "update-1", 12)
    await held.take()
    api_server.answers[LEASE][1]["metadata"]["resourceVersion"] = "999"
    await held.renew()
    del api_server.answers[LEASE]
    await held.renew()
    assert api_server.answers[LEASE][1]["spec"]["holderIdentity"] == "update-1"


async def test_a_keeper_that_renews_is_left_alone(api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though its record stands still, as it does during a whole bake."""
    monkeypatch.setattr(tenure, "LEASE_SECONDS", 3)
    cluster(api_server, "blue")
    await begin(api_server, move())
    async with Cluster.connect(ClusterAccess(namespace="teal", kubeconfig=api_server.kubeconfig)) as found:
        records = Records(found.http, "teal")
        kept = await records.save(await records.load(), recorded(api_server).at(Stage.BAKING))
        living = Lease(records, "update-1", 12)
        await living.take()
        flip = kept.flip(1)

        async def renewing() -> None:
            while True:
                await asyncio.sleep(0.3)
                await living.renew()

        renewals = asyncio.create_task(renewing())
        try:
            assert not await tenure.free(records, flip, "watch-1")
        finally:
            renewals.cancel()


async def test_an_api_server_that_refuses_is_named(api_server: FakeApiServer, records: Records) -> None:
    """An account without the right to Leases learns it before traffic is left without a owner."""
    api_server.answers[LEASE] = (403, {"kind": "Status"})
    with pytest.raises(UnreachableError, match=r"403 to GET .*leases/teal-flip"):
        await Lease(records, "update-1", 12).take()


async def test_a_refusal_beside_a_bake_does_not_begin_it_anew(api_server: FakeApiServer, records: Records) -> None:
    """Another update recorded a flip of its own, which moved nothing: the record of this one is what it was."""
    cluster(api_server, "blue")
    await begin(api_server, move())
    kept = await records.load()
    other = recorded(api_server).model_copy(update={"number": 2}).at(Stage.REFUSED, "no approval")
    await records.save(kept, other)
    saved = await records.save(kept, kept.flip(1).at(Stage.BAKING))
    assert [(each.number, each.stage) for each in saved.history.flips] == [(1, Stage.BAKING), (2, Stage.REFUSED)]
