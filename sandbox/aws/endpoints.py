"""Which pods a TargetGroupBinding means, as the AWS Load Balancer Controller counts them. Pure functions.

An endpoint counts when its slice calls it ready. A pod that is kept unready by the binding's own readiness gate alone
counts too, or it could never become healthy.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sandbox.aws.balancer.targets import Key
from sandbox.providers.properties import Map, list_at, map_at


@dataclass(frozen=True)
class Endpoint:
    """A pod's address and port, and the pod if its readiness waits for the target's health."""

    key: Key
    pod: str
    gated: bool


def condition_type(binding: Map) -> str:
    """The readiness gate that a binding answers for."""
    return f"target-health.elbv2.k8s.aws/{binding['metadata']['name']}"


def resolve(binding: Map, services: Iterable[Map], slices: Iterable[Map], pods: Iterable[Map]) -> list[Endpoint]:
    """The endpoints of a binding; none if its Service or the Service's port is not there."""
    namespace, reference = binding["metadata"]["namespace"], binding["spec"]["serviceRef"]
    service = [it for it in services if _is(it, namespace, reference["name"])]
    port = _port_name(service[0], reference["port"]) if service else None
    if port is None:
        return []
    by_name = {pod["metadata"]["name"]: pod for pod in pods if pod["metadata"]["namespace"] == namespace}
    found: dict[Key, Endpoint] = {}
    for each in slices:
        labels = map_at(each, "metadata", "labels")
        if each["metadata"]["namespace"] != namespace or labels.get("kubernetes.io/service-name") != reference["name"]:
            continue
        numbers = [it["port"] for it in list_at(each, "ports") if (it.get("name") or "") == port]
        for endpoint in list_at(each, "endpoints"):
            name = map_at(endpoint, "targetRef").get("name", "")
            pod = by_name.get(name, {})
            gated = has_gate(pod, condition_type(binding))
            if map_at(endpoint, "conditions").get("ready") or (gated and _only_gated(pod)):
                keys = [(address, number) for address in endpoint["addresses"] for number in numbers]
                found |= {key: Endpoint(key, name, gated) for key in keys}
    return list(found.values())


def has_gate(pod: Map, gate: str) -> bool:
    """Whether a pod's readiness waits for this condition."""
    return any(each["conditionType"] == gate for each in list_at(pod, "spec", "readinessGates"))


def condition(pod: Map, kind: str) -> Map:
    """A condition of a pod; empty if it has none of this type."""
    found: list[Map] = [each for each in list_at(pod, "status", "conditions") if each["type"] == kind]
    return found[0] if found else {}


def _only_gated(pod: Map) -> bool:
    alive = not map_at(pod, "metadata").get("deletionTimestamp")
    return alive and condition(pod, "ContainersReady").get("status") == "True"


def _is(item: Map, namespace: str, name: str) -> bool:
    return (item["metadata"]["namespace"], item["metadata"]["name"]) == (namespace, name)


def _port_name(service: Map, wanted: object) -> str | None:
    """The name of a Service's port, which is what its slices have; None if there is no such port."""
    for port in list_at(service, "spec", "ports"):
        if wanted in (port.get("name"), port["port"]):
            return str(port.get("name") or "")
    return None
