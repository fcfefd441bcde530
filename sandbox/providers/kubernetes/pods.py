"""What is wrong with a pod, and how long it may be so. Pure functions over Pod objects.

A rollout that cannot succeed should fail in seconds, with its reason, not after the ten minutes a Deployment is
given. Each trouble has a grace: the time it may last before it counts, for some pass by themselves.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sandbox.providers.properties import Map, list_at, map_at

# Seconds. A pull may fail once on a busy registry; a ConfigMap may be on its way in the same update; a pod may wait
# for another one to leave its node (a rollout's old pods do within their grace period).
_GRACE: Final = {
    "InvalidImageName": 0.0,
    "ErrImageNeverPull": 0.0,
    "ErrImagePull": 5.0,
    "ImagePullBackOff": 5.0,
    "CreateContainerConfigError": 10.0,
    "CreateContainerError": 10.0,
    "RunContainerError": 10.0,
    "Unschedulable": 30.0,
}
# A container may need a second start (what it depends on was late), not a third.
_RESTARTS: Final = 2
_PULLING: Final = frozenset({"ErrImagePull", "ImagePullBackOff"})


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """One thing that keeps a pod from being ready. `key` stays the same while it lasts; `grace` is in seconds."""

    key: tuple[str, str, str]
    text: str
    grace: float


def troubles(pod: Map) -> list[Trouble]:
    """Find what will not pass by itself, in a pod that is not being deleted."""
    metadata: Map = pod["metadata"]
    if "deletionTimestamp" in metadata:
        return []
    found = [_unschedulable(pod, condition) for condition in _conditions(pod, "PodScheduled", "Unschedulable")]
    for status in _containers(pod):
        trouble = _waiting(pod, status)
        found += [trouble] if trouble else []
    return found


def _unschedulable(pod: Map, condition: Map) -> Trouble:
    text = f"pod {_name(pod)} fits no node: {condition.get('message')}. See: kubectl describe nodes"
    return Trouble(key=(_uid(pod), "", "Unschedulable"), text=text, grace=_GRACE["Unschedulable"])


def _waiting(pod: Map, status: Map) -> Trouble | None:
    """Judge one container by the reason it waits for."""
    waiting = map_at(status, "state", "waiting")
    reason = str(waiting.get("reason", ""))
    namespace, name, container = pod["metadata"].get("namespace", "default"), pod["metadata"]["name"], status["name"]
    subject = f"pod {_name(pod)}, container {container}, image {status.get('image')}"
    if reason == "CrashLoopBackOff":
        if status.get("restartCount", 0) < _RESTARTS:
            return None
        look = f"kubectl -n {namespace} logs {name} -c {container} --previous"
        text = f"{subject}: CrashLoopBackOff after {status['restartCount']} restarts{_last_end(status)}. See: {look}"
        return Trouble(key=(_uid(pod), container, "crash"), text=text, grace=0.0)
    if reason not in _GRACE:
        return None
    message = " ".join(str(waiting.get("message", "no message")).split())
    text = f"{subject}: {reason} ({message}). See: kubectl -n {namespace} describe pod {name}"
    group = "pull" if reason in _PULLING else reason
    return Trouble(key=(_uid(pod), container, group), text=text, grace=_GRACE[reason])


def _last_end(status: Map) -> str:
    ended = map_at(status, "lastState", "terminated")
    if not ended:
        return ""
    return f" (last ended with {ended.get('reason')}, exit code {ended.get('exitCode')})"


def unready(pod: Map) -> str | None:
    """Say which containers of a pod are not ready, and what they do; None if the pod is ready."""
    if is_ready(pod):
        return None
    waits: list[str] = []
    for status in _containers(pod):
        if status.get("ready"):
            continue
        state = map_at(status, "state")
        name = next(iter(state), "unknown")
        detail = map_at(state, name)
        said_by_it = [str(detail[key]) for key in ("reason", "message") if detail.get(key)]
        reason = f" ({': '.join(said_by_it)[:300]})" if said_by_it else ""
        said = "running, but not ready" if name == "running" else f"{name}{reason}"
        waits.append(f"container {status['name']} is {said}{_last_end(status)}")
    phase = map_at(pod, "status").get("phase", "unknown")
    return f"pod {_name(pod)} ({phase}): {'; '.join(waits) or 'no container has started'}"


def is_ready(pod: Map) -> bool:
    """True for a pod that serves, or has done its work, and is not being deleted."""
    if "deletionTimestamp" in pod["metadata"]:
        return False
    ready = any(condition.get("status") == "True" for condition in _conditions(pod, "Ready"))
    return ready or map_at(pod, "status").get("phase") == "Succeeded"


def _conditions(pod: Map, kind: str, reason: str | None = None) -> Iterator[Map]:
    for condition in list_at(pod, "status", "conditions"):
        if condition["type"] == kind and (reason is None or condition.get("reason") == reason):
            yield condition


def _containers(pod: Map) -> Iterator[Map]:
    for key in ("initContainerStatuses", "containerStatuses"):
        yield from list_at(pod, "status", key)


def _name(pod: Map) -> str:
    return f"{pod['metadata'].get('namespace', 'default')}/{pod['metadata']['name']}"


def _uid(pod: Map) -> str:
    return str(pod["metadata"].get("uid", pod["metadata"]["name"]))
