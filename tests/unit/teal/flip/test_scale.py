"""What fifty services of ten pods each cost the API server, in requests: counted, not timed."""

import asyncio
from collections import Counter
from dataclasses import replace

import pytest

from teal.adapters.kubernetes import connections
from teal.adapters.kubernetes.cluster import Cluster, ClusterAccess
from teal.flip import closing
from teal.flip.closing import FORWARDS, Closing
from teal.flip.revert import Way
from teal.flip.watching import observer
from teal.flip.watching.bake import Bake
from teal.flip.watching.follow import followed
from teal.flip.watching.observer import Observer
from teal.model.colours import Colour
from teal.model.live import Endpoint
from teal.routers.selector import SelectorRouter
from teal.spec.bake import BakePlan, ServiceBake
from tests.unit.conftest import FakeApiServer
from tests.unit.teal.flip.moving import move

BLUE, GREEN = Colour.BLUE, Colour.GREEN
SERVICES = [f"service-{number:02}" for number in range(50)]
SLICES = "/apis/discovery.k8s.io/v1/namespaces/teal/endpointslices"
PLAN = BakePlan(
    services={name: ServiceBake(path="/pricing", close_path="/close") for name in SERVICES},
    seconds=3,
    error_percent=5,
    samples=0,
    window=10,
)


@pytest.fixture
def many(api_server: FakeApiServer) -> FakeApiServer:
    """Fifty services, five ready pods in each colour, traffic on green."""
    for name in SERVICES:
        api_server.service(name, "green")
        for colour in ("blue", "green"):
            api_server.pods(name, colour, ["1.0.0"] * 5)
        api_server.endpoints(name, [f"{name}-green-{number}" for number in range(5)])
        api_server.answers[f"/api/v1/namespaces/teal/services/{name}:http/proxy/pricing"] = (200, {})
    return api_server


def kinds(server: FakeApiServer) -> Counter[str]:
    """Requests by what was asked for."""
    words = {"/proxy/": "doors", "/endpointslices": "slices", "/services/": "services", "/configmaps": "records"}
    return Counter(next((kind for word, kind in words.items() if word in path), path) for path in server.heard)


async def test_a_bake_asks_no_more_in_a_second_than_is_bounded(many: FakeApiServer) -> None:
    """Doors, reads of the routers and one list of the EndpointSlices a second, whatever the number of services."""
    async with Cluster.connect(ClusterAccess(namespace="teal", kubeconfig=many.kubeconfig)) as cluster:
        router = SelectorRouter(cluster)
        bake = Bake.begin(PLAN, GREEN)
        look = Observer(cluster, None, router, bake, await router.live_services(SERVICES))
        many.heard.clear()

        async def settled() -> None:
            pass

        await look.bake(settled, lambda _: None)
    asked, seconds = kinds(many), PLAN.seconds
    assert all(each.asked >= 2 for each in bake.observed.values())
    assert asked["doors"] <= observer.DOORS_A_SECOND * (seconds + 2)
    assert asked["services"] <= observer.READS_A_SECOND * (seconds + 2) + len(SERVICES)
    assert asked["slices"] <= seconds + 3


async def test_a_proof_of_a_way_back_is_one_list(many: FakeApiServer) -> None:
    """Of the EndpointSlices, whatever the number of services."""

    async def fence() -> None:
        pass

    async with Cluster.connect(ClusterAccess(namespace="teal", kubeconfig=many.kubeconfig)) as cluster:
        way = Way(cluster=cluster, router=SelectorRouter(cluster), onto=BLUE, fence=fence, say=print)
        many.heard.clear()
        verdicts = await way.prove(dict.fromkeys(SERVICES, 5))
    assert len(verdicts) == len(SERVICES)
    assert many.heard == [f"GET {SLICES}"]


async def test_whether_the_data_path_has_followed_is_one_list(many: FakeApiServer) -> None:
    """As often as it is asked."""
    declared = replace(move(), flip_set=dict.fromkeys(SERVICES, move().flip_set["backend"]), bake=PLAN)
    async with Cluster.connect(ClusterAccess(namespace="teal", kubeconfig=many.kubeconfig)) as cluster:
        many.heard.clear()
        await followed(cluster, declared, {})
    assert many.heard == [f"GET {SLICES}"]


async def test_ports_are_forwarded_a_few_at_a_time(many: FakeApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five hundred pods are all asked, and no more of them at once than the bound."""
    at_once, most, asked = 0, 0, set[str]()

    async def ask(_http: object, _namespace: str, endpoint: Endpoint, *_: object, **__: object) -> str:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        asked.add(endpoint.pod)
        await asyncio.sleep(0.001)
        at_once -= 1
        return ""

    monkeypatch.setattr(connections, "_ask", ask)
    async with Cluster.connect(ClusterAccess(namespace="teal", kubeconfig=many.kubeconfig)) as cluster:
        many.heard.clear()
        ports = Closing(cluster, print)
        ports.follow(PLAN, left=BLUE, taken=GREEN)
        await ports.over()
    assert (len(asked), most) == (500, FORWARDS)
    assert many.heard == [f"GET {SLICES}"]


async def test_pods_that_are_left_are_asked_first(many: FakeApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their clients wait for it; one that never answers holds the others up for no longer than the head start."""
    asked, done = list[str](), asyncio.Event()

    async def ask(_http: object, _namespace: str, endpoint: Endpoint, *_: object, **__: object) -> str:
        asked.append(endpoint.pod)
        done.set() if sum(" " not in each for each in asked) == len(SERVICES) * 10 else None
        await (asyncio.Event().wait() if endpoint.pod == "service-00-blue-0" else asyncio.sleep(0.001))
        asked.append(f"{endpoint.pod} has answered")
        return ""

    monkeypatch.setattr(connections, "_ask", ask)
    monkeypatch.setattr(closing, "HEAD_START_SECONDS", 3)
    monkeypatch.setattr(closing, "LAST_SECONDS", 0.0)
    async with Cluster.connect(ClusterAccess(namespace="teal", kubeconfig=many.kubeconfig)) as cluster:
        ports = Closing(cluster, print)
        ports.follow(PLAN, left=BLUE, taken=GREEN)
        await asyncio.wait_for(done.wait(), 10)
        await ports.over()
    first = next(number for number, pod in enumerate(asked) if "-green-" in pod)
    assert len(asked[:first]) == 250 + 249
