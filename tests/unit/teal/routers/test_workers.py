"""Which colour of a worker is live, and what a way back does to make another one so."""

from collections.abc import AsyncIterator

import pytest

from teal.adapters.kubernetes import scale
from teal.adapters.kubernetes.cluster import Cluster, ClusterAccess
from teal.model.colours import Colour
from teal.model.errors import ChangedError, UnreachableError
from teal.model.routes import RouterKind
from teal.model.workers import Overlap, Worker
from teal.routers import Router, Workers, connect
from tests.unit.conftest import FakeApiServer
from tests.unit.teal.working import CORE, scaled, worker

BACK = Colour.BLUE


@pytest.fixture
async def cluster(api_server: FakeApiServer) -> AsyncIterator[Cluster]:
    """Ask the API server of the tests."""
    async with Cluster.connect(ClusterAccess(namespace="teal", kubeconfig=api_server.kubeconfig)) as found:
        yield found


def beside(cluster: Cluster, overlap: Overlap = Overlap.FLIP) -> Router:
    """A stack of a backend, whose selector leads to a colour, and a mailer."""
    mailer = Worker(overlap=overlap, pods=2, grace_seconds=0)
    return connect(RouterKind.SERVICE, cluster, workers={"mailer": mailer})


async def test_what_is_live_is_read_of_both_kinds(api_server: FakeApiServer, cluster: Cluster) -> None:
    """By name, and as all that there is."""
    api_server.service("backend", "green")
    worker(api_server, "blue", {"blue": 2, "green": 0})
    router = beside(cluster)
    for found in (await router.live_services(), await router.live_services(["backend", "mailer"])):
        assert {name: (each.colour, each.worker) for name, each in found.items()} == {
            "backend": (Colour.GREEN, False),
            "mailer": (Colour.BLUE, True),
        }
        assert found["mailer"].writer == "pulumi-kubernetes-1"
    assert [*await router.live_services(["backend"])] == ["backend"]
    assert [*await router.live_services(["mailer"])] == ["mailer"]


async def test_workers_of_a_namespace_are_found_without_their_names(
    api_server: FakeApiServer, cluster: Cluster
) -> None:
    """As the program reads what is live: the config may not name them any more."""
    worker(api_server, "blue", {})
    _, found = api_server.answers[f"{CORE}/configmaps/mailer-live"]
    api_server.answers[f"{CORE}/configmaps"] = (200, {"items": [found]})
    assert {name: each.colour for name, each in (await Workers(cluster).live_services()).items()} == {"mailer": BACK}


async def test_a_way_back_starts_what_stopped_and_stops_what_failed(
    api_server: FakeApiServer, cluster: Cluster
) -> None:
    """The record is last: until then all of it is tried again."""
    worker(api_server, "green", {"blue": 0, "green": 2})
    router = beside(cluster)
    live = (await router.live_services(["mailer"]))["mailer"]
    await router.move("mailer", live, BACK)
    assert scaled(api_server) == [("mailer-blue", 2), ("mailer-green", 0)]
    assert api_server.written[-1]["data"] == {"colour": "blue"}
    assert (await router.live_services(["mailer"]))["mailer"].colour is BACK


async def test_pods_that_are_there_keep_their_number(api_server: FakeApiServer, cluster: Cluster) -> None:
    """The old colour runs until a flip is confirmed, with as many as its autoscaler has made of it."""
    worker(api_server, "green", {"blue": 7, "green": 2})
    router = beside(cluster)
    await router.move("mailer", (await router.live_services(["mailer"]))["mailer"], BACK)
    assert scaled(api_server) == [("mailer-green", 0)]


async def test_where_colours_must_not_overlap_one_has_ended_before_the_other_starts(
    api_server: FakeApiServer, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pods that are still ending are waited for; nothing starts beside them, and nothing is recorded."""
    monkeypatch.setattr(scale, "ENDING_SECONDS", 0)
    worker(api_server, "green", {"green": 2, "blue": 0})
    router = beside(cluster, Overlap.FORBIDDEN)
    live = (await router.live_services(["mailer"]))["mailer"]
    with pytest.raises(UnreachableError, match=r"2 pods of mailer-green .* have not ended within 0 s"):
        await router.move("mailer", live, BACK)
    assert scaled(api_server) == [("mailer-green", 0)]
    assert (await router.live_services(["mailer"]))["mailer"].colour is Colour.GREEN
    api_server.answers[f"{CORE}/pods"] = (200, {"items": []})
    await router.move("mailer", live, BACK)
    assert scaled(api_server)[-1] == ("mailer-blue", 2)


async def test_colours_that_may_overlap_for_good_are_left_running(api_server: FakeApiServer, cluster: Cluster) -> None:
    """`overlap: allowed`: the record moves, and nothing else."""
    worker(api_server, "green", {"blue": 2, "green": 2})
    router = beside(cluster, Overlap.ALLOWED)
    await router.move("mailer", (await router.live_services(["mailer"]))["mailer"], BACK)
    assert scaled(api_server) == []


async def test_a_record_that_somebody_wrote_since_is_not_overwritten(
    api_server: FakeApiServer, cluster: Cluster
) -> None:
    """It has to be read again."""
    worker(api_server, "green", {"blue": 2, "green": 2})
    router = beside(cluster)
    live = (await router.live_services(["mailer"]))["mailer"]
    _, found = api_server.answers[f"{CORE}/configmaps/mailer-live"]
    found["metadata"]["resourceVersion"] = "6"
    with pytest.raises(ChangedError):
        await router.move("mailer", live, BACK)
