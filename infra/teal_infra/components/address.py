"""Reads the address that a cloud gives a Service of type LoadBalancer, for the stack's outputs.

Pulumi's provider would wait for it, and for the Service's endpoints as well, which the bake after a flip must not wait
for (`teal_infra.components.doors`). So it is read from the cluster, beside everything else.
"""

import asyncio
import time

import pulumi

from teal.adapters.kubernetes.cluster import Cluster, ClusterAccess
from teal.adapters.kubernetes.objects import Service
from teal.model.errors import UnreachableError
from teal_infra.components.doors import at, url
from teal_infra.settings.reach.doors import Door

DEADLINE_SECONDS = 180.0
"""How long a cloud's controller may take, which needs seconds to two minutes. A cluster without one never answers."""

PAUSE_SECONDS = 1.0


async def front_door(access: ClusterAccess, service: str, door: Door, *, tls: bool = False) -> str:
    """Return the URL of a Service at the address that it was given, or else at the one inside the cluster.

    A preview does not wait for an address.

    Args:
        access: the cluster to ask.
        service: the Service's name.
        door: the door, with its port.
        tls: whether the pods speak TLS on the service's port.
    """
    given = await _address(access, service)
    if given:
        return at(given, door.port, tls=tls)
    inside = url(door, service, access.namespace, None, tls=tls)
    if not pulumi.runtime.is_dry_run():
        pulumi.log.warn(
            f"Service {service} is of type LoadBalancer, and had no address after {DEADLINE_SECONDS:.0f} s; the "
            f"output frontDoor names {inside}, which leads nowhere outside the cluster. Next: kubectl -n "
            f"{access.namespace} describe service {service}, then pulumi up"
        )
    return inside


async def _address(access: ClusterAccess, service: str) -> str:
    """Return the address; empty where none came in time, or the API server did not answer. No update fails for that."""
    give_up = time.monotonic() + (0 if pulumi.runtime.is_dry_run() else DEADLINE_SECONDS)
    try:
        async with Cluster.connect(access) as cluster:
            while True:
                found = await cluster.read(f"/api/v1/namespaces/{access.namespace}/services/{service}", Service)
                given = found.outside if found else ""
                if given or time.monotonic() >= give_up:
                    return given
                await asyncio.sleep(PAUSE_SECONDS)
    except UnreachableError as error:
        pulumi.log.warn(str(error))
        return ""
