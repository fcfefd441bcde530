"""An HTTPRoute as a router: read, put back and left alone, against an API server on loopback."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from teal.adapters.kubernetes.cluster import Cluster, ClusterAccess
from teal.model.colours import Colour
from teal.model.errors import ChangedError
from teal.model.routes import RouterKind
from teal.routers import Router, connect
from tests.unit.conftest import FakeApiServer

BLUE, GREEN = Colour.BLUE, Colour.GREEN
PATH = "/apis/gateway.networking.k8s.io/v1/namespaces/teal/httproutes"
CHOSEN = {
    "matches": [{"headers": [{"name": "X-Canary", "value": "always"}]}],
    "backendRefs": [{"name": "backend-green", "port": 80}],
}


def route(server: FakeApiServer, weights: dict[str, int], said: str = "") -> None:
    """Let there be an HTTPRoute whose last rule has these weights, by the name of their backends."""
    refs = [{"name": f"backend-{name}", "port": 80, "weight": weight} for name, weight in weights.items()]
    rule: dict[str, Any] = {"matches": [{"path": {"type": "PathPrefix", "value": "/"}}], "backendRefs": refs}
    found: dict[str, Any] = {
        "metadata": {
            "name": "backend",
            "resourceVersion": "7",
            "annotations": {"teal/active": said} if said else {},
            "managedFields": [
                {
                    "manager": "pulumi-kubernetes-1",
                    "time": "2026-01-01T00:00:00Z",
                    "fieldsV1": {"f:spec": {"f:rules": {}}},
                },
                {"manager": "gateway-controller", "time": "2026-01-02T00:00:00Z", "fieldsV1": {"f:status": {}}},
            ],
        },
        "spec": {"parentRefs": [{"name": "public"}], "rules": [CHOSEN, rule]},
    }
    server.answers[f"{PATH}/backend"] = (200, found)
    server.answers[PATH] = (200, {"items": [found]})


@pytest.fixture
async def router(api_server: FakeApiServer) -> AsyncIterator[Router]:
    """The router of a stack."""
    async with Cluster.connect(ClusterAccess(namespace="teal", kubeconfig=api_server.kubeconfig)) as cluster:
        yield connect(RouterKind.GATEWAY, cluster)


@pytest.mark.parametrize(
    ("weights", "said", "colour", "share"),
    [
        ({"blue": 100, "green": 0}, "", BLUE, 0),
        ({"blue": 10, "green": 90}, "green", GREEN, 10),
        ({"blue": 50, "green": 50}, "", None, 0),
        ({"blue": 50, "green": 0, "other": 50}, "blue", None, 0),  # somebody else has a share
    ],
)
async def test_weights_of_the_last_rule_are_live_traffic(  # noqa: PLR0913 - a case each
    api_server: FakeApiServer, router: Router, *, weights: dict[str, int], said: str, colour: Colour | None, share: int
) -> None:
    """Whatever chosen clients get; the API server knows who wrote the rules."""
    route(api_server, weights, said)
    live = (await router.live_services())["backend"]
    assert (live.colour, live.share, live.writer) == (colour, share, "pulumi-kubernetes-1")


async def test_a_cluster_without_the_kind_has_no_traffic(router: Router) -> None:
    """What is not installed is not an error before anything was made."""
    assert await router.live_services() == {}


async def test_traffic_is_put_back_by_weights_and_nothing_else_of_the_route_changes(
    api_server: FakeApiServer, router: Router
) -> None:
    """A list of rules is written as a whole: matches, ports and the other rules are as they were."""
    route(api_server, {"blue": 0, "green": 100})
    before = api_server.answers[f"{PATH}/backend"][1]["spec"]["rules"]
    await router.move("backend", (await router.live_services())["backend"], BLUE)
    after = api_server.answers[f"{PATH}/backend"][1]["spec"]["rules"]
    assert [(each["name"], each["weight"]) for each in after[-1]["backendRefs"]] == [
        ("backend-blue", 100),
        ("backend-green", 0),
    ]
    for each in (*before[-1]["backendRefs"], *after[-1]["backendRefs"]):
        each.pop("weight")
    assert after == before


async def test_a_route_that_somebody_wrote_meanwhile_is_left_as_it_is(
    api_server: FakeApiServer, router: Router
) -> None:
    """The write has the version that was read as its condition."""
    route(api_server, {"blue": 0, "green": 100})
    live = (await router.live_services())["backend"]
    api_server.answers[f"{PATH}/backend"][1]["metadata"]["resourceVersion"] = "8"
    with pytest.raises(ChangedError, match="httproute backend is not as it was read"):
        await router.move("backend", live, BLUE)
