"""The command line: what was flipped and why, who approves, and who goes on with a flip that nobody keeps.

Beside `pulumi up`, never instead of it: nothing here begins a flip.
"""

import asyncio
import json
import os
import sys
from collections.abc import Coroutine
from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated, Any, NoReturn, TypeVar
from uuid import uuid4

from cyclopts import App, Parameter
from rich.console import Console
from rich.table import Table

from teal import approval, flip, plan_command, routers, witness
from teal.colours import Colour
from teal.errors import TealError
from teal.gates.approvals import Approval
from teal.history import Flip, History, Stage
from teal.keeper import Keeper
from teal.kube import Cluster, ClusterAccess
from teal.records import CONFIRMED, OvertakenError, Records
from teal.routes import RouterKind


class Exit(IntEnum):
    """What the exit status means."""

    OK = 0
    FAILED = 1
    """Could not be done; standard error says why."""
    UNCONFIRMED = 3
    """`watch`: a flip was not confirmed. `status`: one is open, or traffic is where nobody confirmed it."""


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Where:
    """Which cluster, and which stack's namespace in it."""

    namespace: Annotated[str, Parameter(env_var="TEAL_NAMESPACE", help="Of the stack (teal:namespace).")] = "teal"
    kubeconfig: Annotated[str | None, Parameter(help="Default: KUBECONFIG, ~/.kube/config, or the pod's account.")] = (
        None
    )
    context: Annotated[str | None, Parameter(help="A context in it; default: its current one.")] = None

    @property
    def access(self) -> ClusterAccess:
        """The same for the edges."""
        return ClusterAccess(namespace=self.namespace, kubeconfig=self.kubeconfig, context=self.context)


Json = Annotated[bool, Parameter(name="--json", negative="", help="Print JSON.")]
HERE = Where()
_T = TypeVar("_T")

app = App(
    name="teal",
    help="Flips of a stack: their state, their history, their approval. Exit statuses: 0 done, 1 failed, 2 cannot be "
    "asked for, 3 not confirmed.",
    version_flags=[],
)
app.command(plan_command.plan)


@app.command
def status(where: Where = HERE, *, json_output: Json = False) -> None:
    """Say where live traffic goes, what is confirmed, and whether a flip is under way."""

    async def ask() -> tuple[dict[str, str], str | None, History]:
        async with Cluster.connect(where.access) as cluster:
            record, kept = await asyncio.gather(
                cluster.config_map(CONFIRMED), Records(cluster.http, cluster.namespace).load()
            )
            plan = kept.history.last.plan if kept.history.last else None
            kind, routes = (plan.router, plan.routes) if plan else (RouterKind.SERVICE, {})
            live = await routers.connect(kind, cluster, routes).live_services()
        colours = {name: flip.leads(each) for name, each in live.items()}
        return colours, record.get("colour"), kept.history

    live, confirmed, known = _run(ask())
    last = known.open or known.last
    rests = set(live.values()) == {confirmed} and known.open is None
    if json_output:
        shown = last.model_dump(mode="json", by_alias=True) if last else None
        _print(json.dumps({"live": live, "confirmed": confirmed, "atRest": rests, "last": shown}, indent=2))
    else:
        for name, colour in live.items():
            _print(f"live traffic of {name}: {colour}")
        _print(f"confirmed: {confirmed or 'nothing'}")
        _print(f"last: {last or 'no flip is known'}")
        if last is not None and last.reason:
            _print(f"  {last.reason}")
    sys.exit(Exit.OK if rests else Exit.UNCONFIRMED)


@app.command
def history(
    number: int | None = None,
    /,
    where: Where = HERE,
    *,
    json_output: Json = False,
) -> None:
    """List the last flips: who, when, from, to, verdict; or one of them by its NUMBER, with its evidence."""

    async def ask() -> History:
        async with Cluster.connect(where.access) as cluster:
            return (await Records(cluster.http, cluster.namespace).load()).history

    flips = [each for each in _run(ask()).flips if number in {None, each.number}]
    if number is not None and not flips:
        _fail(f"no flip {number} is remembered. Next: python -m teal history")
    if json_output:
        _print(json.dumps([each.model_dump(mode="json", by_alias=True) for each in flips], indent=2))
    elif number is None:
        _table(flips)
    else:
        _evidence(flips[0])


@app.command
def approve(colour: Colour, version: str | None = None, /, where: Where = HERE, *, json_output: Json = False) -> None:
    """Say yes to a flip to COLOUR, in the versions that it runs now; with VERSION, only if that is the one."""

    async def say() -> Approval:
        async with Cluster.connect(where.access) as cluster:
            slots = await cluster.slots()
            versions = {name: slot.version for (name, of), slot in slots.items() if of is colour}
            if not versions or (version is not None and {*versions.values()} != {version}):
                runs = ", ".join(f"{name} {each}" for name, each in versions.items()) or "nothing"
                _fail(
                    f"{colour} runs {runs}{f', not {version}' if version else ''}: nothing was approved. "
                    f"Next: kubectl -n {where.namespace} get deployments -l teal/colour={colour}"
                )
            return await approval.approve(cluster.http, where.namespace, colour, versions)

    given = _run(say())
    if json_output:
        _print(json.dumps(given.as_data(), indent=2))
    else:
        runs = ", ".join(f"{name} {each}" for name, each in given.versions.items())
        _print(f"{given.by} approves {colour} ({runs}), {given.at.isoformat()}")


@app.command
def watch(where: Where = HERE) -> None:
    """Go on with a flip whose update died: bake it, then confirm it or put traffic back. Ends where there is none."""

    async def go_on() -> Flip | None:
        async with Cluster.connect(where.access) as cluster:
            records = Records(cluster.http, cluster.namespace)
            last = (await records.load()).history.open
            planned = last.plan.prometheus if last is not None else ""
            url = planned and os.environ.get("PROMETHEUS_URL", planned)  # pods may have another way to it
            async with witness.connect(url, os.environ.get("PROMETHEUS_TOKEN"), where.namespace) as seen:
                keeper = Keeper(cluster, records, seen, name=f"watch-{uuid4().hex[:8]}", say=_print)
                try:
                    return await keeper.go_on()
                except OvertakenError:
                    return None

    ended = _run(go_on())
    if ended is None:
        _print("no flip is open that nobody keeps: nothing to do")
        return
    _print(f"{ended}. {ended.reason}" if ended.reason else str(ended))
    sys.exit(Exit.OK if ended.stage in {Stage.CONFIRMED, Stage.ABANDONED} else Exit.UNCONFIRMED)


def _table(flips: list[Flip]) -> None:
    table = Table(box=None, pad_edge=False)
    for column in ("flip", "begun", "by", "from", "to", "verdict"):
        table.add_column(column, no_wrap=True)
    table.add_column("why", overflow="fold")
    for each in flips:
        came = f"{each.origin or 'nothing'} {each.origin_version}".strip()
        table.add_row(
            str(each.number), each.begun, each.by, came, f"{each.to} {each.version}", str(each.stage), each.reason
        )
    Console(soft_wrap=False).print(table if flips else "no flip is remembered", markup=False)


def _evidence(flip: Flip) -> None:
    _print(str(flip))
    if flip.reason:
        _print(f"  {flip.reason}")
    for verdict in flip.verdicts:
        _print(f"  {verdict}" + (f" (asked: {verdict.asked})" if verdict.asked else ""))
    for gate, reason in flip.skipped.items():
        _print(f"  {gate} was switched off: {reason}")


def _run(asked: Coroutine[Any, Any, _T]) -> _T:
    try:
        return asyncio.run(asked)
    except TealError as error:
        _fail(str(error))


def _fail(text: str) -> NoReturn:
    Console(stderr=True, soft_wrap=True, highlight=False).print(text, markup=False)
    sys.exit(Exit.FAILED)


def _print(text: str) -> None:
    Console(soft_wrap=True, highlight=False).print(text, markup=False)
