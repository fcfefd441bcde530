"""A program that declares what SCENARIO (JSON) says. Both engines run it as it is.

`${a}` stands for what thing `a` was given by the provider, `${a.id}` for its id, `!word` for a secret word.
"""

from __future__ import annotations

import json
import os
from typing import Any

import pulumi

SCENARIO: dict[str, Any] = json.loads(os.environ["SCENARIO"])
MADE: dict[str, Any] = {}


class Thing(pulumi.CustomResource):
    """Whatever the provider makes of its inputs."""

    generated: pulumi.Output[str]

    def __init__(self, name: str, inputs: dict[str, Any], options: pulumi.ResourceOptions) -> None:
        """Declare it."""
        super().__init__("fake:index:Thing", name, {**inputs, "generated": None}, options)


class Group(pulumi.ComponentResource):
    """Holds things together."""

    def __init__(self, name: str, _inputs: dict[str, Any], options: pulumi.ResourceOptions) -> None:
        """Declare it."""
        super().__init__("demo:index:Group", name, {}, options)
        self.register_outputs({"name": name})


class Provider(pulumi.ProviderResource):
    """A configuration of the provider."""

    def __init__(self, name: str, inputs: dict[str, Any], options: pulumi.ResourceOptions) -> None:
        """Declare it."""
        super().__init__("fake", name, inputs, options)


async def gate(_args: pulumi.ResourceHookArgs) -> None:
    """Refuse, if the scenario has it so."""
    if reason := SCENARIO.get("refuse"):
        raise PermissionError(reason)


HOOK = pulumi.ResourceHook("gate", gate, pulumi.ResourceHookOptions(on_dry_run=True))
KINDS = {"thing": Thing, "group": Group, "provider": Provider}


def value(given: object) -> Any:  # noqa: ANN401 - inputs, or outputs of others
    """What an input stands for."""
    if not isinstance(given, str):
        return given
    if given.startswith("${"):
        name, _, attribute = given[2:-1].partition(".")
        return getattr(MADE[name], attribute or "generated")
    return pulumi.Output.secret(given[1:]) if given.startswith("!") else given


def options(given: dict[str, Any]) -> pulumi.ResourceOptions:
    """The resource options of the SDK, with other resources by their names."""
    found = dict(given)
    for key in found.keys() & {"parent", "provider", "deleted_with"}:
        found[key] = MADE[found[key]]
    if "depends_on" in found:
        found["depends_on"] = [MADE[name] for name in found["depends_on"]]
    if "aliases" in found:
        found["aliases"] = [pulumi.Alias(name=name) for name in found["aliases"]]
    if found.pop("gated", False):
        found["hooks"] = pulumi.ResourceHookBinding(before_create=[HOOK], before_update=[HOOK])
    return pulumi.ResourceOptions(**found)


for declared in SCENARIO.get("declare", []):
    kind, name = next((kind, declared[kind]) for kind in KINDS if kind in declared)
    inputs = {key: value(given) for key, given in declared.get("with", {}).items()}
    MADE[name] = KINDS[kind](name, inputs, options(declared.get("options", {})))
if reason := SCENARIO.get("raise"):
    raise ValueError(reason)
if "invoke" in SCENARIO:
    answer = pulumi.runtime.invoke_output("fake:index:hello", {"name": SCENARIO["invoke"]})
    pulumi.export("invoked", answer.apply(lambda found: (getattr(found, "value", found))["answer"]))
for name in SCENARIO.get("export", []):
    pulumi.export(name, MADE[name].generated)
for key, given in SCENARIO.get("outputs", {}).items():
    pulumi.export(key, given)
pulumi.export("word", pulumi.Config().get_secret("word"))
