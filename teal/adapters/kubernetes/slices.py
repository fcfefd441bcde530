"""Models the fields of EndpointSlices that teal reads: who is ready behind a Service, as its controller lists them."""

from collections.abc import Mapping, Sequence

from teal.adapters.kubernetes.objects import Labelled, Object
from teal.model.live import Endpoint


class Conditions(Object):
    """The conditions of an endpoint. One without `ready` does not count as ready here, since that proves nothing."""

    ready: bool | None = None
    terminating: bool | None = None


class _Reference(Object):
    kind: str
    name: str


class _EndpointOfSlice(Object):
    conditions: Conditions = Conditions()
    target_ref: _Reference | None = None


class _Port(Object):
    name: str = ""
    port: int


class EndpointSlice(Object):
    """`discovery.k8s.io/v1` EndpointSlice, whose lists may be null."""

    metadata: Labelled = Labelled()
    endpoints: Sequence[_EndpointOfSlice] | None = None
    ports: Sequence[_Port] | None = None

    def ready(self) -> Sequence[Endpoint]:
        """Return the ready addresses on the port `http`, or on the first port where none is called so."""
        ports = self.ports or ()
        named = [each for each in ports if each.name == "http"] or ports[:1]
        return [
            Endpoint(pod=endpoint.target_ref.name, port=port.port)
            for endpoint in self.endpoints or ()
            for port in named
            if endpoint.conditions.ready and endpoint.target_ref is not None and endpoint.target_ref.kind == "Pod"
        ]

    def pods(self) -> Mapping[str, bool]:
        """Return whether each pod is ready, without those that are ending."""
        return {
            each.target_ref.name: bool(each.conditions.ready)
            for each in self.endpoints or ()
            if each.target_ref is not None and each.target_ref.kind == "Pod" and not each.conditions.terminating
        }
