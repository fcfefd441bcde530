"""What a stack consists of, and what waits for what.

    active colour's slots ──► traffic (proven before it moves) ──► confirmed ──► idle colour's slots
    pods that traffic leaves are kept ──┘

The idle colour comes last because right after a flip it is what was live a
moment ago: nothing may shrink it before the move is confirmed. Nor may its
autoscaler, which sees its traffic go: that is asked to keep them first.
"""

from collections.abc import Mapping, Sequence

import pulumi
from pulumi_kubernetes import Provider

from teal.adapters.kubernetes.cluster import ClusterAccess
from teal.history.store import CONFIRMED
from teal.model.colours import Colour
from teal.monitoring.queries import Queries
from teal.schema.migrations import Plan
from teal_infra.components import fingerprint
from teal_infra.components.access import Access, AccessArgs
from teal_infra.components.admission import Admission
from teal_infra.components.environment import Environment, EnvironmentArgs, variables
from teal_infra.components.migrations import Contraction, ContractionArgs, Migration, MigrationArgs, Tool
from teal_infra.components.network import Member, NetworkPolicies, NetworkPoliciesArgs
from teal_infra.components.notify import noted
from teal_infra.components.observability import Observability, ObservabilityArgs
from teal_infra.components.scaling import Capacity
from teal_infra.components.slot import Slot, SlotArgs
from teal_infra.components.watch import NAME as WATCH
from teal_infra.components.watch import Watch, WatchArgs
from teal_infra.hooks.confirmed import Confirmed, ConfirmedArgs
from teal_infra.hooks.guard import Guard
from teal_infra.labels import Identity
from teal_infra.planning import capacity
from teal_infra.planning.live import Live, split
from teal_infra.planning.move import bake_plan, move_of
from teal_infra.provider.ownership import owned
from teal_infra.settings import Settings
from teal_infra.settings.pod.probes import HTTP
from teal_infra.settings.slot import Slot as SlotSettings
from teal_infra.settings.slot import SlotService
from teal_infra.traffic import Front, Route, Traffic, router
from teal_infra.traffic.outputs import export

ENDING_SECONDS = 15
"""What a kubelet takes beyond a pod's grace period, generously."""


def provision(
    settings: Settings,
    live: Live,
    cluster: ClusterAccess,
    schemas: Mapping[str, Plan],
    after: Sequence[pulumi.Resource] = (),
) -> None:
    """Declare all that a stack consists of, and its outputs; nothing touches the cluster before `after` is there."""
    stack = _Stack(settings, live, cluster, schemas, after)
    active = settings.active_colour
    active_slots = stack.slots(active)
    ready = [each for slot in active_slots for each in slot.ready]
    traffic = stack.traffic(after=[*stack.guards(), *stack.watch(), *ready, *stack.kept(active.other)])
    confirmed = stack.confirmed(after=[each.resource for each in traffic.values()])
    stack.after_confirmed(confirmed.record)
    idle_slots = stack.slots(active.other, after=[confirmed.record])
    stack.contractions(after=[confirmed.record, *(each for slot in idle_slots for each in slot.ready)])
    stack.observability()
    export(settings, traffic)


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
        # Mutable ConfigMaps: the record of the confirmed colour has to be updated in place. Replaced, it would be
        # deleted before the hook that guards it had its say.
        provider = Provider(
            "cluster",
            # Without an encryption of its own it would stand in the state as it is, with the keys that it may hold.
            kubeconfig=pulumi.Output.secret(cluster.kubeconfig) if cluster.kubeconfig else None,
            context=cluster.context,
            # By a value and not by `depends_on`, which of a component means its children: the plan has none.
            enable_config_map_mutable=pulumi.Output.all(*(each.urn for each in after)).apply(lambda _: True),
        )
        self._opts = pulumi.ResourceOptions(providers=[provider], transformations=[owned])
        self._access = Access(settings.namespace, AccessArgs(settings, keep=live.existing.ours), self._opts)
        members = {
            name: Member(
                ports=each.reached_ports,
                metrics_port=each.numbered(each.request_metrics.port),
                settings=each.network,
                peers=settings.peers(name),
            )
            for name, each in settings.services.items()
        }
        place = self._access.namespace
        peers = NetworkPoliciesArgs(services=members, namespace=place, own=settings.place.create)
        self._network = NetworkPolicies("network", peers, self._opts)
        self._router = router(
            Front(
                settings=settings,
                access=cluster,
                namespace=self._access.namespace,
                live=live.services,
                at=live.at,
                held=live.held,
            ),
            self._opts,
        )
        prometheus = settings.prometheus.access() if settings.prometheus else None
        self._guard = Guard(cluster, move_of(settings, live), prometheus, settings.audience)

    def slots(self, colour: Colour, after: Sequence[pulumi.Resource] = ()) -> Sequence[Slot]:
        """One colour of every service; none where the colour has no release."""
        settings = self._settings
        slot = settings.slot(colour)
        if slot is None:
            return ()
        hooks = None if colour is settings.active_colour else self._guard.idle_hooks()
        return [self._slot(name, colour, slot, after, hooks) for name in settings.services]

    def kept(self, colour: Colour) -> Sequence[pulumi.Resource]:
        """What holds the pods of the colour that traffic leaves, also of one that is to end in the same update."""
        return [
            each
            for name, settings in self._settings.services.items()
            if capacity.leaving(name, colour, active=self._settings.active_colour, live=self._live)
            for each in self._slot_of(name, colour).keep(settings, self._capacity(name, colour))
        ]

    def _slot_of(self, name: str, colour: Colour) -> Slot:
        if (name, colour) not in self._begun:
            slot = self._settings.slot(colour)
            version = slot.version if slot else ""
            of = Identity(service=name, colour=colour, version=version, namespace=self._access.namespace)
            self._begun[name, colour] = Slot(of.name, of, self._opts)
        return self._begun[name, colour]

    def _capacity(self, name: str, colour: Colour) -> Capacity:
        scaling = self._settings.services[name].autoscaling
        return capacity.of(scaling, name, colour, active=self._settings.active_colour, live=self._live)

    def _slot(
        self,
        name: str,
        colour: Colour,
        slot: SlotSettings,
        after: Sequence[pulumi.Resource],
        hooks: pulumi.ResourceHookBinding | None,
    ) -> Slot:
        """One colour of one service: its environment, what its database needs first, and its pods."""
        settings, release = self._settings.services[name], slot.services[name]
        if release.adopt is not None:
            return self._slot_of(name, colour).adopt(settings, release.adopt.selector)
        of = Identity(service=name, colour=colour, version=slot.version, namespace=self._access.namespace)
        plain, confidential = variables(self._settings, name, release)
        variables_of = EnvironmentArgs(of=of, plain=plain, confidential=confidential)
        environment = Environment(of.name, variables_of, self._opts)
        policy = self._network.services.get(name)
        first = [*([policy] if policy else []), *self._router.before_pods(name, colour), *after]
        live = self._live.slots.get((name, colour))
        begun = self._slot_of(name, colour)
        begun.run(
            SlotArgs(
                of=of,
                settings=settings,
                release=release,
                account=self._access.accounts[name],
                environment=environment,
                fingerprint=fingerprint.fingerprint_of(self._settings, name, slot, of),
                capacity=self._capacity(name, colour),
                live=live.annotations if live else {},
                now=self._live.at,
                after=[*first, *self._migrations(of, release, environment, first)],
                hooks=hooks,
            )
        )
        return begun

    def _migrations(
        self, of: Identity, release: SlotService, environment: Environment, first: Sequence[pulumi.Resource]
    ) -> Sequence[pulumi.Resource]:
        """The Jobs that a slot's pods wait for."""
        settings = self._settings.services[of.service]
        if settings.migrations is None:
            return ()
        plain, _ = variables(self._settings, of.service, SlotService(image=release.image))
        tool = Tool(
            of=of,
            settings=settings,
            commands=settings.migrations,
            image=release.image,
            account=self._access.accounts[of.service],
            environment=environment.sources,
            referring=environment.referring,
            target={key: value for key, value in plain.items() if key.startswith("DB_")},
        )
        self._tools[of.service, of.colour] = tool
        steps = [step for step in self._schemas[of.service].before if step.release.colour is of.colour]
        after = [*environment.objects, *first]
        declared = [MigrationArgs(tool=tool, step=step, after=after) for step in steps]
        return [Migration(each.name, each, self._opts).job for each in declared]

    def contractions(self, after: Sequence[pulumi.Resource]) -> None:
        """What nobody needs any more goes last, once the old release is gone."""
        for name, plan in self._schemas.items():
            if plan.waiting:
                pulumi.log.info(plan.waiting)
            if not plan.contracted.begun:
                continue
            args = ContractionArgs(
                service=name,
                plan=plan,
                tools={colour: tool for (service, colour), tool in self._tools.items() if service == name},
                namespace=self._access.namespace,
                access=self._cluster,
                wait_seconds=self._settings.services[name].shutdown.grace_period_seconds + ENDING_SECONDS,
                after=after,
            )
            Contraction(name, args, self._opts)

    def traffic(self, after: Sequence[pulumi.Resource]) -> Mapping[str, Traffic]:
        """Every service's live traffic; none of it before all of the destination is there."""
        active, hooks = self._settings.active_colour, self._guard.traffic_hooks()
        return {
            name: self._router.route(Route(service=name, active=active, hooks=hooks, after=after))
            for name in self._settings.services
        }

    def after_confirmed(self, record: pulumi.Resource) -> None:
        """What of the traffic follows a flip only once it is confirmed."""
        self._router.after_confirmed(record)

    def observability(self) -> None:
        """What a Prometheus and a Grafana that are there already are given of every service."""
        for name, service in self._settings.services.items():
            queries = Queries(service=name, namespace=self._settings.namespace, metrics=service.counted)
            args = ObservabilityArgs(
                queries=queries,
                settings=self._settings.observability,
                bounds=service.alerts,
                namespace=self._access.namespace,
                path=service.request_metrics.path,
                port=service.request_metrics.port or HTTP,
            )
            Observability(name, args, self._opts)
            if self._settings.prometheus is not None and service.counted is None:
                pulumi.log.info(
                    f"{name} counts no requests (teal:services.{name}.requestMetrics.preset is none): its flips are "
                    "judged by what its doors answer and by its pods, not by live traffic's errors or times"
                )

    def guards(self) -> Sequence[pulumi.Resource]:
        """What holds approvals and records, and notes who was told: to be there before any traffic moves."""
        notes = noted(self._settings.audience, self._access.namespace, self._opts)
        if self._settings.admission is None:
            return notes
        return [*notes, *Admission("teal-admission", self._settings, self._opts).bindings]

    def watch(self) -> Sequence[pulumi.Resource]:
        """Who goes on with a flip whose update dies: to be there before any traffic moves."""
        settings = self._settings
        if settings.watch is None:
            return ()
        args = WatchArgs(
            watch=settings.watch, settings=settings, bake=bake_plan(settings), namespace=self._access.namespace
        )
        return [Watch(WATCH, args, self._opts).cron_job]

    def confirmed(self, after: Sequence[pulumi.Resource]) -> Confirmed:
        """The record that the move was seen to have happened."""
        record = {
            "colour": self._settings.active_colour,
            "version": self._settings.active_slot.version,
            **split(self._settings),
        }
        known = self._live.record
        # It differs whenever traffic moves, or may have been left halfway: only then do its hooks run.
        rests = self._live.rests_on(self._settings.active_colour, self._settings.services)
        since = known.get("since") if rests and known.items() >= record.items() else None
        record["since"] = since or self._live.at
        args = ConfirmedArgs(record=record, after=after, guard=self._guard, namespace=self._access.namespace)
        confirmed = Confirmed(CONFIRMED, args, self._opts)
        self._guard.watch_over(confirmed.record)
        return confirmed
