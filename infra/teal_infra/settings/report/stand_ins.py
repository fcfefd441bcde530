"""Finds other values than those that a command sets, so that teal's own choice is not held against a file. Pure.

A command that mends a wrong value sets an example. What is then wrong with the example is nothing that the file says.
"""

import re
from collections.abc import Iterable, Iterator

from teal_infra.settings.report.places import choices, expected, model_at, required
from teal_infra.settings.report.steps import SECRET, Remove, Set, Step, Where, held

_NUMBER = re.compile(r"[0-9]+")

_TIMES = (0.5, 2, 0.25, 4, 0.1, 10, 0.01, 100)
"""The multiples of a number that are tried, the nearest first, after two that are a little larger."""


def others(step: Step, data: object) -> Iterator[Step]:
    """Yield steps that could take the place of a step, as far as its own place goes; the likeliest first.

    Args:
        step: the step.
        data: the config as it is by now; a later step may have had the last word.
    """
    if held(data, step.where) is not isinstance(step, Set):
        return
    last = step.where[-1]
    if isinstance(step, Set):
        if step.value != SECRET:
            yield from (Set(step.where, each) for each in _values(step) if each != step.value)
            if not required(step.where) and not isinstance(last, int):
                yield Remove(step.where)
    elif not isinstance(last, int) and expected(step.where) is dict and model_at(step.where) is not None:
        yield Set(step.where, {})


def touches(step: Step, problems: Iterable[tuple[Where, str]]) -> bool:
    """Return whether what a step did can be the matter with problems: they name it, or are of the same object.

    Args:
        step: the step.
        problems: the place of each problem, and what is wrong there.
    """
    named, within = (step.value, step.where[:-1]) if isinstance(step, Set) else (step.where[-1], step.where)
    word = re.compile(rf"\b{re.escape(str(named))}\b")
    return any((within and where[: len(within)] == within) or word.search(what) for where, what in problems)


def speakable(step: Step) -> bool:
    """Return whether a command can do a step: none sets an object that is empty."""
    return not isinstance(step, Set) or step.value != {}


def _values(step: Set) -> Iterator[object]:
    value = step.value
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int | float):
        yield from _numbers(value)
    elif isinstance(value, str):
        yield from choices(step.where)
        if found := _NUMBER.match(value):
            yield from (f"{each}{value[found.end() :]}" for each in _numbers(int(found[0])))
        else:
            last = value[-1:]
            yield from (f"{value[:-1]}{int(last) ^ 1}",) if last.isdecimal() else ()
            yield from (f"other-{value}", f"{value}-other", f"{value}/other")


def _numbers(value: float) -> Iterator[float]:
    yield value + 10
    yield value + 20
    for each in _TIMES:
        yield type(value)(value * each)
