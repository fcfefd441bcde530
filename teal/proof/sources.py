"""What the proof asks for evidence, as protocols; tests pass fakes.

Nothing is decided or asked here.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from teal.gates.identity import Answer
from teal.gates.replies import Reply, Request
from teal.gates.samples import Queried
from teal.model.colours import Colour
from teal.model.live import Endpoint, LiveAutoscaler, LivePod, LiveService, LiveSlot


class Doors(Protocol):
    """Sends requests to a colour's pods as a client does."""

    async def request(self, service: str, wanted: Request, *, within: float) -> Reply:
        """Send a request to a Service; errors are returned in the reply."""
        ...


class Slots(Doors, Protocol):
    """Knows which pods are behind those doors."""

    async def endpoints(self, workers: Collection[str] = ()) -> Mapping[str, Sequence[Endpoint]]:
        """Return the ready addresses behind every Service, by its name, and the ready pods of workers, by theirs."""
        ...


class Source(Protocol):
    """Answers queries: `teal.adapters.prometheus.Prometheus`."""

    async def query(self, promql: str) -> Queried:
        """Evaluate one instant query as of now."""
        ...


class Evidence(Slots, Protocol):
    """Knows a cluster, as `teal.adapters.kubernetes.cluster` does; raises `UnreachableError` if there is no answer."""

    async def live_services(self) -> Mapping[str, LiveService]:
        """Return where traffic goes now, by service."""
        ...

    async def slots(self) -> Mapping[tuple[str, Colour], LiveSlot]:
        """Return the colours that have a Deployment, by service and colour."""
        ...

    async def autoscalers(self) -> Mapping[str, LiveAutoscaler]:
        """Return the autoscalers of all colours, by Deployment."""
        ...

    async def pods_asked_for(self, name: str) -> int:
        """Return how many pods a colour's Deployment has been asked for."""
        ...

    async def config_map(self, name: str) -> Mapping[str, str]:
        """Return a ConfigMap's data; empty where there is none."""
        ...

    async def pods(self, service: str) -> Sequence[LivePod]:
        """Return a service's pods in both colours that have not ended."""
        ...

    async def ask(self, endpoint: Endpoint, path: str, *, tls: bool = False) -> Answer:
        """Ask one pod for its version and colour."""
        ...
