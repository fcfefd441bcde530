"""Await: until an object is ready, or gone; with its reason if it will not be.

What counts as ready is `readiness.py`'s; here is which objects have to be watched for that, how long, and what is
said when it fails.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from sandbox.providers.kubernetes.api import Api, items
from sandbox.providers.kubernetes.discovery import Kind
from sandbox.providers.kubernetes.errors import KubernetesError, NotReadyError
from sandbox.providers.kubernetes.names import identity, kubectl
from sandbox.providers.kubernetes.pods import Trouble, unready
from sandbox.providers.kubernetes.readiness import RULES, Failed, Pending, Ready, Related, judge, kind_key
from sandbox.providers.kubernetes.watching import Cancellation, Collection, Watching
from sandbox.providers.properties import Map, list_at, map_at

# Seconds: pulumi-kubernetes's default for any await.
DEFAULT_TIMEOUT: Final = 600.0
# Pods whose events are quoted in a failure.
_QUOTED: Final = 3

# Warnings of a cluster without a DNS service, on every pod.
_NOISE: Final = frozenset({"MissingClusterDNS"})

Report = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Wait:
    """How one wait is done: for how many seconds, who is told of progress, what ends it early."""

    seconds: float
    report: Report
    cancellation: Cancellation


async def until_ready(api: Api, kind: Kind, live: Map, wait: Wait) -> Map:
    """Wait until the object is ready, and return it as it is then.

    Raises:
        NotReadyError: it will not be ready, or was not in time.
        KubernetesError: it could not be watched.
    """
    if kind_key(live) not in RULES:
        return live
    deadline = time.monotonic() + wait.seconds
    first_seen: dict[tuple[str, str, str], float] = {}
    async with Watching(api, _collections(kind, live), wait.cancellation) as watching:
        while True:
            now = time.monotonic()
            outcome = Pending("not seen yet")
            if watching.complete:
                current = watching.seen("self")
                if not current:
                    raise NotReadyError(_failure(live, "it was deleted meanwhile"), live=live, reasons=[])
                live = current[0]
                outcome = judge(live, _related(watching))
            if isinstance(outcome, Ready):
                wait.report("")
                return live
            if isinstance(outcome, Pending):
                outcome = overdue(outcome, first_seen, now) or outcome
            if isinstance(outcome, Pending) and (wait.cancellation.requested or now >= deadline):
                why = "cancelled while" if wait.cancellation.requested else f"after {wait.seconds:.0f} s still"
                outcome = Failed(f"{why} waiting: {outcome.message}", outcome.unready)
            if isinstance(outcome, Failed):
                raise NotReadyError(_failure(live, outcome.reason), live=live, reasons=await _reasons(api, outcome))
            if watching.complete:
                wait.report(f"{identity(live)}: {outcome.message}")
            await watching.change(_pause(outcome.troubles, first_seen, now, deadline))


async def until_gone(api: Api, kind: Kind, live: Map, wait: Wait) -> None:
    """Wait until the object is gone (another one may have its name by then).

    Raises:
        NotReadyError: it was not in time.
        KubernetesError: it could not be watched.
    """
    deadline = time.monotonic() + wait.seconds
    collection = _itself(kind, live)
    async with Watching(api, [collection], wait.cancellation) as watching:
        while True:
            uid = live["metadata"].get("uid")
            current = [item for item in watching.seen("self") if uid in (None, item["metadata"]["uid"])]
            if watching.complete and not current:
                wait.report("")
                return
            live = current[0] if current else live
            if wait.cancellation.requested or time.monotonic() >= deadline:
                why = "cancelled" if wait.cancellation.requested else f"{wait.seconds:.0f} s"
                raise NotReadyError(
                    f"{live['kind']} {identity(live)} is being deleted, but is still there ({why}): {_held_by(live)}. "
                    f"The next `pulumi up` or `pulumi destroy` waits again. See: {kubectl('describe', live)}",
                    live=live,
                    reasons=[],
                )
            wait.report(f"{identity(live)}: deleting; {_held_by(live)}")
            await watching.change(deadline - time.monotonic())


def overdue(pending: Pending, first_seen: dict[tuple[str, str, str], float], now: float) -> Failed | None:
    """Note when each trouble began; turn into a failure what has lasted longer than it may."""
    present = {trouble.key for trouble in pending.troubles}
    for key in list(first_seen):
        if key not in present:
            del first_seen[key]
    over = [trouble for trouble in pending.troubles if now - first_seen.setdefault(trouble.key, now) >= trouble.grace]
    return Failed("; ".join(dict.fromkeys(trouble.text for trouble in over))) if over else None


def _pause(troubles: tuple[Trouble, ...], first_seen: dict[Any, float], now: float, deadline: float) -> float:
    """Return the seconds until time alone can change the outcome."""
    return max(0.0, min([deadline, *(first_seen[trouble.key] + trouble.grace for trouble in troubles)]) - now)


def _collections(kind: Kind, live: Map) -> list[Collection]:
    """Choose what has to be seen to judge an object."""
    namespace = str(live["metadata"].get("namespace", ""))
    core, found = f"/api/v1/namespaces/{namespace}", [_itself(kind, live)]
    name = live["metadata"]["name"]
    key = kind_key(live)
    selector = selector_text(
        live["spec"].get("selector") if key != "v1/Service" else {"matchLabels": live["spec"].get("selector")}
    )
    if selector and key != "v1/Pod":
        found.append(Collection(role="pods", path=f"{core}/pods", params={"labelSelector": selector}))
        if key == "apps/v1/Deployment":
            path = f"/apis/apps/v1/namespaces/{namespace}/replicasets"
            found.append(Collection(role="replica_sets", path=path, params={"labelSelector": selector}))
        if key == "v1/Service":
            path = f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices"
            params = {"labelSelector": f"kubernetes.io/service-name={name}"}
            found.append(Collection(role="endpoint_slices", path=path, params=params))
    return found


def _itself(kind: Kind, live: Map) -> Collection:
    metadata = live["metadata"]
    path = kind.collection(str(metadata.get("namespace", "")))
    return Collection(role="self", path=path, params={"fieldSelector": f"metadata.name={metadata['name']}"})


def selector_text(selector: object) -> str:
    """Write a label selector as the API's query parameter; empty if it selects nothing."""
    labels = [f"{key}={value}" for key, value in map_at(selector, "matchLabels").items()]
    for rule in list_at(selector, "matchExpressions"):
        key, values = rule["key"], f"({','.join(list_at(rule, 'values'))})"
        words = {"In": f"{key} in {values}", "NotIn": f"{key} notin {values}", "Exists": key}
        labels.append(words.get(rule["operator"], f"!{key}"))
    return ",".join(labels)


def _related(watching: Watching) -> Related:
    return Related(
        pods=watching.seen("pods"),
        replica_sets=watching.seen("replica_sets"),
        endpoint_slices=watching.seen("endpoint_slices"),
    )


def _failure(live: Map, why: str) -> str:
    look = "" if "See: " in why else f" See: {kubectl('describe', live)}"
    return (
        f"{live['kind']} {identity(live)} was applied, but is not ready: {why}. "
        f"It stays as it is; the next `pulumi up` tries again.{look}"
    )


def _held_by(live: Map) -> str:
    """Say what an object that is being deleted waits for."""
    finalizers = [*list_at(live, "metadata", "finalizers"), *list_at(live, "spec", "finalizers")]
    said = [
        c["message"] for c in list_at(live, "status", "conditions") if c.get("status") == "True" and c.get("message")
    ]
    return (
        "; ".join(filter(None, [f"finalizers {', '.join(finalizers)}" if finalizers else "", *said])) or "no finalizers"
    )


async def _reasons(api: Api, failed: Failed) -> list[str]:
    """Quote who is not ready, with the last warning of the cluster about it."""
    reasons: list[str] = []
    for pod in failed.unready[:_QUOTED]:
        said, metadata = unready(pod) or "", pod["metadata"]
        selector = f"involvedObject.uid={metadata['uid']},type=Warning"
        try:
            events = items(
                await api.get(f"/api/v1/namespaces/{metadata['namespace']}/events", {"fieldSelector": selector})
            )
        except KubernetesError:
            events = []  # evidence is welcome, but the failure is already known
        events = [event for event in events if event.get("reason") not in _NOISE]
        if events:
            said += f"; last warning: {max(events, key=_last_seen).get('message')}"
        reasons.append(said)
    return reasons


def _last_seen(event: Map) -> str:
    return str(event.get("lastTimestamp") or event.get("eventTime") or event["metadata"].get("creationTimestamp"))
