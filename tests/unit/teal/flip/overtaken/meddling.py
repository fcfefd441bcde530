"""A flip is baked, and meanwhile somebody else may write."""

import asyncio

from teal.adapters.kubernetes.cluster import Cluster, ClusterAccess
from teal.flip.mover import Mover
from teal.model.live import LiveService
from teal.spec.move import Move
from tests.unit.conftest import FakeApiServer
from tests.unit.teal.flip.moving import DOOR, SERVICE

LIST = SERVICE.rpartition("/")[0]


async def finish(server: FakeApiServer, declared: Move, before: dict[str, LiveService] | None = None) -> None:
    """The hook of the confirmed record, of an update that read this before its write."""
    async with Cluster.connect(ClusterAccess(namespace="teal", kubeconfig=server.kubeconfig)) as found:
        await Mover(found, declared, name="update-1", say=print).finish(None, before)


async def baking(server: FakeApiServer) -> None:
    """Wait until the bake has asked the front door for the first time."""
    while DOOR not in server.asked:  # noqa: ASYNC110 - another thread's list
        await asyncio.sleep(0.005)
