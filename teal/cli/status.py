"""Shows how a stack stands, once or all the time, for `teal status` and `teal health-check`."""

import asyncio
import os
import sys
import time
from collections.abc import Iterator
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console, Group, RenderableType
from rich.text import Text

from teal.adapters.prometheus import Prometheus, PrometheusAccess
from teal.cli.answer import ANSWER, Answer
from teal.cli.say import Exit, Lines, columns, fail
from teal.cli.where import HERE, Where
from teal.history.model import Flip, Stage
from teal.model.colours import Colour
from teal.model.errors import NotThereError, TealError, UnreachableError
from teal.spec import credentials
from teal.status import health, look, requests
from teal.status.look import Pods, Status
from teal.status.requests import Rate, Requests

RECENT = 5
"""How many flips are listed."""

EVERY_SECONDS = 1.0


def status(
    where: Where = HERE,
    *,
    watch: Annotated[bool, Parameter(name=("--watch", "-w"), negative="", help="Show it again every second.")] = False,
    prometheus: Annotated[
        str | None,
        Parameter(
            env_var="PROMETHEUS_URL",
            help="The address of the Prometheus that counts requests; without it, none are shown.",
        ),
    ] = None,
    answer: Answer = ANSWER,
) -> None:
    """Say where live traffic goes, what both colours run, what is confirmed, and whether a flip is under way.

    With a Prometheus, it also says how many requests a second each colour answers.

    Exit statuses: 0 all is at rest, 2 there is no such stack, 3 a flip is open, or traffic is where nobody confirmed
    it, 7 the cluster does not answer.
    """
    if watch:
        return _watch(where, prometheus)
    found, counted = answer.run(_look(where, prometheus))
    data = found.model_dump(mode="json", by_alias=True)
    more = {"requests": counted.model_dump(mode="json", by_alias=True)} if counted is not None else {}
    answer.give({**data, **more}, lambda: Lines().print(Group(*_lines(found, counted))))
    sys.exit(Exit.OK if found.at_rest else Exit.UNCONFIRMED)


def health_check(colour: Colour | None = None, /, where: Where = HERE, *, answer: Answer = ANSWER) -> None:
    """Ask every service of COLOUR, or of both colours, whether it is well: its pods, and what its preview door answers.

    Exit statuses: 0 COLOUR, or else the live colour, is well; 2 it has no release; 7 the cluster does not answer; 9 it
    is not well.
    """

    async def ask() -> health.Health:
        return await health.check(where.access)

    found = answer.run(ask())
    judged = colour or found.live
    if colour is not None and colour not in found.colours:
        answer.fail(NotThereError(f"{colour} has no release, so there is nothing to ask. Next: teal status"))
    answer.give(found, "\n".join(_of_health(found, colour)))
    sys.exit(Exit.OK if judged is not None and found.well(judged) else Exit.UNWELL)


def _of_health(found: health.Health, colour: Colour | None) -> Iterator[str]:
    for each in (colour,) if colour else found.colours:
        live = ", live" if each is found.live else ""
        yield f"{each}{live}: {'well' if found.well(each) else 'not well'}"
        for name, asked in found.colours[each].items():
            yield f"  {name} {asked.pods.version}: {asked}"
    if not found.colours:
        yield "neither colour has a release"


async def _look(where: Where, prometheus: str | None) -> tuple[Status, Requests | None]:
    """Return how the stack stands, and its requests where a Prometheus counts them."""
    found = await look.look(where.access)
    if not prometheus:
        return found, None
    access = PrometheusAccess(url=prometheus, credentials=credentials.of_environment(os.environ))
    async with Prometheus.connect(access) as connected:
        return found, await requests.ask(connected, where.access.namespace, found)


def _watch(where: Where, prometheus: str | None) -> None:
    """Show the status until Ctrl-C; where the cluster does not answer for a while, say so, and ask again."""
    from rich.live import Live  # noqa: PLC0415 - which nobody else needs

    try:
        with Live(console=Console(), refresh_per_second=4, vertical_overflow="visible") as shown:
            while True:
                try:
                    lines: RenderableType = Group(*_lines(*asyncio.run(_look(where, prometheus))))
                except UnreachableError as error:
                    lines = Text(str(error))
                shown.update(lines)
                time.sleep(EVERY_SECONDS)
    except KeyboardInterrupt:
        return
    except TealError as error:
        fail(error)


def _lines(found: Status, counted: Requests | None) -> Iterator[RenderableType]:
    """Yield what a person reads: where traffic goes, both colours, the flip under way, the last ones."""
    for name, colour in found.live.items():
        door = found.doors.get(name)
        yield Text(f"live traffic of {name}: {colour}" + (f" ({door})" if door else ""))
    if not found.live:
        yield Text("live traffic: none yet")
    yield Text(f"confirmed: {found.confirmed or 'nothing'}")
    names = ["colour", "traffic", "service", "version", "pods", "restarts", "door"]
    rows: list[list[str | Text]] = [[*names, "requests"] if counted is not None else [*names]]
    for colour in Colour:
        services = found.colours.get(colour) or {"": Pods()}
        for name, pods in services.items():
            traffic = "live" if found.live.get(name) == colour else "idle"
            row = [Text(colour, style=str(colour)), traffic, name, pods.version or "none"]
            row += [Text(str(pods), style="green" if pods.well else ""), str(pods.restarts), pods.door]
            rows.append([*row, _rate(counted, name, colour)] if counted is not None else row)
    yield columns(rows)
    if counted is not None and counted.why:
        yield Text(f"requests: {counted.why}")
    yield Text(f"last: {found.last or 'no flip is known'}")
    if found.last is not None and found.last.reason:
        yield Text(f"  {found.last.reason}")
    if len(found.history) > 1:
        yield Text("before: " + "; ".join(_short(each) for each in found.history[-RECENT - 1 : -1]))


def _rate(counted: Requests, service: str, colour: Colour) -> Text:
    rate = counted.services.get(service, {}).get(colour, Rate())
    if rate.per_second is None:
        return Text("unknown")
    failed = f", {rate.failed:.1%} failed" if rate.failed else ""
    return Text(f"{rate.per_second:.1f} a second{failed}", style="red" if failed else "")


def _short(flip: Flip) -> str:
    mark = "" if flip.stage is Stage.CONFIRMED else f" ({flip.stage})"
    return f"{flip.number} {flip.origin or 'nothing'} to {flip.to} {flip.version}{mark}"
