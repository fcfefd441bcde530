"""Binds the proof to the traffic: resource hooks that allow a move only when its gates pass.

A hook that fails *before* an operation prevents it and leaves the engine's state as it was. So every decision here is
made before an operation, never after it.
"""

import asyncio
import os
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import uuid4

import pulumi

from teal import routers
from teal.adapters.kubernetes.cluster import Cluster, ClusterAccess
from teal.adapters.prometheus import Prometheus, PrometheusAccess
from teal.flip import guards
from teal.flip.mover import Mover
from teal.gates.replies import NOT_ASKED
from teal.model.colours import Colour, colour_of
from teal.model.errors import ForeignChangeError, RefusedError
from teal.model.labels import COLOUR_LABEL
from teal.model.live import LiveService
from teal.model.verdict import Verdict, unproven
from teal.notifications.audience import Audience
from teal.notifications.notifier import Notifier
from teal.notifications.progress import Progress
from teal.spec.move import Move
from teal_infra.hooks.starting import Starting
from teal_infra.traffic import Declared, declared

_LANGUAGE_HOST = os.getppid()
"""The process that started this program. Without it the update ends, but the engine still writes what is allowed."""

_QUICK_SECONDS = 0.3
"""How long the last look before a write may take: three requests after each other, each a tenth of a second away."""

_LOOKS = 3
"""How often the last look is done at most, where the API server stays slow."""


class Guard:
    """Proves the destination for the whole flip set, once in an update, and confirms the move after it."""

    def __init__(
        self,
        access: ClusterAccess,
        move: Move,
        prometheus: PrometheusAccess | None = None,
        audience: Audience | None = None,
        *,
        shared: bool = False,
    ) -> None:
        """Prepare the hooks.

        Args:
            access: the cluster to measure.
            move: what this update declares of live traffic.
            prometheus: the stack's Prometheus; None where it has none.
            audience: who is told of the flip; None where nobody is.
            shared: whether what is said meanwhile is shown to whoever looks at the cluster.
        """
        self._access = access
        self._move = move
        self._prometheus = prometheus
        self._notifier = Notifier(audience or Audience(), access, pulumi.log.info)
        self._progress = Progress(pulumi.log.info) if shared and not pulumi.runtime.is_dry_run() else None
        self._name = f"update-{uuid4().hex[:8]}"
        self._bound: pulumi.ResourceHookBinding | None = None
        self._proofs: dict[str, asyncio.Task[None]] = {}
        self._before: dict[str, LiveService] = {}
        """Where each service's traffic went, at the last read before the engine's write."""
        self._confirming = False
        """Whether the record of the confirmed colour is part of this update."""
        self._number: int | None = None
        """The number of the flip that this update began; None where it began none."""
        self._waiting = frozenset(move.measured(late=True).flip_set)
        """The workers whose pods start with the move."""
        self.starting = Starting(self._mover)

    def traffic_hooks(self) -> pulumi.ResourceHookBinding:
        """Return the hooks of the resource whose change moves traffic.

        They also run before a create: with server-side apply, creating a Service that exists moves its traffic as an
        update does.
        """
        if self._bound is None:  # an engine takes a hook's name only once
            hook = pulumi.ResourceHook("teal-prove", self._prove, pulumi.ResourceHookOptions(on_dry_run=True))
            self._bound = pulumi.ResourceHookBinding(before_create=[hook], before_update=[hook])
        return self._bound

    def confirm_hooks(self) -> pulumi.ResourceHookBinding:
        """Return the hooks of the confirmed colour's record, which pass once the move and its bake have."""
        hook = pulumi.ResourceHook("teal-confirm", self._confirm)
        return pulumi.ResourceHookBinding(before_create=[hook], before_update=[hook])

    def idle_hooks(self) -> pulumi.ResourceHookBinding:
        """Return the hooks of pods of the colour that this update leaves idle, which may be live until then."""
        hook = pulumi.ResourceHook("teal-idle", self._require_idle)
        return pulumi.ResourceHookBinding(before_update=[hook])

    def watch_over(self, record: pulumi.Resource) -> None:
        """Bake a move even where the record of the confirmed colour is left out of the update, as by `--target`.

        The record's hook does not run then, and nobody would watch the live release.
        """
        record.urn.apply(self._bake_unrecorded)

    async def _bake_unrecorded(self, urn: str) -> None:
        if self._confirming or self._number is None:
            return
        pulumi.log.warn(
            f"this update moves live traffic and leaves out {urn} (--target, --exclude): it bakes the release all the "
            "same, and the next one records what came of it. Next: pulumi up"
        )
        await self._finish(self._move.confirmed)

    async def _require_idle(self, args: pulumi.ResourceHookArgs) -> None:
        """Allow a colour's pods to change once no live traffic goes to it.

        The engine gets to them after the move is confirmed. An update of a part (`--target`) may not move it at all.
        """
        labels: Mapping[str, str] = (args.new_inputs or {})["metadata"]["labels"]
        colour = colour_of(labels.get(COLOUR_LABEL))
        async with Cluster.connect(self._access) as cluster:
            live = await self._router(cluster).live_services(list(self._move.flip_set))
        for service, each in live.items():
            if each.colour is colour:
                raise RefusedError(
                    f"{args.name} was not changed: live traffic of {service} goes to {colour}, and this update, which "
                    f"has {self._move.to} as the active colour, does not move it before (--target, --exclude?). "
                    "Next: pulumi up, of the whole stack"
                )

    async def _prove(self, args: pulumi.ResourceHookArgs) -> None:
        wanted = declared(args.new_inputs or {})
        async with Cluster.connect(self._access) as cluster:
            router = self._router(cluster)
            before = await router.live_services([wanted.service])
            await self._prove_move(wanted, declared(args.old_inputs) if args.old_inputs else None, before)
            if pulumi.runtime.is_dry_run():
                return
            if wanted.service not in self._waiting:  # traffic follows what has started
                await self._require_workers()
            try:
                now = await self._last_look(router, wanted.service)
                guards.require_untouched(before, now)
                if self._number is None:
                    guards.require_unmoved(now, self._move.to)
                _require_language_host()
            except (ForeignChangeError, RefusedError) as error:
                if self._waiting:
                    await self.starting.undo(str(error))
                async with self._mover() as mover:
                    await mover.give_up(str(error))
                raise
        self._before.update(now)

    async def _last_look(self, router: routers.Router, service: str) -> Mapping[str, LiveService]:
        """Return where a service's traffic goes, and require that all is as it was proven, right before the write.

        The engine writes as soon as the hook returns, whatever is there by then. So what took longer than it takes an
        API server that is well is done once more.
        """
        looks = 0
        while True:
            began, looks = time.monotonic(), looks + 1
            if self._number is not None:  # the proof of another service may have taken longer than a lease
                async with self._mover() as mover:
                    await mover.renew(self._number, service)
            now = await router.live_services([service])
            if looks == _LOOKS or time.monotonic() - began < _QUICK_SECONDS:
                return now

    def _router(self, cluster: Cluster) -> routers.Router:
        return routers.connect(self._move.bake.router, cluster, workers=self._move.bake.workers)

    async def _prove_move(self, wanted: Declared, recorded: Declared | None, before: Mapping[str, LiveService]) -> None:
        """Allow a service's traffic to pass once what has to move is proven, and nobody else has moved it."""
        live, move = before.get(wanted.service), self._move
        if live is not None and live.colour is None and wanted.selector and live.selector == wanted.selector:
            return  # it is taken over, and leads where it led
        guards.require_known(
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
        """Run a proof once for the flip set, whichever of its services comes first."""
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
                self._number = await mover.begin()
                if self._waiting:
                    self.starting.begin()

    async def _confirm(self, args: pulumi.ResourceHookArgs) -> None:
        self._confirming = True
        recorded: Mapping[str, str] = (args.old_inputs or {}).get("data") or {}
        await self._finish(colour_of(recorded.get("colour")))
        if self._move.share > int(recorded.get("canary", "0")):  # which is recorded once it was watched
            async with self._mover() as mover:
                await mover.watch_share()

    async def _finish(self, recorded: Colour | None) -> None:
        await self._require_workers()
        self.starting.over()
        async with self._mover() as mover:
            await mover.finish(recorded, self._before, self._number)

    async def _require_workers(self) -> None:
        if self._waiting:
            await self.starting.require_proven()

    @asynccontextmanager
    async def _mover(self) -> AsyncGenerator[Mover]:
        async with AsyncExitStack() as stack:
            cluster = await stack.enter_async_context(Cluster.connect(self._access))
            prometheus = (
                await stack.enter_async_context(Prometheus.connect(self._prometheus)) if self._prometheus else None
            )
            stack.push_async_callback(self._notifier.over)
            say: Callable[[str], None] = pulumi.log.info
            if self._progress is not None:
                say = await stack.enter_async_context(self._progress.shared(cluster.http, cluster.namespace))
            yield Mover(
                cluster,
                self._move,
                name=self._name,
                prometheus=prometheus,
                say=say,
                recorded=self._notifier.recorded,
            )


def _require_language_host() -> None:
    """Check that this update will live to watch what it moves.

    Raises:
        RefusedError: the language host has ended; nobody would write the record or bake.
    """
    if os.getppid() != _LANGUAGE_HOST:
        raise RefusedError(
            f"Pulumi's language host (process {_LANGUAGE_HOST}) has ended, and this update ends with it: nobody would "
            "watch the release. Its traffic was not moved by this update. Next: pulumi up again"
        )


def _tell(verdicts: Sequence[Verdict]) -> None:
    """Report what the gates would decide now, and what that comes to."""
    for verdict in verdicts:
        pulumi.log.info(f"as of now: {verdict}")
    asked = [each for each in verdicts if not each.seen.startswith(NOT_ASKED)]
    missing, unasked = len(unproven(asked)), len(verdicts) - len(asked)
    would = f"{missing} of {len(asked)} gates would refuse" if missing else f"all {len(asked)} gates would pass"
    pulumi.log.info(f"as of now: {would}" + (f"; {unasked} {NOT_ASKED}" if unasked else ""))
