"""Reads what is live in a Kubernetes cluster and asks pods for their version.

It writes nothing. It reads raw JSON with lightkube's kubeconfig and credentials, since a few requests do not need typed
models of the whole API.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Self, TypeVar

import httpx2
import stamina
from pydantic import BaseModel

from teal.adapters import patience
from teal.adapters.kubernetes import access as kube_access
from teal.adapters.kubernetes import objects, proxy, workloads
from teal.adapters.kubernetes.access import ClusterAccess
from teal.adapters.kubernetes.slices import EndpointSlice
from teal.gates.identity import Answer
from teal.gates.replies import Reply, Request
from teal.model.adopted import led_to
from teal.model.colours import Colour, colour_of
from teal.model.errors import UnreachableError
from teal.model.labels import COLOUR_LABEL, NAME_LABEL, PART_OF, PART_OF_LABEL, VERSION_LABEL
from teal.model.live import Endpoint, LiveAutoscaler, LivePod, LiveService, LiveSlot

RETRY_SECONDS = 10.0
"""How long all attempts of one read may take: an API server that restarts is back in it (measured: 3-6 s)."""

AT_ONCE = 16
"""Requests at a time. One more connection costs a TLS handshake on both sides, which takes longer than to wait."""

SERVICE_LABEL = "kubernetes.io/service-name"
"""The label by which an EndpointSlice names its Service."""


_Read = TypeVar("_Read", bound=BaseModel)


class Cluster:
    """A connection to one namespace of a cluster. Open it with `Cluster.connect`."""

    def __init__(self, http: httpx2.AsyncClient, namespace: str) -> None:
        """Wrap an HTTP client whose base URL is the API server's."""
        self.http = http
        self.namespace = namespace
        self._turn = asyncio.Semaphore(AT_ONCE)
        self.slots_seen: Mapping[tuple[str, Colour], LiveSlot] = {}
        """The colours that have a Deployment, as of the last read."""

    @classmethod
    @asynccontextmanager
    async def connect(cls, access: ClusterAccess) -> AsyncGenerator[Self]:
        """Open a connection with the credentials of the kubeconfig.

        Raises:
            UnreachableError: there is no usable kubeconfig.
        """
        async with kube_access.client(access) as http:
            yield cls(http, access.namespace)

    async def live_service(self, name: str) -> LiveService | None:
        """Return an active Service, or None where there is none.

        Raises:
            UnreachableError: the API server did not answer, or answered neither 200 nor 404.
        """
        found = await self.read(f"/api/v1/namespaces/{self.namespace}/services/{name}", objects.Service)
        return live_service(found) if found else None

    async def live_services(self) -> Mapping[str, LiveService]:
        """Return all active Services of the namespace, by name: those of teal that belong to no colour.

        Raises:
            UnreachableError: the API server could not be asked.
        """
        found = await self._services(f"{PART_OF_LABEL}={PART_OF},!{COLOUR_LABEL}")
        return {each.metadata.name: live_service(each) for each in found}

    async def doors(self) -> Mapping[str, objects.Service]:
        """Return all Services of the stack, by name: the active ones and those of one colour."""
        return {each.metadata.name: each for each in await self._services(f"{PART_OF_LABEL}={PART_OF}")}

    async def _services(self, selector: str) -> Sequence[objects.Service]:
        return await self.listed(f"/api/v1/namespaces/{self.namespace}/services", objects.Service, selector)

    async def ready_endpoints(self, service: str) -> Sequence[Endpoint]:
        """Return the ready addresses behind a Service, as its EndpointSlices list them.

        Raises:
            UnreachableError: the API server could not be asked.
        """
        return [each for piece in await self._slices(service) for each in piece.ready()]

    async def endpoints(self, workers: Collection[str] = ()) -> Mapping[str, Sequence[Endpoint]]:
        """Return the ready addresses behind every Service of the namespace, by its name, from a single request.

        Workers have no Service: their ready pods are listed instead, with one request for each worker.

        Raises:
            UnreachableError: the API server could not be asked.
        """
        ready: dict[str, list[Endpoint]] = defaultdict(list)
        for piece in await self._slices():
            ready[piece.metadata.labels.get(SERVICE_LABEL, "")] += piece.ready()
        for service in workers:
            for each in await self.pods(service):
                if each.ready and not each.ending:
                    ready[f"{service}-{each.colour}"].append(Endpoint(pod=each.name, port=0))
        return ready

    async def standing(self, workers: Collection[str] = ()) -> Mapping[str, Mapping[str, bool]]:
        """Return which pods of every Service are ready, without ending ones; one request reads them all.

        Workers have no Service: their pods are listed instead, with one request for each worker.

        Raises:
            UnreachableError: the API server could not be asked.
        """
        pods: dict[str, dict[str, bool]] = defaultdict(dict)
        for piece in await self._slices():
            pods[piece.metadata.labels.get(SERVICE_LABEL, "")].update(piece.pods())
        for service in workers:
            for each in await self.pods(service):
                if not each.ending:
                    pods[f"{service}-{each.colour}"][each.name] = each.ready
        return pods

    async def _slices(self, service: str = "") -> Sequence[EndpointSlice]:
        path = f"/apis/discovery.k8s.io/v1/namespaces/{self.namespace}/endpointslices"
        return await self.listed(path, EndpointSlice, f"{SERVICE_LABEL}={service}" if service else "")

    async def slots(self) -> Mapping[tuple[str, Colour], LiveSlot]:
        """Return the colours that have a Deployment, by service and colour."""
        found = await self.listed(
            f"/apis/apps/v1/namespaces/{self.namespace}/deployments",
            workloads.Deployment,
            f"{PART_OF_LABEL}={PART_OF},{COLOUR_LABEL}",
        )
        self.slots_seen = {
            (item.metadata.labels[NAME_LABEL], colour): LiveSlot(
                annotations=item.metadata.annotations,
                replicas=item.spec.replicas,
                ready=item.status.ready_replicas,
                outdated=item.outdated,
                rolling=item.rolling,
                version=item.metadata.labels.get(VERSION_LABEL, ""),
                given=item.given(item.metadata.labels[NAME_LABEL]),
            )
            for item in found
            if (colour := colour_of(item.metadata.labels.get(COLOUR_LABEL))) is not None
        }
        return self.slots_seen

    async def pods(self, service: str) -> Sequence[LivePod]:
        """Return a service's pods in both colours that have not ended, including those that are ending."""
        return [
            LivePod(
                name=item.metadata.name,
                colour=colour_of(item.metadata.labels.get(COLOUR_LABEL)),
                version=item.metadata.labels.get(VERSION_LABEL, ""),
                image=item.image(service),
                image_id=item.image_id(service),
                ready=item.ready,
                ending=bool(item.metadata.deletion_timestamp),
            )
            for item in await self._pods(f"{NAME_LABEL}={service}")
            if item.status.phase not in {"Succeeded", "Failed"}
        ]

    async def restarts(self, colour: Colour) -> Mapping[str, Mapping[str, tuple[int, str]]]:
        """Return, by service and pod of a colour, how often containers restarted and how the last one ended.

        Raises:
            UnreachableError: the API server could not be asked.
        """
        pods: dict[str, dict[str, tuple[int, str]]] = defaultdict(dict)
        for item in await self._pods(f"{PART_OF_LABEL}={PART_OF},{COLOUR_LABEL}={colour}"):
            pods[item.metadata.labels.get(NAME_LABEL, "")][item.metadata.name] = item.status.restarts()
        return pods

    async def _pods(self, selector: str) -> Sequence[workloads.Pod]:
        return await self.listed(f"/api/v1/namespaces/{self.namespace}/pods", workloads.Pod, selector)

    async def autoscalers(self) -> Mapping[str, LiveAutoscaler]:
        """Return the autoscalers by the Deployment that each scales, whoever made them, from a single request."""
        found = await self.listed(
            f"/apis/autoscaling/v2/namespaces/{self.namespace}/horizontalpodautoscalers", workloads.Autoscaler
        )
        return {
            name: LiveAutoscaler(
                annotations=item.metadata.annotations,
                minimum=item.spec.min_replicas,
                desired=item.status.desired_replicas,
                ours=item.metadata.labels.get(PART_OF_LABEL) == PART_OF,
            )
            for item in found
            if (name := item.deployment)
        }

    async def pods_asked_for(self, name: str) -> int:
        """Return how many pods a Deployment's replicas or autoscaler ask for; 0 where it is missing or at zero."""
        deployment, autoscalers = await asyncio.gather(
            self.read(f"/apis/apps/v1/namespaces/{self.namespace}/deployments/{name}", workloads.Deployment),
            self.autoscalers(),
        )
        if deployment is None or deployment.spec.replicas == 0:
            return 0
        return max(deployment.spec.replicas, autoscalers[name].minimum if name in autoscalers else 0)

    async def config_map(self, name: str) -> Mapping[str, str]:
        """Return a ConfigMap's data; empty where there is none."""
        found = await self.read(f"/api/v1/namespaces/{self.namespace}/configmaps/{name}", objects.ConfigMap)
        return found.data if found else {}

    async def ask(self, endpoint: Endpoint, path: str, *, tls: bool = False) -> Answer:
        """Ask one pod for its version and colour, through the API server's proxy.

        The path answers JSON with `version` and `deployment_group` (docs/contract.md). Errors are returned in the
        answer and not raised: they are evidence.
        """
        async with self._turn:
            return await proxy.ask(self.http, self.namespace, endpoint.pod, endpoint.port, path, tls=tls)

    async def request(self, service: str, wanted: Request, *, within: float) -> Reply:
        """Send a request to a Service through the API server's proxy, and wait for it no longer than `within` seconds.

        Errors are returned in the reply and not raised: they are evidence.
        """
        async with self._turn:
            return await proxy.request(self.http, self.namespace, service, wanted, within=within)

    async def listed(self, path: str, shape: type[_Read], selector: str = "") -> Sequence[_Read]:
        """Read the objects of a list that a label selector finds; none where the API server does not know the kind.

        Raises:
            UnreachableError: the API server did not answer, or answered neither 200 nor 404.
        """
        found = await self.read(path, objects.Items, {"labelSelector": selector} if selector else None)
        return [shape.model_validate(each) for each in found.items] if found else ()

    async def read(self, path: str, shape: type[_Read], params: Mapping[str, str] | None = None) -> _Read | None:
        """Read an object or a list; None where there is none.

        Raises:
            UnreachableError: the API server did not answer, or answered neither 200 nor 404.
        """
        patiently = stamina.AsyncRetryingCaller(timeout=RETRY_SECONDS, attempts=None, wait_max=patience.MOST_SECONDS)

        async def get() -> httpx2.Response:
            async with self._turn:
                response = await self.http.get(path, params=params)
            patience.require_settled(response)
            return response

        try:
            response = await patiently(patience.again, get)
        except (httpx2.TransportError, patience.BusyError) as error:
            raise UnreachableError(
                f"the API server {self.http.base_url} did not answer GET {path} within {RETRY_SECONDS:.0f} s "
                f"({type(error).__name__}: {error}), so nothing is known of what it was asked for, and this step went "
                "no further. Next: kubectl cluster-info"
            ) from None
        if response.status_code == HTTPStatus.NOT_FOUND:
            return None
        if not response.is_success:
            raise UnreachableError(
                f"the API server {self.http.base_url} answered {response.status_code} to GET {path}"
                f"{objects.why(response.content)}, so nothing is known of what it was asked for, and this step went no "
                f"further. Next: {objects.remedy(response.status_code)}"
            )
        return shape.model_validate_json(response.content)


def live_service(found: objects.Service) -> LiveService:
    """Return where an active Service sends traffic, and who wrote that."""
    return LiveService(
        colour=led_to(found.spec.selector, found.metadata.annotations),
        selector=found.spec.selector,
        annotations=found.metadata.annotations,
        resource_version=found.metadata.resource_version,
        writer=objects.writer_of(found.metadata.managed_fields, "selector"),
        owners=objects.owners_of(found.metadata.managed_fields, "selector"),
    )
