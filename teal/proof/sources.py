"""Who can be asked for evidence, as those see it who measure. In tests, fakes are.

Nothing is decided and nothing is asked here.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from teal.gates.identity import Answer
from teal.gates.replies import Reply, Request
from teal.gates.samples import Queried
from teal.model.colours import Colour
from teal.model.live import Endpoint, LiveAutoscaler, LivePod, LiveService, LiveSlot


class Doors(Protocol):
    """Through whom a colour's pods are asked as a client asks them."""

    async def request(self, service: str, wanted: Request, *, within: float) -> Reply:
        """Ask a Service; what goes wrong is in the reply."""
        ...


class Slots(Doors, Protocol):
    """Who knows which pods are behind those doors."""

    async def endpoints(self, workers: Collection[str] = ()) -> Mapping[str, Sequence[Endpoint]]:
        """The ready addresses behind every Service, by its name, and the ready pods of workers, by theirs."""
        ...


class Source(Protocol):
    """Who answers queries: `teal.adapters.prometheus.Prometheus`."""

    async def query(self, promql: str) -> Queried:
        """Evaluate one instant query, now."""
        ...


class Evidence(Slots, Protocol):
    """Who knows a cluster, as `teal.adapters.kubernetes.cluster` does; raises `UnreachableError` if it is not there."""

    async def live_services(self) -> Mapping[str, LiveService]:
        """Where traffic goes now, by service."""
        ...

    async def slots(self) -> Mapping[tuple[str, Colour], LiveSlot]:
        """The colours that have a Deployment, by service and colour."""
        ...

    async def autoscalers(self) -> Mapping[str, LiveAutoscaler]:
        """Those of all colours, by name."""
        ...

    async def pods_asked_for(self, name: str) -> int:
        """Pods that a colour's Deployment has been asked for."""
        ...

    async def config_map(self, name: str) -> Mapping[str, str]:
        """A ConfigMap's data; empty where there is none."""
        ...

    async def pods(self, service: str) -> Sequence[LivePod]:
        """A service's pods in both colours that have not ended."""
        ...

    async def ask(self, endpoint: Endpoint, path: str) -> Answer:
        """What one pod says of itself."""
        ...
