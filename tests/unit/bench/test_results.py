"""What is made of measurements: ratios, a line, parts of a run."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, get_args

import pytest

from bench.measure import Took
from bench.phases import Events
from bench.results import Command, Growth, Size


def took(*seconds: float) -> Sequence[Took]:
    """Runs that took so long."""
    return [Took(wall_seconds=each, cpu_seconds=each / 2, peak_mib=100) for each in seconds]


def size(services: int, resources: int, *seconds: float) -> Size:
    """A size at which both commands took so long."""
    runs: Mapping[Command, Sequence[Took]] = {command: took(*seconds) for command in get_args(Command)}
    return Size(services=services, resources=resources, made_seconds=1, took=runs, phases={}, load_average=0)


def test_a_line_through_all_runs() -> None:
    """What is fixed and what each resource adds, by least squares."""
    growth = Growth(cores=2, sizes=[size(1, 100, 1.9, 2.1), size(10, 1100, 5.9, 6.1)])
    line = growth.line("preview")
    assert line is not None
    assert (line.fixed_seconds, line.ms_per_resource) == pytest.approx((1.6, 4))  # pyright: ignore[reportUnknownMemberType]  # pytest 9.0 does not say its type
    assert line.seconds(600) == pytest.approx(4)  # pyright: ignore[reportUnknownMemberType]  # pytest 9.0 does not say its type
    cpu = growth.line("preview", "cpu_seconds")
    assert cpu is not None
    assert (cpu.fixed_seconds, cpu.ms_per_resource) == pytest.approx((0.8, 2))  # pyright: ignore[reportUnknownMemberType]  # pytest 9.0 does not say its type


def test_one_size_has_no_line() -> None:
    """Nothing is said of growth where nothing grew."""
    assert Growth(cores=2, sizes=[size(1, 100, 1, 2, 3)]).line("up") is None


def test_ratios_are_of_medians_to_the_smallest_size() -> None:
    """One slow run of three changes no ratio."""
    growth = Growth(cores=2, sizes=[size(1, 100, 2, 1, 9), size(10, 1100, 8, 6, 7)])
    assert growth.ratio(growth.sizes[1], "up") == 3.5
    assert growth.sizes[1].cpu_seconds("up") == 3.5


def _line(name: str, body: Mapping[str, Any]) -> str:
    return json.dumps({"sequence": 0, "timestamp": 0, name: body})


def test_parts_of_a_run_by_its_events() -> None:
    """Each part ends with an event; together they are the run."""
    events = Events()
    thing = {"metadata": {"type": "kubernetes:core/v1:Service"}}
    for seconds, name, body in [
        (0.5, "preludeEvent", {}),
        (2.0, "resourcePreEvent", thing),
        (2.5, "resourcePreEvent", thing),
        (4.0, "resOutputsEvent", thing),
        (4.1, "summaryEvent", {"resourceChanges": {"same": 2, "update": 1}}),
        (4.25, "cancelEvent", {}),
    ]:
        events.line(_line(name, body), seconds)
    assert list(events.phases().values()) == pytest.approx([0.5, 1.5, 2.0, 0.25])  # pyright: ignore[reportUnknownMemberType]  # pytest 9.0 does not say its type
    assert events.resources == 3
