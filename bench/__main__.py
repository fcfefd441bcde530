"""The benchmarks' command line: `python -m bench COMMAND`. Measures; never judges how long anything took."""

import json
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import asdict
from statistics import median
from typing import Annotated

from cyclopts import App, CycloptsError, Parameter

from bench import decide as deciding
from bench import flips as flipping
from bench import growth as growing
from bench import rules as comparing
from bench import stack
from bench.own import own_sandbox, results_folder
from sandbox.cluster.building.packages import SYSTEM_PATH
from sandbox.cluster.errors import ExitCode, SandboxError, UsageError
from sandbox.cluster.progress import Steps, console

_MOST_WARM = stack.MOST // 2  # both colours of each have a pod

app = App(
    name="bench",
    help="What the program costs. Exit statuses: 0 measured, 1 a command failed or changed something, 2 cannot be "
    "asked for, 130 interrupted.",
    version_flags=[],
    suppress_keyboard_interrupt=False,  # it is answered below, with what has become of the sandbox
)


@app.command
def growth(
    *,
    services: Annotated[str, Parameter(help="Sizes of the stack, with commas between them.")] = "1,10,50",
    runs: Annotated[int, Parameter(help="How often each command is measured at each size.")] = 3,
    json_output: Annotated[bool, Parameter(name="--json", negative="", help="Print JSON.")] = False,
    name: Annotated[str, Parameter(help="Of the sandbox that is made for this, and ended.")] = "bench",
    ports: Annotated[str, Parameter(help="Its range of node ports, first-last.")] = "30000-30999",
) -> None:
    """Time `pulumi preview` and `pulumi up` with nothing changed, for each number of services."""
    from bench import show  # noqa: PLC0415 - matplotlib takes a second to load, and an argument may be wrong

    plan = growing.Plan(services=_numbers(services), runs=runs, name=name, ports=ports)
    with Steps() as steps:
        found = growing.measure(plan, steps)
    folder = results_folder(name)
    text = json.dumps(show.document(found), indent=2)
    (folder / "growth.json").write_text(text + "\n")
    show.picture(found, folder / "growth.png")
    if json_output:
        sys.stdout.write(text + "\n")
    else:
        show.table(found, console())
        console().print(f"\n{folder / 'growth.json'}, growth.png, growth.log", markup=False)


@app.command
def flips(
    *,
    count: Annotated[int, Parameter(help="How many flips, and bare patches beside them.")] = 20,
    json_output: Annotated[bool, Parameter(name="--json", negative="", help="Print JSON.")] = False,
    name: Annotated[str, Parameter(help="Of the sandbox that is made for this, and ended.")] = "bench",
    ports: Annotated[str, Parameter(help="Its range of node ports, first-last.")] = "30000-30999",
) -> None:
    """Time from a flip's write to the last answer of the old colour, beside a bare patch of a selector."""
    if count < 1:
        raise UsageError(f"--count {count}: nothing would be measured. Say --count 20")
    folder = results_folder(name)
    with Steps() as steps, own_sandbox(name, ports, folder / "sandbox.log", steps) as sandbox:
        found = flipping.measure(sandbox, count, steps)
    text = json.dumps({**asdict(found), "ratio": found.ratio}, indent=2)
    (folder / "flips.json").write_text(text + "\n")
    if json_output:
        sys.stdout.write(text + "\n")
        return
    moved, patched = flipping.middle(found.flips_ms), flipping.middle(found.patches_ms)
    console().print(
        f"write to last old answer, new connections, median of {count}: flip {moved} ms, bare patch {patched} ms, "
        f"ratio {found.ratio}\npulumi up, median: {flipping.middle(found.up_seconds)} s\n"
        f"write to the bake's first question: {_spread(found.write_to_bake_ms)}\n"
        f"{found.lost} of {found.requests} requests lost\n{folder / 'flips.json'}",
        markup=False,
    )


def _spread(times: Sequence[float | None]) -> str:
    known = [each for each in times if each is not None]
    if len(known) < len(times):
        return f"unknown of {len(times) - len(known)} of {len(times)} flips"
    return f"median {median(known):.0f} ms, at most {max(known):.0f} ms"


@app.command
def decide(
    *,
    services: Annotated[int, Parameter(help="Of the flip set.")] = 10,
    runs: Annotated[int, Parameter(help="How often a flip is previewed.")] = 7,
    json_output: Annotated[bool, Parameter(name="--json", negative="", help="Print JSON.")] = False,
    name: Annotated[str, Parameter(help="Of the sandbox that is made for this, and ended.")] = "bench",
    ports: Annotated[str, Parameter(help="Its range of node ports, first-last.")] = "30000-30999",
) -> None:
    """Time the decision on a flip: all gates but metrics, of a flip set of so many services."""
    if not 1 <= services <= _MOST_WARM or runs < 1:
        raise UsageError(
            f"--services {services} --runs {runs}: 1 to {_MOST_WARM} services, and at least one run. Say --services 10 "
            "--runs 7"
        )
    with Steps() as steps:
        found = deciding.measure(services, runs, name, ports, steps)
    document = found.document()
    text = json.dumps(document, indent=2)
    (results_folder(name) / "decide.json").write_text(text + "\n")
    if json_output:
        sys.stdout.write(text + "\n")
        return
    console().print(
        f"{found.gates} gates of {found.services} services: median {document['median']:.2f} s, worst "
        f"{max(found.seconds):.2f} s of {len(found.seconds)} (load average {found.load_average})\n"
        f"{results_folder(name) / 'decide.json'}",
        markup=False,
    )


@app.command
def rules(
    *,
    count: Annotated[int, Parameter(help="How many flips by each.")] = 5,
    plugins: Annotated[str, Parameter(help="Folder of Terraform's providers; without it, it finds them itself.")] = "",
    json_output: Annotated[bool, Parameter(name="--json", negative="", help="Print JSON.")] = False,
    name: Annotated[str, Parameter(help="Of the sandbox that is made for this, and ended.")] = "bench",
    ports: Annotated[str, Parameter(help="Its range of node ports, first-last.")] = "30000-30999",
) -> None:
    """Time a flip behind a load balancer by `pulumi up`, beside `terraform apply` of the same rules."""
    if count < 1:
        raise UsageError(f"--count {count}: nothing would be measured. Say --count 5")
    folder = results_folder(name)
    try:
        terraform = comparing.client(folder / "terraform", plugins)
    except comparing.SkippedError as error:
        sys.stdout.write(json.dumps({"skipped": str(error)}) + "\n" if json_output else f"skipped: {error}\n")
        return
    with Steps() as steps, own_sandbox(name, ports, folder / "sandbox.log", steps) as sandbox:
        found = comparing.measure(sandbox, terraform, folder / "terraform", count, steps)
    text = json.dumps(found.document(), indent=2)
    (folder / "rules.json").write_text(text + "\n")
    if json_output:
        sys.stdout.write(text + "\n")
        return
    console().print(
        f"a flip of two rules, median of {count}: pulumi up {median(found.pulumi_seconds):.1f} s, terraform apply "
        f"{median(found.terraform_seconds):.1f} s ({found.client}), ratio {found.ratio}\n{folder / 'rules.json'}",
        markup=False,
    )


def _numbers(text: str) -> Sequence[int]:
    parts = text.split(",")
    if not all(part.strip().isdecimal() for part in parts):
        raise UsageError(f"--services {text!r} is no list of numbers. Say, for example, --services 1,10,50")
    return [int(part) for part in parts]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status.

    Args:
        arguments: by default those of this process.
    """
    try:
        app(arguments, exit_on_error=False)
    except CycloptsError:  # it has printed itself
        return ExitCode.USAGE
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; the sandbox has been ended\n")
        return ExitCode.INTERRUPTED
    except SandboxError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    return ExitCode.OK


if __name__ == "__main__":
    os.environ["PATH"] = f"{os.environ.get('PATH', '')}:{SYSTEM_PATH}"  # a user's may lack the system's half
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # be interrupted cleanly by either signal
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also in the background of a script
    sys.exit(main())
