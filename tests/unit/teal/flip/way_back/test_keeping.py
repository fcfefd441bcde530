"""Nobody moves or confirms a flip's traffic who does not keep that flip."""

import asyncio
import json

import pytest

from teal.adapters.kubernetes.cluster import Cluster, ClusterAccess
from teal.flip import tenure
from teal.flip.mover import Mover
from teal.flip.owner import Owner
from teal.flip.tenure import Tenure
from teal.flip.watching import observer
from teal.history.model import Flip, History, Stage
from teal.history.store import Kept, OvertakenError, Records
from teal.model.errors import RefusedError
from teal.model.labels import COLOUR_LABEL, DIGEST, NAME_LABEL, PARTS
from tests.unit.conftest import FakeApiServer
from tests.unit.teal.flip.moving import (
    BLUE,
    DOOR,
    GREEN,
    begin,
    both,
    cluster,
    failing,
    finish,
    gone_on_with,
    move,
    recorded,
    stages,
    written,
)

pytestmark = pytest.mark.usefixtures("patience")


async def test_who_lost_the_flip_writes_no_traffic(api_server: FakeApiServer) -> None:
    """The record is renewed right before the write: taken by somebody else meanwhile, it is theirs to put back."""
    declared = await failing(api_server)
    async with Cluster.connect(ClusterAccess(namespace="teal", kubeconfig=api_server.kubeconfig)) as found:
        records = Records(found.http, "teal")
        kept = await records.load()
        held = Tenure(records, kept, recorded(api_server), "update-1")
        await held.write(held.flip.at(Stage.REVERTING, "it failed"))
        slept = Owner(found, records, None, name="update-1", say=print)
        other = await records.load()
        await records.save(other, recorded(api_server).owned_by("watch-1"))
        with pytest.raises(OvertakenError):
            await slept._put_back(held, await slept.live(declared.bake), ["backend"])  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # the moment in between
    assert written(api_server) == []


async def test_a_flip_that_was_renewed_in_between_is_not_taken_over(api_server: FakeApiServer) -> None:
    """What was seen to stand still is compared with what is there when it is taken."""
    await failing(api_server)
    async with Cluster.connect(ClusterAccess(namespace="teal", kubeconfig=api_server.kubeconfig)) as found:
        records = Records(found.http, "teal")
        seen = recorded(api_server)
        await records.save(await records.load(), seen.owned_by("update-1"))
        with pytest.raises(OvertakenError):
            await Tenure.take(records, seen, "watch-1")
    assert recorded(api_server).owner == "update-1"


async def test_slow_looks_do_not_outlast_the_lease(api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Signs of life go on beside everything else."""
    monkeypatch.setattr(tenure, "HEARTBEAT_SECONDS", 0.05)
    cluster(api_server, "blue")
    await begin(api_server, move())
    api_server.service("backend", "green")
    heartbeats: list[int] = []

    def renewals() -> int:
        return api_server.heard.count("PUT /apis/coordination.k8s.io/v1/namespaces/teal/leases/teal-flip")

    async def slow(*_: object) -> str:
        heartbeats.append(renewals())
        await asyncio.sleep(1)
        heartbeats.append(renewals())
        return ""

    monkeypatch.setattr(observer.Observer, "bake", slow)
    with pytest.raises(RefusedError, match="UNPROVEN"):
        await finish(api_server, move())
    assert heartbeats[1] >= heartbeats[0] + 3


async def test_the_engines_write_is_not_let_pass_for_a_flip_that_was_taken(api_server: FakeApiServer) -> None:
    """The proof of another service took long; meanwhile the watch has ended this flip."""
    cluster(api_server, "blue")
    async with Cluster.connect(ClusterAccess(namespace="teal", kubeconfig=api_server.kubeconfig)) as found:
        mover = Mover(found, move(), name="update-1", say=print)
        number = await mover.begin()
        assert number == 1
        await mover.renew(number, "backend")
        records = Records(found.http, "teal")
        await records.save(await records.load(), recorded(api_server).at(Stage.ABANDONED).owned_by("watch-1"))
        with pytest.raises(RefusedError, match=r"flip 1 is not this update's to go on with any more.*ABANDONED"):
            await mover.renew(number, "backend")


async def test_the_engines_write_is_not_let_pass_for_a_release_that_was_replaced(api_server: FakeApiServer) -> None:
    """Another update has written the Deployment since the gates judged it."""
    cluster(api_server, "blue")
    parts = json.dumps({"template": "1", "service": {"network": ""}})

    def green(digest: str) -> None:
        annotations = {DIGEST: digest, PARTS: parts}
        labels = {NAME_LABEL: "backend", COLOUR_LABEL: "green"}
        metadata = {"name": "backend-green", "resourceVersion": "1", "labels": labels, "annotations": annotations}
        api_server.answers["/apis/apps/v1/namespaces/teal/deployments"] = (
            200,
            {"items": [{"metadata": metadata, "spec": {"replicas": 1}}]},
        )

    green("proven")
    async with Cluster.connect(ClusterAccess(namespace="teal", kubeconfig=api_server.kubeconfig)) as found:
        mover = Mover(found, move(), name="update-1", say=print)
        number = await mover.begin()
        assert number == 1
        await mover.renew(number, "backend")
        green("another")
        with pytest.raises(RefusedError, match="somebody has replaced the release of backend-green since the gates"):
            await mover.renew(number, "backend")


@pytest.mark.parametrize("mine", [Stage.ABANDONED, Stage.REVERTED])
async def test_an_update_takes_no_other_updates_confirmation_for_its_own(
    api_server: FakeApiServer, mine: Stage
) -> None:
    """Its own flip came to nothing; the same colour was confirmed by somebody else's, in another release."""
    cluster(api_server, "blue")
    await begin(api_server, move())
    api_server.service("backend", "green")
    async with Cluster.connect(ClusterAccess(namespace="teal", kubeconfig=api_server.kubeconfig)) as found:
        records = Records(found.http, "teal")
        first = recorded(api_server)
        await records.save(await records.load(), first.at(mine, "so it came"))
        other = first.model_copy(update={"number": 2, "release": "another digest"}).at(Stage.CONFIRMED)
        await records.save(await records.load(), other.owned_by("update-2"))
        with pytest.raises(RefusedError, match=f"flip 1 .*{mine}"):
            await Mover(found, move(), name="update-1", say=print).finish(BLUE, None, first.number)


async def test_another_release_that_was_confirmed_is_not_this_one(api_server: FakeApiServer) -> None:
    """An update that began nothing finds green confirmed, as another release: it bakes its own."""
    cluster(api_server, "green")
    async with Cluster.connect(ClusterAccess(namespace="teal", kubeconfig=api_server.kubeconfig)) as found:
        records = Records(found.http, "teal")
        declared = move()
        other = Flip(
            number=1,
            origin=BLUE,
            to=GREEN,
            by="x",
            begun="",
            stage=Stage.CONFIRMED,
            release="other",
            version="1.0",
            plan=declared.bake,
        )
        await records.save(Kept(History(), ""), other)
    await finish(api_server, declared)
    assert stages(api_server) == ["CONFIRMED", "CONFIRMED"]
    assert recorded(api_server).release == declared.release


@pytest.mark.parametrize(("frontend", "stage"), [(0, Stage.STUCK), (1, Stage.CONFIRMED)])
async def test_half_a_flip_is_moved_on_only_with_a_proof(
    api_server: FakeApiServer, frontend: int, stage: Stage
) -> None:
    """Back to blue from a green that was never confirmed, and blue's frontend may have no endpoint."""
    for service in ("backend", "frontend"):
        api_server.service(service, "green")
        api_server.pods(service, "blue", ["1.0.0"])
        api_server.pods(service, "green", ["1.1.0"])
        api_server.answers[DOOR.replace("backend", service)] = (200, {})
    await begin(api_server, both(move(BLUE, confirmed=BLUE)))
    api_server.service("backend", "blue")
    api_server.pods("frontend", "blue", ["1.0.0"] * frontend)
    ended = await gone_on_with(api_server)
    assert (ended.stage, written(api_server)) == (stage, ["blue"] * frontend)
    if not frontend:
        assert "blue has 0 ready endpoints" in ended.reason
