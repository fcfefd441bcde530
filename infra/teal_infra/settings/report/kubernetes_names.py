"""Maps Kubernetes' own names to where a stack file says the same, so that an unknown key can say where. Pure."""

from collections.abc import Mapping
from typing import Final

_POD = "podTemplate.spec"
_CONTAINER = f"an element of {_POD}.containers that has the service's name"
REFERRED: Final = f"a value that stands elsewhere (valueFrom) is said in env of {_CONTAINER}"
"""What is answered where a variable is a reference, as Kubernetes has them beside values."""

REFERENCES: Final = frozenset(("configMapKeyRef", "fieldRef", "resourceFieldRef", "secretKeyRef", "valueFrom"))
"""The keys by which a reference is known."""

_RELEASE = "a key of the service in its slot (COLOUR.SERVICE)"

_SERVICE: Final[Mapping[str, str]] = {
    **{
        each: f"{_POD}.{each}"
        for each in (
            "affinity",
            "automountServiceAccountToken",
            "dnsConfig",
            "dnsPolicy",
            "hostAliases",
            "hostIPC",
            "hostNetwork",
            "hostPID",
            "hostUsers",
            "hostname",
            "initContainers",
            "nodeName",
            "nodeSelector",
            "priorityClassName",
            "runtimeClassName",
            "schedulerName",
            "shareProcessNamespace",
            "subdomain",
            "tolerations",
        )
    },
    **dict.fromkeys(("containers", "extraContainers", "sidecars"), f"{_POD}.containers"),
    "extraInitContainers": f"{_POD}.initContainers",
    **dict.fromkeys(("envFrom", "lifecycle", "stdin", "tty", "volumeDevices", "workingDir"), _CONTAINER),
    **dict.fromkeys(("extraVolumeMounts", "extraVolumes", "persistence", "volumeMounts"), "volumes"),
    **dict.fromkeys(
        ("podSecurityContext", "securityContext"), f"runAsUser, runAsGroup and fsGroup, or {_POD}.securityContext"
    ),
    "containerSecurityContext": f"the securityContext of {_CONTAINER}",
    **dict.fromkeys(("podAnnotations", "podLabels"), "podTemplate.metadata"),
    **dict.fromkeys(("extraEnv", "extraEnvVars"), "env, of the service in its slot"),
    "service": "frontDoor",
    "networkPolicy": "network",
    "topologySpreadConstraints": f"spread, or {_POD}.topologySpreadConstraints",
    **dict.fromkeys(("terminationGracePeriodSeconds", "gracePeriodSeconds"), "shutdown.gracePeriodSeconds"),
    **{f"{each}Probe": f"probes.{each}" for each in ("startup", "liveness", "readiness")},
    **dict.fromkeys(("healthCheck", "healthcheck", "health"), "probes.readiness"),
    **dict.fromkeys(("podDisruptionBudget", "pdb"), "disruption"),
    **dict.fromkeys(("horizontalPodAutoscaler", "hpa", "minReplicas", "maxReplicas"), "autoscaling"),
    **dict.fromkeys(("strategy", "updateStrategy", "maxSurge", "maxUnavailable", "minReadySeconds"), "rollout"),
    **dict.fromkeys(("containerPort", "targetPort"), "port"),
    **dict.fromkeys(("nodePort", "serviceType", "loadBalancerClass"), "frontDoor"),
    **dict.fromkeys(("serviceAccount", "serviceAccountName"), "metadata.serviceAccount"),
    **dict.fromkeys(("annotations", "labels"), "metadata, by object, or podTemplate.metadata"),
    **dict.fromkeys(("image", "env", "secrets"), _RELEASE),
    **dict.fromkeys(("schedule", "timeZone", "concurrencyPolicy", "startingDeadlineSeconds"), "cron, of kind: cron"),
}
_PROBE: Final[Mapping[str, str]] = {
    "httpGet": "path, and port where it is not the service's own",
    "tcpSocket": "tcp: true, and port where it is not the service's own",
    "command": "exec, a list",
    **dict.fromkeys(("successThreshold", "terminationGracePeriodSeconds"), f"the probe of {_CONTAINER}"),
}
_VOLUME: Final[Mapping[str, str]] = {
    "persistentVolumeClaim": "claim, its name",
    "configMapName": "configMap, its name",
    "secretName": "secret, its name",
    **dict.fromkeys(("sizeLimit", "emptyDir"), "size; for another medium, podTemplate.spec.volumes"),
    **dict.fromkeys(("csi", "ephemeral", "hostPath", "image", "items", "nfs", "projected"), f"{_POD}.volumes"),
    **dict.fromkeys(("defaultMode", "medium", "optional"), f"{_POD}.volumes"),
    **dict.fromkeys(("subPath", "subPathExpr", "mountPropagation"), f"the volumeMounts of {_CONTAINER}"),
}
_DOOR: Final[Mapping[str, str]] = {
    **dict.fromkeys(("annotations", "labels"), "metadata.frontDoor"),
    "targetPort": "the service's port",
    **{
        each: f"spec.{each}"
        for each in (
            "allocateLoadBalancerNodePorts",
            "externalIPs",
            "healthCheckNodePort",
            "ipFamilies",
            "ipFamilyPolicy",
            "loadBalancerIP",
            "loadBalancerSourceRanges",
            "sessionAffinityConfig",
            "trafficDistribution",
        )
    },
}
BY_MODEL: Final[Mapping[str, Mapping[str, str]]] = {
    "ServiceSettings": _SERVICE,
    "SlotService": {each: where for each, where in _SERVICE.items() if where != _RELEASE}
    | {"volumes": f"volumes of the service, or {_POD}.volumes"},
    "Probe": _PROBE,
    "FrontDoor": _DOOR,
    "PreviewDoor": {**_DOOR, **dict.fromkeys(("annotations", "labels"), "metadata.previewDoor")},
    "Volume": _VOLUME,
    "ResourceAmounts": {"ephemeral-storage": f"the resources of {_CONTAINER}"},
    "Limits": {"ephemeral-storage": f"the resources of {_CONTAINER}"},
    "Ingress": {
        "tls": "tlsSecret, the name of a Secret",
        "ingressClassName": "className",
        **dict.fromkeys(("path", "pathType"), "paths, a list of prefixes"),
    },
    "Autoscaling": {"targetCPUUtilizationPercentage": "cpuPercent"},
}


def said_as(model: str, key: str) -> str:
    """Return where a stack file says what Kubernetes calls so; empty where that is nowhere, or under the same name.

    Args:
        model: the name of the class of the object in which the key stands.
        key: the key that this object does not have.
    """
    if model in {"ResourceAmounts", "Limits"} and "/" in key:  # an extended resource: example.com/device
        return f"the resources of {_CONTAINER}"
    return BY_MODEL.get(model, {}).get(key, "")
