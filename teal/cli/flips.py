"""What was flipped and why, who approves, and who goes on with a flip that nobody keeps.

Beside `pulumi up`, never instead of it: nothing here begins a flip.
"""

import asyncio
import json
import os
import sys
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar
from uuid import uuid4

from cyclopts import Parameter
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from teal import routers
from teal.adapters.kubernetes.cluster import Cluster, ClusterAccess
from teal.cli.say import Exit, fail, say
from teal.flip import guards, live_metrics
from teal.flip.owner import Owner
from teal.gates.approvals import Approval, Vouched
from teal.history import admission, approval
from teal.history.model import Flip, History, Stage
from teal.history.store import CONFIRMED, OvertakenError, Records
from teal.model.colours import Colour
from teal.model.errors import TealError
from teal.model.labels import DIGEST
from teal.model.routes import RouterKind
from teal.spec.bake import DECLARED, BakePlan, cautious


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


def status(where: Where = HERE, *, json_output: Json = False) -> None:
    """Say where live traffic goes, what is confirmed, and whether a flip is under way."""

    async def ask() -> tuple[dict[str, str], str | None, History]:
        async with Cluster.connect(where.access) as cluster:
            record, kept = await asyncio.gather(
                cluster.config_map(CONFIRMED), Records(cluster.http, cluster.namespace).load()
            )
            kind = kept.history.last.plan.router if kept.history.last else RouterKind.SERVICE
            routed = await routers.connect(kind, cluster).live_services()
            live = {**routed, **await routers.Workers(cluster).live_services()}
        colours = {name: guards.leads(each) for name, each in live.items()}
        return colours, record.get("colour"), kept.history

    live, confirmed, known = _run(ask())
    last = known.open or known.last
    rests = set(live.values()) == {confirmed} and known.open is None
    if json_output:
        shown = last.model_dump(mode="json", by_alias=True) if last else None
        say(json.dumps({"live": live, "confirmed": confirmed, "atRest": rests, "last": shown}, indent=2))
    else:
        for name, colour in live.items():
            say(f"live traffic of {name}: {colour}")
        say(f"confirmed: {confirmed or 'nothing'}")
        say(f"last: {last or 'no flip is known'}")
        if last is not None and last.reason:
            say(f"  {last.reason}")
    sys.exit(Exit.OK if rests else Exit.UNCONFIRMED)


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
        fail(f"no flip {number} is remembered. Next: python -m teal history")
    if json_output:
        say(json.dumps([each.model_dump(mode="json", by_alias=True) for each in flips], indent=2))
    elif number is None:
        _table(flips)
    else:
        _evidence(flips[0])


def approve(colour: Colour, version: str | None = None, /, where: Where = HERE, *, json_output: Json = False) -> None:
    """Say yes to a flip to COLOUR, in the versions that it runs now; with VERSION, only if that is the one."""

    async def give() -> tuple[Approval, Vouched]:
        async with Cluster.connect(where.access) as cluster:
            slots = await cluster.slots()
            versions = {name: slot.version for (name, of), slot in slots.items() if of is colour}
            if not versions or (version is not None and {*versions.values()} != {version}):
                runs = ", ".join(f"{name} {each}" for name, each in versions.items()) or "nothing"
                fail(
                    f"{colour} runs {runs}{f', not {version}' if version else ''}: nothing was approved. "
                    f"Next: kubectl -n {where.namespace} get deployments -l teal/colour={colour}"
                )
            releases = {name: slot.annotations.get(DIGEST, "") for (name, of), slot in slots.items() if of is colour}
            given = await approval.approve(cluster.http, where.namespace, colour, versions, releases)
            return given, await admission.vouched(cluster.http, where.namespace)

    given, vouched = _run(give())
    if json_output:
        say(json.dumps(given.as_data(), indent=2))
    else:
        runs = ", ".join(f"{name} {each}" for name, each in given.versions.items())
        word = "" if vouched.since else f"; the name is self-declared ({vouched.why})"
        say(f"{given.by} approves {colour} ({runs}) for one flip, {given.at.isoformat()}{word}")


def watch(where: Where = HERE) -> None:
    """Go on with a flip whose update died: bake it, then confirm it or put traffic back. Ends where there is none."""

    async def go_on() -> Flip | None:
        declared = _declared()
        async with Cluster.connect(where.access) as cluster:
            last = (await Records(cluster.http, cluster.namespace).load()).history.open
            plan = declared or (cautious(last.plan) if last is not None else None)
            url = os.environ.get("PROMETHEUS_URL") or (declared.prometheus if declared is not None else "")
            if plan is not None and plan.prometheus and not url:
                say(
                    "this stack has a Prometheus, and PROMETHEUS_URL does not say where: it is not asked, since a "
                    "record of flips is no place to take an address from, and the flip cannot be confirmed. Next: "
                    "PROMETHEUS_URL=... python -m teal watch"
                )
            async with live_metrics.connect(url, os.environ.get("PROMETHEUS_TOKEN"), where.namespace) as seen:
                records = Records(cluster.http, cluster.namespace, declared=plan)
                owner = Owner(cluster, records, seen, name=f"watch-{uuid4().hex[:8]}", say=say)
                try:
                    return await owner.go_on()
                except OvertakenError:
                    return None

    ended = _run(go_on())
    if ended is None:
        say("no flip is open that nobody keeps: nothing to do")
        return
    say(f"{ended}. {ended.reason}" if ended.reason else str(ended))
    sys.exit(Exit.OK if ended.stage in {Stage.CONFIRMED, Stage.ABANDONED} else Exit.UNCONFIRMED)


def _declared() -> BakePlan | None:
    """How the stack declares that its flips are watched; None where nobody hands that over."""
    text = os.environ.get(DECLARED)
    try:
        return BakePlan.model_validate_json(text) if text else None
    except ValidationError as error:
        raise TealError(
            f"{DECLARED} is no plan of a bake ({error.error_count()} problems, the first: {error.errors()[0]['msg']}), "
            "so no flip was gone on with. Next: pulumi up, which writes it into CronJob teal-watch"
        ) from None


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
    say(str(flip))
    if flip.reason:
        say(f"  {flip.reason}")
    for verdict in flip.verdicts:
        say(f"  {verdict}" + (f" (asked: {verdict.asked})" if verdict.asked else ""))
    if flip.thinned:
        say(f"  {flip.thinned} verdicts that passed are not kept any more: there was no room for them")
    for gate, reason in flip.skipped.items():
        say(f"  {gate} was switched off: {reason}")


def _run(asked: Coroutine[Any, Any, _T]) -> _T:
    try:
        return asyncio.run(asked)
    except TealError as error:
        fail(str(error))
