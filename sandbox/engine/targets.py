"""`--target`: what a run is limited to. What is not meant stays as it is, and what is new and not meant is not made.

The rules are those of Pulumi's step generator. Providers and the stack itself are always meant.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sandbox.engine import urns
from sandbox.engine.state import depends_on

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sandbox.engine.state import ResourceState


class Targets:
    """The resources named on the command line, and with `--target-dependents` all that depends on them."""

    def __init__(self, patterns: Sequence[str] = (), *, dependents: bool = False) -> None:
        """In a pattern `*` stands for anything without a colon, `**` for anything; no pattern is no limit."""
        self._patterns = {pattern: _compiled(pattern) for pattern in patterns}
        self._dependents = dependents
        self._meant: set[str] = set()
        self.skipped: set[str] = set()
        """New resources that are not made."""

    def __bool__(self) -> bool:
        """Whether there is a limit."""
        return bool(self._patterns)

    def names(self, urn: str) -> bool:
        """Whether the command line names it."""
        return not self._patterns or any(pattern.fullmatch(urn) for pattern in self._patterns.values())

    def include(self, state: ResourceState) -> bool:
        """Whether this run is about a resource; what it depends on has been asked for before."""
        if self.names(state.urn) or (self._dependents and depends_on(state) & self._meant):
            self._meant.add(state.urn)
        return state.urn in self._meant or urns.is_provider(state.type) or state.type == urns.STACK_TYPE

    def unmade(self, state: ResourceState) -> str:
        """Why a resource cannot be made while something it depends on is not; empty if it can."""
        needed = min(depends_on(state) & self.skipped, default="")
        return (
            f"Resource '{state.urn}' depends on '{needed}' which was was not specified in --target list."
            if needed
            else ""
        )

    def deletions(
        self, doomed: Sequence[ResourceState], olds: Sequence[ResourceState], declared: Iterable[str]
    ) -> tuple[list[ResourceState], list[str]]:
        """Which of the doomed go in this run, those named and what depends on them, and what speaks against it.

        That is a dependent that is neither named nor covered by --target-dependents, or a URN that nobody knows; a
        pattern may well find nothing.
        """
        if not self._patterns:
            return list(doomed), []
        known = {*declared, *(state.urn for state in olds)}
        problems = [
            f"Target '{name}' could not be found in the stack."
            + ("" if "$" in name else " Did you forget to escape $ in your shell?")
            for name in self._patterns
            if "*" not in name and name not in known
        ]
        going: set[str] = set()
        for state in olds:  # in their order: what a resource depends on stands before it
            if self.names(state.urn) or depends_on(state) & going:
                going.add(state.urn)
        chosen = [state for state in doomed if state.urn in going]
        unnamed = [state.urn for state in chosen if not (self._dependents or self.names(state.urn))]
        return chosen, problems + [unasked(urn) for urn in unnamed]

    def remaining(self, doomed: Sequence[ResourceState], going: Sequence[ResourceState]) -> list[ResourceState]:
        """Which of the doomed stay as they are, in their order."""
        ids = {id(state) for state in going}
        return [state for state in doomed if id(state) not in ids and not state.delete]


def unasked(urn: str) -> str:
    """Why a resource is not deleted along with another one."""
    return (
        f"Resource '{urn}' will be destroyed but was not specified in --target list.\n"
        "Either include resource in --target list or pass --target-dependents to proceed."
    )


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join("[^:]*".join(map(re.escape, part.split("*"))) for part in pattern.split("**")))
