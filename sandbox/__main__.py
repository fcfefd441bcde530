"""The sandbox's command line: `python -m sandbox COMMAND`; `make` calls it.

Options and exit statuses are here, what the commands do is in `sandbox.cluster.commands` and `sandbox.demo`.
"""

import json
import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Literal, TextIO

from cyclopts import App, CycloptsError, Parameter, validators
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from sandbox.cluster import commands
from sandbox.cluster.building.compiling import build_all
from sandbox.cluster.building.packages import SYSTEM_PATH
from sandbox.cluster.cache import cache_folder
from sandbox.cluster.environment import AWS_ENDPOINT, Sandbox
from sandbox.cluster.errors import ExitCode, SandboxError, UsageError
from sandbox.cluster.progress import Steps
from sandbox.tools import TOOLS

app = App(
    name="sandbox",
    help="A real Kubernetes on this machine, to rehearse teal on. Exit statuses: 0 done, 1 failed, 2 cannot be asked "
    "for, 3 this machine lacks something, 4 not built, 5 not started, 6 not up, 130 interrupted.",
    version_flags=[],
)
Name = Annotated[str, Parameter(name="--name", help="Which sandbox; several run side by side.")]
Ports = Annotated[str, Parameter(name="--ports", help="Range of node ports, first-last.")]
Kubeconfig = Annotated[
    Path | None,
    Parameter(name="--kubeconfig", help="Use the cluster of this file's current context; nothing is built."),
]
_RATE = 50  # the demo's: 200 in all, and 100 from frontend to backend, take half of one core, client and server
Rate = Annotated[
    int,
    Parameter(
        name="--rate",
        help="Requests per second, on each front door and in each mode.",
        validator=validators.Number(gte=4, lte=400),  # `sandbox.load` refuses others, but minutes later
    ),
]
Router = Annotated[
    Literal["service", "alb"], Parameter(name="--router", help="What directs live traffic, as in teal:router.")
]
Tool = Annotated[Literal["actionlint", "oasdiff", "promtool"], Parameter(help="Which ones.")]
Json = Annotated[bool, Parameter(name="--json", negative="", help="Print JSON.")]


@app.command
def up(
    *,
    name: Name = "teal",
    ports: Ports = "30000-30999",
    kubeconfig: Kubeconfig = None,
    metrics: Annotated[
        bool, Parameter(name="--metrics", negative="", help="With metrics-server, for autoscalers and kubectl top.")
    ] = False,
) -> None:
    """Bring a sandbox up; one that is up already is left as it is."""
    _up(name, ports, kubeconfig, sys.stdout, metrics=metrics)


def _up(name: str, ports: str, kubeconfig: Path | None, stream: TextIO, *, metrics: bool = False) -> None:
    from sandbox.cluster import bringup  # noqa: PLC0415 - its libraries would slow every other command down

    sandbox = Sandbox.named(name, ports=_ports(ports), kubeconfig=kubeconfig.absolute() if kubeconfig else None)
    with Steps() as steps:
        fresh = bringup.up(sandbox, steps, metrics=metrics)
    where = f"network namespace {sandbox.netns.name}" if sandbox.netns else "your own cluster"
    _say(f"sandbox {name!r} is up{'' if fresh else ' already'}: {where}, {sandbox.kubeconfig}", stream)
    if sandbox.netns:
        _say(f"  AWS_ENDPOINT_URL there is moto, a stand-in for AWS: {AWS_ENDPOINT}", stream)
    _say(f"  a shell in it: make shell NAME={name}    end it: make sandbox-down NAME={name}", stream)


@app.command
def down(*, name: Name = "teal") -> None:
    """End a sandbox and leave nothing of it but its logs."""
    sandbox = commands.find(name)
    with Steps() as steps:
        found = commands.down(sandbox, steps)
    _say(f"sandbox {name!r}: " + (f"removed {', '.join(found)}" if found else "nothing was there"))
    if sandbox.netns is None:
        _say(f"  your cluster and the stacks' state in {sandbox.root / 'state'} are left as they are")


@app.command
def shell(
    *,
    name: Name = "teal",
    cmd: Annotated[str | None, Parameter(name="--cmd", help="Run this instead, and exit with its status.")] = None,
) -> None:
    """Open a shell in a sandbox, with `pulumi`, `kubectl`, KUBECONFIG and AWS_ENDPOINT_URL set."""
    commands.shell(Sandbox.load(name), cmd)


@app.command
def status(*, name: Name = "teal", json_output: Json = False) -> None:
    """Say what runs in a sandbox, since when, and where its logs are; exit status 6 if it is not up."""
    found = commands.status(commands.find(name))
    if json_output:
        _say(json.dumps(found, indent=2))
    else:
        _show(found)
    if not found["up"]:
        sys.exit(ExitCode.NOT_RUNNING)


@app.command
def start(component: str, *, name: Name = "teal") -> None:
    """Start a component that was stopped, such as kube-proxy, and wait until it works."""
    _control("start", component, name)


@app.command
def stop(component: str, *, name: Name = "teal") -> None:
    """Stop a component, such as kube-apiserver, and keep it stopped."""
    _control("stop", component, name)


@app.command
def restart(component: str, *, name: Name = "teal") -> None:
    """Stop a component, start it and wait until it works."""
    _control("restart", component, name)


@app.command
def image(
    *versions: str,
    name: Name = "teal",
    recipe: Annotated[
        Path | None, Parameter(name="--recipe", help="A folder with a Containerfile, such as examples/fastapi.")
    ] = None,
) -> None:
    """Build the reference service's image and load it into a sandbox that is up, as VERSIONS (default: the usual)."""
    from sandbox.cluster import bringup  # noqa: PLC0415 - as in `up`

    with Steps() as steps:
        bringup.load_images(Sandbox.load(name), steps, versions or bringup.VERSIONS, recipe)


@app.command(name="compile")
def compile_tools(*names: Tool) -> None:
    """Compile commands of other projects, from their Go modules, and print where each is; done once."""
    with Steps() as steps:
        for folder, name in zip(build_all([TOOLS[each] for each in names], cache_folder(), steps), names, strict=True):
            _say(str(folder / name))


@app.command
def clean_all() -> None:
    """End every sandbox of this work tree; remove `.sandbox` and the cache."""
    with Steps() as steps:
        removed = commands.clean_all(steps)
    _say("removed " + ", ".join(removed))


@app.command
def demo(  # noqa: PLR0913 - one parameter per option of the command line
    *,
    name: Name = "teal",
    ports: Ports = "30000-30999",
    kubeconfig: Kubeconfig = None,
    router: Router = "service",
    rate: Rate = _RATE,
    json_output: Json = False,
) -> None:
    """Watch live traffic move from blue to green and back, and a broken slot refused."""
    if router == "alb" and kubeconfig:
        raise UsageError(
            "--router alb takes the sandbox's own AWS, which pods of your cluster cannot be behind: nothing was done. "
            "Next: make demo ROUTER=alb without KUBECONFIG; for your own AWS, docs/aws.md"
        )
    _up(name, ports, kubeconfig, sys.stderr if json_output else sys.stdout)  # the report has standard output to itself
    sandbox, run = Sandbox.load(name), import_module("sandbox.demo").run
    sys.exit(run(sandbox, router=router, rate=rate, json_output=json_output))


def _say(text: str, stream: TextIO | None = None) -> None:
    (stream or sys.stdout).write(text + "\n")


def _control(verb: str, component: str, name: str) -> None:
    with Steps() as steps:
        steps.step(f"{verb} {component}")
        found = commands.control(Sandbox.load(name), verb, component)["components"][component]
    _say(f"{component}: {found['phase']}")


def _show(found: dict[str, Any]) -> None:
    console = Console(highlight=False)
    table = Table(box=None, pad_edge=False)
    for column in ("component", "state", "for", "pid", "restarts", ""):
        table.add_column(column)
    for name, state in found.pop("components").items():
        age, pid = f"{state['age_s']:.0f} s", str(state["pid"] or "")
        table.add_row(name, state["phase"], age, pid, str(state["restarts"]), escape(state["message"]))
    for key, value in found.items():
        console.print(f"{key}: {value}", markup=False, soft_wrap=True)
    if table.rows:
        console.print(table)


def _ports(text: str) -> tuple[int, int]:
    first, _, last = text.partition("-")
    if not (first.isdecimal() and last.isdecimal() and 1024 <= int(first) < int(last) <= 65535):  # noqa: PLR2004 - what a port is
        msg = (
            f"--ports {text!r} is no range of node ports, so Services cannot be given any. Say first-last: 30000-30999"
        )
        raise UsageError(msg)
    return int(first), int(last)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status; the one place where errors become one.

    Args:
        arguments: by default those of this process.
    """
    try:
        app(arguments, exit_on_error=False)
    except CycloptsError:  # it has printed itself
        return ExitCode.USAGE
    except KeyboardInterrupt:
        _say("interrupted; what was begun has been removed", sys.stderr)
        return ExitCode.INTERRUPTED
    except SandboxError as error:
        _say(f"error: {error}", sys.stderr)
        return error.exit_code
    return ExitCode.OK


if __name__ == "__main__":
    os.environ["PATH"] = f"{os.environ.get('PATH', '')}:{SYSTEM_PATH}"  # a user's may lack the system's half
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # be interrupted cleanly by either signal
    sys.exit(main())
