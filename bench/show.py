# pyright: reportUnknownMemberType=false
# matplotlib's stubs leave the keywords of nearly every method untyped.
"""A benchmark's results for people and for programs: tables, JSON, a picture."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast, get_args

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

from bench.results import Command, Growth, Line, Size, Time

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COMMANDS: Final = cast("tuple[Command, ...]", get_args(Command))
_TIMES: Final = cast("tuple[Time, ...]", get_args(Time))
_HUES: Final[dict[Command, str]] = {"preview": "#4a90e2", "preview with policies": "#9b59b6", "up": "#34a66a"}
_FAINT: Final = "#6b7280"


def table(growth: Growth, console: Console) -> None:
    """Print what was found."""
    for command in _COMMANDS:
        shown = Table(title=f"pulumi {command}, nothing changed", title_justify="left", box=None, pad_edge=False)
        for column in ("services", "resources", "wall", "from - to", "ratio", "ms each", "CPU", "MiB", "load"):
            shown.add_column(column, justify="right", no_wrap=True)
        for size in growth.sizes:
            shown.add_row(*_row(growth, size, command))
        console.print(shown)
        wall, cpu = growth.line(command), growth.line(command, "cpu_seconds")
        if wall and cpu:
            console.print(f"  wall {_said(wall)}; CPU {_said(cpu)}\n")
    console.print("MiB: of the largest process. load: the machine's before a run, the highest; above its cores, wall")
    console.print(f"times are others' too ({growth.cores} cores here).\n")
    _phases(growth, console)


def _said(line: Line) -> str:
    return f"{line.fixed_seconds:.1f} s and {line.ms_per_resource:.1f} ms for each resource"


def _row(growth: Growth, size: Size, command: Command) -> list[str]:
    walls = [took.wall_seconds for took in size.took[command]]
    return [
        str(size.services),
        str(size.resources),
        f"{size.seconds(command):.1f} s",
        f"{min(walls):.1f} - {max(walls):.1f}",
        f"{growth.ratio(size, command):.1f}",
        f"{size.seconds(command) / size.resources * 1000:.1f}",
        f"{size.cpu_seconds(command):.1f} s",
        f"{size.peak_mib(command):.0f}",
        f"{size.load_average:.1f}",
    ]


def _phases(growth: Growth, console: Console) -> None:
    shown = Table(title="Where a preview's time goes", title_justify="left", box=None, pad_edge=False)
    shown.add_column("")
    for size in growth.sizes:
        shown.add_column(f"{size.services} services" if size.services > 1 else "1 service", justify="right")
    for phase in growth.sizes[0].phases:
        shown.add_row(phase, *(f"{size.phases[phase]:.1f} s" for size in growth.sizes))
    console.print(shown)


def document(growth: Growth) -> dict[str, Any]:
    """What `--json` prints and growth.json holds: every run, and what was made of them."""
    found = asdict(growth)
    for size, entry in zip(growth.sizes, found["sizes"], strict=True):
        for command in _COMMANDS:
            entry[command] = {
                "seconds": size.seconds(command),
                "ratio": growth.ratio(size, command),
                "ms_per_resource": size.seconds(command) / size.resources * 1000,
                "cpu_seconds": size.cpu_seconds(command),
                "peak_mib": size.peak_mib(command),
            }
    lines = {
        command: {time: asdict(line) for time in _TIMES if (line := growth.line(command, time))}
        for command in _COMMANDS
    }
    return {**found, "lines": lines}


def picture(growth: Growth, path: Path) -> None:
    """Write wall time over resources as PNG, each run a dot."""
    figure = Figure(figsize=(8, 4.5), dpi=130, layout="constrained")
    FigureCanvasAgg(figure)
    axes: Axes = figure.subplots()
    most = max(size.resources for size in growth.sizes)
    for command in _COMMANDS:
        points = [(size.resources, took.wall_seconds) for size in growth.sizes for took in size.took[command]]
        axes.scatter([each[0] for each in points], [each[1] for each in points], color=_HUES[command], s=18, alpha=0.8)
        if (line := growth.line(command)) is not None:
            label = f"pulumi {command}: {line.fixed_seconds:.1f} s + {line.ms_per_resource:.1f} ms per resource"
            axes.plot([0, most], [line.seconds(0), line.seconds(most)], color=_HUES[command], label=label)
    axes.set_title("Nothing changed: wall time by size of the stack", loc="left")
    axes.set_xlabel("resources", color=_FAINT)
    axes.set_ylabel("seconds", color=_FAINT)
    axes.set_ylim(bottom=0)
    axes.set_xlim(left=0)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="upper left")
    figure.savefig(path)
