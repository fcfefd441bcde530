"""Raises the pods of the new colour where a flip needs more, and somebody else's autoscaler scales them.

teal's own autoscalers get their minimum from the stack. Another's is left alone: the Deployment is scaled once, right
before the proof, and its autoscaler may scale it down again at once. The gates judge the pods that they find.
"""

import json
from collections.abc import Callable, Collection

import httpx2

from teal.adapters.kubernetes.cluster import Cluster
from teal.model.colours import MANAGER, Colour
from teal.model.errors import UnreachableError


async def raised(cluster: Cluster, services: Collection[str], to: Colour, say: Callable[[str], None]) -> None:
    """Scale a colour to as many pods as the other one is asked for, where it has fewer.

    Args:
        cluster: the stack's cluster.
        services: the services that others scale, and whose traffic is to move.
        to: the colour that traffic is to move to.
        say: is called with each line of progress.

    Raises:
        UnreachableError: the cluster could not be asked, or refused.
    """
    if not services:
        return
    slots = await cluster.slots()
    for name in sorted(services):
        here, there = slots.get((name, to)), slots.get((name, to.other))
        if here is not None and there is not None and here.replicas < there.replicas:
            say(f"{name}-{to} is asked for {there.replicas} pods, as {to.other} has; its autoscaler goes on from there")
            await _scale(cluster, f"{name}-{to}", there.replicas)


async def _scale(cluster: Cluster, name: str, replicas: int) -> None:
    path = f"/apis/apps/v1/namespaces/{cluster.namespace}/deployments/{name}/scale"
    wrong = ""
    try:
        response = await cluster.http.patch(
            path,
            params={"fieldManager": MANAGER},
            content=json.dumps({"spec": {"replicas": replicas}}),
            headers={"Content-Type": "application/merge-patch+json"},
        )
        wrong = "" if response.is_success else f"it answered {response.status_code}"
    except httpx2.TransportError as error:
        wrong = f"{type(error).__name__}: {error}"
    if wrong:
        raise UnreachableError(
            f"the API server did not take {replicas} pods for Deployment {name} ({wrong}), which a flip needs; nothing "
            f"moved. Next: kubectl -n {cluster.namespace} scale deployment/{name} --replicas={replicas}, then pulumi up"
        )
