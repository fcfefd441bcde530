"""Starts and stops the pods of a colour, by the number that its Deployment is asked for and nothing else.

It is used only where no engine can do so: for a worker before its new colour starts and on the way back, and for an
idle colour by the watch.
"""

import asyncio
import time
from http import HTTPStatus

from teal.adapters.kubernetes import workloads
from teal.adapters.kubernetes.cluster import Cluster
from teal.adapters.kubernetes.merge_patch import merge_patch
from teal.model.colours import Colour
from teal.model.errors import UnreachableError

PAUSE_SECONDS = 0.5
"""How long to wait between two reads of pods that are ending."""

ENDING_SECONDS = 15
"""How long a kubelet may take beyond a pod's grace period, generously."""


async def start(cluster: Cluster, service: str, colour: Colour, pods: int) -> None:
    """Ask for a number of pods of a colour that has none; a colour that has some keeps them.

    Raises:
        UnreachableError: the API server did not answer, or refused.
    """
    found = await read(cluster, service, colour)
    if found is not None and found.spec.replicas == 0:
        await ask_for(cluster, service, colour, pods)


async def stop(cluster: Cluster, service: str, colour: Colour) -> bool:
    """Ask a colour's pods to end: each gets SIGTERM at once, and its grace period to finish its work.

    Returns:
        Whether it had any.

    Raises:
        UnreachableError: the API server did not answer, or refused.
    """
    found = await read(cluster, service, colour)
    if found is None or not found.spec.replicas:
        return False
    await ask_for(cluster, service, colour, 0)
    return True


async def await_gone(cluster: Cluster, service: str, colour: Colour, *, grace_seconds: int) -> None:
    """Wait until no pod of a colour is left, not even one that is ending.

    Raises:
        UnreachableError: the API server did not answer, or pods are still there after their grace period.
    """
    give_up = time.monotonic() + grace_seconds + ENDING_SECONDS
    while left := [each.name for each in await cluster.pods(service) if each.colour is colour]:
        if time.monotonic() > give_up:
            raise UnreachableError(
                f"{len(left)} pods of {service}-{colour} ({left[0]}) have not ended within {grace_seconds} s and "
                f"{ENDING_SECONDS} s more, so {service}-{colour.other}, which must not run beside them, was not "
                f"started. Next: kubectl -n {cluster.namespace} describe pod {left[0]}"
            )
        await asyncio.sleep(PAUSE_SECONDS)


async def read(cluster: Cluster, service: str, colour: Colour) -> workloads.Deployment | None:
    """Return a colour's Deployment; None where there is none.

    Raises:
        UnreachableError: the API server did not answer, or not with 200 or 404.
    """
    return await cluster.read(_path(cluster, service, colour), workloads.Deployment)


async def ask_for(cluster: Cluster, service: str, colour: Colour, pods: int) -> None:
    """Ask for a number of pods of a colour, by one request that is not repeated.

    Raises:
        UnreachableError: the API server did not answer, or refused.
    """
    name = f"{service}-{colour}"
    path = f"{_path(cluster, service, colour)}/scale"
    patch = {"metadata": {"name": name}, "spec": {"replicas": pods}}
    then = f". Next: kubectl -n {cluster.namespace} get deployment {name}, then the same again"
    response = await merge_patch(cluster, path, patch, f"Deployment {name} was asked for {pods} pods", then=then)
    if not response.is_success and response.status_code != HTTPStatus.NOT_FOUND:
        raise UnreachableError(
            f"Deployment {name} was not asked for {pods} pods: the API server answered {response.status_code}. Next: "
            f"give this account the right to patch deployments/scale, or kubectl -n {cluster.namespace} scale "
            f"deployment/{name} --replicas={pods}; then the same again"
        )


def _path(cluster: Cluster, service: str, colour: Colour) -> str:
    return f"/apis/apps/v1/namespaces/{cluster.namespace}/deployments/{service}-{colour}"
