"""What a benchmark found: the model behind the table, the JSON and the picture. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import linear_regression, median
from typing import Literal

from bench.measure import Took

Command = Literal["preview", "preview with policies", "up"]
Time = Literal["wall_seconds", "cpu_seconds"]


@dataclass(frozen=True, kw_only=True)
class Size:
    """One number of services."""

    services: int
    resources: int
    made_seconds: float
    """Of the `pulumi up` that made what the size before did not have; pods start within it."""
    took: Mapping[Command, Sequence[Took]]
    phases: Mapping[str, float]
    """Seconds of each part of one more preview, which prints events: that takes some time of its own."""
    load_average: float
    """Of the machine before each run, the highest: what else it was busy with."""

    def seconds(self, command: Command) -> float:
        """Median wall time."""
        return median(each.wall_seconds for each in self.took[command])

    def cpu_seconds(self, command: Command) -> float:
        """Median CPU time."""
        return median(each.cpu_seconds for each in self.took[command])

    def peak_mib(self, command: Command) -> float:
        """Memory of the largest process in any run."""
        return max(each.peak_mib for each in self.took[command])


@dataclass(frozen=True, kw_only=True)
class Line:
    """Seconds as a line over resources, by least squares over all runs."""

    fixed_seconds: float
    ms_per_resource: float

    def seconds(self, resources: float) -> float:
        """What the line says of so many resources."""
        return self.fixed_seconds + self.ms_per_resource * resources / 1000


@dataclass(frozen=True, kw_only=True)
class Growth:
    """All sizes of one run on one machine."""

    cores: int
    sizes: Sequence[Size]

    def ratio(self, size: Size, command: Command) -> float:
        """How many times as long as the smallest size."""
        return size.seconds(command) / self.sizes[0].seconds(command)

    def line(self, command: Command, time: Time = "wall_seconds") -> Line | None:
        """Wall or CPU time over resources; None of a single size."""
        runs = [(size.resources, getattr(took, time)) for size in self.sizes for took in size.took[command]]
        if len({resources for resources, _ in runs}) < 2:  # noqa: PLR2004 - a line needs two points
            return None
        slope, intercept = linear_regression([each[0] for each in runs], [each[1] for each in runs])
        return Line(fixed_seconds=intercept, ms_per_resource=slope * 1000)
