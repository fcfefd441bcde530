"""What the engine plans with: goals (what a program wants), steps (what will be done) and their outcomes.

How a goal becomes steps is in `planner.py`, how a step is carried out in `executor.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from sandbox.engine import urns
from sandbox.engine.errors import EngineError
from sandbox.engine.values import Properties, from_struct

if TYPE_CHECKING:
    from pulumi.runtime.proto import resource_pb2

    from sandbox.engine.state import ResourceState

HOOK_KINDS: Final = {
    "before_create": "BeforeCreate",
    "after_create": "AfterCreate",
    "before_update": "BeforeUpdate",
    "after_update": "AfterUpdate",
    "before_delete": "BeforeDelete",
    "after_delete": "AfterDelete",
}
"""Hook kinds by their name in the protocol; the values are their names in a checkpoint."""


class Op(StrEnum):
    """Operations, by the names Pulumi prints and writes."""

    SAME = "same"
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    REPLACE = "replace"
    CREATE_REPLACEMENT = "create-replacement"
    DELETE_REPLACED = "delete-replaced"
    READ = "read"
    DISCARD = "discard"
    REFRESH = "refresh"


class Result(StrEnum):
    """How a registration ended."""

    SUCCESS = "success"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Context:
    """What a run is about. `parallel`: how many operations at a time; `config` is the stack's, secrets in clear."""

    stack: str
    project: str
    dry_run: bool
    parallel: int
    config: dict[str, str] = field(default_factory=dict[str, str])
    secret_keys: list[str] = field(default_factory=list[str])
    continue_on_error: bool = False


@dataclass(frozen=True)
class Alias:
    """A former identity: a whole URN, or the parts of one that were different."""

    urn: str = ""
    name: str = ""
    type: str = ""
    stack: str = ""
    project: str = ""
    parent: str = ""
    no_parent: bool = False


@dataclass
class Goal:
    """A resource as the program wants it. Timeouts are in seconds by operation."""

    type: str
    name: str
    custom: bool = True
    parent: str = ""
    inputs: Properties = field(default_factory=dict[str, "object"])  # pyright: ignore[reportAssignmentType] - recursive alias
    provider: str = ""
    providers: dict[str, str] = field(default_factory=dict[str, str])
    version: str = ""
    dependencies: list[str] = field(default_factory=list[str])
    property_dependencies: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    protect: bool | None = None
    ignore_changes: list[str] = field(default_factory=list[str])
    replace_on_changes: list[str] = field(default_factory=list[str])
    delete_before_replace: bool | None = None
    additional_secret_outputs: list[str] = field(default_factory=list[str])
    aliases: list[Alias] = field(default_factory=list[Alias])
    custom_timeouts: dict[str, float] = field(default_factory=dict[str, float])
    retain_on_delete: bool | None = None
    deleted_with: str = ""
    hooks: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    @classmethod
    def from_request(cls, request: resource_pb2.RegisterResourceRequest) -> Goal:
        """Take a registration off the wire.

        Raises:
            EngineError: the registration asks for something this engine does not do.
        """
        refuse_unsupported(request)
        hooks = {kind: list(getattr(request.hooks, wire)) for wire, kind in HOOK_KINDS.items()}
        return cls(
            type=request.type,
            name=request.name,
            custom=request.custom,
            parent=request.parent,
            inputs=from_struct(request.object),
            provider=request.provider,
            providers=dict(request.providers),
            version=request.version,
            dependencies=sorted(request.dependencies),
            property_dependencies={key: sorted(deps.urns) for key, deps in request.propertyDependencies.items()},
            protect=request.protect if request.HasField("protect") else None,
            ignore_changes=list(request.ignoreChanges),
            replace_on_changes=list(request.replaceOnChanges),
            delete_before_replace=request.deleteBeforeReplace if request.deleteBeforeReplaceDefined else None,
            additional_secret_outputs=list(request.additionalSecretOutputs),
            aliases=[*_aliases(request), *(Alias(urn=urn) for urn in request.aliasURNs)],
            custom_timeouts=_timeouts(request),
            retain_on_delete=request.retainOnDelete if request.HasField("retainOnDelete") else None,
            deleted_with=request.deletedWith,
            hooks={kind: names for kind, names in hooks.items() if names},
        )

    def inherit(self, parent: Goal | None) -> None:
        """Take over what a child has from its parent unless it says otherwise."""
        if parent is None:
            return
        self.deleted_with = self.deleted_with or parent.deleted_with
        self.protect = parent.protect if self.protect is None else self.protect
        self.retain_on_delete = parent.retain_on_delete if self.retain_on_delete is None else self.retain_on_delete
        if not self.provider and parent.provider:
            provided = urns.package_of(urns.type_of(urns.split_reference(parent.provider)[0]))
            if not self.custom or provided == urns.package_of(self.type):
                self.provider = parent.provider
        self.providers = {**parent.providers, **self.providers} if not self.custom else self.providers


def refuse_unsupported(request: resource_pb2.RegisterResourceRequest) -> None:
    """Refuse, by name, what a registration may ask for and this engine does not do."""
    loose: Any = request  # the stubs' annotations of imported messages do not resolve
    asked = {
        "a remote component": request.remote,
        "the resource option `import_`": bool(request.importId),
        "resource transforms": bool(loose.transforms),
        "state migrations": bool(loose.state_migrations),
        "the resource option `replace_with`": bool(request.replace_with),
        "the resource option `replacement_trigger`": request.HasField("replacement_trigger"),
        "a parameterised package": bool(request.packageRef),
        "the resource option `env_var_mappings`": bool(request.envVarMappings),
        "error hooks": bool(request.hooks.on_error),
    }
    for what, present in asked.items():
        if present:
            raise EngineError(
                f"{request.type} {request.name!r} asks for {what}, which is not supported by the embedded engine; "
                "use Pulumi's own engine for this"
            )


def _aliases(request: resource_pb2.RegisterResourceRequest) -> list[Alias]:
    loose: Any = request  # as above
    return [
        Alias(urn=alias.urn)
        if alias.WhichOneof("alias") == "urn"
        else Alias(
            name=alias.spec.name,
            type=alias.spec.type,
            stack=alias.spec.stack,
            project=alias.spec.project,
            parent=alias.spec.parentUrn,
            no_parent=alias.spec.noParent,
        )
        for alias in loose.aliases
    ]


def _timeouts(request: resource_pb2.RegisterResourceRequest) -> dict[str, float]:
    given = request.customTimeouts
    named = {"create": given.create, "update": given.update, "delete": given.delete}
    return {operation: parse_duration(text) for operation, text in named.items() if text}


_UNITS: Final = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}


def parse_duration(text: str) -> float:
    """Seconds of a Go duration such as `1h5m` or `90s`.

    Raises:
        EngineError: the text is no duration.
    """
    parts = re.findall(r"(\d+(?:\.\d+)?)(h|ms|us|µs|ns|m|s)", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise EngineError(
            f"custom timeout {text!r} is not a duration; nothing was done; write it like 90s, 5m or 1h30m"
        )
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


@dataclass(frozen=True)
class Difference:
    """What a provider says about the way from the old state to the new inputs."""

    changed: bool = False
    replace_keys: tuple[str, ...] = ()
    changed_keys: tuple[str, ...] = ()
    delete_before_replace: bool = False
    detailed: dict[str, str] = field(default_factory=dict[str, str])
    """Kind of change (`add`, `update-replace` ...) by property path."""


@dataclass
class Step:
    """One operation on one resource. `old` is what the state knows, `new` what it will know afterwards."""

    op: Op
    old: ResourceState | None = None
    new: ResourceState | None = None
    goal: Goal | None = None
    difference: Difference = field(default_factory=Difference)
    note: str = ""
    """Why, where the difference does not say it."""
    keep_old_in_state: bool = False
    """For the deletion that comes before a replacement: the state stays, marked as waiting for the replacement."""

    @property
    def subject(self) -> ResourceState:
        """The state that names the resource."""
        state = self.new or self.old
        if state is None:
            raise AssertionError("a step has an old or a new state")
        return state

    @property
    def urn(self) -> str:
        """The resource's name."""
        return self.subject.urn

    @property
    def logical(self) -> bool:
        """Whether the step is an operation of its own, and not one half of a replacement."""
        return self.op not in (Op.CREATE_REPLACEMENT, Op.DELETE_REPLACED)

    @property
    def left_out(self) -> bool:
        """Whether it is the making of a new resource, left out because the run is not about it (`--target`)."""
        return self.op is Op.SAME and self.old is None

    @property
    def internal(self) -> bool:
        """Whether the resource is the engine's own affair (a default provider): neither shown nor counted."""
        return urns.is_provider(self.subject.type) and urns.name_of(self.urn).split("_")[0] == "default"


@dataclass(frozen=True)
class Outcome:
    """What a registration came to."""

    state: ResourceState
    result: Result = Result.SUCCESS


class OperationFailedError(EngineError):
    """An operation on a resource did not succeed. Nothing is known to have changed, unless a subclass says so."""


class UncertainFailureError(OperationFailedError):
    """A provider failed in a way that leaves open whether the operation took place."""


class InitFailedError(OperationFailedError):
    """The resource exists but did not become ready in time."""

    def __init__(self, message: str, *, id_: str, inputs: Properties, outputs: Properties, reasons: list[str]) -> None:
        """Keep what the provider knows of the resource that exists."""
        super().__init__(message)
        self.id = id_
        self.inputs = inputs
        self.outputs = outputs
        self.reasons = reasons
