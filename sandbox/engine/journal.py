"""The stack's state while it changes: written before and after every operation, whole and consistent each time.

What a snapshot holds at any moment: the resources this run is done with, then those of the last run it has not come
to yet, then the operations that were begun and have not ended. So a process that dies at any point leaves a state
from which the next run knows what is certain and what is not.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sandbox.engine import urns
from sandbox.engine.checkpoint import Snapshot
from sandbox.engine.state import PendingOperation, now

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.engine.state import OperationKind, ResourceState


class Journal:
    """Keeps the snapshot of a run that changes things."""

    def __init__(self, base: Snapshot, save: Callable[[Snapshot], None]) -> None:
        """Start from what the last run left. `save` writes a snapshot at once or not at all."""
        self.base = base
        self._save = save
        self._done: list[ResourceState] = []
        self._kept: set[str] = set()
        self._gone: set[int] = set()
        self._pending: dict[int, PendingOperation] = {}
        self.renamed: dict[str, str] = {}
        """New URNs of resources that were found by an alias, by their old ones."""

    def begin(self, kind: OperationKind, state: ResourceState) -> None:
        """An operation is about to start."""
        self._pending[id(state)] = PendingOperation(kind, state)
        self.write()

    def end(self, state: ResourceState) -> None:
        """The operation ended, well or not, and what it did is known. The caller writes."""
        self._pending.pop(id(state), None)

    def keep(self, new: ResourceState, old: ResourceState | None = None) -> None:
        """`new` is the state of a resource now, in place of `old`."""
        if old is not None:
            self._gone.add(id(old))
        if new.urn in self._kept:  # looking first saves a walk over all that is done, for each that gets done
            self._done = [state for state in self._done if state.urn != new.urn or state.delete]
        self._kept.add(new.urn)
        self._done.append(new)

    def came_to(self, old: ResourceState) -> bool:
        """Whether this run is done with a resource of the last one."""
        return id(old) in self._gone

    def drop(self, old: ResourceState) -> None:
        """A resource is no more."""
        self._gone.add(id(old))

    def drop_base(self, state: ResourceState) -> None:
        """A resource of the last run turned out not to exist."""
        self.base.resources = [other for other in self.base.resources if other is not state]

    def replace_base(self, state: ResourceState, new: ResourceState) -> None:
        """A resource of the last run turned out to be different."""
        self.base.resources = [new if other is state else other for other in self.base.resources]

    def settle(self, urn: str) -> None:
        """What the last run left pending for this resource is answered by this one."""
        self.base.pending_operations = [
            operation for operation in self.base.pending_operations if operation.resource.urn != urn
        ]

    def snapshot(self) -> Snapshot:
        """The state as it is to be written now."""
        rest = [state for state in self.base.resources if id(state) not in self._gone]
        ours = {operation.resource.urn for operation in self._pending.values()}
        return Snapshot(
            resources=[*self._done, *(_follow(state, self.renamed) for state in rest)],
            pending_operations=[
                *(old for old in self.base.pending_operations if old.resource.urn not in ours),
                *self._pending.values(),
            ],
            crypter=self.base.crypter,
            metadata=self.base.metadata,
        )

    def write(self) -> None:
        """Write the state."""
        self._save(self.snapshot())


def _follow(state: ResourceState, renamed: dict[str, str]) -> ResourceState:
    """A state of the last run, naming itself and its relatives as they are called now."""
    if not renamed:
        return state
    provider_urn, provider_id = urns.split_reference(state.provider)
    return replace(
        state,
        urn=renamed.get(state.urn, state.urn),
        parent=renamed.get(state.parent, state.parent),
        provider=urns.reference(renamed[provider_urn], provider_id) if provider_urn in renamed else state.provider,
        dependencies=[renamed.get(urn, urn) for urn in state.dependencies],
        property_dependencies={
            key: [renamed.get(urn, urn) for urn in deps] for key, deps in state.property_dependencies.items()
        },
        deleted_with=renamed.get(state.deleted_with, state.deleted_with),
    )


def touch(state: ResourceState, *, created: bool) -> None:
    """Stamp a state whose resource was just written."""
    state.modified = now()
    if created:
        state.created = state.modified
