"""Writes as Pulumi's provider for Kubernetes does: by server-side apply, repeated for a while where that helps."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import httpx2
from teal_infra.provider.ownership import FIELD_MANAGER, FORCE
from teal_infra.traffic.worker import is_record

from tests.simulation.cluster import elb
from tests.simulation.cluster.api import NAMESPACE
from tests.simulation.cluster.store import Object
from tests.simulation.cluster.wire import Actor, Network

TRIES = 6
POLL = 1.0
BUSY = 429
PATHS = {
    "deployments": "/apis/apps/v1",
    "horizontalpodautoscalers": "/apis/autoscaling/v2",
    "services": "/api/v1",
    "httproutes": "/apis/gateway.networking.k8s.io/v1",
    "configmaps": "/api/v1",
    elb.RULES: "/apis/aws/v1",
}


class EngineError(Exception):
    """The provider could not do something; the message says what."""


class Provider:
    """The provider's client within one update."""

    def __init__(self, network: Network, actor: Actor) -> None:
        """Prepare to write as this process."""
        self._http = network.http(actor)
        self._seed = network.seed

    async def close(self) -> None:
        """End its connections."""
        await self._http.aclose()

    async def send(self, method: str, kind: str, name: str, inputs: Object | None = None) -> httpx2.Response:
        """Send a request as the provider's client does: again and again for a while, where that may help."""
        path = f"{PATHS[kind]}/namespaces/{NAMESPACE}/{kind}/{name}"
        why = ""
        for attempt in range(TRIES):
            if kind == elb.RULES:
                await asyncio.sleep(elb.latency(self._seed, name, "write", attempt))
            try:
                response = await self._http.request(method, path, **_applied(inputs))
            except httpx2.TransportError as error:
                why = f"{type(error).__name__} {error}"
            else:
                if response.is_success:
                    return response
                why = f"{response.status_code} {response.text}"
                if response.status_code not in {BUSY, 500, 502, 503}:
                    break
            await asyncio.sleep(POLL)
        raise EngineError(f"{method} {kind} {name}: {why}")

    async def rolled_out(self, slot: str) -> None:
        """Wait until a Deployment's rollout is done.

        Raises:
            EngineError: it was not in time.
        """
        deadline = asyncio.get_running_loop().time() + 25
        while True:
            found = json.loads((await self.send("GET", "deployments", slot)).content)
            wanted, status = found["spec"]["replicas"], found.get("status", {})
            counts = {status.get(each, 0) for each in ("replicas", "updatedReplicas", "readyReplicas")}
            if status.get("observedGeneration") == found["metadata"]["generation"] and counts == {wanted}:
                return
            if asyncio.get_running_loop().time() > deadline:
                raise EngineError(f"the Deployment {slot} was not ready in time")
            await asyncio.sleep(POLL)


def _applied(inputs: Object | None) -> Mapping[str, Any]:
    if inputs is None:
        return {}
    directs = bool({"selector", "rules"} & {*inputs.get("spec", {})}) or is_record(inputs)
    force = FORCE in inputs["metadata"].get("annotations", {}) or not directs
    return {
        "params": {"fieldManager": FIELD_MANAGER, "force": str(force).lower()},
        "content": json.dumps(inputs),
        "headers": {"Content-Type": "application/apply-patch+yaml"},
    }
