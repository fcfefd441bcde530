"""What every kind of resource is to the provider: a table of facts and five operations.

The facts are pulumi-aws's own (what forces a replacement, how long a name may be, what its schema refuses before any
call is made). Only inputs that are checked may have unknowns in them.
"""

# ruff: noqa: ARG002 - the operations of all kinds take the same; not every kind needs all of it

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from sandbox.providers.aws.session import Aws
from sandbox.providers.properties import UNKNOWN, Map, is_list, is_map

Failure = tuple[str, str]
"""A property and why it is refused."""


@dataclass(frozen=True)
class Between:
    """A number's limits, both inclusive."""

    low: int
    high: int

    def problem(self, value: object) -> str:
        """Why AWS refuses `value`; empty if it does not."""
        if isinstance(value, int | float) and not self.low <= value <= self.high:
            return f"is {value}: AWS takes {self.low} to {self.high}"
        return ""


@dataclass(frozen=True)
class OneOf:
    """The values there are."""

    values: tuple[str, ...]

    def problem(self, value: object) -> str:
        """Why AWS refuses `value`; empty if it does not."""
        return "" if value in self.values else f"is {value!r}: there are {', '.join(self.values)}"


Rule = Between | OneOf
COMMON: Final = frozenset({"tags", "name"})


class Kind(ABC):
    """One type of resource."""

    inputs: ClassVar[frozenset[str]]
    """Everything it takes; the rest is refused, since ignoring it would be to lie."""
    required: ClassVar[tuple[str, ...]] = ()
    replaces: ClassVar[frozenset[str]] = frozenset()
    computed: ClassVar[tuple[str, ...]] = ("arn", "tagsAll")
    """What only AWS knows before it exists."""
    name_limit: ClassVar[int] = 0
    """Length of a name that is given automatically; 0 for a kind whose name is not."""
    rules: ClassVar[Mapping[str, Rule]] = {}
    """By path, `*` for any key or index: `healthCheck.interval`."""
    defaults: ClassVar[Map] = {}
    """What a preview says of inputs that are not given, where it is known."""

    def check(self, inputs: Map) -> list[Failure]:
        """What is wrong with inputs that may have unknowns in them."""
        return []

    @abstractmethod
    def create(self, aws: Aws, inputs: Map) -> str:
        """Create, in one call; returns the id."""

    def complete(self, aws: Aws, identifier: str, inputs: Map) -> None:  # noqa: B027 - for most kinds that is nothing
        """Do what creating takes beside that call."""

    @abstractmethod
    def read(self, aws: Aws, identifier: str) -> Map | None:
        """All outputs as they are live; None if it is gone."""

    @abstractmethod
    def update(self, aws: Aws, identifier: str, old: Map, new: Map) -> None:
        """Change in place what differs between the old outputs and the new inputs."""

    @abstractmethod
    def delete(self, aws: Aws, identifier: str, state: Map) -> None:
        """Delete; what is gone already is no error."""


def problems(kind: Kind, inputs: Map) -> list[Failure]:
    """Everything pulumi-aws or AWS refuses of these inputs that can be seen without asking."""
    found = [(key, "is missing") for key in kind.required if inputs.get(key) is None]
    found += [
        (key, "is not supported by the stand-in AWS provider; leave it out, or run Pulumi's own provider")
        for key in sorted(inputs.keys() - kind.inputs - {"__defaults"})
    ]
    for path, rule in kind.rules.items():
        for where, value in at(inputs, path):
            if value != UNKNOWN and (problem := rule.problem(value)):
                found.append((where, problem))
    return [*found, *kind.check(inputs)]


def at(tree: object, path: str, where: str = "") -> Iterator[tuple[str, Any]]:
    """Every value at a path that may have `*` in it, with where it is."""
    key, _, rest = path.partition(".")
    children: list[tuple[str, Any]] = []
    if key == "*" and is_list(tree):
        children = [(f"{where}[{index}]", item) for index, item in enumerate(tree)]
    elif is_map(tree) and tree.get(key) is not None:
        children = [(f"{where}.{key}" if where else key, tree[key])]
    for place, value in children:
        if rest:
            yield from at(value, rest, place)
        else:
            yield place, value


def changed(old: Map, new: Map, *keys: str) -> bool:
    """Whether any of these inputs is given and not what it was."""
    return any(new.get(key) is not None and old.get(key) != new[key] for key in keys)
