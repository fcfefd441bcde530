"""Policies about pods refuse what they are there for."""

from typing import Any, cast

import pytest
from teal_infra.components.pod import confined
from teal_infra.provider.kinds import manifest

from tests.unit.policies.cases import BLUE, POD, Case, field_of, hold, without
from tests.unit.policies.graphs import DIGEST, changed, config, everything, slot
from tests.unit.policies.pack import Pack

CONFINED = manifest(cast("dict[str, Any]", confined()))
BROUGHT = {
    "name": "brought",
    "image": f"registry.example/brought@{DIGEST}",
    "resources": {side: {"cpu": "100m", "memory": "64Mi"} for side in ("requests", "limits")},
    "securityContext": CONFINED,
}
"""A container that `podTemplate` adds to the service's own."""

OF_A_CONTAINER = {key: CONFINED[key] for key in ("allowPrivilegeEscalation", "capabilities")}
"""What the level `restricted` takes of a container alone; the rest its pod may say."""


def brought(where: str, **fields: Any) -> dict[str, str]:  # noqa: ANN401 - any JSON
    """A stack whose service brings such a container."""
    return config(services=changed(podTemplate={"spec": {where: [{**BROUGHT, **fields}]}}))


BROUGHT_FIELDS: list[tuple[str, dict[str, Any], str]] = [
    (
        "pods-are-confined",
        {"securityContext": {**CONFINED, "readOnlyRootFilesystem": False}},
        "readOnlyRootFilesystem is false",
    ),
    ("containers-are-limited", {"resources": {}}, "resources without requests.cpu"),
    ("images-are-pinned", {"image": "registry.example/brought:1"}, "image registry.example/brought:1"),
]
BROUGHT_CASES = [
    Case(
        policy=policy,
        raw=brought(where, **fields),
        says=(f"Deployment {deployment}, container brought: {seen}",),
    )
    for deployment in ("backend-blue", "backend-green")
    for where in ("containers", "initContainers")
    for policy, fields, seen in BROUGHT_FIELDS
]

POD_CASES = [
    Case(
        policy="pods-are-guarded",
        raw=config(services=changed(shutdown={"gracePeriodSeconds": 31})),
        says=("Deployment backend-blue: terminationGracePeriodSeconds 31", "at least 45 (graceSeconds)"),
    ),
    Case(
        policy="pods-are-guarded",
        spoilt=field_of(*BLUE, f"{POD}.containers.0.livenessProbe", None),
        says=("Deployment backend-blue, container backend: no livenessProbe", "startupProbe, livenessProbe"),
    ),
    Case(
        policy="pods-are-guarded",
        spoilt=field_of(*BLUE, f"{POD}.containers.0.lifecycle", None),
        says=("Deployment backend-blue, container backend: no lifecycle.preStop", "requests are lost"),
    ),
    Case(
        policy="pods-are-guarded",
        bounds={"spreadOver": ["kubernetes.io/hostname", "rack"]},
        says=("Deployment backend-blue: not spread over rack", "topologySpreadConstraints over kubernetes.io/hostname"),
    ),
    Case(
        policy="containers-are-limited",
        before=everything(),
        raw=everything(),
        spoilt=field_of("CronJob", "teal-watch", f"spec.jobTemplate.{POD}.containers.0.resources.limits.memory", None),
        says=("CronJob teal-watch, container watch: resources without limits.memory", "limits of cpu, memory"),
    ),
    Case(
        policy="containers-are-limited",
        before=everything(),
        raw=everything(),
        spoilt=field_of("Job", "backend-blue-expand", f"{POD}.initContainers.0.resources", None),
        says=("Job backend-blue-expand, container up: resources without requests.cpu", "requests of cpu, memory"),
    ),
    *(
        Case(
            policy="pods-are-confined",
            spoilt=field_of(*BLUE, f"{POD}.containers.0.securityContext.{path}", value),
            says=(f"Deployment backend-blue, container backend: {seen}", needed),
        )
        for path, value, seen, needed in (
            ("runAsNonRoot", None, "runAsNonRoot is not set", "runAsNonRoot: true"),
            ("runAsUser", 0, "runAsUser is 0", "a user other than root"),
            ("readOnlyRootFilesystem", False, "readOnlyRootFilesystem is false", "readOnlyRootFilesystem: true"),
            ("allowPrivilegeEscalation", True, "allowPrivilegeEscalation is true", "allowPrivilegeEscalation: false"),
            ("privileged", True, "privileged is true", "privileged: false"),
            ("capabilities.drop", ["NET_RAW"], "capabilities.drop is without ALL", "capabilities.drop: [ALL]"),
            ("capabilities.add", ["SYS_ADMIN"], "capabilities.add is SYS_ADMIN", "none (capabilities)"),
            ("seccompProfile.type", "Unconfined", "seccompProfile is Unconfined", "RuntimeDefault or Localhost"),
            ("appArmorProfile.type", "Unconfined", "appArmorProfile is Unconfined", "RuntimeDefault or Localhost"),
            ("procMount", "Unmasked", "procMount is Unmasked", "procMount: Default"),
            ("windowsOptions.hostProcess", True, "windowsOptions.hostProcess is true", "hostProcess: false"),
            ("seLinuxOptions", {"user": "root"}, "seLinuxOptions are user root", "no user, no role"),
            ("seLinuxOptions.type", "spc_t", "seLinuxOptions are type spc_t", "container_t"),
        )
    ),
    *(
        Case(
            policy="pods-are-confined",
            spoilt=field_of(*BLUE, f"{POD}.{shared}", value=True),
            says=(f"Deployment backend-blue: {shared} is true", "pods share nothing of their node"),
        )
        for shared in ("hostNetwork", "hostPID", "hostIPC")
    ),
    Case(
        policy="pods-are-confined",
        spoilt=field_of(*BLUE, f"{POD}.volumes", [{"name": "etc", "hostPath": {"path": "/etc"}}]),
        says=("Deployment backend-blue: a volume of type hostPath", "one of configMap"),
    ),
    *(
        Case(
            policy="pods-are-confined",
            spoilt=field_of(*BLUE, f"{POD}.containers.0.{path}.host", "169.254.169.254"),
            says=(f"container backend: {path}.host is 169.254.169.254", "a kubelet asks the pod itself"),
        )
        for path in ("readinessProbe.httpGet", "lifecycle.postStart.tcpSocket")
    ),
    Case(
        policy="pods-are-confined",
        spoilt=field_of(*BLUE, f"{POD}.securityContext.sysctls", [{"name": "kernel.msgmax", "value": "1"}]),
        says=("Deployment backend-blue: sysctl kernel.msgmax", "one of kernel.shm_rmid_forced"),
    ),
    Case(
        policy="pods-are-confined",
        raw=config(
            services=changed(
                podTemplate={
                    "spec": {
                        "securityContext": CONFINED,
                        "containers": [{**BROUGHT, "securityContext": OF_A_CONTAINER}],
                    }
                }
            )
        ),
        says=("container brought: readOnlyRootFilesystem is not set", "readOnlyRootFilesystem: true"),
    ),
    Case(
        policy="images-are-pinned",
        spoilt=field_of(*BLUE, f"{POD}.volumes", [{"name": "model", "image": {"reference": "registry.example/m:1"}}]),
        says=("Deployment backend-blue, volume model: image registry.example/m:1", "@sha256:"),
    ),
    Case(
        policy="pods-are-confined",
        spoilt=field_of(*BLUE, f"{POD}.containers.0.ports.0.hostPort", 80),
        says=("Deployment backend-blue, container backend: hostPort 80", "no port of its node"),
    ),
    Case(
        policy="images-are-pinned",
        raw=config(blue=slot(image="registry.example/backend:1.0.0")),
        says=("Deployment backend-blue, container backend: image registry.example/backend:1.0.0", "@sha256:"),
    ),
    Case(
        policy="pods-have-a-budget",
        raw=config(services=changed(disruption={"maxUnavailable": 2})),
        says=("PodDisruptionBudget backend-blue-budget: maxUnavailable 2", "at most 1 (maxUnavailable)"),
    ),
    Case(
        policy="pods-have-a-budget",
        raw=config(services=changed(disruption={"minAvailable": "0%"})),
        says=("PodDisruptionBudget backend-blue-budget: minAvailable 0", "at least 1"),
    ),
    Case(
        policy="pods-have-a-budget",
        spoilt=without("PodDisruptionBudget", "backend-blue-budget"),
        says=("Deployment backend-blue: no PodDisruptionBudget selects its pods", "one"),
    ),
]

CASES = [*POD_CASES, *BROUGHT_CASES]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.policy)
async def test_it_is_refused_with_resource_value_bound_and_remedy(pack: Pack, case: Case) -> None:
    """By its policy, and by no other."""
    await hold(pack, case)
