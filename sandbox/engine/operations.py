"""What can be done to resources, whoever does it: the terms in which the engine speaks of providers' work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sandbox.engine.model import Difference
    from sandbox.engine.state import ResourceState
    from sandbox.engine.values import Properties


@dataclass(frozen=True)
class Check:
    """Checked inputs, and what is wrong with them as (property, reason)."""

    inputs: Properties
    failures: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Live:
    """A resource as a provider reads it."""

    id: str
    inputs: Properties
    outputs: Properties


def live_of(state: ResourceState) -> Live:
    """A resource as the state knows it."""
    return Live(state.id, state.inputs, state.outputs)


@dataclass(frozen=True)
class Wish:
    """What a resource should become. `ignore`: property paths; `seconds`: 0 leaves the time limit to the provider."""

    inputs: Properties
    ignore: Sequence[str] = ()
    seconds: float = 0
    preview: bool = False


class Operations(Protocol):
    """What can be done to resources of one provider."""

    async def check(self, urn: str, olds: Properties | None, news: Properties, /) -> Check:
        """Validate inputs and fill in defaults."""
        ...

    async def diff(self, urn: str, old: Live, wish: Wish, /) -> Difference:
        """Compare a state with what it should become."""
        ...

    async def create(self, urn: str, wish: Wish, /) -> Live:
        """Create, or tell what creating would give."""
        ...

    async def update(self, urn: str, old: Live, wish: Wish, /) -> Properties:
        """Update in place, or tell what updating would give."""
        ...

    async def delete(self, urn: str, old: Live, seconds: float, /) -> None:
        """Delete."""
        ...

    async def read(self, urn: str, old: Live, /) -> Live | None:
        """Read the live state; None if there is none."""
        ...
