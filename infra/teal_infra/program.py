"""Declares what a stack consists of, and what waits for what.

    active colour's slots ──► workers' records ──► workers ──► traffic ──► confirmed ──► idle colour's slots
    pods that traffic leaves are kept ──┘          (each proven before it moves)

The idle colour comes last because right after a flip it is what was live a moment ago: nothing may shrink it before the
move is confirmed. Nor may its autoscaler, which sees its traffic go, so it is asked first to keep the pods.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
from pulumi_kubernetes import Provider

from teal.adapters.kubernetes.cluster import ClusterAccess
from teal.adapters.kubernetes.scale import ENDING_SECONDS
from teal.history.store import CONFIRMED
from teal.model.colours import Colour
from teal.schema.migrations import Plan
from teal_infra.components import fingerprint
from teal_infra.components.access import Access, AccessArgs
from teal_infra.components.admission import Admission
from teal_infra.components.environment import Environment, EnvironmentArgs, flags, variables
from teal_infra.components.fingerprint import Fingerprint
from teal_infra.components.migrations import Contraction, ContractionArgs, Migration, MigrationArgs, Tool, tool_of
from teal_infra.components.network import NetworkPolicies, NetworkPoliciesArgs, members
from teal_infra.components.notify import noted
from teal_infra.components.observability import observe
from teal_infra.components.rollout import Rollouts, Undo
from teal_infra.components.scaling import Capacity
from teal_infra.components.slot import Slot, SlotArgs
from teal_infra.components.watch import NAME as WATCH
from teal_infra.components.watch import Watch, WatchArgs
from teal_infra.hooks.confirmed import Confirmed, ConfirmedArgs
from teal_infra.hooks.guard import Guard
from teal_infra.hooks.place import this_stack
from teal_infra.labels import Identity
from teal_infra.planning import capacity
from teal_infra.planning.ending import endings
from teal_infra.planning.live import Live, recorded
from teal_infra.planning.move import bake_plan, move_of
from teal_infra.planning.slots import overruling, pinned, scaled_by_hand, turn
from teal_infra.provider.ownership import Prior, owned
from teal_infra.settings import Settings
from teal_infra.settings.slot import Slot as SlotSettings
from teal_infra.settings.slot import SlotService
from teal_infra.traffic import Front, Route, RouteArgs, Traffic, router
from teal_infra.traffic.outputs import export
from teal_infra.traffic.worker import Worker


def provision(
    settings: Settings,
    live: Live,
    cluster: ClusterAccess,
    schemas: Mapping[str, Plan],
    after: Sequence[pulumi.Resource] = (),
) -> None:
    """Declare all that a stack consists of, and its outputs; nothing touches the cluster before `after` exists."""
    stack = _Stack(settings, live, cluster, schemas, after)
    active = settings.active_colour
    ready = stack.slots(active, [name for name, each in settings.services.items() if not each.idles])
    first = [*stack.guards(), *stack.watch(), *ready, *stack.kept(active.other)]
    workers, working = stack.workers(after=first)
    traffic = {**workers, **stack.traffic(after=[*first, *working])}
    confirmed = stack.confirmed(after=[*working, *(each.resource for each in traffic.values())])
    stack.router.after_confirmed(confirmed.record)
    idle = stack.slots(active.other, settings.services, after=[confirmed.record])
    stack.contractions(after=[confirmed.record, *idle])
    stack.rollouts.require_rest(after=[confirmed.record, *idle])
    observe(settings, stack.namespace, stack.opts)
    export(settings, traffic)


@dataclass(frozen=True, kw_only=True, slots=True)
class _When:
    """When a colour's pods may change, and which hooks allow it."""

    after: Sequence[Prior] = ()
    hooks: pulumi.ResourceHookBinding | None = None
    records: Sequence[Prior] = ()
    """The records of all workers, for which only the pods of a worker's active colour wait."""
    marks: Mapping[str, str] = field(default_factory=dict[str, str])
    """The annotations of the worker's own record."""
    undo: Undo | None = None
    """Undoes a flip that has started workers."""


class _Stack:
    """The parts of one stack; they share its settings, its cluster and its guard."""

    def __init__(
        self,
        settings: Settings,
        live: Live,
        cluster: ClusterAccess,
        schemas: Mapping[str, Plan],
        after: Sequence[pulumi.Resource],
    ) -> None:
        self._settings = settings
        self._live = live
        self._cluster = cluster
        self._schemas = schemas
        self._tools: dict[tuple[str, Colour], Tool] = {}
        self._begun: dict[tuple[str, Colour], Slot] = {}
        # ConfigMaps are mutable, since the record of the confirmed colour has to be updated in place. A replacement
        # would delete it before the hook that guards it has run.
        provider = Provider(
            "cluster",
            # Unless it is a secret, the state has it in plain text, with the keys that it may hold.
            kubeconfig=pulumi.Output.secret(cluster.kubeconfig) if cluster.kubeconfig else None,
            context=cluster.context,
            # Otherwise another kubeconfig that leads to the same API server by another name, or with another
            # authority, would replace all objects: each is applied over itself, and then deleted.
            cluster_identifier="teal",
            # It waits by a value and not by `depends_on`, which means a component's children: the plan has none.
            enable_config_map_mutable=pulumi.Output.all(*(each.urn for each in after)).apply(lambda _: True),
        )
        self.opts = pulumi.ResourceOptions(providers=[provider], transformations=[owned])
        self._access = Access(settings.namespace, AccessArgs(settings, keep=live.existing.left(settings)), self.opts)
        self.namespace = place = self._access.namespace
        peers = NetworkPoliciesArgs(services=members(settings), namespace=place, own=settings.place.create)
        self._network = NetworkPolicies("network", peers, self.opts)
        self._front = Front(
            settings=settings,
            access=cluster,
            namespace=place,
            live=live.services,
            at=live.at,
            held=live.held,
        )
        self.router = router(self._front, self.opts)
        self._flags = flags(settings, place, self.opts)
        prometheus = settings.prometheus.access() if settings.prometheus else None
        self.rollouts = Rollouts(cluster)
        self._guard = Guard(cluster, move_of(settings, live), prometheus, settings.audience, shared=True)

    def slots(self, colour: Colour, names: Iterable[str], after: Sequence[Prior] = ()) -> Sequence[Prior]:
        """Declare one colour of some services, and return what others wait for; empty if the colour has no release."""
        slot = self._settings.slot(colour)
        if slot is None:
            return ()
        when = _When(after=after, hooks=None if colour is self._settings.active_colour else self._guard.idle_hooks())
        return [each for name in names for each in self._slot(name, colour, slot, when).ready]

    def workers(self, after: Sequence[Prior]) -> tuple[Mapping[str, Traffic], Sequence[Prior]]:
        """Declare the record of each worker's live colour, once all else is proven, and then that colour's pods."""
        settings, active, hooks = self._settings, self._settings.active_colour, self._guard.traffic_hooks()
        records: dict[str, Worker] = {}
        for name, each in settings.services.items():
            if each.worker is not None:
                route = Route(service=name, active=active, hooks=hooks, after=after)
                records[name] = Worker(name, RouteArgs(front=self._front, route=route), self.opts)
        late = {name: each for name, each in records.items() if settings.services[name].idles}
        if not late:
            return records, ()
        start, written = self._guard.starting.hooks(), [each.resource for each in records.values()]
        undo = self._guard.starting.undo
        when = {
            name: _When(after=after, hooks=start, records=written, marks=each.marks, undo=undo)
            for name, each in late.items()
        }
        slots = [self._slot(name, active, settings.active_slot, each) for name, each in when.items()]
        return records, [each for slot in slots for each in slot.ready]

    def kept(self, colour: Colour) -> Sequence[pulumi.Resource]:
        """Declare what keeps the pods of the colour that traffic leaves, even of one that ends in the same update."""
        return [
            each
            for name, settings in self._settings.services.items()
            if not settings.idles and capacity.asked_to_keep(self._settings, name, self._live)
            for each in self._slot_of(name, colour).keep(settings, self._capacity(name, colour))
        ]

    def _slot_of(self, name: str, colour: Colour) -> Slot:
        if (name, colour) not in self._begun:
            slot = self._settings.slot(colour)
            version = slot.version if slot else ""
            of = Identity(service=name, colour=colour, version=version, namespace=self.namespace)
            self._begun[name, colour] = Slot(of.name, of, self.opts)
        return self._begun[name, colour]

    def _capacity(self, name: str, colour: Colour) -> Capacity:
        scaling = self._settings.services[name].autoscaling
        return capacity.of(scaling, name, colour, active=self._settings.active_colour, live=self._live)

    def _slot(self, name: str, colour: Colour, slot: SlotSettings, when: "_When") -> Slot:
        """Declare one colour of one service: its environment, its database's migrations, and its pods."""
        settings, release = self._settings.services[name], slot.services[name]
        if release.adopt is not None:
            return self._slot_of(name, colour).adopt(settings, release.adopt.selector)
        of = Identity(service=name, colour=colour, version=slot.version, namespace=self.namespace)
        plain, confidential = variables(self._settings, name, release)
        variables_of = EnvironmentArgs(of=of, plain=plain, confidential=confidential)
        environment = Environment(of.name, variables_of, self.opts)
        policy = self._network.services.get(name)
        first = [*([policy] if policy else []), *self._flags, *self.router.before_pods(name, colour), *when.after]
        live = self._live.slots.get((name, colour))
        content = fingerprint.fingerprint_of(self._settings, name, slot, of)
        annotations = fingerprint.annotations_of(content, live.annotations if live else {}, self._live.at)
        annotations = {**annotations, **overruling(content, live)}
        jobs = self._migrations(content, environment, first)
        begun = self._slot_of(name, colour)
        begun.run(
            SlotArgs(
                account=self._access.accounts[name],
                environment=environment,
                fingerprint=content,
                annotations=annotations,
                capacity=pinned(content, live, self._live.autoscalers.get(of.name)) or self._capacity(name, colour),
                scaled_by_hand=scaled_by_hand(content, live),
                rollouts=self.rollouts,
                rolling=live is not None and live.rolling,
                undo=when.undo,
                after=[*first, *jobs, *when.records],
                hooks=when.hooks,
                turn=turn(self._settings, self._live, name, colour, when.marks, with_the_move=bool(when.records)),
            )
        )
        return begun

    def _migrations(
        self, content: Fingerprint, environment: Environment, first: Sequence[Prior]
    ) -> Sequence[pulumi.Resource]:
        """Declare the Jobs that a slot's pods wait for."""
        of = content.of
        if content.settings.migrations is None:
            return ()
        plain, _ = variables(self._settings, of.service, SlotService(image=content.release.image))
        target = {key: value for key, value in plain.items() if key.startswith("DB_")}
        tool = tool_of(content, environment, self._access.accounts[of.service], target)
        self._tools[of.service, of.colour] = tool
        steps = [step for step in self._schemas[of.service].before if step.release.colour is of.colour]
        after = [*environment.objects, *first]
        declared = [MigrationArgs(tool=tool, step=step, after=after) for step in steps]
        return [Migration(each.name, each, self.opts).job for each in declared]

    def contractions(self, after: Sequence[Prior]) -> None:
        """Declare last what drops what nobody needs any more, once the old release is gone."""
        for name, plan in self._schemas.items():
            if plan.waiting:
                pulumi.log.info(plan.waiting)
            if not plan.contracted.begun:
                continue
            args = ContractionArgs(
                service=name,
                plan=plan,
                tools={colour: tool for (service, colour), tool in self._tools.items() if service == name},
                namespace=self.namespace,
                access=self._cluster,
                wait_seconds=self._settings.services[name].shutdown.grace_period_seconds + ENDING_SECONDS,
                after=after,
            )
            Contraction(name, args, self.opts)

    def traffic(self, after: Sequence[Prior]) -> Mapping[str, Traffic]:
        """Declare every service's live traffic, after everything of the destination."""
        active, hooks = self._settings.active_colour, self._guard.traffic_hooks()
        return {
            name: self.router.route(Route(service=name, active=active, hooks=hooks, after=after))
            for name in self._settings.routed
        }

    def guards(self) -> Sequence[pulumi.Resource]:
        """Declare what guards approvals and records, and what notes who was told, all before any traffic moves."""
        notes = noted(self._settings.audience, self.namespace, self.opts)
        if self._settings.admission is None:
            return notes
        return [*notes, *Admission("teal-admission", self._settings, self.opts).bindings]

    def watch(self) -> Sequence[pulumi.Resource]:
        """Declare the watch, which goes on with a flip whose update dies, before any traffic moves."""
        settings = self._settings
        if settings.watch is None:
            return ()
        bake, ends = bake_plan(settings), endings(settings)
        args = WatchArgs(watch=settings.watch, settings=settings, bake=bake, endings=ends, namespace=self.namespace)
        return [Watch(WATCH, args, self.opts).cron_job]

    def confirmed(self, after: Sequence[Prior]) -> Confirmed:
        """Declare the record of the confirmed colour."""
        record = recorded(self._settings, self._live)
        # A stack that gets another name keeps the first one, so that nothing changes where the plan says so.
        stack = self._live.stack or (this_stack() if record != self._live.record else "")
        args = ConfirmedArgs(record=record, after=after, guard=self._guard, stack=stack, namespace=self.namespace)
        confirmed = Confirmed(CONFIRMED, args, self.opts)
        self._guard.watch_over(confirmed.record)
        return confirmed
