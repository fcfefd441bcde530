"""These are the steps of a flip, and what is recorded and written of it."""

import json
from dataclasses import replace
from typing import Any

from teal.adapters.kubernetes.cluster import Cluster, ClusterAccess
from teal.flip.mover import Mover
from teal.flip.owner import Owner
from teal.history.model import Flip, History, Stage
from teal.history.store import Records
from teal.model.colours import Colour
from teal.spec.bake import BakePlan, ServiceBake
from teal.spec.gates import GatePlan
from teal.spec.move import Move
from tests.unit.conftest import FakeApiServer

BLUE, GREEN = Colour.BLUE, Colour.GREEN
RECORD = "/api/v1/namespaces/teal/configmaps/teal-history"
SERVICE = "/api/v1/namespaces/teal/services/backend"
DOOR = f"{SERVICE}:http/proxy/pricing"


def move(to: Colour = GREEN, *, confirmed: Colour | None = BLUE, seconds: float = 0, close: str = "") -> Move:
    """What an update declares; by default its bake asks once."""
    versions = {BLUE: "1.0.0", GREEN: "1.1.0"}
    return Move(
        to=to,
        versions=versions,
        release=f"digest of {versions[to]}",
        confirmed=confirmed,
        flip_set={"backend": GatePlan(version=versions[to], version_path="/deployment/metadata")},
        bake=BakePlan(
            services={"backend": ServiceBake(path="/pricing", close_path=close)},
            seconds=seconds,
            error_percent=5,
            samples=0,
            window=10,
        ),
    )


def both(declared: Move) -> Move:
    """The same of a frontend, too."""
    names = ("backend", "frontend")
    bake = declared.bake.model_copy(update={"services": dict.fromkeys(names, declared.bake.services["backend"])})
    return replace(declared, flip_set=dict.fromkeys(names, declared.flip_set["backend"]), bake=bake)


def cluster(server: FakeApiServer, live: str, *, green: int = 1) -> None:
    """Both colours run; traffic goes to one of them."""
    server.service("backend", live)
    server.pods("backend", "blue", ["1.0.0"])
    server.pods("backend", "green", ["1.1.0"] * green)
    server.answers[DOOR] = (200, {})


def stages(server: FakeApiServer) -> list[str]:
    """Of every flip in the record."""
    _, found = server.answers.get(RECORD, (404, {"data": {"flips.json": "{}"}}))
    return [each["stage"] for each in json.loads(found["data"]["flips.json"]).get("flips", [])]


def recorded(server: FakeApiServer) -> Flip:
    """The last flip in the record."""
    last = History.model_validate_json(server.answers[RECORD][1]["data"]["flips.json"]).last
    assert last is not None
    return last


def written(server: FakeApiServer) -> list[Any]:
    """Selectors that were written, in order."""
    return [body["spec"]["selector"]["teal/colour"] for body in server.written if "selector" in body.get("spec", {})]


async def begin(server: FakeApiServer, declared: Move, name: str = "update-1") -> None:
    """The traffic hook of an update."""
    async with Cluster.connect(ClusterAccess(namespace="teal", kubeconfig=server.kubeconfig)) as found:
        await Mover(found, declared, name=name, say=print).begin()


async def finish(
    server: FakeApiServer, declared: Move, *, name: str = "update-1", confirmed: Colour | None = BLUE
) -> None:
    """The hook of the confirmed record."""
    async with Cluster.connect(ClusterAccess(namespace="teal", kubeconfig=server.kubeconfig)) as found:
        await Mover(found, declared, name=name, say=print).finish(confirmed)


async def left_at(server: FakeApiServer, stage: Stage, owner: str = "") -> None:
    """Let the last flip be recorded at a stage, kept by somebody or by nobody."""
    async with Cluster.connect(ClusterAccess(namespace="teal", kubeconfig=server.kubeconfig)) as found:
        records = Records(found.http, "teal")
        await records.save(await records.load(), recorded(server).at(stage).owned_by(owner))


async def gone_on_with(server: FakeApiServer) -> Flip:
    """What the watch makes of the flip."""
    async with Cluster.connect(ClusterAccess(namespace="teal", kubeconfig=server.kubeconfig)) as found:
        ended = await Owner(found, Records(found.http, "teal"), None, name="watch-1", say=print).go_on()
    assert ended is not None
    return ended


async def failing(server: FakeApiServer, declared: Move | None = None) -> Move:
    """A flip to green has been written, and green fails all that it is asked."""
    cluster(server, "blue")
    declared = declared or move()
    await begin(server, declared)
    server.service("backend", "green")
    server.answers[DOOR] = (500, {})
    return declared
