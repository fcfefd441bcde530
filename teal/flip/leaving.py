"""Ends what an update has left that died: its flip, or the pods of workers in the colour that its flip has left."""

from collections.abc import Callable, Mapping
from contextlib import suppress

from teal.adapters.kubernetes import scale
from teal.adapters.kubernetes.cluster import Cluster
from teal.flip.owner import Owner
from teal.history.model import Stage
from teal.history.store import OvertakenError, Records
from teal.model.live import LiveService
from teal.model.workers import Overlap
from teal.spec.bake import BakePlan


async def end_open(owner: Owner, plan: BakePlan) -> Mapping[str, LiveService]:
    """Bring a flip that is open to its end, if nobody keeps it; return where traffic goes after that.

    Raises:
        UnreachableError: the cluster could not be asked, or traffic could not be put back.
    """
    with suppress(OvertakenError):
        await owner.go_on()
    return await owner.live(plan)


async def end_left(
    cluster: Cluster, records: Records, owner: Owner, plan: BakePlan, say: Callable[[str], None]
) -> bool:
    """End the pods of workers that may run in both colours during a flip, and only then.

    A flip back that begins while a request is on its way may lose the pods that it goes to: it is then undone, as no
    flip is confirmed without them.

    Args:
        cluster: the stack's cluster.
        records: the stack's flips.
        owner: reads which colour is live.
        plan: what the stack declares of its services.
        say: is called with each line of progress.

    Returns:
        Whether pods were ended.

    Raises:
        UnreachableError: the cluster could not be asked, or it is not known whether pods were ended: whoever comes next
            does it again.
    """
    workers = [name for name, each in plan.workers.items() if each.overlap is Overlap.FLIP and not each.cron]
    if not workers:
        return False
    live, history = await owner.live(plan), (await records.load()).history
    last = history.last_move
    if last is None or last.stage is not Stage.CONFIRMED:
        return False
    followed = [name for name in workers if name in live and live[name].colour is last.to]
    ended: list[str] = []
    for name in followed:
        if (await records.load()).history != history:
            break  # somebody has begun a flip since
        if await scale.stop(cluster, name, last.to.other):
            ended.append(f"{name}-{last.to.other}")
    if ended:
        say(f"pods of {', '.join(ended)} end: flip {last.number} is confirmed, and its update ended before they did")
    return bool(ended)
