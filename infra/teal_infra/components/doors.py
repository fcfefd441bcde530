"""How a Service is reached: its spec, and the URL in the stack's outputs."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from teal_infra.settings import Settings
from teal_infra.settings.reach.doors import Door, ExtraPort, FrontDoor, Ingress

if TYPE_CHECKING:  # heavy at run time, needed for its types only
    from pulumi_kubernetes.core.v1 import ServicePortArgsDict, ServiceSpecArgsDict
    from pulumi_kubernetes.networking.v1 import HTTPIngressPathArgsDict, IngressBackendArgsDict, IngressSpecArgsDict


UNAWAITED: Mapping[str, str] = {"pulumi.com/skipAwait": "true"}
"""Annotations of what Pulumi's provider is not to wait for.

It calls a Service ready once its endpoints have not changed for 10 s and none is unready, and gives it 10 minutes for
that. Traffic has moved by then, and whoever watches it has to begin at once; the gates have looked at the endpoints
before. An Ingress or a route waits for a controller, which may not be there at all.
"""


def service_spec(
    door: Door,
    selector: Mapping[str, str],
    node_port: int | None,
    *,
    app_protocol: str | None = None,
    target: str | int = "http",
) -> "ServiceSpecArgsDict":
    """Return the spec of a Service behind a door."""
    name = door.port_name if isinstance(door, FrontDoor) else "http"
    port: ServicePortArgsDict = {"port": door.port, "target_port": target, "protocol": "TCP"}
    if name:
        port = {"name": name, **port}
    if app_protocol is not None:
        port["app_protocol"] = app_protocol
    if door.type != "ClusterIP" and node_port is not None:
        port["node_port"] = node_port
    extra: Mapping[str, ExtraPort] = door.extra_ports if isinstance(door, FrontDoor) else {}
    ports = [port, *(_further(name, each) for name, each in extra.items())]
    spec: ServiceSpecArgsDict = {
        "type": door.type,
        "selector": dict(selector),
        "session_affinity": door.session_affinity,
        "ports": ports,
    }
    if door.external_traffic_policy is not None:
        spec["external_traffic_policy"] = door.external_traffic_policy
    if door.internal_traffic_policy is not None:
        spec["internal_traffic_policy"] = door.internal_traffic_policy
    if door.load_balancer_class is not None:
        spec["load_balancer_class"] = door.load_balancer_class
    return cast("ServiceSpecArgsDict", {**door.spec, **spec})


def _further(name: str, extra: ExtraPort) -> "ServicePortArgsDict":
    port: ServicePortArgsDict = {"name": name, "port": extra.port, "target_port": extra.target_port}
    port["protocol"] = extra.protocol
    return {**port, "app_protocol": extra.app_protocol} if extra.app_protocol is not None else port


def ingress_spec(ingress: Ingress, service: str, port: int) -> "IngressSpecArgsDict":
    """Return the spec of an Ingress, which leads its paths on all its hosts to the active Service."""
    backend: IngressBackendArgsDict = {"service": {"name": service, "port": {"number": port}}}
    paths: list[HTTPIngressPathArgsDict] = [
        {"path": path, "path_type": "Prefix", "backend": backend} for path in ingress.paths
    ]
    spec: IngressSpecArgsDict = {"rules": [{"host": host, "http": {"paths": paths}} for host in ingress.secrets]}
    if ingress.class_name is not None:
        spec["ingress_class_name"] = ingress.class_name
    by_secret: dict[str, list[str]] = {}
    for host, secret in ingress.secrets.items():
        if secret is not None:
            by_secret.setdefault(secret, []).append(host)
    if by_secret:
        spec["tls"] = [{"hosts": hosts, "secret_name": secret} for secret, hosts in by_secret.items()]
    return spec


def front_door(settings: Settings, service: str) -> str:
    """Return the URL at which live traffic comes in, through the active Service."""
    its = settings.services[service]
    return url(its.front_door, service, settings.namespace, its.front_door.node_port, tls=its.tls)


def preview_door(settings: Settings, service: str) -> str:
    """Return the URL at which the idle colour answers."""
    its, idle = settings.services[service], settings.active_colour.other
    door = its.preview_door
    return url(door, f"{service}-{idle}", settings.namespace, door.node_ports.get(idle), tls=its.tls)


def url(door: Door, service: str, namespace: str, node_port: int | None, *, tls: bool) -> str:
    """Return the URL of a door for a client; the address inside the cluster where no other one is configured."""
    if door.host is None:
        return at(f"{service}.{namespace}.svc", door.port, tls=tls)
    return at(door.host, node_port if door.type == "NodePort" and node_port else door.port, tls=tls)


def at(host: str, port: int, *, tls: bool) -> str:
    """Return the URL of a port, which the pods behind it speak TLS on or not."""
    return f"{'https' if tls else 'http'}://{host}:{port}"
