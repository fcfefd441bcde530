"""Binds the proof to the traffic: resource hooks that let a move pass only when the gates do.

A hook that fails *before* an operation prevents it and leaves the engine's
state as it was; that is why every decision here is taken before, never after.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import uuid4

import pulumi

from infra.traffic import declared
from teal import flip, routers
from teal.colours import colour_of
from teal.declared import Move
from teal.kube import Cluster, ClusterAccess
from teal.moves import Mover
from teal.prometheus import Prometheus, PrometheusAccess
from teal.verdict import Verdict, unproven


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
        self._proofs: dict[str, asyncio.Task[None]] = {}

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
        wanted, move = declared(args.new_inputs or {}), self._move
        recorded = declared(args.old_inputs) if args.old_inputs else None
        async with Cluster.connect(self._access) as cluster:
            router = routers.connect(move.bake.router, cluster)
            live = (await router.live_services([wanted.service])).get(wanted.service)
        flip.require_known(
            wanted.service,
            live,
            recorded=recorded.colour if recorded else None,
            destination=move.to,
            repair=move.repair,
            shares={wanted.share, recorded.share if recorded else 0},
        )
        there = live is not None and live.colour is move.to
        if not (there and recorded is not None and recorded.colour is move.to):
            await self._once("flip", self._flip)
        if there and live is not None and wanted.share > live.share:
            await self._once("canary", self._canary)

    async def _once(self, name: str, prove: Callable[[], Coroutine[None, None, None]]) -> None:
        """One proof for the flip set, whichever of its services comes first."""
        if name not in self._proofs:
            self._proofs[name] = asyncio.create_task(prove())
        await self._proofs[name]

    async def _canary(self) -> None:
        preview = pulumi.runtime.is_dry_run()
        async with self._mover() as mover:
            verdicts = await mover.canary(wait=not preview)
        if preview:
            _tell(verdicts)

    async def _flip(self) -> None:
        async with self._mover() as mover:
            if pulumi.runtime.is_dry_run():
                _tell(await mover.preview())
            else:
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


def _tell(verdicts: Sequence[Verdict]) -> None:
    """Say what the gates would decide at this moment, and what that comes to."""
    for verdict in verdicts:
        pulumi.log.info(f"as of now: {verdict}")
    missing = len(unproven(verdicts))
    would = f"{missing} of {len(verdicts)} gates would refuse" if missing else f"all {len(verdicts)} gates would pass"
    pulumi.log.info(f"as of now: {would}")
