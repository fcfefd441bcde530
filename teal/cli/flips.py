"""Shows what was flipped and why, approves, and goes on with a flip that nobody keeps. Nothing here begins a flip."""

import os
import sys
from pathlib import Path
from typing import Annotated, TypeVar
from uuid import uuid4

from cyclopts import App, Parameter
from pydantic import BaseModel, ValidationError
from rich.console import Console
from rich.table import Table

from teal.adapters.kubernetes.cluster import Cluster
from teal.cli.answer import ANSWER, ASKING, Answer, Asking
from teal.cli.say import Exit, say
from teal.cli.where import HERE, Where
from teal.flip.ending import Ender
from teal.flip.leaving import end_left
from teal.flip.owner import Owner
from teal.flip.watching import live_metrics
from teal.gates.approvals import Approval, Vouched
from teal.history import approval
from teal.history import repair as records
from teal.history.model import Flip, History, Stage
from teal.history.store import OvertakenError, Records
from teal.model.colours import Colour
from teal.model.errors import NotThereError, TealError
from teal.notifications.audience import DECLARED as AUDIENCE
from teal.notifications.audience import Audience
from teal.notifications.notifier import Notifier
from teal.spec import credentials
from teal.spec.bake import DECLARED, BakePlan, cautious
from teal.spec.ending import DECLARED as ENDINGS
from teal.spec.ending import Endings

_Declared = TypeVar("_Declared", bound=BaseModel)


def history(number: int | None = None, /, where: Where = HERE, *, answer: Answer = ANSWER) -> None:
    """List the last flips: who, when, from, to, verdict; or one of them by its NUMBER, with its evidence."""

    async def ask() -> History:
        async with Cluster.connect(where.access) as cluster:
            return (await Records(cluster.http, cluster.namespace).load()).history

    flips = [each for each in answer.run(ask()).flips if number in {None, each.number}]
    if number is not None and not flips:
        answer.fail(NotThereError(f"no flip {number} is remembered. Next: teal history"))
    data = [each.model_dump(mode="json", by_alias=True) for each in flips]
    answer.give(data, lambda: _table(flips) if number is None else _evidence(flips[0]))


history_app = App(name="history")
history_app.default(history)


@history_app.command
def repair(
    where: Where = HERE,
    *,
    copy: Annotated[Path, Parameter(help="Where the record is kept as it was found.")] = Path("teal-history.broken"),
    asking: Asking = ASKING,
) -> None:
    """Make an unreadable record of flips readable again: what can be read is kept, and a file keeps the whole of it."""

    async def find() -> records.Found:
        async with Cluster.connect(where.access) as cluster:
            return await records.find(Records(cluster.http, cluster.namespace))

    async def write(found: records.Found) -> None:
        async with Cluster.connect(where.access) as cluster:
            await records.write(Records(cluster.http, cluster.namespace), found)

    found = asking.run(find())
    numbers = [each.number for each in found.history.flips]
    kept = ", ".join(map(str, numbers)) or "none"
    data = {"flips": numbers, "lost": found.lost, "copy": None if found.whole else str(copy)}
    if found.whole:
        asking.give(data, f"the record can be read, and has flips {kept}: nothing was changed")
        return
    asking.line(
        f"{found.lost} of the record cannot be read; flips that can: {kept}. A release whose flip is lost is asked all "
        "gates once more, and a flip that was under way is baked again by the next pulumi up"
    )
    asking.require("Write the record anew", "the record is as it was", f"teal history repair{where.typed}")
    try:
        with copy.open("x") as file:
            file.write(found.text)
    except OSError as error:
        asking.fail(
            f"{copy} cannot be written: {error}. The record is as it was. Next: teal history repair --copy OTHER_FILE"
        )
    asking.run(write(found))
    asking.give(data, f"the record has flips {kept} now, and {copy} all that was there. Next: teal status")


def approve(colour: Colour, version: str | None = None, /, where: Where = HERE, *, asking: Asking = ASKING) -> None:
    """Say yes to a flip to COLOUR, in the versions that it runs now; with VERSION, only if that is the one."""

    async def look() -> approval.Runs:
        async with Cluster.connect(where.access) as cluster:
            return await approval.what_runs(cluster, colour, version=version)

    async def give(runs: approval.Runs) -> tuple[Approval, Vouched]:
        async with Cluster.connect(where.access) as cluster:
            return await approval.approve_what_runs(cluster, colour, releases=runs.releases)

    runs = asking.run(look())
    typed = f"teal approve {colour}{f' {version}' if version else ''}{where.typed}"
    asking.require(f"FLIP: approve {colour} of {runs.namespace} ({runs})", "nothing was approved", typed)
    given, vouched = asking.run(give(runs))
    asking.give(given.as_data(), approval.said(given, vouched))


def watch(where: Where = HERE, *, answer: Answer = ANSWER) -> None:
    """Go on with a flip whose update died: bake it, then confirm it or put traffic back. Ends where there is none.

    As the stack's CronJob it also ends the pods of workers in a colour that a confirmed flip has left, and those of the
    idle colour where the stack declares that.
    """

    async def go_on() -> Flip | bool:
        declared, audience = _declared(DECLARED, BakePlan), _declared(AUDIENCE, Audience)
        endings = _declared(ENDINGS, Endings)
        notifier = Notifier(audience or Audience(), where.access, answer.line)
        async with Cluster.connect(where.access) as cluster:
            last = (await Records(cluster.http, cluster.namespace).load()).history.open
            plan = declared or (cautious(last.plan) if last is not None else None)
            url = os.environ.get("PROMETHEUS_URL") or (declared.prometheus if declared is not None else "")
            if plan is not None and plan.prometheus and not url:
                answer.line(
                    "this stack has a Prometheus, and PROMETHEUS_URL does not say where: it is not asked, since a "
                    "record of flips is no place to take an address from, and the flip cannot be confirmed. Next: "
                    "PROMETHEUS_URL=... teal watch"
                )
            async with live_metrics.connect(url, credentials.of_environment(os.environ), cluster.namespace) as seen:
                kept = Records(cluster.http, cluster.namespace, plan, notifier.recorded)
                owner = Owner(cluster, kept, seen, name=f"watch-{uuid4().hex[:8]}", say=answer.line)
                try:
                    ended = await owner.go_on()
                    if ended is not None or declared is None:
                        return ended or False
                    stopped = await end_left(cluster, kept, owner, declared, answer.line)
                    if endings is None:
                        return stopped
                    return await Ender(cluster, kept, owner, declared, endings, answer.line).go_on() or stopped
                except OvertakenError:
                    return False
                finally:
                    await notifier.catch_up(kept)

    ended = answer.run(go_on())
    if not isinstance(ended, Flip):
        answer.give(None, "" if ended else "no flip is open that nobody keeps: nothing to do")
        return
    answer.give(ended, f"{ended}. {ended.reason}" if ended.reason else str(ended))
    sys.exit(Exit.OK if ended.stage in {Stage.CONFIRMED, Stage.ABANDONED} else Exit.UNCONFIRMED)


def _declared(variable: str, model: type[_Declared]) -> _Declared | None:
    """Return what the stack declares in an environment variable of its CronJob; None where it does not."""
    text = os.environ.get(variable)
    try:
        return model.model_validate_json(text) if text else None
    except ValidationError as error:
        raise TealError(
            f"{variable} cannot be read ({error.error_count()} problems, the first: "
            f"{error.errors()[0]['msg']}), so no flip was gone on with. Next: pulumi up, which writes it for CronJob "
            "teal-watch"
        ) from None


def _table(flips: list[Flip]) -> None:
    table = Table(box=None, pad_edge=False)
    for column in ("flip", "begun", "by", "from", "to", "verdict"):
        table.add_column(column, no_wrap=True)
    table.add_column("why", overflow="fold")
    for each in flips:
        to = f"{each.to} {each.version}"
        table.add_row(str(each.number), each.begun, each.by, each.came_from, to, str(each.stage), each.reason)
    Console(soft_wrap=False).print(table if flips else "no flip is remembered", markup=False)


def _evidence(flip: Flip) -> None:
    say(str(flip))
    if flip.reason:
        say(f"  {flip.reason}")
    for verdict in flip.verdicts:
        say(f"  {verdict}" + (f" (asked: {verdict.asked})" if verdict.asked else ""))
    if flip.thinned:
        say(f"  {flip.thinned} verdicts that passed are not kept any more: there was no room for them")
    for gate, reason in flip.skipped.items():
        say(f"  {gate} was switched off: {reason}")
