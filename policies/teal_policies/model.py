"""What rules read and return: resources, the graph of a stack, findings. Plain values, without Pulumi."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any, Literal, NamedTuple

from teal.model.labels import COLOUR_LABEL, COMPONENT_LABEL, NAME_LABEL
from teal.model.workers import WORKER

Properties = Mapping[str, Any]
"""A resource's properties as Pulumi names them. A value that no preview can know may raise when it is read."""


def part(properties: Properties, *path: str) -> Properties:
    """Return the object at a path; empty where there is none."""
    for key in path:
        properties = properties.get(key) or {}
    return properties


def parts(properties: Properties, *path: str) -> Sequence[Any]:
    """Return the list at a path; empty where there is none."""
    *outer, last = path
    return part(properties, *outer).get(last) or ()


def kind_of(type_: str) -> str:
    """Return a type's name without its package and module: `Deployment`."""
    return type_.rsplit(":", 1)[-1]


Bounds = Mapping[str, Any]
"""A policy's settings with defaults. Numbers may be floats, since they are passed as JSON."""


class Finding(NamedTuple):
    """One violation. It names things and amounts, never the value of a variable."""

    what: str
    seen: str
    needed: str
    remedy: str

    def __str__(self) -> str:
        """Return the resource, the value seen, the bound and the next command in one line."""
        return f"{self.what}: {self.seen}; needed: {self.needed}. Next: {self.remedy}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Resource:
    """One resource as the analyzer reports it."""

    type: str
    name: str
    """Its logical name, which is always known."""
    urn: str
    properties: Properties
    protect: bool = False
    ignore_changes: Sequence[str] = ()
    delete_before_replace: bool | None = None
    aliases: Sequence[str] = ()
    dependencies: Sequence[str] = ()
    """The URNs that it depends on, which only stack policies know."""

    def __str__(self) -> str:
        """Return the kind and the name, as in `Deployment backend-blue`."""
        return f"{self.kind} {self.name}"

    @property
    def kind(self) -> str:
        """The last part of its type."""
        return kind_of(self.type)

    def is_in(self, stacks: Iterable[str]) -> bool:
        """Return whether its stack is one of these, in which `*` stands for anything."""
        stack = self.urn.removeprefix("urn:pulumi:").split("::", 1)[0]
        return any(fnmatchcase(stack, each) for each in stacks)

    @property
    def metadata(self) -> Properties:
        """The metadata of a Kubernetes object; empty where there is none."""
        return part(self.properties, "metadata")

    @property
    def labels(self) -> Mapping[str, str]:
        """The labels of a Kubernetes object."""
        return part(self.properties, "metadata", "labels")

    @property
    def spec(self) -> Properties:
        """The spec of a Kubernetes object; empty where there is none."""
        return part(self.properties, "spec")

    @property
    def tags(self) -> Mapping[str, str]:
        """The AWS tags that are declared on the resource itself."""
        return part(self.properties, "tags")

    def is_slot_of(self, service: str, colour: str) -> bool:
        """Return whether it belongs to one colour of a service."""
        return self.labels.get(NAME_LABEL) == service and self.labels.get(COLOUR_LABEL) == colour

    @property
    def is_of_worker(self) -> bool:
        """Whether it belongs to a worker, a service without requests."""
        return self.labels.get(COMPONENT_LABEL) == WORKER

    def keeps_identity(self, chain: str, name: str) -> bool:
        """Return whether an engine takes it for the resource of this type chain and name, by URN or by an alias."""
        return any(urn.endswith(f"::{chain}::{name}") for urn in (self.urn, *self.aliases))


@dataclass(frozen=True)
class Graph:
    """All resources of a stack, as planned."""

    resources: Sequence[Resource] = field(default_factory=tuple[Resource, ...])

    def of(self, *types: str) -> Iterator[Resource]:
        """Return the resources of these types."""
        return (each for each in self.resources if each.type in types)

    def waits_for(self, resource: Resource, other: Resource) -> bool:
        """Return whether a resource is changed only after another one, directly or through others."""
        seen, pending = set[str](), list(resource.dependencies)
        while pending:
            urn = pending.pop()
            if urn == other.urn:
                return True
            if urn not in seen:
                seen.add(urn)
                pending += self._dependencies.get(urn, ())
        return False

    @cached_property
    def _dependencies(self) -> Mapping[str, Sequence[str]]:
        return {each.urn: each.dependencies for each in self.resources}


ResourceRule = Callable[[Resource, Bounds], Iterable[Finding]]
StackRule = Callable[[Graph, Bounds], Iterable[Finding]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """A policy: its name, level and reason, what it judges and the settings that it has."""

    name: str
    reason: str
    """What must be so, in one line."""
    page: str
    """What the documentation says beyond the reason."""
    bounds: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    """The JSON schema of each setting, with its default and its description."""
    types: Sequence[str] = ()
    """The types that it judges; empty for a policy that judges all of them."""
    required: bool = True
    """Whether a stack without any resource of these types is refused, since this pack cannot judge it."""
    unknown: Literal["advise", "refuse"] = "advise"
    """What happens to a rule that reads a value which no preview can know: it becomes advice, or a violation."""
    level: Literal["mandatory", "advisory"] = "mandatory"

    def settled(self, config: Mapping[str, Any]) -> Bounds:
        """Return the configured settings over the defaults."""
        return {**{key: schema["default"] for key, schema in self.bounds.items()}, **config}


@dataclass(frozen=True, kw_only=True, slots=True)
class ResourcePolicy(Policy):
    """A policy that judges each resource of its types before it is touched."""

    rules: Sequence[ResourceRule]


@dataclass(frozen=True, kw_only=True, slots=True)
class StackPolicy(Policy):
    """A policy that judges what no single resource can tell."""

    rules: Sequence[StackRule]
