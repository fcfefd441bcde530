"""Which old resource a new registration is: by its URN, or by one of the names it used to have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.engine import urns
from sandbox.engine.model import Alias, Goal, OperationFailedError

if TYPE_CHECKING:
    from sandbox.engine.state import ResourceState


class Identities:
    """Who is who in one run."""

    def __init__(self, stack: str, project: str, olds: list[ResourceState]) -> None:
        """Match against the resources of the last run (those only waiting to be deleted are nobody's past)."""
        self._stack = stack
        self._project = project
        self._olds = {state.urn: state for state in olds if not state.delete}
        self._seen: set[str] = set()
        self._former: dict[str, str] = {}
        """The old URN of a resource that was found by an alias, by its new one."""
        self._states: dict[str, ResourceState] = {}

    def register(self, goal: Goal) -> str:
        """Name a new registration.

        Raises:
            OperationFailedError: there is one of this name already.
        """
        urn = urns.make(self._stack, self._project, goal.parent, goal.type, goal.name)
        if urn in self._seen:
            raise OperationFailedError(f"Duplicate resource URN '{urn}'; try giving it a unique name")
        self._seen.add(urn)
        return urn

    def old_of(self, urn: str, goal: Goal) -> ResourceState | None:
        """The resource this registration was in the last run, if it was there.

        Raises:
            OperationFailedError: another resource of the program already took that past.
        """
        for candidate in (urn, *self._candidates(urn, goal)):
            old = self._olds.get(candidate)
            if old is None:
                continue
            if candidate != urn:
                if candidate in self._seen or candidate in self._former.values():
                    raise OperationFailedError(
                        f"Duplicate resource alias '{candidate}' applied to resource with URN '{urn}' conflicting "
                        "with another resource of this program"
                    )
                self._former[urn] = candidate
            return old
        return None

    def was(self, urn: str, old_urn: str) -> bool:
        """Whether the resource now called `urn` was called `old_urn`."""
        return self._former.get(urn) == old_urn

    def settled(self, state: ResourceState) -> None:
        """Remember the state a registration came to."""
        self._states[state.urn] = state

    def current(self, urn: str) -> ResourceState | None:
        """The state a registration of this run came to."""
        return self._states.get(urn)

    def is_declared(self, old_urn: str) -> bool:
        """Whether the program declared this resource, under this name or a new one."""
        return old_urn in self._seen or old_urn in self._former.values()

    def renamed(self) -> dict[str, str]:
        """New URNs by old ones."""
        return {old: new for new, old in self._former.items()}

    def _candidates(self, urn: str, goal: Goal) -> list[str]:
        own = [self._collapse(goal, alias) for alias in goal.aliases]
        parent_was = self._former.get(goal.parent)
        if not parent_was:
            return own
        kinds = [(goal.type, goal.name), *((urns.type_of(alias), urns.name_of(alias)) for alias in own)]
        inherited = [self._below(parent_was, goal.parent, type_, name) for type_, name in kinds]
        return [*own, *(candidate for candidate in inherited if candidate != urn)]

    def _collapse(self, goal: Goal, alias: Alias) -> str:
        if alias.urn:
            return alias.urn
        parent = self._former.get(alias.parent, alias.parent) if alias.parent else goal.parent
        return urns.make(
            alias.stack or self._stack,
            alias.project or self._project,
            "" if alias.no_parent else parent,
            alias.type or goal.type,
            alias.name or goal.name,
        )

    def _below(self, parent_was: str, parent: str, type_: str, name: str) -> str:
        """The URN of a child under its parent's old name; a name built as PARENT-x follows the parent's."""
        if name.startswith(urns.name_of(parent)):
            name = urns.name_of(parent_was) + name.removeprefix(urns.name_of(parent))
        return urns.make(self._stack, self._project, parent_was, type_, name)
