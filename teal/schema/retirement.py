"""Waits until a release is gone: not only declared away, but without any pod.

A Deployment counts as scaled down while its pods still finish requests. What takes something from under a release waits
for the last of its pods.
"""

from collections.abc import Collection, Sequence
from typing import Protocol

import stamina

from teal.model.colours import Colour
from teal.model.errors import RefusedError
from teal.model.live import LivePod

POLL_SECONDS = 1.0


class Pods(Protocol):
    """Lists pods: `teal.adapters.kubernetes.cluster.Cluster`, or a fake in tests."""

    async def pods(self, service: str) -> Sequence[LivePod]:
        """Return a service's pods in both colours that have not ended."""
        ...


async def await_only(
    cluster: Pods, service: str, allowed: Collection[tuple[Colour, str]], *, what: str, seconds: float
) -> None:
    """Wait until every pod of a service belongs to one of the allowed releases.

    Args:
        cluster: the cluster to ask.
        service: the service's name.
        allowed: the colour and version of the releases whose pods may stay.
        what: what is to be done afterwards, for the message.
        seconds: how long pods that are ending may take: their grace period and a little more.

    Raises:
        RefusedError: other pods are still there.
        UnreachableError: the cluster could not be asked.
    """
    retries = stamina.retry_context(
        on=RefusedError, attempts=None, timeout=seconds, wait_initial=POLL_SECONDS, wait_max=POLL_SECONDS, wait_jitter=0
    )
    async for attempt in retries:
        with attempt:
            left = [pod for pod in await cluster.pods(service) if (pod.colour, pod.version) not in allowed]
            if left:
                raise RefusedError(
                    f"{what} refused: after {seconds:.0f} s, {len(left)} pods of {service} still need what it drops, "
                    f"{left[0].name} ({left[0].colour} {left[0].version}) among them. Nothing was dropped. Next: "
                    f"kubectl get pods -l app.kubernetes.io/name={service}, retire what should not be there, then "
                    "pulumi up again"
                )
