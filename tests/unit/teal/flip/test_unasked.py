"""A service that nobody can ask anything over HTTP is flipped by what the kubelets say of its pods."""

import asyncio
import socket
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from teal.adapters import front_door
from teal.adapters.kubernetes.cluster import Cluster, ClusterAccess
from teal.flip import floor
from teal.flip.watching.bake import Bake, Observed
from teal.model.colours import Colour
from teal.model.errors import RefusedError, UnreachableError
from teal.model.verdict import Outcome
from teal.spec.bake import BakePlan, ServiceBake
from teal.spec.gates import GatePlan
from teal.spec.move import Move
from tests.unit.conftest import FakeApiServer
from tests.unit.teal.flip.moving import begin, cluster, finish, move, recorded, stages

GREEN = Colour.GREEN
IMAGE = "registry.example/backend:1.1.0"
PODS = "/api/v1/namespaces/teal/pods"
DEPLOYMENTS = "/apis/apps/v1/namespaces/teal/deployments"
AUTOSCALERS = "/apis/autoscaling/v2/namespaces/teal/horizontalpodautoscalers"


def silent(**changes: Any) -> Move:  # noqa: ANN401 - any field of a move
    """What a stack declares of a service that has no path at all."""
    bake = move().bake.model_copy(update={"services": {"backend": ServiceBake(path="")}})
    plan = GatePlan(version="1.1.0", version_path=None, image=IMAGE)
    return replace(move(), flip_set={"backend": plan}, bake=bake, **changes)


@pytest.fixture
def flipping(api_server: FakeApiServer) -> FakeApiServer:
    """Blue is live, and green's pod runs what is declared."""
    cluster(api_server, "blue")
    pod = {
        "metadata": {
            "name": "backend-green-0",
            "resourceVersion": "1",
            "labels": {
                "app.kubernetes.io/name": "backend",
                "teal/colour": "green",
                "app.kubernetes.io/version": "1.1.0",
            },
        },
        "spec": {"containers": [{"name": "backend", "image": IMAGE}]},
        "status": {
            "phase": "Running",
            "containerStatuses": [{"name": "backend", "imageID": "sha256:1", "restartCount": 0}],
        },
    }
    api_server.answers[PODS] = (200, {"items": [pod]})
    return api_server


@pytest.fixture
def door() -> Iterator[str]:
    """Something that takes connections, and says nothing that HTTP would be."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


async def test_it_is_flipped_and_no_request_is_made(flipping: FakeApiServer, door: str) -> None:
    """Proven, baked and confirmed, and its front door took connections; no proxy of the API server was used."""
    declared = silent(front_doors={"backend": door})
    await begin(flipping, declared)
    flipping.service("backend", "green")
    await finish(flipping, declared)
    assert stages(flipping) == ["CONFIRMED"]
    assert not [path for path in flipping.asked if "/proxy" in path]
    gates = {each.gate: each.outcome for each in recorded(flipping).verdicts}
    assert gates.keys() >= {"capacity", "version", "bake-pods", "bake-route"}
    assert "bake" not in gates


async def test_a_front_door_that_takes_no_connection_is_not_confirmed(
    flipping: FakeApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The selector was written, and nobody gets through."""
    monkeypatch.setattr(front_door, "DEADLINE_SECONDS", 0.3)
    declared = silent(front_doors={"backend": "http://127.0.0.1:1"})
    await begin(flipping, declared)
    flipping.service("backend", "green")
    with pytest.raises(RefusedError, match=r"takes no 5 connections in a row \(ConnectionRefusedError"):
        await finish(flipping, declared)
    assert stages(flipping) == ["UNPROVEN"]


async def test_pods_that_turn_unready_undo_it(flipping: FakeApiServer) -> None:
    """They are all that there is to see."""
    declared = silent()
    declared = replace(declared, bake=declared.bake.model_copy(update={"seconds": 30}))
    await begin(flipping, declared)
    flipping.service("backend", "green")

    async def kubelet() -> None:
        await asyncio.sleep(0.5)
        flipping.endpoints("backend-green", ["backend-green-0"], ready=False)

    with pytest.raises(RefusedError, match="Traffic was put back onto blue"):
        await asyncio.gather(finish(flipping, declared), kubelet())
    assert stages(flipping) == ["REVERTED"]


def test_one_that_is_asked_and_one_that_is_not_are_judged_apart() -> None:
    """Nothing is expected of a door that nobody asks."""
    services = {"backend": ServiceBake(path="/pricing"), "cache": ServiceBake(path="")}
    plan = BakePlan(services=services, seconds=1, error_percent=5, samples=0, window=10)
    seen = {"backend": Observed(asked=1, standing={"a"}), "cache": Observed(standing={"b"})}
    verdicts = Bake(plan=plan, colour=GREEN, observed=seen).verdicts()
    assert all(each.outcome is Outcome.PASSED for each in verdicts)
    assert [each.service for each in verdicts if each.gate == "bake"] == ["backend"]
    alone = replace(Bake.begin(plan.model_copy(update={"services": {"cache": services["cache"]}}), GREEN))
    assert alone.progress(1) == "bake of green: 1 of 1 s, its pods are watched"


def deployment(colour: str, replicas: int) -> dict[str, Any]:
    """One colour's, as somebody has scaled it."""
    labels = {"app.kubernetes.io/name": "backend", "teal/colour": colour}
    return {
        "metadata": {"name": f"backend-{colour}", "resourceVersion": "1", "labels": labels},
        "spec": {"replicas": replicas},
    }


@pytest.mark.parametrize(("live", "asked"), [(5, [{"spec": {"replicas": 5}}]), (2, []), (1, [])])
async def test_the_new_colour_is_asked_for_as_many_pods_as_live_has(
    api_server: FakeApiServer, live: int, asked: list[Any]
) -> None:
    """Once, and never for fewer."""
    items = [deployment("blue", live), deployment("green", 2)]
    api_server.answers[DEPLOYMENTS] = (200, {"items": items})
    async with Cluster.connect(ClusterAccess(namespace="teal", kubeconfig=api_server.kubeconfig)) as found:
        await floor.raised(found, ["backend"], GREEN, print)
    assert api_server.written == asked
    scaled = f"PATCH {DEPLOYMENTS}/backend-green/scale"
    assert [each for each in api_server.heard if each.startswith("PATCH")] == [scaled] * len(asked)


async def test_an_api_server_that_does_not_take_them_says_so_before_anything_moves(api_server: FakeApiServer) -> None:
    """With the command that does the same by hand."""
    api_server.answers[DEPLOYMENTS] = (200, {"items": [deployment("blue", 5), deployment("green", 2)]})
    api_server.fault = lambda method, _: 403 if method == "PATCH" else None
    async with Cluster.connect(ClusterAccess(namespace="teal", kubeconfig=api_server.kubeconfig)) as found:
        with pytest.raises(UnreachableError, match=r"403.*Next: kubectl -n teal scale deployment/backend-green"):
            await floor.raised(found, ["backend"], GREEN, print)


async def test_a_flip_raises_the_floor_only_where_somebody_else_scales(flipping: FakeApiServer) -> None:
    """And its proof then looks at what is there."""
    flipping.answers[DEPLOYMENTS] = (200, {"items": [deployment("blue", 3), deployment("green", 1)]})
    await begin(flipping, silent())
    assert not [each for each in flipping.heard if each.endswith("/scale")]
    await begin(flipping, silent(scaled_by_others=frozenset({"backend"})), "update-2")
    assert [each for each in flipping.heard if each.endswith("/scale")] == [f"PATCH {DEPLOYMENTS}/backend-green/scale"]


async def test_autoscalers_are_known_by_what_they_scale(api_server: FakeApiServer) -> None:
    """KEDA calls its own keda-hpa-NAME; one of another kind of object is nobody's here."""

    def autoscaler(name: str, target: dict[str, str] | None = None) -> dict[str, Any]:
        return {
            "metadata": {"name": name, "resourceVersion": "1"},
            "spec": {"minReplicas": 2, **({"scaleTargetRef": target} if target else {})},
            "status": {"desiredReplicas": 4},
        }

    items = [
        autoscaler("keda-hpa-queue", {"kind": "Deployment", "name": "backend-blue"}),
        autoscaler("backend-green"),
        autoscaler("other", {"kind": "StatefulSet", "name": "backend-red"}),
    ]
    api_server.answers[AUTOSCALERS] = (200, {"items": items})
    api_server.answers[f"{DEPLOYMENTS}/backend-blue"] = (200, deployment("blue", 1))
    async with Cluster.connect(ClusterAccess(namespace="teal", kubeconfig=api_server.kubeconfig)) as found:
        known = await found.autoscalers()
        assert {name: each.desired for name, each in known.items()} == {"backend-blue": 4, "backend-green": 4}
        assert await found.pods_asked_for("backend-blue") == 2
