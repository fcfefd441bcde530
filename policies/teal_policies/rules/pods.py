"""Judges pods wherever a resource describes some: Kubernetes' `restricted` level, and what teal adds."""

import re
from collections.abc import Iterator, Sequence

from teal.model.labels import COLOUR_LABEL, NAME_LABEL
from teal_policies.kinds import BUDGET, DEPLOYMENT, POD_TEMPLATES
from teal_policies.model import Bounds, Finding, Graph, Properties, Resource, part, parts

DIGEST = re.compile(r"@sha256:[0-9a-f]{64}$")

# The `restricted` level, as k8s.io/pod-security-admission 0.34 has it.
VOLUMES = (
    *("configMap", "csi", "downwardAPI", "emptyDir", "ephemeral"),
    *("image", "persistentVolumeClaim", "projected", "secret"),
)
SYSCTLS = (
    "kernel.shm_rmid_forced",
    *("net.ipv4.ip_local_port_range", "net.ipv4.ip_local_reserved_ports", "net.ipv4.ip_unprivileged_port_start"),
    *("net.ipv4.ping_group_range", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl"),
    *("net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_rmem", "net.ipv4.tcp_syncookies"),
    "net.ipv4.tcp_wmem",
)
SELINUX_TYPES = ("container_t", "container_init_t", "container_kvm_t", "container_engine_t")

INHERITED = ("runAsNonRoot", "runAsUser", "seccompProfile", "appArmorProfile", "seLinuxOptions", "windowsOptions")
"""What containers take from the pod's security context; the API server knows no other of their fields there."""

HANDLERS = (
    *(("startupProbe",), ("livenessProbe",), ("readinessProbe",)),
    *(("lifecycle", "postStart"), ("lifecycle", "preStop")),
)
"""Where a container says what a kubelet asks or runs."""


def guarded(resource: Resource, bounds: Bounds) -> Iterator[Finding]:
    """Require a coloured pod to start, serve and end without losing a request, by its service's own container."""
    if COLOUR_LABEL not in resource.labels:
        return
    every = parts(pod(resource), "containers")
    for container in [each for each in every if each.get("name") == resource.labels.get(NAME_LABEL)] or every:
        needed = () if resource.is_of_worker else (*bounds["probes"], "lifecycle.preStop")  # nobody asks a worker
        missing = [each for each in needed if not part(container, *each.split("."))]
        if missing:
            yield Finding(
                _within(resource, container),
                f"no {', '.join(missing)}",
                f"{', '.join(bounds['probes'])}, lifecycle.preStop: requests are lost when a pod starts or ends",
                "set probes and shutdown in teal:services",
            )
    grace, least = pod(resource).get("terminationGracePeriodSeconds"), bounds["graceSeconds"]
    if grace is None or grace < least:
        yield Finding(
            str(resource),
            f"terminationGracePeriodSeconds {_shown(grace)}",
            f"at least {least:g} (graceSeconds)",
            "raise shutdown.gracePeriodSeconds in teal:services",
        )
    over = {each.get("topologyKey") for each in parts(pod(resource), "topologySpreadConstraints")}
    lacking = [key for key in bounds["spreadOver"] if key not in over]
    if lacking:
        yield Finding(
            str(resource),
            f"not spread over {', '.join(lacking)}",
            f"topologySpreadConstraints over {', '.join(bounds['spreadOver'])}",
            "declare its pods with teal_infra.components.pod.spread",
        )


def limited(resource: Resource, bounds: Bounds) -> Iterator[Finding]:
    """Require each container to say what it requests and what its limits are."""
    for container in containers(resource):
        missing = [
            f"{side}.{amount}"
            for side in ("requests", "limits")
            for amount in bounds[side]
            if not part(container, "resources", side).get(amount)
        ]
        if missing:
            yield Finding(
                _within(resource, container),
                f"resources without {', '.join(missing)}",
                f"requests of {', '.join(bounds['requests'])}; limits of {', '.join(bounds['limits'])}",
                "set resources in teal:services",
            )


def confined(resource: Resource, bounds: Bounds) -> Iterator[Finding]:
    """Require Kubernetes' `restricted` Pod Security level, and a read-only root file system."""
    its = pod(resource)
    shared = part(its, "securityContext")
    remedy = "set it in podTemplate as docs/pods.md has it for a sidecar, or for an image that needs root"
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        if its.get(field):
            yield Finding(str(resource), f"{field} is true", "false: pods share nothing of their node", remedy)
    for volume in parts(its, "volumes"):
        for source in volume.keys() - {"name", *VOLUMES}:
            yield Finding(str(resource), f"a volume of type {source}", f"one of {', '.join(VOLUMES)}", remedy)
    for sysctl in parts(shared, "sysctls"):
        if sysctl["name"] not in SYSCTLS:
            yield Finding(str(resource), f"sysctl {sysctl['name']}", f"one of {', '.join(SYSCTLS)}", remedy)
    inherited = {key: shared[key] for key in INHERITED if key in shared}
    for container in containers(resource):
        context = {**inherited, **part(container, "securityContext")}
        for seen, needed in (*_unconfined(context, bounds), *_unshielded(context), *_elsewhere(container)):
            yield Finding(_within(resource, container), seen, needed, remedy)
        ports = [port["hostPort"] for port in parts(container, "ports") if port.get("hostPort")]
        if ports:
            yield Finding(_within(resource, container), f"hostPort {ports[0]:g}", "no port of its node", remedy)


def _unconfined(context: Properties, bounds: Bounds) -> Iterator[tuple[str, str]]:
    """Yield what a security context has, and what is needed instead."""
    for field, needed in (
        ("runAsNonRoot", True),
        ("readOnlyRootFilesystem", True),
        ("allowPrivilegeEscalation", False),
    ):
        if context.get(field) is not needed:
            yield f"{field} is {_shown(context.get(field))}", f"{field}: {_shown(needed)}"
    if context.get("runAsUser") == 0:
        yield "runAsUser is 0", "a user other than root"
    if "ALL" not in parts(context, "capabilities", "drop"):
        yield "capabilities.drop is without ALL", "capabilities.drop: [ALL]"
    added = [each for each in parts(context, "capabilities", "add") if each not in bounds["capabilities"]]
    if added:
        allowed = ", ".join(bounds["capabilities"]) or "none"
        yield f"capabilities.add is {', '.join(added)}", f"{allowed} (capabilities)"
    profile = part(context, "seccompProfile").get("type")
    if profile not in {"RuntimeDefault", "Localhost"}:
        yield f"seccompProfile is {_shown(profile)}", "seccompProfile: RuntimeDefault or Localhost"


def _unshielded(context: Properties) -> Iterator[tuple[str, str]]:
    """Yield what a security context opens of the node, and what is needed instead."""
    if context.get("privileged"):
        yield "privileged is true", "privileged: false"
    if (profile := part(context, "appArmorProfile").get("type")) not in {None, "RuntimeDefault", "Localhost"}:
        yield f"appArmorProfile is {profile}", "appArmorProfile: none, RuntimeDefault or Localhost"
    if (mount := context.get("procMount")) not in {None, "Default"}:
        yield f"procMount is {mount}", "procMount: Default"
    if part(context, "windowsOptions").get("hostProcess"):
        yield "windowsOptions.hostProcess is true", "windowsOptions.hostProcess: false"
    linux = part(context, "seLinuxOptions")
    if linux.get("user") or linux.get("role") or (linux.get("type") or SELINUX_TYPES[0]) not in SELINUX_TYPES:
        seen = ", ".join(f"{key} {linux[key]}" for key in ("user", "role", "type") if linux.get(key))
        yield f"seLinuxOptions are {seen}", f"no user, no role, and one of {', '.join(SELINUX_TYPES)} as type"


def _elsewhere(container: Properties) -> Iterator[tuple[str, str]]:
    """Yield what has the kubelet ask another host in the container's name."""
    for path in HANDLERS:
        for how in ("httpGet", "tcpSocket"):
            if host := part(container, *path, how).get("host"):
                yield f"{'.'.join(path)}.{how}.host is {host}", "no host: a kubelet asks the pod itself"


def pinned(resource: Resource, bounds: Bounds) -> Iterator[Finding]:
    """Require images by digest, so that what was tested is what runs: a tag can be moved."""
    if resource.is_in(bounds["exemptStacks"]):
        return
    images = [(_within(resource, each), each.get("image")) for each in containers(resource)]
    images += [
        (f"{resource}, volume {each['name']}", part(each, "image").get("reference"))
        for each in parts(pod(resource), "volumes")
        if "image" in each
    ]
    for where, image in ((where, str(image or "")) for where, image in images):
        if not DIGEST.search(image) and image.split("/", 1)[0] not in bounds["exemptRegistries"]:
            yield Finding(
                where,
                f"image {image or 'not set'}",
                "repository@sha256:… (or its stack in exemptStacks, its registry in exemptRegistries)",
                "set the slot's image in the stack file to the digest that the build printed",
            )


def budgeted(graph: Graph, bounds: Bounds) -> Iterator[Finding]:
    """Require a disruption budget, so that a drained node takes only a few of a colour's pods at a time."""
    for deployment in graph.of(DEPLOYMENT):
        if COLOUR_LABEL not in deployment.labels or deployment.spec.get("replicas") == 0:
            continue
        labels = part(deployment.spec, "template", "metadata", "labels").items()
        budgets = [
            each
            for each in graph.of(BUDGET)
            if each.metadata.get("namespace") == deployment.metadata.get("namespace")
            and (wanted := part(each.spec, "selector", "matchLabels"))
            and wanted.items() <= labels
        ]
        if not budgets:
            remedy = "declare it with teal_infra.components.scaling.Scaling"
            yield Finding(str(deployment), "no PodDisruptionBudget selects its pods", "one", remedy)
        for budget in budgets:
            yield from _spares(budget, bounds)


def _spares(budget: Resource, bounds: Bounds) -> Iterator[Finding]:
    most = int(bounds["maxUnavailable"])
    unavailable = budget.spec.get("maxUnavailable")
    if budget.spec.get("minAvailable") in {0, "0", "0%"}:
        remedy = "raise disruption.minAvailable in teal:services"
        yield Finding(str(budget), "minAvailable 0: evictions may take all pods", "at least 1", remedy)
    if budget.spec.get("minAvailable") is None and (not isinstance(unavailable, int | float) or unavailable > most):
        yield Finding(
            str(budget),
            f"maxUnavailable {_shown(unavailable)}",
            f"at most {most} (maxUnavailable)",
            "lower disruption.maxUnavailable in teal:services",
        )


def pod(resource: Resource) -> Properties:
    """Return the spec of the pods that a resource describes."""
    return part(resource.properties, *POD_TEMPLATES[resource.type], "spec")


def containers(resource: Resource) -> Sequence[Properties]:
    """Return all containers of the pods that a resource describes, including init containers."""
    its = pod(resource)
    return [*parts(its, "initContainers"), *parts(its, "containers")]


def _within(resource: Resource, container: Properties) -> str:
    return f"{resource}, container {container.get('name', '(unnamed)')}"


def _shown(value: object) -> str:
    """Return a value as a manifest shows it; numbers are passed as floats."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else "not set" if value is None else str(value)
