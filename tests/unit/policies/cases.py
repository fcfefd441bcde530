"""A violation of a policy as data: how one gets there, and what is said.

The config is what the program is brought to violate a policy by. Where no
setting can, the graph that it registered is spoilt.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from google.protobuf import json_format

from tests.unit.policies.graphs import SECRET, Resources, config, declared, find, live_in, spoil
from tests.unit.policies.pack import Pack, names

POD = "spec.template.spec"
BLUE = ("Deployment", "backend-blue")

Spoiler = Callable[[Resources], None]
"""Changes a graph in place."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A violation: how one gets there, and what is said."""

    policy: str
    raw: Mapping[str, str] = field(default_factory=config)
    before: Mapping[str, str] = field(default_factory=config)
    """The config of what is live."""
    live: str = "blue"
    confirmed: str | None = None
    """As live, if not said."""
    has: int = 3
    """Pods of the live colour."""
    idle: int = 3
    """Pods of the other one."""
    spoilt: Spoiler | None = None
    bounds: Mapping[str, Any] = field(default_factory=dict[str, Any])
    says: Sequence[str]
    """Resource, value seen, bound."""
    also: frozenset[str] = frozenset()
    """Policies that refuse it as well."""


def without(kind: str, name: str) -> Spoiler:
    """A graph that lacks a resource."""
    return lambda graph: graph.remove(find(graph, kind, name))


def option(kind: str, name: str, **options: Any) -> Spoiler:  # noqa: ANN401 - of the message
    """A graph in which a resource has other options."""

    def change(graph: Resources) -> None:
        for key, value in options.items():
            json_format.ParseDict({key: value}, find(graph, kind, name).options)

    return change


def field_of(kind: str, name: str, path: str, value: object) -> Spoiler:
    """A graph in which a property of a resource is another one; None where it is missing."""
    return partial(spoil, kind=kind, name=name, path=path, value=value)


def addressed(kind: str, name: str, address: str) -> Spoiler:
    """A graph in which a Service declares its address, and a change of it counts."""

    def change(graph: Resources) -> None:
        spoil(graph, kind=kind, name=name, path="spec.clusterIP", value=address)
        find(graph, kind, name).options.ClearField("ignoreChanges")

    return change


def renamed(kind: str, name: str, new: str) -> Spoiler:
    """A graph in which a resource is declared under another logical name."""

    def change(graph: Resources) -> None:
        each = find(graph, kind, name)
        old, each.name = each.urn, new
        each.urn = old.removesuffix(name) + new
        for other in graph:
            other.dependencies[:] = [each.urn if urn == old else urn for urn in other.dependencies]

    return change


def retyped(kind: str, name: str, type_: str) -> Spoiler:
    """A graph in which a resource is of another type."""

    def change(graph: Resources) -> None:
        find(graph, kind, name).type = type_

    return change


def waiting_for_nothing(kind: str, name: str) -> Spoiler:
    """A graph in which a resource depends on none."""
    return lambda graph: find(graph, kind, name).ClearField("dependencies")


def without_slot(colour: str) -> dict[str, str]:
    """The config with one colour's release removed."""
    return {key: value for key, value in config("blue" if colour == "green" else "green").items() if key != colour}


async def graph_of(case: Case) -> Resources:
    """What the program registers for a case, spoilt where that is needed."""
    live = await live_in(case.live, before=case.before, has=case.has, idle=case.idle, confirmed=case.confirmed)
    graph = await declared(case.raw, live)
    if case.spoilt:
        case.spoilt(graph)
    return graph


async def hold(pack: Pack, case: Case) -> None:
    """That it is refused by its policy, in words that a reader can act on, and by no other; and no secret is shown."""
    violations = pack.judge(await graph_of(case), {case.policy: dict(case.bounds)} if case.bounds else None)
    messages = [each.message for each in violations if each.policy == case.policy and each.mandatory]
    assert any(all(part in each for part in (*case.says, "; needed: ", ". Next: ")) for each in messages), violations
    assert SECRET not in str(violations)
    assert names(violations) == {case.policy} | case.also
