"""Waits until a slot's pods are the declared ones, and fails the update where they do not become so.

Pulumi's provider waits as well, but reliably only for the first Deployment of an update. For each later one its cache
first shows it the Deployment of before, whose rollout is complete, and the wait is over within 0.2 s: measured for
every second in-place change, and in the source of `waitUntilDeploymentControllerReconciles` (provider/pkg/await/
deployment.go, as of January 2026). So the program looks for itself, right after the provider's write.
"""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import pulumi

from teal.adapters.kubernetes import inventory
from teal.adapters.kubernetes.cluster import Cluster, ClusterAccess
from teal.adapters.kubernetes.workloads import Deployment
from teal.model.colours import Colour, colour_of
from teal.model.errors import TealError
from teal.model.labels import COLOUR_LABEL, NAME_LABEL
from teal_infra.provider.ownership import Prior

REPORTED_SECONDS = 15
"""How much later an update gives up than Kubernetes does. Kubernetes counts a rollout's deadline from the last
progress, seconds after the write, and then has to report it. Pulumi's provider does not fail because of that: it waits
for its own timeout, by default 10 minutes, and names what it has heard by then among its reasons."""

PAUSE_SECONDS = 0.3


class Rollouts:
    """The rollouts that one update starts, and what became of them."""

    def __init__(self, access: ClusterAccess) -> None:
        """Prepare the hook; nothing is asked yet."""
        self._access = access
        self._failed: dict[str, str] = {}
        self._bound: pulumi.ResourceHookBinding | None = None

    def hooks(self) -> pulumi.ResourceHookBinding:
        """Return the hooks of a Deployment. They run only where it was written, and keep what depends on it waiting."""
        if self._bound is None:  # an engine takes a hook's name only once
            hook = pulumi.ResourceHook("teal-rollout", self._await)
            self._bound = pulumi.ResourceHookBinding(after_create=[hook], after_update=[hook])
        return self._bound

    def over(self, deployment: pulumi.Resource, name: str) -> Prior:
        """Return what others depend on in place of a Deployment, so that they do not follow a rollout that failed.

        A hook that fails after an operation cannot do that: whatever waits for the resource goes on.

        Raises:
            pulumi.RunError: the rollout failed. It is raised where the result is awaited, and ends the program.
        """

        def passed(_urn: str) -> pulumi.Resource:
            if name in self._failed:
                raise pulumi.RunError(self._failed[name])
            return deployment

        return deployment if pulumi.runtime.is_dry_run() else deployment.urn.apply(passed)

    async def _await(self, args: pulumi.ResourceHookArgs) -> None:
        inputs: Mapping[str, Any] = args.new_inputs or {}
        name = inputs["metadata"]["name"]
        seconds = inputs["spec"]["progressDeadlineSeconds"] + REPORTED_SECONDS
        try:
            async with Cluster.connect(self._access) as cluster:
                unfinished = await _unfinished(cluster, name, seconds)
                if unfinished:
                    self._failed[name] = (
                        f"{name} was changed, and its rollout did not come to its end: {unfinished}"
                        f"{await _reasons(cluster, inputs['metadata']['labels'])}. What waits for it was left alone. "
                        f"Next: kubectl -n {cluster.namespace} describe deployment {name}; mend it, then pulumi up"
                    )
        except TealError as error:
            self._failed[name] = f"{name} was changed, and nobody could see whether its rollout ended: {error}"


async def _unfinished(cluster: Cluster, name: str, seconds: float) -> str:
    """Wait for a rollout; return what is missing where it fails or takes longer, and nothing where it is complete."""
    give_up = time.monotonic() + seconds
    while True:
        found = await inventory.find(cluster, "deployment", name)
        if not isinstance(found, Deployment):
            return "the Deployment is gone"
        missing = found.unfinished
        if not missing:
            return ""
        if found.stuck:
            return f"{missing} (Kubernetes: ProgressDeadlineExceeded)"
        if time.monotonic() > give_up:
            return f"{missing} after {seconds} s"
        await asyncio.sleep(PAUSE_SECONDS)


async def _reasons(cluster: Cluster, labels: Mapping[str, str]) -> str:
    """Return why containers of the slot wait, as the kubelet reports it, in words that follow a sentence."""
    colour = colour_of(labels.get(COLOUR_LABEL)) or Colour.BLUE
    pods = await inventory.pods(cluster, labels[NAME_LABEL], colour)
    said = sorted({reason for pod in pods.items for reason in pod.status.waiting()})
    return f"; its containers wait: {', '.join(said)}" if said else ""
