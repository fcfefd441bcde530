"""What a run tells while it goes on, and what it comes to in the end. How that is shown is the displays' business."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    from sandbox.engine.model import Step
    from sandbox.engine.values import Properties

Severity: TypeAlias = Literal["debug", "info", "warning", "error"]
RunKind: TypeAlias = Literal["preview", "update", "destroy", "refresh"]


@dataclass(frozen=True)
class Violation:
    """A policy that a resource or the stack does not hold."""

    pack: str
    version: str
    policy: str
    message: str
    mandatory: bool
    urn: str


@dataclass
class Summary:
    """What a run came to. `changes` counts resources by operation; `seconds` is its duration."""

    kind: RunKind
    dry_run: bool
    succeeded: bool = True
    changes: dict[str, int] = field(default_factory=dict[str, int])
    errored: int = 0
    seconds: float = 0.0
    old_outputs: Properties = field(default_factory=dict[str, "object"])  # pyright: ignore[reportAssignmentType] - recursive alias
    outputs: Properties = field(default_factory=dict[str, "object"])  # pyright: ignore[reportAssignmentType] - recursive alias
    policy_packs: dict[str, str] = field(default_factory=dict[str, str])
    cancelled: bool = False

    @property
    def changed(self) -> bool:
        """Whether anything was, or would be, done to a resource."""
        return any(count for op, count in self.changes.items() if op not in ("same", "read", "discard"))


class Reporter(Protocol):
    """Somebody who is told."""

    def started(self, step: Step) -> None:
        """An operation starts."""

    def finished(self, step: Step, seconds: float) -> None:
        """An operation ended well."""

    def failed(self, step: Step, message: str, seconds: float) -> None:
        """An operation failed."""

    def diagnostic(self, severity: Severity, message: str, urn: str = "", *, ephemeral: bool = False) -> None:
        """Something was said, by the program, a provider or the engine; `ephemeral` is worth saying only now."""

    def violated(self, violation: Violation) -> None:
        """A policy is violated."""

    def summary(self, summary: Summary) -> None:
        """The run is over."""
