"""What a run that died left in the middle: find out how it ended, before anything is planned.

Pulumi's engine warns of pending creations and leaves them to the user. Here the provider is asked, so that the next
`pulumi up` goes on by itself, and says what it found.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from sandbox.engine import urns
from sandbox.engine.errors import EngineError
from sandbox.engine.operations import live_of

if TYPE_CHECKING:
    from sandbox.engine.journal import Journal
    from sandbox.engine.operations import Live
    from sandbox.engine.registry import Registry
    from sandbox.engine.report import Reporter
    from sandbox.engine.state import PendingOperation, ResourceState


_NOUNS: Final = {"creating": "creation", "deleting": "deletion"}


@dataclass
class Interrupted:
    """What planning has to know of operations that were begun and never seen to end."""

    repeat: set[str] = field(default_factory=set[str])
    """URNs to be updated whatever a diff says."""
    begun: dict[str, ResourceState] = field(default_factory=dict[str, "ResourceState"])
    """Creations of which nothing could be seen, by URN: what was chosen for them (a generated name) is kept to."""


async def settle_interrupted(journal: Journal, registry: Registry, reporter: Reporter) -> Interrupted:
    """Settle the base's pending operations, as far as can be seen how they ended."""
    found = Interrupted()
    repeat = found.repeat
    for operation in list(journal.base.pending_operations):
        state = operation.resource
        if operation.kind == "reading" or not state.custom or urns.is_provider(state.type):
            _forget(journal, operation)
        elif operation.kind == "updating":
            repeat.add(state.urn)
            _say(reporter, state, "its update was interrupted and may have been applied: it is repeated")
        else:
            try:
                live = await _look(journal, registry, state)
            except EngineError as error:
                _say(
                    reporter,
                    state,
                    f"its {_NOUNS[operation.kind]} was interrupted and how it ended cannot be seen: {error}",
                )
                if operation.kind == "creating":
                    found.begun[state.urn] = state
                else:
                    repeat.add(state.urn)
                continue
            (_creation if operation.kind == "creating" else _deletion)(journal, reporter, operation, live, repeat)
    return found


def _creation(
    journal: Journal, reporter: Reporter, operation: PendingOperation, live: Live | None, repeat: set[str]
) -> None:
    state = operation.resource
    _forget(journal, operation)
    if live is None:
        _say(reporter, state, "its creation was interrupted before it existed: nothing is left of it")
        return
    state.id, state.outputs = live.id, live.outputs
    resources: list[ResourceState] = []
    known = [old for old in journal.base.resources if old.urn == state.urn and not old.delete]
    for old in journal.base.resources:
        # What needs the one it was to replace stands after that one, what it needs itself stands before it.
        resources += [state] if known and old is known[0] else []
        if old in known:
            old.delete = True
        resources += [] if old.pending_replacement and old in known else [old]
    journal.base.resources = resources if known else [*resources, state]
    repeat.add(state.urn)
    _say(
        reporter, state, f"its creation was interrupted and {live.id!r} exists: it is taken over and brought up to date"
    )


def _deletion(
    journal: Journal, reporter: Reporter, operation: PendingOperation, live: Live | None, repeat: set[str]
) -> None:
    state = operation.resource
    if live is not None:
        repeat.add(state.urn)
        _say(reporter, state, "its deletion was interrupted and it still exists")
        return
    _forget(journal, operation)
    for old in journal.base.resources:
        if (old.urn, old.id, old.delete) == (state.urn, state.id, state.delete):
            old.pending_replacement = True  # deleted: made anew if it is wanted still, else forgotten
    _say(reporter, state, "its deletion was interrupted and it is gone")


async def _look(journal: Journal, registry: Registry, state: ResourceState) -> Live | None:
    urn, id_ = urns.split_reference(state.provider)
    for candidate in journal.base.resources:
        if candidate.urn == urn and candidate.id == id_:
            provider = await registry.ensure(candidate)
            return await provider.read(state.urn, live_of(state))
    raise EngineError(f"its provider {urn!r} is not in the state")


def _forget(journal: Journal, operation: PendingOperation) -> None:
    journal.base.pending_operations = [other for other in journal.base.pending_operations if other is not operation]


def _say(reporter: Reporter, state: ResourceState, what: str) -> None:
    reporter.diagnostic("info", f"{urns.name_of(state.urn)} ({state.type}): {what}", state.urn)
