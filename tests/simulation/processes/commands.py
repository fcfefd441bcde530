"""Runs teal's commands as processes, as `teal.cli` has them: the watch, and what a person runs."""

from teal_infra.planning.ending import endings
from teal_infra.planning.move import bake_plan
from teal_infra.settings import Settings

from teal.adapters.kubernetes.cluster import Cluster
from teal.flip.ending import Ender
from teal.flip.leaving import end_left
from teal.flip.owner import Owner
from teal.flip.rollback import Rollback
from teal.flip.watching import live_metrics
from teal.history import approval
from teal.history.model import Flip
from teal.history.store import OvertakenError, Records
from teal.model.colours import Colour
from teal.model.errors import TealError
from teal.model.labels import DIGEST
from teal.notifications.notifier import Notifier
from teal.spec.credentials import NOBODY
from tests.simulation.cluster.wire import Actor
from tests.simulation.processes.engine import ACCESS


async def go_on(actor: Actor, declared: Settings) -> str:
    """Go on with a flip that nobody keeps, and end what is idle; return what came of a flip, empty without one."""
    try:
        async with Cluster.connect(ACCESS) as cluster:
            notifier = Notifier(declared.audience, ACCESS, actor.said.append)
            records = Records(cluster.http, cluster.namespace, recorded=notifier.recorded)
            await records.load()
            async with live_metrics.connect(
                declared.prometheus.url if declared.prometheus else "", NOBODY, ACCESS.namespace
            ) as seen:
                owner = Owner(cluster, records, seen, name=actor.name, say=actor.said.append)
                try:
                    ended, plan = await owner.go_on(), bake_plan(declared)
                    if ended is None:
                        await end_left(cluster, records, owner, plan, actor.said.append)
                    if ended is None and declared.ends_idle:
                        await Ender(cluster, records, owner, plan, endings(declared), actor.said.append).go_on()
                finally:
                    await notifier.catch_up(records)
    except OvertakenError:
        return ""
    except TealError as error:
        return str(error)
    return f"{ended}. {ended.reason}" if ended else ""


async def roll_back(actor: Actor) -> Flip | str:
    """Put traffic back at once; return the flip, or why not."""
    try:
        async with Cluster.connect(ACCESS) as cluster:
            return await Rollback(cluster, say=actor.said.append).go()
    except TealError as error:
        return str(error)


async def approve(colour: Colour) -> str:
    """Say yes to what a colour runs now; return why that was not possible, empty where it was."""
    try:
        async with Cluster.connect(ACCESS) as cluster:
            slots = {name: slot for (name, of), slot in (await cluster.slots()).items() if of is colour}
            versions = {name: slot.version for name, slot in slots.items()}
            releases = {name: slot.annotations[DIGEST] for name, slot in slots.items()}
            await approval.approve(cluster.http, cluster.namespace, colour, versions, releases)
    except TealError as error:
        return str(error)
    return ""
