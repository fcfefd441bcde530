"""Runs an update as Pulumi's engine runs this program: teal's own hooks, and the engine's writes and their order.

What the engine does between hooks and API server is written down from its sources and from what it did on a cluster. A
step that succeeded is in its state; one that failed ends the update, and others that run are waited for.
"""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Any

import pulumi
from teal_infra import labels
from teal_infra.components import fingerprint
from teal_infra.hooks.guard import Guard
from teal_infra.planning import capacity, ending, plan, slots
from teal_infra.planning import live as reading
from teal_infra.planning.live import Live, split
from teal_infra.planning.move import move_of
from teal_infra.provider.ownership import FORCE
from teal_infra.settings import Settings
from teal_infra.traffic.change_markers import annotations
from teal_infra.traffic.gateway import spec

from teal.adapters.kubernetes.access import ClusterAccess
from teal.history.store import CONFIRMED
from teal.model.colours import Colour
from teal.model.errors import TealError
from teal.model.labels import (
    ACTIVE,
    COLOUR_LABEL,
    COMPONENT_LABEL,
    FLOOR,
    NAME_LABEL,
    PART_OF,
    PART_OF_LABEL,
    VERSION_LABEL,
)
from teal.model.routes import RouterKind
from teal.model.workers import COLOUR, WORKER, record
from tests.simulation.cluster import elb
from tests.simulation.cluster.api import NAMESPACE
from tests.simulation.cluster.store import Object
from tests.simulation.cluster.wire import Actor, Network
from tests.simulation.cluster.world import chance
from tests.simulation.processes.provider import EngineError, Provider

ACCESS = ClusterAccess(namespace=NAMESPACE)
HASTY = 0.3
"""The share of updates in which Pulumi's provider does not wait for a rollout that it has written, as it may not. The
program waits for each itself (`teal_infra.components.rollout`)."""


@dataclass(kw_only=True, slots=True)
class State:
    """The inputs of each resource as the engine wrote them last."""

    inputs: dict[str, Object] = field(default_factory=dict[str, Object])


class Update:
    """One `pulumi up`."""

    def __init__(self, network: Network, actor: Actor, settings: Settings, state: State) -> None:
        """Prepare to run this config against this state, as this process."""
        self._provider = Provider(network, actor)
        self._hasty = chance(network.seed, actor.name, "rollouts") < HASTY
        self._settings = settings
        self._state = state
        self.declares: Settings | None = None
        """What the update's CronJob is given, once that is written."""
        self._written: set[str] = set()
        """The Deployments that this update has written."""
        self._guard: Guard | None = None

    async def run(self) -> str:
        """Run the update, and return why it failed; empty where it did not."""
        try:
            live = await reading.ask(ACCESS, self._settings)
            if (ended := ending.ended(self._settings, live)) is not None:
                self._settings = ended.settings
            plan.require_safe(plan.make(self._settings, live))
            await self._provision(live)
        except (TealError, EngineError) as error:
            return str(error)
        except Exception as error:  # noqa: BLE001 - an engine passes on whatever a hook raises
            return f"{type(error).__name__}: {error}"
        finally:
            await self._provider.close()
        return ""

    async def _provision(self, live: Live) -> None:
        settings, active = self._settings, self._settings.active_colour
        self.declares = settings
        prometheus = settings.prometheus.access() if settings.prometheus else None
        self._guard = guard = Guard(ACCESS, move_of(settings, live), prometheus, settings.audience)
        late = [name for name, each in settings.services.items() if each.idles]
        early = [name for name in settings.services if name not in late]
        await _all(*(self._slot(name, active, live, None) for name in early))
        await _all(*(self._kept(name, active.other, live) for name in early))
        workers = [name for name in settings.services if name not in settings.routed]
        await _all(*(self._record(name, live, guard.traffic_hooks()) for name in workers))
        if late:
            start = guard.starting.hooks()
            await _all(*(self._slot(name, active, live, start) for name in late))
        await _all(*(self._traffic(name, live, guard.traffic_hooks()) for name in settings.routed))
        await self._confirmed(live, guard.confirm_hooks())
        if settings.slot(active.other):
            await _all(*(self._slot(name, active.other, live, guard.idle_hooks()) for name in settings.services))
        for (name, colour), each in live.slots.items():  # what an update before has left unfinished
            if each.rolling and f"{name}-{colour}" not in self._written and name in settings.services:
                await self._require(f"{name}-{colour}", undoes=False)

    async def _slot(self, name: str, colour: Colour, live: Live, hooks: pulumi.ResourceHookBinding | None) -> None:
        made = slots.fingerprint_of(self._settings, name, colour)
        assert made is not None
        slot, found = f"{name}-{colour}", live.slots.get((name, colour))
        marks = {NAME_LABEL: name, COLOUR_LABEL: colour, VERSION_LABEL: made.of.version, PART_OF_LABEL: PART_OF}
        started, ignored = slots.started(self._settings, live, name, colour), False
        deployment: Object = {
            "metadata": {
                "name": slot,
                "labels": marks,
                "annotations": {
                    **fingerprint.annotations_of(made, found.annotations if found else {}, live.at),
                    **({**started, FORCE: "true"} if started else {}),
                },
            },
            "spec": {"template": {"metadata": {"labels": marks}}},
        }
        if made.replicas is not None:
            deployment["spec"]["replicas"] = made.replicas
        elif slots.asleep(self._settings, live, name, colour):
            active, scaling = self._settings.active_colour, self._settings.services[name].autoscaling
            wanted = capacity.of(scaling, name, colour, active=active, live=live)
            deployment["spec"]["replicas"] = wanted.minimum
        elif started:
            old = self._state.inputs.get(f"deployments/{slot}", {"spec": {}})
            deployment["spec"].update({key: each for key, each in old["spec"].items() if key == "replicas"})
            ignored = True
        if name not in self._settings.routed:
            active = self._settings.active_colour
            turn = {FORCE: "true", **slots.stopped(self._settings, live, name, colour)}
            if hooks and colour is active:
                turn = {**annotations(live.services.get(name), active), **turn}
            deployment["metadata"]["annotations"].update(turn)
            deployment["metadata"]["labels"] = {**marks, COMPONENT_LABEL: WORKER}
        run = self._run(name, colour, deployment, live, hooks, ignored=ignored)
        await self._undoing(slot, hooks, run)
        if slot in self._written:
            await self._require(slot, undoes=bool(hooks and hooks.on_error))

    async def _require(self, slot: str, *, undoes: bool) -> None:
        """Wait for a rollout as the program does: no error hook runs where it fails, and a worker's flip is undone."""
        try:
            await self._provider.rolled_out(slot)
        except EngineError as error:
            if undoes and self._guard is not None:
                await self._guard.starting.undo(str(error))
            raise

    async def _undoing(self, name: str, hooks: pulumi.ResourceHookBinding | None, work: Awaitable[None]) -> None:
        """Do the work of a step, and run its error hooks where the provider could not."""
        try:
            await work
        except EngineError as error:
            for each in (hooks.on_error or ()) if hooks else ():
                args = pulumi.ErrorHookArgs(urn=f"urn:{name}", id=name, name=name, type="", errors=[str(error)])
                done: Any = each(args)  # pyright: ignore[reportCallIssue, reportUnknownVariableType]  # hook or callable
                await done
            raise

    async def _run(  # noqa: PLR0913 - of one slot
        self,
        name: str,
        colour: Colour,
        deployment: Object,
        live: Live,
        hooks: pulumi.ResourceHookBinding | None,
        *,
        ignored: bool,
    ) -> None:
        slot, made = f"{name}-{colour}", slots.fingerprint_of(self._settings, name, colour)
        assert made is not None
        if await self._step("deployments", slot, deployment, hooks, ignored=ignored):
            self._written.add(slot)
        if made.running and self._settings.services[name].autoscaling.enabled:
            await self._scaled(name, colour, live, hooks)
        elif f"horizontalpodautoscalers/{slot}" in self._state.inputs:
            await self._provider.send("DELETE", "horizontalpodautoscalers", slot)
            del self._state.inputs[f"horizontalpodautoscalers/{slot}"]
        if slot in self._written and not self._hasty:
            await self._provider.rolled_out(slot)

    async def _kept(self, name: str, colour: Colour, live: Live) -> None:
        """Hold the pods of the colour that traffic leaves, before it does."""
        scaled = self._settings.services[name].autoscaling.enabled
        if scaled and capacity.asked_to_keep(self._settings, name, live):
            await self._scaled(name, colour, live, None)

    async def _scaled(self, name: str, colour: Colour, live: Live, hooks: pulumi.ResourceHookBinding | None) -> None:
        scaling, slot = self._settings.services[name].autoscaling, f"{name}-{colour}"
        wanted = capacity.of(scaling, name, colour, active=self._settings.active_colour, live=live)
        autoscaler: Object = {
            "metadata": {
                "name": slot,
                "labels": {NAME_LABEL: name, COLOUR_LABEL: colour, PART_OF_LABEL: PART_OF},
                "annotations": {FLOOR: wanted.floor} if wanted.floor else {},
            },
            "spec": {
                "minReplicas": wanted.minimum,
                "maxReplicas": max(scaling.max_replicas, wanted.minimum),
            },
        }
        await self._step("horizontalpodautoscalers", slot, autoscaler, hooks)

    async def _traffic(self, name: str, live: Live, hooks: pulumi.ResourceHookBinding) -> None:
        active = self._settings.active_colour
        marks = annotations(live.services.get(name), active, self._settings.canary_weight)
        metadata: Object = {"name": name, "labels": dict(labels.shared(name)), "annotations": dict(marks)}
        if self._settings.router is RouterKind.SERVICE:
            service: Object = {"metadata": metadata, "spec": {"selector": dict(labels.selector(name, active))}}
            await self._step("services", name, service, hooks)
            return
        if self._settings.router is RouterKind.ALB:
            rule = elb.inputs(name, live.services.get(name), self._settings, live.at)
            await self._step(elb.RULES, name, rule, hooks)
            return
        metadata["annotations"][ACTIVE] = str(active)
        await self._step("httproutes", name, {"metadata": metadata, "spec": spec(self._settings, name)}, hooks)

    async def _record(self, name: str, live: Live, hooks: pulumi.ResourceHookBinding) -> None:
        """Write which colour of a worker may run."""
        active = self._settings.active_colour
        kept: Object = {
            "metadata": {
                "name": record(name),
                "labels": {**labels.shared(name), COMPONENT_LABEL: WORKER},
                "annotations": dict(annotations(live.services.get(name), active)),
            },
            "data": {COLOUR: str(active)},
        }
        await self._step("configmaps", record(name), kept, hooks)

    async def _confirmed(self, live: Live, hooks: pulumi.ResourceHookBinding) -> None:
        """Write the confirmed colour as `teal_infra.program` does: it differs when traffic moves, or may be halfway."""
        settings = self._settings
        record = {
            "colour": str(settings.active_colour),
            "version": settings.active_slot.version,
            **split(settings),
        }
        rests = live.rests_on(settings.active_colour, settings.services)
        since = live.record.get("since") if rests and live.record.items() >= record.items() else None
        data, metadata = {**record, "since": since or live.at}, {"name": CONFIRMED, "labels": {PART_OF_LABEL: PART_OF}}
        await self._step("configmaps", CONFIRMED, {"metadata": metadata, "data": data}, hooks)

    async def _step(
        self,
        kind: str,
        name: str,
        inputs: Object,
        hooks: pulumi.ResourceHookBinding | None,
        *,
        ignored: bool = False,
    ) -> bool:
        """Do a resource's step: nothing where its inputs are as they were; else its hooks, its write, and the state.

        Whether it was written is returned.
        Where the number of pods is `ignored`, others write it, and the provider leaves it out.
        """
        old = self._state.inputs.get(f"{kind}/{name}")
        if old == inputs:
            return False
        bound = hooks and (hooks.before_update if old else hooks.before_create)
        for each in bound or ():
            args = pulumi.ResourceHookArgs(
                urn=f"urn:{name}", id=name, name=name, type=kind, new_inputs=inputs, old_inputs=old
            )
            done: Any = each(args)  # pyright: ignore[reportCallIssue, reportUnknownVariableType]  # hook or callable
            await done
        given_up = (
            "replicas" in (old or inputs)["spec"] and "replicas" not in inputs["spec"] if kind == "deployments" else 0
        )
        # What nobody gives any more, the API server sets to its default.
        sent = {**inputs, "spec": {**inputs["spec"], "replicas": 1}} if given_up else inputs
        if ignored:
            sent = {**inputs, "spec": {key: each for key, each in inputs["spec"].items() if key != "replicas"}}
        await self._provider.send("PATCH", kind, name, elb.kept(inputs, name) if kind == elb.RULES else sent)
        self._state.inputs[f"{kind}/{name}"] = inputs
        return True


async def _all(*steps: Any) -> None:  # noqa: ANN401 - coroutines
    """Run all at once, and raise the first failure once every other one has ended."""
    for each in await asyncio.gather(*steps, return_exceptions=True):
        if isinstance(each, BaseException):
            raise each
