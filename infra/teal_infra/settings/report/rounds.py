"""Reads a config again and again as if the commands that mend it had been run, until nothing new is found. Pure.

A check of several settings reports nothing while one of them is wrong by itself. Whoever runs all commands has a valid
config. What is then wrong with a value that a command sets, and not with what the config says, is no problem of its
own: the command sets another value, or mends that as well.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from teal_infra.settings import Settings
from teal_infra.settings.report.places import required
from teal_infra.settings.report.problems import Problem
from teal_infra.settings.report.stand_ins import others, speakable, touches
from teal_infra.settings.report.steps import Remove, Step, Where, do

Wrong = Callable[[Mapping[str, Any]], Iterable[Problem]]

_ROUNDS = 30
"""The most rounds: far more than there are checks that wait for each other."""

_Key = tuple[Where, str]
"""The key of a problem: its place, and what is wrong there."""


def all_problems(data: Mapping[str, Any], wrong: Wrong) -> Sequence[Problem]:
    """Return all that is wrong with a config, in the order in which the commands that mend it have to run.

    Args:
        data: the config.
        wrong: finds what is wrong with a config as it is.
    """
    now = deepcopy(dict(data))
    found: dict[_Key, Problem] = {}
    chosen: list[tuple[Step, _Key]] = []
    for _ in range(_ROUNDS):
        now, new = _chosen_better(now, wrong, found, chosen)
        if not new:
            break
        causes = _causes(new, now, wrong, chosen)
        for key, each in new.items():
            steps = each.steps if key not in found else (_set_aside(each),)
            for step in steps:
                do(now, step)
            cause = causes.get(key, key)
            if cause != key:  # at the end, as items of a list are removed the last one first
                found[cause] = _more(found.pop(cause), steps)
            elif key not in found:
                found[key] = each
            chosen += [(step, cause) for step in steps]
    return _once(found.values())


def _once(found: Iterable[Problem]) -> Sequence[Problem]:
    """Return one problem for each setting that two commands would set: what is wrong at first, and the last command."""
    once: dict[_Key, Problem] = {}
    for each in found:
        whole = any(step.where == each.where for step in each.steps)
        before = next((key for key in once if key[0] == each.where), None) if whole else None
        if before is None:
            once[each.where, each.what] = each
        else:
            once[before] = replace(once[before], steps=each.steps)
    return [*once.values()]


def _keyed(data: Mapping[str, Any], wrong: Wrong) -> Mapping[_Key, Problem]:
    return {(each.where, each.what): each for each in sorted(wrong(data), key=_last_first)}


def _chosen_better(
    now: dict[str, Any], wrong: Wrong, found: dict[_Key, Problem], chosen: list[tuple[Step, _Key]]
) -> tuple[dict[str, Any], Mapping[_Key, Problem]]:
    """Replace values that commands have set, and with which something is wrong, by others that are right.

    Returns:
        The config with them, and the problems that it still has.
    """
    new = _keyed(now, wrong)
    for _ in range(_ROUNDS):
        waiting, before = _places(_keyed(_done(now, *_steps(new.values())), wrong)), [*chosen]
        for number, (step, key) in enumerate(before):
            for other in filter(speakable, others(step, now) if touches(step, new) else ()):
                if isinstance(other, Remove) and [*found[key].steps] != [step]:
                    continue  # what a command sets first, it would have to remove
                there = _done(now, other)
                left = _keyed(there, wrong)
                places = _places(left)
                if other.where not in places and places <= _places(new) | waiting and not _places(new) <= places:
                    now, new, chosen[number] = there, left, (other, key)
                    steps = [other if each == step else each for each in found[key].steps]
                    found[key] = replace(found[key], steps=steps)
                    break
        if chosen == before:
            break
    return now, new


def _steps(problems: Iterable[Problem]) -> Iterator[Step]:
    return (step for each in problems for step in each.steps)


def _places(problems: Mapping[_Key, Problem]) -> set[Where]:
    return {where for where, _ in problems}


def _done(data: dict[str, Any], *steps: Step) -> dict[str, Any]:
    made = deepcopy(data)
    for step in steps:
        do(made, step)
    return made


def _causes(
    new: Mapping[_Key, Problem], now: dict[str, Any], wrong: Wrong, chosen: Sequence[tuple[Step, _Key]]
) -> Mapping[_Key, _Key]:
    """Return, for each problem that rests on what a command set, the problem that this command is to mend.

    Such a problem is gone with another valid value in place of the one that was set.
    """
    causes: dict[_Key, _Key] = {}
    for step, key in chosen:
        for other in others(step, now) if touches(step, new) else ():
            there = _done(now, other)
            gone = new.keys() - _keyed(there, wrong).keys() - causes.keys()
            if gone and _parsed(there):
                causes |= dict.fromkeys(gone, key)
    return causes


def _parsed(data: Mapping[str, Any]) -> bool:
    """Return whether each object is valid by itself, so that no check has waited for another one."""
    try:
        Settings.of(data)
    except ValidationError:
        return False
    return True


def _more(problem: Problem, steps: Sequence[Step]) -> Problem:
    """Return a problem whose command does more, and sets nothing that it then removes."""
    gone = [step.where for step in steps if isinstance(step, Remove)]
    return replace(problem, steps=(*(each for each in problem.steps if each.where not in gone), *steps))


def _set_aside(problem: Problem) -> Step:
    """Return a step past a problem whose command asks for a secret, so that nobody knows the value that it will have.

    Other problems are looked for without it, so that they are reported at the same time.
    """
    return Remove(problem.where[:-1] if required(problem.where) and len(problem.where) > 1 else problem.where)


def _last_first(problem: Problem) -> list[int]:
    """Return a sort key that removes the last items of a list first, so that the others keep their places."""
    last = problem.steps[-1]
    return [-part for part in last.where if isinstance(part, int)] if isinstance(last, Remove) else []
