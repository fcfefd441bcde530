"""Waits until the rollouts of an update are complete, and fails the update where one is not.

Pulumi's provider waits as well, but reliably only for the first Deployment of an update. For each later one its shared
cache first hands out a stale object, whose rollout is complete, and the wait ends within 0.2 s, as measured on a
cluster; the reason is in `waitUntilDeploymentControllerReconciles` (provider/pkg/await/deployment.go, as of January
2026). So the program looks for itself after each write. The hook only notes the write, since the engine can record no
other step while it runs.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from teal.adapters.kubernetes import inventory
from teal.adapters.kubernetes.cluster import Cluster, ClusterAccess
from teal.adapters.kubernetes.workloads import Deployment
from teal.model.colours import colour_of
from teal.model.errors import TealError, UnreachableError
from teal.model.labels import COLOUR_LABEL, NAME_LABEL
from teal_infra.provider.ownership import Prior

REPORTED_SECONDS = 15
"""How much later an update gives up than Kubernetes does. Kubernetes counts a rollout's deadline from the last
progress, seconds after the write, and then has to report it. Pulumi's provider does not fail because of that: it waits
for its own timeout, by default 10 minutes, and names what it has heard by then among its reasons."""

PAUSE_SECONDS = 1.0
"""The time between two reads of a Deployment."""

UNANSWERED_SECONDS = 60.0
"""How long the API server may fail to answer before a rollout is given up."""

Undo = Callable[[str], Awaitable[None]]
"""Undoes what a failed rollout is a part of, given the reason."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rollout:
    """The rollout of one Deployment."""

    name: str
    seconds: float
    """How long it may take, in seconds."""
    rolling: bool = False
    """Whether one was under way, or stuck, before the update."""
    undo: Undo | None = None


class Rollouts:
    """The rollouts of one update."""

    def __init__(self, access: ClusterAccess) -> None:
        """Prepare the hook; nothing is asked yet."""
        self._access = access
        self._written: set[str] = set()
        self._rolling: list[tuple[pulumi.Resource, Rollout]] = []
        self._bound: pulumi.ResourceHookBinding | None = None

    def hooks(self) -> pulumi.ResourceHookBinding:
        """Return the hooks of a Deployment, which note that a rollout of it was written."""
        if self._bound is None:  # an engine takes a hook's name only once
            hook = pulumi.ResourceHook("teal-rollout", self._note)
            self._bound = pulumi.ResourceHookBinding(after_create=[hook], after_update=[hook])
        return self._bound

    def over(self, deployment: pulumi.Resource, rollout: Rollout) -> Prior:
        """Return what others depend on in place of a Deployment: they wait for its rollout, and follow no failed one.

        Raises:
            pulumi.RunError: the rollout failed. It is raised where the result is awaited, and ends the program.
        """
        if pulumi.runtime.is_dry_run():
            return deployment
        if rollout.rolling:
            self._rolling.append((deployment, rollout))

        async def passed(_urn: str) -> pulumi.Resource:
            if rollout.name in self._written:
                await self._require(rollout, written=True)
            return deployment

        return deployment.urn.apply(passed)

    def require_rest(self, after: Sequence[Prior]) -> pulumi.Output[None]:
        """Check, as the last step, the rollouts that were under way before the update and that it has not written.

        An update that fails because of a rollout has written its Deployment, so the next update finds nothing to write.
        Only this check keeps that one from passing. A failure ends the program, and with it whatever hook still runs:
        so the check comes after all others.

        Returns:
            An output without a value, once all of them are complete.

        Raises:
            pulumi.RunError: one of them failed. It is raised where the result is awaited, and ends the program.
        """

        async def check(_urns: Sequence[str]) -> None:
            for _, each in self._rolling:
                if each.name not in self._written:
                    await self._require(each, written=False)

        last = [*after, *(deployment for deployment, _ in self._rolling)]
        made = [pulumi.Output.from_input(each).apply(lambda resource: resource.urn) for each in last]
        return pulumi.Output.all(*made).apply(check)

    def _note(self, args: pulumi.ResourceHookArgs) -> None:
        new: Mapping[str, Any] = args.new_inputs or {}
        old: Mapping[str, Any] = args.old_inputs or {"spec": {}}
        if any(new["spec"].get(part) != old["spec"].get(part) for part in ("template", "replicas")):
            self._written.add(new["metadata"]["name"])

    async def _require(self, rollout: Rollout, *, written: bool) -> None:
        async with Cluster.connect(self._access) as cluster:
            why = await _failed(cluster, rollout, written=written)
            if not why:
                return
            left = "What depends on it was left alone" if written else "This update had nothing to change about it"
            said = (
                f"the rollout of {rollout.name} is not complete: {why}. {left}. Next: "
                f"kubectl -n {cluster.namespace} describe deployment {rollout.name}; mend it, then pulumi up"
            )
        try:
            if rollout.undo is not None:
                await rollout.undo(said)
        except TealError as error:  # it says what became of the flip, and why
            said = str(error)
        raise pulumi.RunError(said)


async def _failed(cluster: Cluster, rollout: Rollout, *, written: bool) -> str:
    """Wait for a rollout, and return why it failed; empty where it is complete."""
    begun = seen = time.monotonic()
    first: str | None = None
    while True:
        now = time.monotonic()
        try:
            found = await inventory.find(cluster, "deployment", rollout.name)
        except UnreachableError as error:
            if now - seen > UNANSWERED_SECONDS:
                return f"it could not be read for {now - seen:.0f} s: {error}"
            await asyncio.sleep(PAUSE_SECONDS)
            continue
        seen = now
        if not isinstance(found, Deployment):
            return "the Deployment is gone"
        if not found.missing:
            return ""
        if found.spec.paused:
            return f"{found.missing}, and somebody has paused it"
        # Right after a write, the condition still speaks of the rollout before, which this one may mend.
        progress = found.progress
        first = progress.last_update_time if first is None else first
        stuck = found.observed and progress.reason == "ProgressDeadlineExceeded"
        if stuck and (not written or progress.last_update_time != first):
            return f"{found.missing} ({progress.reason}){await _reasons(cluster, found)}"
        if now - begun > rollout.seconds:
            return f"{found.missing} after {rollout.seconds:.0f} s{await _reasons(cluster, found)}"
        await asyncio.sleep(PAUSE_SECONDS)


async def _reasons(cluster: Cluster, found: Deployment) -> str:
    """Return the end of a sentence with what Kubernetes says of a Deployment's pods; empty where it says nothing."""
    refused = [
        each.message for each in found.status.conditions if (each.type, each.status) == ("ReplicaFailure", "True")
    ]
    colour = colour_of(found.metadata.labels.get(COLOUR_LABEL))
    try:
        pods = await inventory.pods(cluster, found.metadata.labels[NAME_LABEL], colour) if colour else ()
    except UnreachableError:
        pods = ()
    waiting = {reason for pod in pods for reason in pod.status.waiting()}
    said = [*refused, *sorted(waiting)]
    return f"; Kubernetes says: {', '.join(said)}" if said else ""
