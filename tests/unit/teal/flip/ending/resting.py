"""A flip has left a colour, and the watch may end its pods."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from teal.adapters.kubernetes.cluster import Cluster, ClusterAccess
from teal.flip.ending import Ender
from teal.flip.owner import Owner
from teal.history.model import Ending, History
from teal.history.store import Kept, Records
from teal.model.colours import Colour
from teal.model.labels import STARTED_AT
from teal.spec.ending import Endings
from tests.unit.conftest import FakeApiServer
from tests.unit.teal.flip.moving import RECORD, move
from tests.unit.teal.flip.rollback.going_back import CONFIRMED, DEPLOYMENTS, live_on_green

BLUE, GREEN = Colour.BLUE, Colour.GREEN
DECLARED = Endings(after_seconds=0, slots={BLUE: "b", GREEN: "g"}, services=["backend"])
SCALE = f"{DEPLOYMENTS}/backend-blue/scale"


def deployment(server: FakeApiServer, colour: str, *, replicas: int = 2, ready: int = 2, started: str = "") -> None:
    """A colour's Deployment by itself, as the watch may read it."""
    body = {
        "metadata": {
            "name": f"backend-{colour}",
            "resourceVersion": "1",
            "annotations": {STARTED_AT: started} if started else {},
        },
        "spec": {"replicas": replicas},
        "status": {"replicas": replicas, "updatedReplicas": replicas, "readyReplicas": ready},
    }
    server.answers[f"{DEPLOYMENTS}/backend-{colour}"] = (200, body)


async def rest(server: FakeApiServer) -> None:
    """Green is live and confirmed, blue was before, and both are warm."""
    await live_on_green(server)
    confirmed(server)
    deployment(server, "blue")
    deployment(server, "green")
    await remember(server, lambda history: slots(history, {BLUE: "b", GREEN: "g"}))


def confirmed(server: FakeApiServer, *, ago: int = 0, **more: str) -> None:
    """The record of the confirmed colour, as of some seconds ago."""
    since = (datetime.now(UTC) - timedelta(seconds=ago)).isoformat(timespec="seconds")
    data = {"colour": "green", "since": since, **more}
    server.answers[CONFIRMED] = (200, {"metadata": {"name": "teal-confirmed", "resourceVersion": "1"}, "data": data})


def slots(history: History, digests: dict[Colour, str]) -> History:
    """The same, with these slots declared at the time of each flip."""
    flips = (each.model_copy(update={"slots": digests}) for each in history.flips)
    return history.model_copy(update={"flips": tuple(flips)})


async def remember(server: FakeApiServer, change: Callable[[History], History]) -> None:
    """Write the record otherwise."""
    async with Cluster.connect(ClusterAccess(namespace="teal", kubeconfig=server.kubeconfig)) as found:
        records = Records(found.http, "teal")
        kept = await records.load()
        await records.replace(Kept(change(kept.history), kept.resource_version))
    server.heard.clear()


async def end(server: FakeApiServer, declared: Endings = DECLARED) -> bool:
    """One run of the watch."""
    async with Cluster.connect(ClusterAccess(namespace="teal", kubeconfig=server.kubeconfig)) as found:
        records = Records(found.http, "teal", move().bake)
        its = Owner(found, records, None, name="watch-1", say=print)
        return await Ender(found, records, its, move().bake, declared, print).go_on()


def known(server: FakeApiServer) -> Ending | None:
    """What the record says of an ending."""
    return History.model_validate_json(server.answers[RECORD][1]["data"]["flips.json"]).ending


async def ends(server: FakeApiServer, *, done: bool) -> None:
    """The record says that blue ends, or has ended."""
    its = Ending(colour=BLUE, flip=2, at="2026-01-01T12:00:00+00:00", done=done)
    await remember(server, lambda history: history.model_copy(update={"ending": its}))


def asked_for(server: FakeApiServer, pods: int) -> None:
    """So many pods, in the list of all Deployments."""
    for each in server.answers[DEPLOYMENTS][1]["items"]:
        if each["metadata"]["name"] == "backend-blue":
            each["spec"]["replicas"] = pods
