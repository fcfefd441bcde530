"""Puts traffic back without an engine: the one write to a router that is not `pulumi up`'s.

A bake fails inside an engine's hook, where no resource can be declared, or in
the cluster, where there is no engine at all.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus

import httpx2

from teal import gates
from teal.colours import COLOUR_LABEL, MANAGER, MOVED_FROM, Colour
from teal.errors import RefusedError, UnreachableError
from teal.kube import Cluster, LiveService
from teal.verdict import Verdict

_TRIES = 3


async def capacity(cluster: Cluster, carried: Mapping[str, int], *, back: Colour) -> Sequence[Verdict]:
    """The proof that a flip needs, the other way: the old colour can carry what the present one carries.

    With as many ready endpoints as the present one has, or as it carried the
    same traffic with a moment ago: a release that fails may have scaled out meanwhile.

    Args:
        cluster: to ask.
        carried: ready endpoints that the old colour had when the flip began, by service.
        back: the old colour.

    Raises:
        UnreachableError: the cluster could not be asked.
    """

    async def one(service: str) -> Verdict:
        ready, live = await asyncio.gather(
            cluster.ready_endpoints(f"{service}-{back}"), cluster.ready_endpoints(f"{service}-{back.other}")
        )
        needed = min(len(live), carried[service])
        return gates.capacity(service, back, ready=len(ready), live=back.other, live_ready=needed)

    return await asyncio.gather(*(one(service) for service in carried))


async def move(cluster: Cluster, services: Mapping[str, LiveService], *, back: Colour) -> None:
    """Write the selectors of those services that are not there yet, each on the condition that nobody else did.

    Raises:
        RefusedError: a Service was written by somebody else since it was read.
        UnreachableError: the API server did not answer.
    """
    for name, live in services.items():
        if live.colour is not back:
            await _move(cluster, name, live, back)


async def _move(cluster: Cluster, name: str, live: LiveService, back: Colour) -> None:
    patch = {
        "metadata": {
            "resourceVersion": live.resource_version,
            "annotations": {MOVED_FROM: f"{live.colour}@{live.resource_version}"},
        },
        "spec": {"selector": {COLOUR_LABEL: back}},
    }
    response: httpx2.Response | None = None
    for _ in range(_TRIES):
        try:
            response = await cluster.http.patch(
                f"/api/v1/namespaces/{cluster.namespace}/services/{name}",
                params={"fieldManager": MANAGER},
                content=json.dumps(patch),
                headers={"Content-Type": "application/merge-patch+json"},
            )
        except httpx2.TransportError:
            now = await cluster.live_service(name)  # waits for the API server; a write whose answer was lost shows
            if now is not None and now.colour is back:
                return
            continue
        break
    if response is None or response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise UnreachableError(
            f"service {name} could not be put back onto {back}: the API server "
            f"{'answered ' + str(response.status_code) if response is not None else 'did not answer'}. Traffic stays "
            f"on {live.colour}. Next: kubectl cluster-info, then pulumi up"
        )
    if response.status_code == HTTPStatus.CONFLICT:
        raise RefusedError(
            f"service {name} was written by somebody else while {live.colour} was watched: it was not put back onto "
            f"{back}. Next: kubectl -n {cluster.namespace} get service {name} --show-managed-fields -o yaml"
        )
    if not response.is_success:
        raise UnreachableError(
            f"service {name} could not be put back onto {back}: the API server answered {response.status_code}. "
            f"Traffic stays on {live.colour}. Next: kubectl -n {cluster.namespace} auth can-i patch services"
        )
