"""Two releases were confirmed one after the other, and traffic goes back from the second."""

import json
from dataclasses import replace
from typing import Any

from teal.adapters.kubernetes.cluster import Cluster, ClusterAccess
from teal.flip.rollback import Rollback
from teal.history.model import Flip
from teal.model.colours import Colour
from teal.model.workers import Worker
from teal.spec.bake import ServiceBake
from teal.spec.gates import GatePlan
from teal.spec.move import Move
from tests.unit.conftest import FakeApiServer
from tests.unit.teal.flip.moving import SERVICE, begin, cluster, finish, move, stages
from tests.unit.teal.working import cron_job

BLUE, GREEN = Colour.BLUE, Colour.GREEN
DEPLOYMENTS = "/apis/apps/v1/namespaces/teal/deployments"
CONFIRMED = "/api/v1/namespaces/teal/configmaps/teal-confirmed"


def deployments(server: FakeApiServer, **digests: str) -> None:
    """Each colour's Deployment, and what it says that its pods run with; a network of its own after a slash."""

    def one(colour: str, digest: str) -> dict[str, Any]:
        pods, _, network = digest.partition("/")
        parts = {"template": f"t-{pods}", "service": {"network": network}}
        return {
            "metadata": {
                "name": f"backend-{colour}",
                "resourceVersion": "1",
                "labels": {
                    "app.kubernetes.io/name": "backend",
                    "teal/colour": colour,
                    "app.kubernetes.io/version": {"blue": "1.0.0", "green": "1.1.0"}[colour],
                },
                "annotations": {"teal/slot-digest": pods, "teal/slot-parts": json.dumps(parts)},
            },
            "spec": {"replicas": 1},
        }

    server.answers[DEPLOYMENTS] = (200, {"items": [one(colour, each) for colour, each in digests.items()]})


async def flipped(server: FakeApiServer, to: Colour, *, confirmed: Colour | None) -> None:
    """A flip of an update that was confirmed."""
    declared = move(to, confirmed=confirmed)
    await begin(server, declared)
    server.service("backend", str(to))
    await finish(server, declared, confirmed=confirmed)
    server.answers[CONFIRMED] = (
        200,
        {"metadata": {"name": "teal-confirmed", "resourceVersion": "1"}, "data": {"colour": str(to)}},
    )


async def live_on_green(server: FakeApiServer) -> None:
    """Blue was live and confirmed, then green; both are warm."""
    cluster(server, "blue")
    server.answers.pop(SERVICE)  # nothing is live yet
    deployments(server, blue="b", green="g")
    await flipped(server, BLUE, confirmed=None)
    await flipped(server, GREEN, confirmed=BLUE)
    assert stages(server) == ["CONFIRMED", "CONFIRMED"]
    server.written.clear()
    server.heard.clear()


async def back(server: FakeApiServer, version: str | None = None) -> Flip:
    """The rollback."""
    async with Cluster.connect(ClusterAccess(namespace="teal", kubeconfig=server.kubeconfig)) as found:
        return await Rollback(found, say=print).go(version)


def with_cron_job(declared: Move) -> Move:
    """The same with a cron job beside the backend."""
    its = Worker(cron=True)
    gates = {**declared.flip_set, "mailer": GatePlan(version=declared.version, version_path=None, worker=its)}
    services = {**declared.bake.services, "mailer": ServiceBake(worker=its)}
    return replace(declared, flip_set=gates, bake=declared.bake.model_copy(update={"services": services}))


async def confirmed_with_cron_job(server: FakeApiServer, to: Colour) -> None:
    """A flip of an update that was confirmed, and that has written where the schedule runs as well."""
    declared = with_cron_job(move(to, confirmed=None if to is BLUE else BLUE))
    await begin(server, declared)
    server.service("backend", str(to))
    cron_job(server, str(to))
    await finish(server, declared, confirmed=declared.confirmed)
    server.answers[CONFIRMED] = (200, {"metadata": {"name": "c", "resourceVersion": "1"}, "data": {"colour": str(to)}})
