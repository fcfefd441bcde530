"""Implements `teal check`: it looks at a colour from all sides, and moves, writes and declares nothing."""

import asyncio
import sys
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from cyclopts.validators import Number
from rich.text import Text

from teal import routers
from teal.adapters import pulumi_project
from teal.adapters.kubernetes.cluster import Cluster
from teal.adapters.prometheus import Prometheus
from teal.adapters.pulumi_project import Project
from teal.checking.checklist import Checklist
from teal.checking.subject import Asked, Load, Part
from teal.checking.suite import Suite
from teal.cli.answer import ANSWER, Answer
from teal.cli.say import Exit, Lines, say
from teal.cli.terminal import STYLES, Terminal
from teal.cli.where import Stack
from teal.gates.approvals import FLIP_SET
from teal.model.colours import Colour
from teal.model.errors import NotThereError, TealError
from teal.model.verdict import Outcome, Verdict

if TYPE_CHECKING:  # Pulumi and the settings take a second, and `teal --help` imports this
    from teal_infra.settings import Settings

MOST_SECONDS = 3600
"""The most seconds that a load test, and that everything else, may be given."""


def _bounded(_type: object, value: timedelta | None) -> None:
    if value is not None and not 1 <= value.total_seconds() <= MOST_SECONDS:
        raise ValueError(f"{value.total_seconds():g} s is not between 1 s and {MOST_SECONDS} s")


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class How:
    """The options of a check, beside what the stack declares."""

    load: Annotated[
        timedelta | None,
        Parameter(
            validator=_bounded, help="Ask each service's preview door for so long (`300s`); default: not at all."
        ),
    ] = None
    rate: Annotated[
        float,
        Parameter(
            validator=Number(gt=0, lte=100), help="How many requests a second the load test sends to each service."
        ),
    ] = 10.0
    success: Annotated[
        float,
        Parameter(
            validator=Number(gt=0, lte=100),
            help="How many of the load test's requests have to be answered well, in percent.",
        ),
    ] = 95.0
    timeout: Annotated[
        timedelta,
        Parameter(validator=_bounded, help="How long all may take but the load test and the policies (`600s`)."),
    ] = timedelta(seconds=600)
    skip: Annotated[
        tuple[Part, ...], Parameter(negative="", show_default=False, help="A part to leave out; several times.")
    ] = ()
    image: Annotated[
        str | None,
        Parameter(
            help="The image of the pod that tries the network, which has to have Python; default: that of teal:watch."
        ),
    ] = None
    policies: Annotated[Path, Parameter(help="The policy pack, from the project's folder.")] = Path("policies")


HOW = How()


def check(
    colour: Colour,
    /,
    how: How = HOW,
    *,
    stack: Stack = None,
    junit: Annotated[Path | None, Parameter(help="A file for JUnit's XML, which CI systems show.")] = None,
    answer: Answer = ANSWER,
) -> None:
    """Check COLOUR without moving anything: its objects, gates, probes, API, scraping, network, use, and policies.

    Exit statuses: 0 all passed; 2 it has no release, or does not run; 7 the cluster does not answer; 9 something
    failed; 10 nothing failed, and something could not be told.
    """
    terminal = Terminal(quiet=answer.silent, yes=True)
    try:
        found = _checked(pulumi_project.require(stack), colour, how, terminal.line)
    except TealError as error:
        answer.fail(error)
    if junit is not None:
        try:
            junit.write_bytes(found.junit())
        except OSError as error:
            what = f"{junit} cannot be written: {error}. What was found is lost"
            answer.fail(f"{what}. Next: teal check {colour} --junit FILE")
    answer.give(found, lambda: _show(found))
    sys.exit(Exit.OK if found.passed else Exit.UNWELL if found.failed else Exit.UNKNOWN)


def _checked(project: Project, colour: Colour, how: How, tell: Callable[[str], None]) -> Checklist:
    from teal_infra.manager.engine import Engine  # noqa: PLC0415 - see above
    from teal_infra.settings import load, stack_file  # noqa: PLC0415 - see above

    file = stack_file.read(project.file)
    raw = Engine(project, tell).config() if file.secret else file.raw
    settings = load.load(raw, secret=file.secret, stack=file.stack)
    _require_running(settings, colour, project)
    verdicts = () if Part.SECURITY in how.skip else _security(project, how.policies, tell)
    found = asyncio.run(_looked(project, settings, colour, how, tell))
    return found.model_copy(update={"verdicts": (*verdicts, *found.verdicts)})


def _require_running(settings: "Settings", colour: Colour, project: Project) -> None:
    slot = settings.slot(colour)
    if slot is None:
        raise NotThereError(
            f"{colour} has no release in {project.file}, so there is nothing to check. Next: teal check {colour.other}"
        )
    if slot.state != "running":
        raise NotThereError(
            f"{colour} is {slot.state} in {project.file}: it has no pods to check. Next: teal start {colour}"
        )


async def _looked(
    project: Project, settings: "Settings", colour: Colour, how: How, tell: Callable[[str], None]
) -> Checklist:
    from teal_infra.planning.checks import subjects  # noqa: PLC0415 - see above

    workers = {name: each.worker for name, each in settings.services.items() if each.worker is not None}
    load = (
        Load(seconds=how.load.total_seconds(), per_second=how.rate, success_percent=how.success) if how.load else None
    )
    async with AsyncExitStack() as stack:
        cluster = await stack.enter_async_context(Cluster.connect(project.access))
        prometheus = (
            await stack.enter_async_context(Prometheus.connect(settings.prometheus.access()))
            if settings.prometheus
            else None
        )
        router = routers.connect(settings.router, cluster, workers=workers)
        live = {name for name, each in (await router.live_services()).items() if each.colour is colour}
        declared = subjects(settings, colour)
        late = {name for name, each in declared.items() if each.gates.late and name not in live}
        suite = Suite(
            cluster,
            {name: each for name, each in declared.items() if name not in late},
            colour,
            router=router,
            prometheus=prometheus,
            asked=Asked(
                skipped=frozenset(how.skip),
                load=load,
                image=how.image or (settings.watch.image if settings.watch else ""),
                timeout_seconds=how.timeout.total_seconds(),
            ),
            say=tell,
        )
        verdicts = await suite.run()
    slot = settings.slot(colour)
    return Checklist(
        stack=project.stack,
        colour=colour,
        version=slot.version if slot else "",
        live=bool(live),
        verdicts=tuple(verdicts),
        skipped={
            **{str(each): "--skip" for each in how.skip},
            **settings.skip_gates.reasons,
            **dict.fromkeys(sorted(late), "a worker, whose idle colour has no pods"),
            **{name: "a cron job, which has no pods of its own" for name, each in workers.items() if each.cron},
        },
        load=suite.loaded,
    )


def _security(project: Project, policies: Path, tell: Callable[[str], None]) -> Sequence[Verdict]:
    """Return what the policy pack finds in what an update would make; it judges a stack, and so both colours."""
    from teal_infra.manager.engine import Engine  # noqa: PLC0415 - see above

    pack = project.folder / policies
    about = Verdict(
        gate="security",
        service=FLIP_SET,
        outcome=Outcome.PASSED,
        seen="no finding",
        needed="no finding",
        asked=f"the policy pack {pack}, about what pulumi up would make",
    )
    if not (pack / "PulumiPolicy.yaml").is_file():
        return [replace(about, outcome=Outcome.INCONCLUSIVE, seen=f"{pack} is no policy pack (--policies names one)")]
    tell(f"judging {project.stack} by {pack}")
    try:
        found = Engine(project, tell).judge(pack)
    except TealError as error:
        return [replace(about, outcome=Outcome.ERROR, seen=str(error))]
    return [
        replace(
            about,
            gate=f"security.{each.policy}",
            outcome=Outcome.FAILED if each.mandatory else Outcome.INCONCLUSIVE,
            seen=each.message,
        )
        for each in found
    ] or [about]


def _show(found: Checklist) -> None:
    """Print a line for each check, by service."""
    console = Lines()
    for verdict in sorted(found.verdicts, key=lambda each: each.service):
        needed = "" if verdict.outcome is Outcome.PASSED else f"; needed: {verdict.needed}"
        line = Text(f"{verdict.outcome:<12} ", style=STYLES[verdict.outcome])
        console.print(line.append(f"{verdict.gate} of {verdict.service}: {verdict.seen}{needed}", style=""))
    for what, why in found.skipped.items():
        say(f"{'SKIPPED':<12} {what}: {why}")
    say(str(found))
