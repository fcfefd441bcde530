"""Objects as an API server shows them, for tables of tests."""

from typing import Any

from sandbox.providers.properties import Map


def pod(  # noqa: PLR0913 - each is a field some test varies
    name: str = "p",
    *,
    ready: bool = False,
    phase: str = "Running",
    state: Map | None = None,
    last: Map | None = None,
    restarts: int = 0,
    conditions: list[Map] | None = None,
    owner: str = "rs",
    **metadata: Any,  # noqa: ANN401 - any JSON
) -> Map:
    """Build a Pod with one container."""
    status = {
        "name": "app",
        "image": "example/app:1",
        "ready": ready,
        "restartCount": restarts,
        "state": state or {"running": {}},
        "lastState": last or {},
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": "n",
            "uid": f"uid-{name}",
            "ownerReferences": [{"uid": owner}],
            **metadata,
        },
        "status": {
            "phase": phase,
            "conditions": [{"type": "Ready", "status": str(ready)}, *(conditions or [])],
            "containerStatuses": [status],
        },
    }


def waiting(reason: str, message: str = "why") -> Map:
    """Build the state of a container that waits."""
    return {"waiting": {"reason": reason, "message": message}}


def replica_set(uid: str = "rs", revision: str = "2") -> Map:
    """Build a ReplicaSet of the Deployment below."""
    return {
        "kind": "ReplicaSet",
        "metadata": {
            "uid": uid,
            "ownerReferences": [{"uid": "dep"}],
            "annotations": {"deployment.kubernetes.io/revision": revision},
        },
    }


def deployment(status: Map | None = None, *, replicas: int = 2, conditions: list[Map] | None = None) -> Map:
    """Build a Deployment of revision 2 whose controller has seen it, unless `observedGeneration` says otherwise."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": "web",
            "namespace": "n",
            "uid": "dep",
            "generation": 2,
            "annotations": {"deployment.kubernetes.io/revision": "2"},
        },
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": "web"}}, "progressDeadlineSeconds": 30},
        "status": {"observedGeneration": 2, "conditions": conditions or [], **(status or {})},
    }
