"""How a Service is reached: its spec, and the URL that the stack outputs name."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from infra.settings.doors import Door

if TYPE_CHECKING:  # heavy at run time, needed for its types only
    from pulumi_kubernetes.core.v1 import ServicePortArgsDict, ServiceSpecArgsDict


def service_spec(door: Door, selector: Mapping[str, str], node_port: int | None) -> "ServiceSpecArgsDict":
    """Spec of a Service behind a door; stateless, so without session affinity."""
    port: ServicePortArgsDict = {"name": "http", "port": door.port, "target_port": "http", "protocol": "TCP"}
    if door.type != "ClusterIP" and node_port is not None:
        port["node_port"] = node_port
    return {"type": door.type, "selector": dict(selector), "session_affinity": "None", "ports": [port]}


def url(door: Door, service: str, namespace: str, node_port: int | None) -> str:
    """Where a client finds the door; the address inside the cluster where no outer one is configured."""
    if door.host is None:
        return f"http://{service}.{namespace}.svc:{door.port}"
    return f"http://{door.host}:{node_port if door.type == 'NodePort' and node_port else door.port}"
