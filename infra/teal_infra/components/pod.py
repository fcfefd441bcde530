"""Describes the pod of one colour: container, probes, identity, shutdown, confinement. Plain data, no resources."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, cast

from teal.model.colours import Colour
from teal.model.labels import COLOUR_LABEL, DEPLOYED_AT, ZONE_LABEL
from teal.model.routes import RouterKind
from teal_infra.components.environment import completed
from teal_infra.labels import Identity
from teal_infra.provider import strategic_merge
from teal_infra.provider.kinds import Verbatim, manifest
from teal_infra.settings.pod import Resources, Shutdown, Spread, volumes
from teal_infra.settings.pod.flags import FOLDER, NAME
from teal_infra.settings.pod.probes import HTTP, Probe
from teal_infra.settings.service import ServiceSettings
from teal_infra.settings.slot import SlotService

if TYPE_CHECKING:  # the modules are heavy; the program imports them where it makes resources
    import pulumi
    from pulumi_kubernetes.core.v1 import (
        ContainerArgsDict,
        EnvFromSourceArgsDict,
        EnvVarArgsDict,
        LifecycleArgsDict,
        PodSecurityContextArgsDict,
        PodSpecArgsDict,
        PodTemplateSpecArgsDict,
        ProbeArgsDict,
        ResourceRequirementsArgsDict,
        SecurityContextArgsDict,
        TopologySpreadConstraintArgsDict,
        VolumeArgsDict,
        VolumeMountArgsDict,
    )

_USERS = ("run_as_user", "run_as_group", "fs_group")


TMP: "VolumeArgsDict" = {"name": volumes.TMP, "empty_dir": {"size_limit": volumes.SCRATCH}}
"""The volume of `/tmp`: the root file system is read-only, and frameworks write uploads, locks and caches there.
`volumes` can set another size."""

TMP_MOUNT: "VolumeMountArgsDict" = {"name": volumes.TMP, "mount_path": "/tmp"}  # noqa: S108 - the container's own

FLAGS: "VolumeArgsDict" = {"name": NAME, "config_map": {"name": NAME}}
FLAGS_MOUNT: "VolumeMountArgsDict" = {"name": NAME, "mount_path": FOLDER, "read_only": True}
"""Flags are mounted as a folder: the kubelet updates the files of one, and never a file that is mounted alone."""


def binding(service: str, colour: Colour) -> str:
    """Return the name of the TargetGroupBinding that registers a colour's pods with a load balancer."""
    return f"{service}-{colour}"


def readiness_gates(router: RouterKind, service: str, colour: Colour) -> tuple[str, ...]:
    """Return the conditions beside its probe that a pod's readiness needs: that the load balancer finds it healthy.

    Without it, pods that replace live ones count before anybody sends them traffic. It is declared here and not left to
    the controller's webhook, which only adds it to pods that are made after their binding was seen.
    """
    condition = router.spec.readiness_gate
    return (f"{condition}/{binding(service, colour)}",) if condition else ()


def template(  # noqa: PLR0913 - what a pod is made of, from six places
    of: Identity,
    settings: ServiceSettings,
    release: SlotService,
    sources: "list[EnvFromSourceArgsDict]",
    fixed: Mapping[str, str],
    *,
    referring: "Sequence[EnvVarArgsDict]" = (),
    account: "pulumi.Input[str]",
    deployed_at: str,
    gates: Sequence[str] = (),
    flags: bool = False,
) -> Verbatim:
    """Return the pods of one colour, as Kubernetes names their fields; any change of them replaces them all.

    What the service and then the slot say of them in `podTemplate` is merged onto what teal makes.

    Args:
        of: the service, colour and version that the pods are of.
        settings: what both colours share.
        release: the service in this slot.
        sources: the slot's ConfigMap and Secret; their entries are the environment.
        fixed: the variables ENV and REGION.
        referring: variables whose values refer to others (`environment.referring`).
        account: the name of the account that they run as.
        deployed_at: the time since which the slot's content has been so, RFC 3339.
        gates: conditions that others set, and that a pod's readiness waits for.
        flags: whether the pods read feature flags.
    """
    deployed: EnvVarArgsDict = {
        "name": "DEPLOYMENT_TIMESTAMP",
        "value_from": {"field_ref": {"field_path": f"metadata.annotations['{DEPLOYED_AT}']"}},
    }
    own = [each for each in (*identity(of, settings, fixed), deployed) if each["name"] not in release.env]
    main = container(of.service, settings, release.image, [], [*own, *referring])
    spec: PodSpecArgsDict = {
        "service_account_name": account,
        "automount_service_account_token": settings.access.read_cluster,
        "termination_grace_period_seconds": settings.shutdown.grace_period_seconds,
        # Service links would pass variables of every Service in the namespace to the pods: many, which may have names
        # that an application uses itself (a Service named backend makes BACKEND_PORT).
        "enable_service_links": False,
        "topology_spread_constraints": spread(of.selector, settings.spread),
        "volumes": [*_volumes(settings.volumes), *([FLAGS] if flags else [])],
        "containers": [main],
    }
    as_whom(spec, settings)
    if flags:
        main["volume_mounts"] = [*_mounts(settings.volumes), FLAGS_MOUNT]
    if settings.cron is not None:
        spec["restart_policy"] = "Never"  # a Job makes another pod of one that failed: its log stays
    if gates:
        spec["readiness_gates"] = [{"condition_type": each} for each in gates]
    scraped = {
        "prometheus.io/scrape": "true",
        "prometheus.io/port": str(settings.metrics_port),
        "prometheus.io/path": settings.request_metrics.path,
        **({"prometheus.io/scheme": "https"} if settings.metrics_tls else {}),
    }
    made: PodTemplateSpecArgsDict = {
        "metadata": {
            "labels": dict(of.labels),
            "annotations": {DEPLOYED_AT: deployed_at, **(scraped if settings.metrics_port else {})},
        },
        "spec": spec,
    }
    whole = manifest(made)
    for each in (settings.pod_template, release.pod_template):
        whole = strategic_merge.merged(whole, each.model_dump(exclude_unset=True))
    return Verbatim(completed(whole, of.service, manifest({"env_from": sources})["envFrom"]))


def as_whom(spec: "PodSpecArgsDict", settings: ServiceSettings) -> None:
    """Set the credentials by which a service's images are pulled, and the user that they run as."""
    if settings.image_pull_secrets:
        spec["image_pull_secrets"] = [{"name": each} for each in settings.image_pull_secrets]
    users = {name: each for name in _USERS if (each := getattr(settings, name)) is not None}
    if users:
        spec["security_context"] = cast("PodSecurityContextArgsDict", users)


def container(
    name: str,
    settings: ServiceSettings,
    image: str,
    sources: "list[EnvFromSourceArgsDict]",
    env: "list[EnvVarArgsDict]",
) -> "ContainerArgsDict":
    """Return the service's container.

    Args:
        name: the service's name.
        settings: the settings that both colours share.
        image: the image of this slot.
        sources: the slot's ConfigMap and Secret, whose entries are the environment.
        env: the container's own variables, in order, since a value can refer to earlier ones.
    """
    made: ContainerArgsDict = {
        "name": name,
        "image": image,
        "image_pull_policy": settings.image_pull_policy,
        "env": env,
        "env_from": sources,
        "resources": resources(settings.resources),
        "security_context": confined(),
        "volume_mounts": [*_mounts(settings.volumes)],
    }
    if settings.worker is None:
        made["ports"] = [
            {"name": HTTP, "container_port": settings.port},
            *({"name": name, "container_port": number} for name, number in settings.ports.items()),
        ]
    elif settings.metrics_port is not None:
        made["ports"] = [{"name": "metrics", "container_port": settings.metrics_port}]
    probes = {name: _probe(each, settings) for name, each in settings.probed.items()}
    if "startup" in probes:
        made["startup_probe"] = probes["startup"]
    if "liveness" in probes:
        made["liveness_probe"] = probes["liveness"]
    if "readiness" in probes:
        made["readiness_probe"] = probes["readiness"]
    if settings.worker is None or settings.shutdown.drain_command:  # a worker stops taking work at SIGTERM
        made["lifecycle"] = _lifecycle(settings.shutdown)
    if settings.command:
        made["command"] = list(settings.command)
    if settings.args:
        made["args"] = list(settings.args)
    return made


def _volumes(settings: Mapping[str, volumes.Volume]) -> "Iterator[VolumeArgsDict]":
    if volumes.TMP not in settings:
        yield TMP
    for name, each in settings.items():
        if each.claim is not None:
            yield {"name": name, "persistent_volume_claim": {"claim_name": each.claim}}
        elif each.secret is not None:
            yield {"name": name, "secret": {"secret_name": each.secret}}
        elif each.config_map is not None:
            yield {"name": name, "config_map": {"name": each.config_map}}
        else:
            yield {"name": name, "empty_dir": {"size_limit": each.size or volumes.SCRATCH}}


def _mounts(settings: Mapping[str, volumes.Volume]) -> "Iterator[VolumeMountArgsDict]":
    if volumes.TMP not in settings:
        yield TMP_MOUNT
    for name, each in settings.items():
        made: VolumeMountArgsDict = {"name": name, "mount_path": each.mount_path}
        yield {**made, "read_only": True} if each.read_only else made


def confined() -> "SecurityContextArgsDict":
    """Return what the `restricted` Pod Security level asks for, and a read-only root file system."""
    return {
        "allow_privilege_escalation": False,
        "capabilities": {"drop": ["ALL"]},
        "read_only_root_filesystem": True,
        "run_as_non_root": True,
        "seccomp_profile": {"type": "RuntimeDefault"},
    }


def resources(of: Resources) -> "ResourceRequirementsArgsDict":
    """Return what a container requests, and its limits; what has no limit is left out."""
    return {"requests": of.requests.model_dump(), "limits": of.limits.model_dump(exclude_none=True)}


def spread(selector: Mapping[str, str], how: Spread) -> "list[TopologySpreadConstraintArgsDict]":
    """Return constraints that spread pods over nodes and zones where there are any, so that no machine has all."""
    return [
        {
            "max_skew": 1,
            "topology_key": key,
            "when_unsatisfiable": "DoNotSchedule" if firm == "hard" else "ScheduleAnyway",
            "label_selector": {"match_labels": dict(selector)},
        }
        for key, firm in (("kubernetes.io/hostname", how.nodes), (ZONE_LABEL, how.zones))
    ]


def identity(of: Identity, settings: ServiceSettings, fixed: Mapping[str, str]) -> list["EnvVarArgsDict"]:
    """Return the identity variables of the service contract: the fixed ones, and those of the downward API.

    The time of a deployment is not among them: migrations run for a release, however often it is deployed.
    """
    port = {} if settings.worker else {"PORT": str(settings.port)}
    downward = {
        "DEPLOYMENT_GROUP": f"metadata.labels['{COLOUR_LABEL}']",
        "AVAILABILITY_ZONE": f"metadata.labels['{ZONE_LABEL}']",
        "INSTANCE_ID": "metadata.name",
    }
    return [
        *({"name": key, "value": value} for key, value in {**fixed, "VERSION": of.version, **port}.items()),
        *({"name": key, "value_from": {"field_ref": {"field_path": path}}} for key, path in downward.items()),
    ]


def _probe(probe: Probe, settings: ServiceSettings) -> "ProbeArgsDict":
    made: ProbeArgsDict = {
        "initial_delay_seconds": probe.initial_delay_seconds,
        "period_seconds": probe.period_seconds,
        "timeout_seconds": probe.timeout_seconds,
        "failure_threshold": probe.failure_threshold,
    }
    port = HTTP if probe.port is None else probe.port
    if probe.path is not None:
        made["http_get"] = {"path": probe.path, "port": port}
        if probe.scheme is not None:
            made["http_get"]["scheme"] = probe.scheme
        if probe.headers:
            made["http_get"]["http_headers"] = [{"name": each, "value": its} for each, its in probe.headers.items()]
    elif probe.exec is not None:
        made["exec_"] = {"command": list(probe.exec)}
    elif probe.grpc is not None:  # Kubernetes does not take a port's name here
        made["grpc"] = {"port": settings.numbered(port), "service": probe.grpc.service}
    else:
        made["tcp_socket"] = {"port": port}
    return made


def _lifecycle(shutdown: Shutdown) -> "LifecycleArgsDict":
    """Return a preStop hook that waits until routers have dropped the pod, or drains by the image's own command."""
    if shutdown.drain_command:
        return {"pre_stop": {"exec_": {"command": list(shutdown.drain_command)}}}
    return {"pre_stop": {"sleep": {"seconds": shutdown.wait_seconds}}}
