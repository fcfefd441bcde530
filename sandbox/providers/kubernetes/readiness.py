"""When an object counts as ready, by kind. Pure functions: objects in, an outcome out.

The conditions are those `kubectl rollout status` and pulumi-kubernetes wait for. What is watched for each kind, and
how, is in `awaiting.py`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from sandbox.providers.kubernetes.pods import Trouble, is_ready, troubles, unready
from sandbox.providers.properties import Map, list_at, map_at

# Seconds a ReplicaSet may fail to create pods (quota, admission) before that counts.
_CREATION_GRACE: Final = 5.0


@dataclass(frozen=True, kw_only=True)
class Related:
    """What was seen beside the object itself."""

    pods: tuple[Map, ...] = ()
    replica_sets: tuple[Map, ...] = ()
    endpoint_slices: tuple[Map, ...] = ()


@dataclass(frozen=True)
class Ready:
    """Nothing to wait for."""


@dataclass(frozen=True)
class Pending:
    """Not ready yet: what is missing, what is in the way, and who is not ready."""

    message: str
    troubles: tuple[Trouble, ...] = ()
    unready: tuple[Map, ...] = ()


@dataclass(frozen=True)
class Failed:
    """Will not become ready without a change."""

    reason: str
    unready: tuple[Map, ...] = field(default=())


Outcome = Ready | Pending | Failed


def judge(live: Map, related: Related) -> Outcome:
    """Say whether an object is ready."""
    rule = RULES.get(kind_key(live))
    return rule(live, related) if rule else Ready()


def kind_key(body: Map) -> str:
    """Return `apiVersion/kind`, by which rules are found."""
    return f"{body.get('apiVersion')}/{body.get('kind')}"


def _deployment(live: Map, related: Related) -> Outcome:
    if not _observed(live):
        return _unobserved(live)
    spec, status = live["spec"], _status(live)
    if spec.get("paused"):
        return Ready()
    wanted = int(spec.get("replicas", 1))
    updated, available = int(status.get("updatedReplicas", 0)), int(status.get("availableReplicas", 0))
    total = int(status.get("replicas", 0))
    if updated == wanted and available >= wanted and total <= updated:
        return Ready()
    pods = _pods_of_current_revision(live, related)
    waiting = tuple(pod for pod in pods if not is_ready(pod))
    stuck = _condition(live, "Progressing")
    if stuck.get("status") == "False" and stuck.get("reason") == "ProgressDeadlineExceeded":
        limit = spec.get("progressDeadlineSeconds", 600)
        return Failed(f"no progress for {limit} s (progressDeadlineSeconds): {_who(waiting)}", waiting)
    found = [trouble for pod in pods for trouble in troubles(pod)]
    refused = _condition(live, "ReplicaFailure")
    if refused.get("status") == "True":
        text = f"its pods cannot be created: {refused.get('message')}"
        found.append(Trouble(key=(live["metadata"]["uid"], "", "ReplicaFailure"), text=text, grace=_CREATION_GRACE))
    message = f"{available} of {wanted} replicas available, {updated} updated"
    if updated == wanted and total > updated:
        message += f", {total - updated} old to go"
    return Pending(message, tuple(found), waiting)


def _stateful_set(live: Map, related: Related) -> Outcome:
    if not _observed(live):
        return _unobserved(live)
    spec, status = live["spec"], _status(live)
    strategy = map_at(spec, "updateStrategy")
    if strategy.get("type") == "OnDelete":
        return Ready()
    wanted = int(spec.get("replicas", 1))
    partition = int(map_at(strategy, "rollingUpdate").get("partition", 0))
    updated, ready = int(status.get("updatedReplicas", 0)), int(status.get("readyReplicas", 0))
    if ready >= wanted and (
        updated >= wanted - partition or status.get("currentRevision") == status.get("updateRevision")
    ):
        return Ready()
    return _of_pods(f"{ready} of {wanted} replicas ready, {updated} updated", related.pods)


def _daemon_set(live: Map, related: Related) -> Outcome:
    if not _observed(live):
        return _unobserved(live)
    status = _status(live)
    wanted, updated = int(status.get("desiredNumberScheduled", 0)), int(status.get("updatedNumberScheduled", 0))
    available = int(status.get("numberAvailable", 0))
    if available >= wanted and (updated >= wanted or map_at(live, "spec", "updateStrategy").get("type") == "OnDelete"):
        return Ready()
    return _of_pods(f"{available} of {wanted} nodes served, {updated} updated", related.pods)


def _job(live: Map, related: Related) -> Outcome:
    if _condition(live, "Complete").get("status") == "True" or live["spec"].get("suspend"):
        return Ready()
    failed = _condition(live, "Failed")
    if failed.get("status") == "True":
        return Failed(f"{failed.get('reason')}: {failed.get('message')}", related.pods)
    status = _status(live)
    counts = ", ".join(f"{status.get(key, 0)} {key}" for key in ("active", "succeeded", "failed"))
    return _of_pods(f"not complete: {counts}", related.pods)


def _pod(live: Map, _related: Related) -> Outcome:
    if is_ready(live):
        return Ready()
    if _status(live).get("phase") == "Failed":
        return Failed(f"{_status(live).get('reason', 'Failed')}: {unready(live)}", (live,))
    return _of_pods(f"phase {_status(live).get('phase', 'unknown')}", (live,))


def _service(live: Map, related: Related) -> Outcome:
    spec = live["spec"]
    if spec.get("type") == "LoadBalancer" and not list_at(live, "status", "loadBalancer", "ingress"):
        return Pending("no address of the load balancer yet (is there a controller that gives one?)")
    pods = [pod for pod in related.pods if "deletionTimestamp" not in pod["metadata"]]
    if spec.get("type") == "ExternalName" or not spec.get("selector") or not pods:
        return Ready()
    # Right after a change of the selector the slices still hold the pods of before: only its own pods count.
    names = {pod["metadata"]["name"] for pod in pods}
    for piece in related.endpoint_slices:
        for endpoint in list_at(piece, "endpoints"):
            ready = map_at(endpoint, "conditions").get("ready", True)
            if ready and map_at(endpoint, "targetRef").get("name") in names:
                return Ready()
    return _of_pods(f"none of the {len(pods)} pods it selects is ready", tuple(pods))


def _crd(live: Map, _related: Related) -> Outcome:
    refused = _condition(live, "NamesAccepted")
    if refused.get("status") == "False":
        return Failed(f"{refused.get('reason')}: {refused.get('message')}")
    return Ready() if _condition(live, "Established").get("status") == "True" else Pending("not established yet")


Rule = Callable[[Map, Related], Outcome]
RULES: Final[Mapping[str, Rule]] = {
    "apps/v1/Deployment": _deployment,
    "apps/v1/StatefulSet": _stateful_set,
    "apps/v1/DaemonSet": _daemon_set,
    "batch/v1/Job": _job,
    "v1/Pod": _pod,
    "v1/Service": _service,
    "apiextensions.k8s.io/v1/CustomResourceDefinition": _crd,
}


def _of_pods(message: str, pods: tuple[Map, ...]) -> Pending:
    waiting = tuple(pod for pod in pods if not is_ready(pod))
    return Pending(message, tuple(trouble for pod in pods for trouble in troubles(pod)), waiting)


def _pods_of_current_revision(live: Map, related: Related) -> tuple[Map, ...]:
    """Choose the pods that the newest template made: old ones may be broken, and are on their way out."""
    revision = map_at(live, "metadata", "annotations").get("deployment.kubernetes.io/revision")
    current = {
        replica_set["metadata"]["uid"]
        for replica_set in related.replica_sets
        if live["metadata"]["uid"] in _owners(replica_set)
        and map_at(replica_set, "metadata", "annotations").get("deployment.kubernetes.io/revision") == revision
    }
    return tuple(pod for pod in related.pods if current & _owners(pod))


def _owners(body: Map) -> set[str]:
    return {owner["uid"] for owner in list_at(body, "metadata", "ownerReferences")}


def _who(pods: tuple[Map, ...]) -> str:
    return "; ".join(filter(None, map(unready, pods))) or "no pod was created"


def _observed(live: Map) -> bool:
    return int(_status(live).get("observedGeneration", 0)) >= int(live["metadata"].get("generation", 0))


def _unobserved(live: Map) -> Pending:
    return Pending(f"its controller has not seen generation {live['metadata'].get('generation')} yet")


def _status(live: Map) -> Map:
    return map_at(live, "status")


def _condition(live: Map, kind: str) -> Map:
    for condition in list_at(live, "status", "conditions"):
        if condition["type"] == kind:
            return condition
    return {}
