"""Raises the pods of the new colour where a flip needs more, and somebody else's autoscaler scales them.

teal's own autoscalers get their minimum from the stack. Another's is left alone: the Deployment is scaled once, right
before the proof, and its autoscaler may scale it down again at once. The gates judge the pods that they find.
"""

from collections.abc import Callable, Collection

from teal.adapters.kubernetes import scale
from teal.adapters.kubernetes.cluster import Cluster
from teal.model.colours import Colour


async def raised(cluster: Cluster, services: Collection[str], to: Colour, say: Callable[[str], None]) -> None:
    """Scale a colour to as many pods as the other one is asked for, where it has fewer.

    Args:
        cluster: the stack's cluster.
        services: the services that others scale, and whose traffic is to move.
        to: the colour that traffic is to move to.
        say: is called with each line of progress.

    Raises:
        UnreachableError: the cluster could not be asked, or refused.
    """
    if not services:
        return
    slots = await cluster.slots()
    for name in sorted(services):
        here, there = slots.get((name, to)), slots.get((name, to.other))
        if here is not None and there is not None and here.replicas < there.replicas:
            say(f"{name}-{to} is asked for {there.replicas} pods, as {to.other} has; its autoscaler goes on from there")
            await scale.ask_for(cluster, name, to, there.replicas)
