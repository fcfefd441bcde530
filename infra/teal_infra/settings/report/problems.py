"""Reports the problems of a config: the key, the value seen, what it would have caused, the mending command."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, cast

from pydantic_core import ErrorDetails

from teal.model.plain import mapping
from teal_infra.settings.base import CONSEQUENCE, said
from teal_infra.settings.owned import Refusal
from teal_infra.settings.report.confidential import is_secret, scrubbed, shown
from teal_infra.settings.report.kubernetes_names import REFERENCES, REFERRED, said_as
from teal_infra.settings.report.places import expected, field_at, free, known, model_at, required, right, takes
from teal_infra.settings.report.sealed import moved, sealed
from teal_infra.settings.report.steps import (
    HIDDEN,
    PREFIX,
    SECRET,
    Remove,
    Set,
    Step,
    Where,
    at,
    command,
    held,
    path,
    single,
)

_NEAR = 0.75
"""How similar a key has to be to the one that is suggested: `imagePullSecret` is not `imagePullPolicy`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One problem of the config."""

    where: Where
    seen: str
    what: str
    consequence: str
    steps: Sequence[Step]

    def __str__(self) -> str:
        """Return the key, the value, what is wrong with it, the consequence and the next command in one line."""
        said = f"{PREFIX}{path(self.where)}: {self.seen}: {self.what}; {self.consequence}"
        return f"{said}. Next: {command(self.steps)}"

    def as_data(self) -> Mapping[str, str]:
        """Return the same part by part."""
        key, what, then = f"{PREFIX}{path(self.where)}", self.what, self.consequence
        return {"key": key, "seen": self.seen, "what": what, "consequence": then, "next": command(self.steps)}


def of_refusal(refusal: Refusal, data: Mapping[str, Any], secret: set[str]) -> Problem:
    """Return the problem that a check of several settings, or of what is teal's, found."""
    where = refusal.where
    field, _ = field_at(where)
    return Problem(
        where=where,
        seen=_seen(where, data, secret),
        what=scrubbed(refusal.what, data),
        consequence=refusal.consequence or (said(field, CONSEQUENCE) if field else "") or _UNSAID,
        steps=_steps(refusal.steps or (Remove(where),), data),
    )


_WORDS: Mapping[str, str] = {
    "dict_type": "Input should be a section, in which each has its name as a key",
    "model_type": "Input should be a section with keys of its own",
    "string_type": "Input should be a text",
    "tuple_type": "Input should be a list",
}
"""Pydantic's own words are those of programmers, and name a class of the program."""

_UNSAID = "the service could not be provisioned as meant"


def of_error(found: ErrorDetails, data: Mapping[str, Any], secret: set[str]) -> Problem:
    """Return the problem that the models found at one place."""
    context: Mapping[str, Any] = found.get("ctx", {})
    loc = _real(found["loc"], data, missing=found["type"] == "missing")
    if found["type"] == "extra_forbidden":
        model = model_at(loc[:-1])
        kind = model.__name__ if model else ""
        return of_refusal(unknown(loc, known(model) if model else (), data, kind), data, secret)
    if "field" not in context:
        if loc[-2:-1] in {("env",), ("secrets",)} and REFERENCES & mapping(found["input"]).keys():
            return of_refusal(Refusal(loc, REFERRED), data, secret)
        what = _WORDS.get(found["type"], found["msg"])
        return of_refusal(
            Refusal(loc, what, context.get("consequence", ""), (_text(loc, found, secret) or _step(loc, found),)),
            data,
            secret,
        )
    # A check of several fields names the one to change, and may say how. Its message has the values that clash.
    mend: Mapping[str, Any] = context.get("mend", {context["field"]: context.get("remedy", ...)})
    steps = tuple(_mended((*loc, *_parsed(name)), value) for name, value in mend.items())
    where = (*loc, *_parsed(context["field"]))
    return of_refusal(Refusal(where, found["msg"], context.get("consequence", ""), steps), data, secret)


def _mended(where: Where, value: Any) -> Step:  # noqa: ANN401 - any JSON
    """Return the step for a value: None removes a key, and an ellipsis stands for a valid value."""
    if value is None:
        return Remove(where)
    return Set(where, right(where) if value is ... else value)


def _text(loc: Where, found: ErrorDetails, secret: set[str]) -> Step | None:
    """Return the step that sets a number as the text that it was meant to be; None where that is not known."""
    seen: object = found["input"]
    if found["type"] != "string_type" or not isinstance(seen, int) or isinstance(seen, bool):
        return None
    shown = loc[0] not in secret and found["loc"][-1] != "[key]" and not free(loc)
    return Set(loc, str(seen)) if shown and takes(loc, str(seen)) else None


def _step(loc: Where, found: ErrorDetails) -> Step:
    """Return a step that sets a valid value, or removes an object or a list that may be left out."""
    field, rest = field_at(loc)
    if found["loc"][-1] == "[key]" or field is None:
        return Remove(loc)
    if isinstance(loc[-1], int) and expected(loc) is dict:
        return Remove(loc[:-1])  # the next item would take its place, and be wrong there
    if found["type"] != "missing" and not required(loc) and not rest and (found["input"] is None or expected(loc)):
        return Remove(loc)
    value = right(loc)
    return Remove(loc) if value == {} else Set(loc, value)


def unknown(where: Where, keys: Collection[str], data: Mapping[str, Any], kind: str = "") -> Refusal:
    """Return the refusal of an unknown key: where it belongs, or, once for all of them, which keys are known."""
    others = [each for each in cast("dict[str, Any]", at(data, where[:-1])) if each not in keys]
    hints = {each: _hint(each, keys, kind) for each in others}
    name = str(where[-1])
    told = hints[name]
    if name == next((each for each, hint in hints.items() if not hint), None):
        told = f"; known here: {', '.join(sorted(keys))}"
    return Refusal(where, f"unknown key{told}", "it would have no effect")


def _hint(name: str, keys: Collection[str], kind: str) -> str:
    if said := said_as(kind, name):
        return f"; teal takes it as {said}"
    near = next(iter(get_close_matches(name, keys, n=1, cutoff=_NEAR)), "")
    return f", did you mean {near}?" if near else ""


def _real(loc: Sequence[int | str], data: object, *, missing: bool) -> Where:
    """Return the place in the config, without the parts that pydantic adds for a branch of a type, or for a key."""
    where: Where = ()
    for number, part in enumerate(loc):
        here = at(data, where)
        held = part in here if isinstance(here, dict) else isinstance(here, list) and isinstance(part, int)
        if held or (missing and number == len(loc) - 1):
            where = (*where, part)
    return where


def _parsed(name: str) -> Where:
    """Return a place from its text in checks: `callers[0]`, `network.callers.nodes.cidrs[0]`."""
    return tuple(int(part) if part.isdigit() else part for part in name.replace("[", ".").replace("]", "").split("."))


def _seen(where: Where, data: Mapping[str, Any], secret: set[str]) -> str:
    if not held(data, where):
        return "nothing"
    return HIDDEN if where[0] in secret else shown(where, at(data, where))


def _steps(steps: Sequence[Step], data: Mapping[str, Any]) -> Sequence[Step]:
    encrypted: list[Step] = []
    for each in steps:
        if not isinstance(each, Set) or not is_secret(each.where):
            encrypted.append(each)
        elif sealed(each.where):
            encrypted.append(Set(each.where, SECRET))
        else:  # it is called like a secret, in a place that keeps none
            encrypted += moved(each.where, data)
    return single(encrypted, data)
