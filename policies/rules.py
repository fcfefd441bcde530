"""The rules of the pack as pure functions over a resource's properties: no Pulumi, no I/O."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from teal.colours import COLOUR_LABEL

PROBES = ("startupProbe", "livenessProbe", "readinessProbe")


def unguarded_containers(deployment: Mapping[str, Any]) -> Iterator[str]:
    """What a coloured Deployment's containers lack to start, serve and end without losing a request.

    Yields one message a finding: resource, what is missing, the bound and the
    remedy. A Deployment that carries no colour is none of ours.
    """
    metadata: Mapping[str, Any] = deployment.get("metadata") or {}
    labels: Mapping[str, str] = metadata.get("labels") or {}
    if COLOUR_LABEL not in labels:
        return
    name = metadata.get("name", "(unnamed)")
    spec: Mapping[str, Any] = deployment["spec"]["template"]["spec"]
    containers: Sequence[Mapping[str, Any]] = spec.get("containers") or ()
    for container in containers:
        missing = [probe for probe in PROBES if not container.get(probe)]
        lifecycle: Mapping[str, Any] = container.get("lifecycle") or {}
        if not lifecycle.get("preStop"):
            missing.append("lifecycle.preStop")
        if missing:
            yield (
                f"Deployment {name}, container {container.get('name')}: has no {', '.join(missing)}; needed: "
                f"{', '.join(PROBES)} and lifecycle.preStop, or requests are lost whenever a pod starts or ends. "
                "Remedy: set them under teal:services"
            )
