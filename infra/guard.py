"""Binds the proof to the traffic: resource hooks that let a move pass only when the gates do.

A hook that fails *before* an operation prevents it and leaves the engine's
state as it was; that is why every decision here is taken before, never after.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from uuid import uuid4

import pulumi

from teal import flip
from teal.colours import COLOUR_LABEL, Colour, colour_of
from teal.kube import Cluster, ClusterAccess
from teal.moves import Move, Mover
from teal.prometheus import Prometheus, PrometheusAccess


class Guard:
    """Proves the destination for the whole flip set, once an update, and confirms the move after it."""

    def __init__(self, access: ClusterAccess, move: Move, prometheus: PrometheusAccess | None = None) -> None:
        """Prepare the hooks.

        Args:
            access: the cluster to measure.
            move: what this update declares of live traffic.
            prometheus: of the stack; None where it has none.
        """
        self._access = access
        self._move = move
        self._prometheus = prometheus
        self._name = f"update-{uuid4().hex[:8]}"
        self._proof: asyncio.Task[None] | None = None

    def traffic_hooks(self) -> pulumi.ResourceHookBinding:
        """For the resource whose change moves traffic.

        Before create as well: with server-side apply, creating a Service that
        is already there moves its traffic just like an update.
        """
        hook = pulumi.ResourceHook("teal-prove", self._prove, pulumi.ResourceHookOptions(on_dry_run=True))
        return pulumi.ResourceHookBinding(before_create=[hook], before_update=[hook])

    def confirm_hooks(self) -> pulumi.ResourceHookBinding:
        """For the record of the confirmed colour: written only when the move was seen to have happened, and baked."""
        hook = pulumi.ResourceHook("teal-confirm", self._confirm)
        return pulumi.ResourceHookBinding(before_create=[hook], before_update=[hook])

    async def _prove(self, args: pulumi.ResourceHookArgs) -> None:
        recorded = _colour(args.old_inputs)
        service = _name(args.new_inputs)
        async with Cluster.connect(self._access) as cluster:
            live = await cluster.live_service(service)
        flip.require_known(service, live, recorded=recorded, destination=self._move.to, repair=self._move.repair)
        if live is not None and live.colour is self._move.to and recorded is self._move.to:
            return  # something else of the Service changes; its traffic stays where it is
        if self._proof is None:  # one proof for the flip set, whichever of its services comes first
            self._proof = asyncio.create_task(self._preview() if pulumi.runtime.is_dry_run() else self._begin())
        await self._proof

    async def _preview(self) -> None:
        async with self._mover() as mover:
            for verdict in await mover.preview():
                pulumi.log.info(f"as of now: {verdict}")

    async def _begin(self) -> None:
        async with self._mover() as mover:
            await mover.begin()

    async def _confirm(self, args: pulumi.ResourceHookArgs) -> None:
        recorded: Mapping[str, str] = (args.old_inputs or {}).get("data") or {}
        async with self._mover() as mover:
            await mover.finish(colour_of(recorded.get("colour")))

    @asynccontextmanager
    async def _mover(self) -> AsyncGenerator[Mover]:
        async with AsyncExitStack() as stack:
            cluster = await stack.enter_async_context(Cluster.connect(self._access))
            prometheus = (
                await stack.enter_async_context(Prometheus.connect(self._prometheus)) if self._prometheus else None
            )
            yield Mover(cluster, self._move, name=self._name, prometheus=prometheus, say=pulumi.log.info)


def _name(inputs: Mapping[str, Any] | None) -> str:
    """Name of the object that a hook is about."""
    return str((inputs or {})["metadata"]["name"])


def _colour(inputs: Mapping[str, Any] | None) -> Colour | None:
    """The colour in a Service's selector, as the engine knows its inputs."""
    spec: Mapping[str, Any] = (inputs or {}).get("spec", {})
    selector: Mapping[str, Any] = spec.get("selector") or {}
    return colour_of(selector.get(COLOUR_LABEL))
