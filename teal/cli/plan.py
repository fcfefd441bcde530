"""Shows what an update will do, from a plan that was written, for a pull request's comment. It asks nobody."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, cast

from cyclopts import Parameter
from pydantic import ValidationError

from teal.cli.answer import ANSWER, Answer
from teal.cli.say import Exit
from teal.model.plain import mapping
from teal.plans import render
from teal.plans.model import COMPONENT, Plan, Word


def plan(
    file: Path | None = None,
    /,
    *,
    markdown: Annotated[bool, Parameter(negative="", help="Print a comment for a pull request.")] = False,
    allow: Annotated[
        tuple[Word, ...],
        Parameter(
            negative="", show_default=False, help="A word to let through; several times; default: all but UNSAFE."
        ),
    ] = (),
    answer: Answer = ANSWER,
) -> None:
    """Show the plan in FILE, or in standard input: what TEAL_PLAN_FILE names, or `pulumi preview --json` printed.

    A preview whose plan is the same as the last update's leaves it out of its JSON; the file is always there. `pulumi
    stack output plan --json` is the plan of the last update.

    Exit statuses: 0 let through, 1 there is no plan in it, 4 UNSAFE, or a word that --allow does not name.
    """
    source = str(file) if file else "standard input"
    try:
        found = read(file.read_text() if file else sys.stdin.read())
    except (OSError, ValueError) as error:
        answer.fail(
            f"{source} holds no plan: {error}. Next: TEAL_PLAN_FILE=plan.json pulumi preview, then teal plan plan.json"
        )
    answer.give(found, render.markdown(found) if markdown else render.text(found))
    allowed = {*(allow or Word)} - {Word.UNSAFE}
    if found.word not in allowed:
        sys.exit(Exit.UNSAFE)


def read(text: str) -> Plan:
    """Return the plan in the JSON that `pulumi` printed.

    Raises:
        ValueError: there is none.
    """
    document: object = json.loads(text)
    for candidate in _candidates(document):
        try:
            return Plan.model_validate(candidate)
        except ValidationError:
            continue
    raise ValueError("nothing in it is a plan")


def _candidates(document: object) -> Iterator[object]:
    """Yield where a plan may be: the document itself, an output of that name, or what a preview would write of it.

    It is nowhere else in a preview, which shows what it would not change as it was.
    """
    yield document
    top = mapping(document)
    yield top.get("plan")
    steps: list[Any] = cast("list[Any]", top.get("steps")) if isinstance(top.get("steps"), list) else []
    for step in map(mapping, steps):
        state = mapping(step.get("newState"))
        if state.get("type") == COMPONENT and step.get("op") != "same":
            yield state.get("inputs")
