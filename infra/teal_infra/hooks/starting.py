"""Allows the pods of a worker to start, and undoes its flip where they do not.

A worker is proven after it has started, and its start is a part of the flip. So from the first pod on, the update sends
heartbeats, so that nobody takes the flip for one whose update died.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

import pulumi

from teal.flip.mover import Mover
from teal.model.colours import colour_of
from teal.model.errors import TealError
from teal.model.labels import COLOUR_LABEL, NAME_LABEL


class Starting:
    """The hooks of one update for the workers that it starts."""

    def __init__(self, mover: Callable[[], AbstractAsyncContextManager[Mover]]) -> None:
        """Prepare the hooks; nothing is asked yet."""
        self._mover = mover
        self._alive: asyncio.Task[None] | None = None
        self._proof: asyncio.Task[None] | None = None

    def hooks(self) -> pulumi.ResourceHookBinding:
        """Return the hooks of the resource that makes the pods of a worker's active colour."""
        start, fail = pulumi.ResourceHook("teal-start", self._start), pulumi.ErrorHook("teal-undo", self._fail)
        return pulumi.ResourceHookBinding(before_create=[start], before_update=[start], on_error=[fail])

    def begin(self) -> None:
        """Send heartbeats from now until the update's bake."""
        self._alive = asyncio.create_task(self._show_life())

    async def require_proven(self) -> None:
        """Check, once in an update, that the workers which the flip started are well; undo it where they are not."""
        if self._proof is None:
            self._proof = asyncio.create_task(self._prove())
        await self._proof

    async def undo(self, because: str) -> None:
        """Undo what has started."""
        self.over()
        async with self._mover() as mover:
            await mover.started.undo(because)

    def over(self) -> None:
        """Stop the heartbeats: from here on, whoever bakes the flip sends them."""
        if self._alive is not None:
            self._alive.cancel()

    async def _prove(self) -> None:
        try:
            async with self._mover() as mover:
                await mover.started.require_proven()
        except TealError:
            self.over()
            raise

    async def _show_life(self) -> None:
        async with self._mover() as mover:
            await mover.started.show_life()

    async def _start(self, args: pulumi.ResourceHookArgs) -> None:
        metadata: Mapping[str, Any] | None = (args.new_inputs or {}).get("metadata")
        if metadata is None:  # a component, whose hooks the engine runs as well, starts nothing
            return
        labels: Mapping[str, str] = metadata["labels"]
        colour = colour_of(labels.get(COLOUR_LABEL))
        if colour is None:
            raise ValueError(f"{args.name} has no colour: its labels are teal_infra.labels'")
        async with self._mover() as mover:
            await mover.started.clear_the_way(labels[NAME_LABEL], colour)

    async def _fail(self, args: pulumi.ErrorHookArgs) -> bool:
        await self.undo(
            f"{args.name} did not start: {' '.join(args.errors[0].split()) if args.errors else 'no reason'}"
        )
        return False
