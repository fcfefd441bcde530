"""What the engine knows of a resource, in the terms of Pulumi's `apitype.ResourceV3`; no I/O, no format.

Property trees are plain JSON-shaped Python values. A secret is an envelope (`secret(value)`), a value not known yet
is the string `UNKNOWN`: both exactly as they travel in Pulumi's gRPC messages. How a snapshot of them is written down
is in `checkpoint.py`.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias, cast

# Signatures of Pulumi's wire format (pulumi.runtime.rpc, sdk/go/common/resource/properties.go).
SIG = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105  # a published marker, not a secret
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"

ROOT_STACK_TYPE = "pulumi:pulumi:Stack"

_TEXT = "_text"  # not a field: two states are the same whether they have been written or not

Value: TypeAlias = Any
"""A JSON-shaped value: None, bool, int, float, str, list and dict of the same, secret envelopes included."""
Properties: TypeAlias = dict[str, Value]
OperationKind: TypeAlias = Literal["creating", "updating", "deleting", "reading"]


def secret(value: Value) -> Properties:
    """Wrap a value in a secret envelope."""
    return {SIG: SECRET, "value": value}


def is_secret(value: Value) -> bool:
    """Tell whether a value is a secret envelope."""
    return isinstance(value, dict) and cast("Properties", value).get(SIG) == SECRET


def now() -> str:
    """Tell the time as checkpoints do: RFC 3339, UTC, microseconds."""
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


@dataclass
class ResourceState:
    """One resource as last known. Fields are those of `apitype.ResourceV3`; times are RFC 3339 texts.

    `provider` is "<urn>::<id>" of the provider resource. `delete` marks a replaced resource still to be deleted.
    `pending_replacement` marks one that is deleted and still to be created again. `extra` keeps what a real engine
    wrote and this one has no use for, under its own names, so that it is not lost.
    """

    urn: str
    type: str
    custom: bool = False
    id: str = ""
    parent: str = ""
    provider: str = ""
    inputs: Properties = field(default_factory=dict[str, Value])
    outputs: Properties = field(default_factory=dict[str, Value])
    dependencies: list[str] = field(default_factory=list[str])
    property_dependencies: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    deleted_with: str = ""
    protect: bool = False
    external: bool = False
    delete: bool = False
    pending_replacement: bool = False
    retain_on_delete: bool = False
    init_errors: list[str] = field(default_factory=list[str])
    additional_secret_outputs: list[str] = field(default_factory=list[str])
    aliases: list[str] = field(default_factory=list[str])
    custom_timeouts: dict[str, float] = field(default_factory=dict[str, float])  # seconds by create, update, delete
    ignore_changes: list[str] = field(default_factory=list[str])
    replace_on_changes: list[str] = field(default_factory=list[str])
    resource_hooks: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    import_id: str = ""
    created: str = ""
    modified: str = ""
    source_position: str = ""
    extra: Properties = field(default_factory=dict[str, Value])

    def __setattr__(self, name: str, value: Value) -> None:
        """Set a field, and forget how the whole was written down (`remember`). Trees in fields are never changed."""
        self.__dict__.pop(_TEXT, None)
        self.__dict__[name] = value

    @property
    def text(self) -> str | None:
        """What `remember` was given, if no field was set since."""
        return self.__dict__.get(_TEXT)

    def remember(self, text: str) -> None:
        """Keep how this was written down: the whole state is, at every operation, and most of it is as before."""
        self.__dict__[_TEXT] = text


def depends_on(state: ResourceState) -> set[str]:
    """The URNs a resource depends on, in any way."""
    found = {state.parent, state.deleted_with, state.provider.rpartition("::")[0], *state.dependencies}
    for dependencies in state.property_dependencies.values():
        found.update(dependencies)
    return found - {""}


@dataclass(frozen=True)
class PendingOperation:
    """An operation that was begun and whose end was not recorded; its resource is the state it began with."""

    kind: OperationKind
    resource: ResourceState
