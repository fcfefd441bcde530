"""Reads the stack config at the one boundary, and reports every problem at once.

Each problem names the key, the value seen, what it would have caused and the command that mends it. Secret values are
never shown.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from teal.model.colours import Colour
from teal.model.errors import ConfigError
from teal.model.plain import mapping
from teal_infra.settings import Settings, together
from teal_infra.settings.owned import Refusal
from teal_infra.settings.refusals import of_stack
from teal_infra.settings.report import rounds
from teal_infra.settings.report.places import container, either, known, required, reset
from teal_infra.settings.report.problems import Problem, of_error, of_refusal, unknown
from teal_infra.settings.report.steps import PREFIX, Remove, Set, Where
from teal_infra.settings.slot import Slot, State

OBJECTS = frozenset(key for key, field in known(Settings).items() if container(field.annotation))
"""The keys whose value is an object or a list, or may be one. Pulumi passes an object or a list as JSON, and a text as
it is."""


class WrongConfigError(ConfigError):
    """A config has problems; the message lists all of them."""

    def __init__(self, stack: str, problems: Sequence[Problem]) -> None:
        """Say it of a stack."""
        self.problems = problems
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        lines = "\n".join(f"  {problem}" for problem in problems)
        super().__init__(f"the config of stack {stack} has {count}; nothing was changed:\n{lines}")


def from_stack() -> Settings:
    """Return the settings of the stack that this program runs for.

    Raises:
        ConfigError: something is wrong; the message lists all of it.
    """
    # It is imported here, since checking a stack file without an engine (`teal validate`) need not wait a second for
    # it.
    import pulumi  # noqa: PLC0415
    from pulumi.runtime.config import CONFIG, get_config_env, get_config_secret_keys_env  # noqa: PLC0415

    raw = CONFIG.get() or get_config_env()
    mine = {key.removeprefix(PREFIX): str(value) for key, value in raw.items() if key.startswith(PREFIX)}
    secret = {key.removeprefix(PREFIX) for key in get_config_secret_keys_env()}
    return load(mine, secret=secret, stack=pulumi.get_stack())


def load(
    raw: Mapping[str, str], *, secret: set[str] | None = None, stack: str, unread: Collection[str] = ()
) -> Settings:
    """Validate the `teal:` config, given without its prefix as Pulumi passes it.

    Args:
        raw: the values as text; objects as JSON.
        secret: the keys whose values must not be shown.
        stack: the stack's name, which is the default of `environment`.
        unread: the keys that exist and cannot be read, about which nothing is reported.

    Raises:
        ConfigError: something is wrong; the message lists all of it.
    """
    data = read(raw, stack=stack)
    every = problems(data, secret or set())
    found = [each for each in every if each.where[0] not in unread or required(each.where[:1])]
    if found:
        raise WrongConfigError(stack, found)
    return Settings.of(data)


def read(raw: Mapping[str, str], *, stack: str) -> Mapping[str, Any]:
    """Return the config as the models take it. An object that cannot be parsed stays text, which is reported."""
    data: dict[str, Any] = {"environment": stack, **raw}
    for key in OBJECTS & raw.keys():
        if either(known(Settings)[key]) and raw[key][:1] not in {"{", "["}:
            continue
        with suppress(json.JSONDecodeError):
            data[key] = json.loads(raw[key])
    return data


def problems(data: Mapping[str, Any], secret: set[str]) -> Sequence[Problem]:
    """Return all that is wrong with a config, in the order in which the commands that mend it have to run."""
    return rounds.all_problems(data, lambda each: wrong(each, secret))


def wrong(data: Mapping[str, Any], secret: set[str]) -> Iterator[Problem]:
    """Yield the problems of a config as it is, one for each place."""
    found: dict[Where, Problem] = {}
    for refusal in (*_texts(data), *_slots(data), *of_stack(data)):
        found.setdefault(refusal.where, of_refusal(refusal, data, secret))
    told = {*found}
    try:
        settings = Settings.of(data)
    except ValidationError as error:
        errors = error.errors(include_url=False)
        inside = {each["loc"][:depth] for each in errors for depth in range(1, len(each["loc"]))}
        for each in errors:
            if each["type"] == "too_short" and each["loc"] in inside:
                continue  # items that are wrong do not count, and are reported themselves
            problem = of_error(each, data, secret)
            where, before = problem.where, found.get(problem.where)
            if before is None:
                found[where] = problem
            elif where not in told and problem.what not in before.what:  # the field takes two kinds, and it is neither
                found[where] = replace(before, what=f"{before.what}, or: {problem.what}")
    else:
        for refusal in together.of_settings(settings):
            found.setdefault(refusal.where, of_refusal(refusal, data, secret))
    going = {step.where for each in found.values() for step in each.steps if step == Remove(each.where)}
    yield from (each for each in found.values() if not _within(each.where, going))


def _within(where: Where, going: Collection[Where]) -> bool:
    """Return whether a place is within something that is to be removed, so that its problems go with it."""
    return any(where[:depth] in going for depth in range(1, len(where)))


def _texts(data: Mapping[str, Any]) -> Iterator[Refusal]:
    """Yield objects that cannot be parsed, with the reason."""
    for key in sorted(OBJECTS & data.keys()):
        if isinstance(data[key], str) and not either(known(Settings)[key]):
            try:
                json.loads(data[key])
            except json.JSONDecodeError as error:
                what = f"not an object ({error})"
                yield Refusal((key,), what, "nothing in it could be read", (reset((key,)),))


def _slots(data: Mapping[str, Any]) -> Iterator[Refusal]:
    """Yield what no single field can tell: the active slot exists and runs, and each slot has exactly the services."""
    active = str(data.get("activeColour"))
    services = mapping(data.get("services"))
    if active in set(Colour):
        yield from _active(Colour(active), data)
    taken = {*known(Slot)}
    for name in sorted(taken & services.keys()):
        what = f"{name} is a key of every slot: give the service another name"
        yield Refusal(("services", name), what, "no slot could say which image it has")
    for colour in Colour:
        slot = mapping(data.get(colour))
        for name in services if slot else ():
            if name in taken:
                continue
            if name not in slot:
                what = f"service {name} has no release in slot {colour}"
                image = Set((colour, name, "image"), "repository:tag")
                yield Refusal((colour, name), what, "a flip would leave it behind", (image,))
            elif "schema" in mapping(slot[name]) and mapping(services[name]).get("migrations") is None:
                yield Refusal(
                    (colour, name, "schema"),
                    f"service {name} has no migrations",
                    "its pods would start on a schema that nothing has migrated",
                    (Set(("services", name, "migrations", "backoffLimit"), 3),),
                )
        for name in sorted(slot.keys() - {*services, *taken}) if services else ():
            yield unknown((colour, name), [*services, *taken], data)


def _active(active: Colour, data: Mapping[str, Any]) -> Iterator[Refusal]:
    slot = data.get(active)
    if slot is None:
        other = active.other
        releases = {name: {"image": "repository:tag"} for name in mapping(data.get("services"))}
        step = (
            Set(("activeColour",), str(other)) if data.get(other) else Set((active,), {"version": "1.0.0", **releases})
        )
        what = f"activeColour is {active}, but there is no such slot"
        yield Refusal((active,), what, "live traffic would have nowhere to go", (step,))
    elif mapping(slot).get("state", State.RUNNING) != State.RUNNING:
        what = f"activeColour is {active}, and an active colour is running"
        step = Set((active, "state"), str(State.RUNNING))
        yield Refusal((active, "state"), what, "live traffic would reach no pod", (step,))
