"""What a stack consists of, and what waits for what.

    active colour's slots ──► traffic (proven before it moves) ──► confirmed ──► idle colour's slots

The idle colour comes last because right after a flip it is what was live a
moment ago: nothing may shrink it before the move is confirmed.
"""

from collections.abc import Mapping, Sequence

import pulumi
from pulumi_kubernetes import Provider

from infra import capacity, schema, stamp
from infra.access import Access
from infra.confirmed import Confirmed
from infra.environment import Environment, variables
from infra.guard import Guard
from infra.labels import Identity
from infra.live import Live, split
from infra.migrations import Contraction, ContractionArgs, Migration, Tool
from infra.move import move_of
from infra.network import Member, NetworkPolicies
from infra.observability import Observability
from infra.settings import Settings
from infra.settings.service import ServiceSettings
from infra.settings.slot import Slot as SlotSettings
from infra.settings.slot import SlotService
from infra.slot import Slot, SlotArgs
from infra.traffic import Front, Route, Traffic, router
from infra.watch import Watch
from teal.colours import Colour
from teal.kube import ClusterAccess
from teal.migrations import Contracted, Plan
from teal.queries import Queries
from teal.routes import RouterKind

ENDING_SECONDS = 15
"""What a kubelet takes beyond a pod's grace period, generously."""

INJECTED: Mapping[RouterKind, Mapping[str, str]] = {
    RouterKind.ALB: {"elbv2.k8s.aws/pod-readiness-gate-inject": "enabled"}
}
"""Labels by which the namespace asks a router's controller for readiness gates."""


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
    traffic = stack.traffic(after=[*stack.watch(), *(each for slot in active_slots for each in slot.ready)])
    confirmed = stack.confirmed(after=[each.resource for each in traffic.values()])
    idle_slots = stack.slots(active.other, after=[confirmed.record])
    stack.contractions(after=[confirmed.record, *(each for slot in idle_slots for each in slot.ready)])
    stack.observability()
    _outputs(settings, traffic)


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
        # Mutable ConfigMaps: the record of the confirmed colour has to be updated in place. Replaced, it would be
        # deleted before the hook that guards it had its say.
        provider = Provider(
            "cluster",
            kubeconfig=cluster.kubeconfig,
            context=cluster.context,
            # By a value and not by `depends_on`, which of a component means its children: the plan has none.
            enable_config_map_mutable=pulumi.Output.all(*(each.urn for each in after)).apply(lambda _: True),
        )
        self._opts = pulumi.ResourceOptions(providers=[provider])
        self._access = Access(settings.namespace, settings.services, self._opts, INJECTED.get(settings.router))
        self._network = NetworkPolicies(
            {
                name: Member(ports=_ports(each), metrics_port=each.port, settings=each.network)
                for name, each in settings.services.items()
            },
            settings.peers,
            self._access.namespace,
            self._opts,
        )
        self._router = router(
            Front(settings=settings, namespace=self._access.namespace, live=live.services, at=live.at, held=live.held),
            self._opts,
        )
        self._guard = Guard(
            cluster, move_of(settings, live), settings.prometheus.access() if settings.prometheus else None
        )

    def slots(self, colour: Colour, after: Sequence[pulumi.Resource] = ()) -> Sequence[Slot]:
        """One colour of every service; none where the colour has no release."""
        settings = self._settings
        slot = settings.slot(colour)
        if slot is None:
            return ()
        return [self._slot(name, colour, slot, after) for name in settings.services]

    def _slot(self, name: str, colour: Colour, slot: SlotSettings, after: Sequence[pulumi.Resource]) -> Slot:
        """One colour of one service: its environment, what its database needs first, and its pods."""
        settings, release = self._settings.services[name], slot.services[name]
        of = Identity(service=name, colour=colour, version=slot.version, namespace=self._access.namespace)
        environment = Environment(of, *variables(self._settings, name, release), self._opts)
        policy = self._network.services.get(name)
        first = [*([policy] if policy else []), *self._router.before_pods(name, colour), *after]
        live = self._live.slots.get((name, colour))
        return Slot(
            SlotArgs(
                of=of,
                settings=settings,
                release=release,
                account=self._access.accounts[name],
                environment=environment,
                made=stamp.made(self._settings, name, slot, of),
                capacity=capacity.of(
                    settings.autoscaling, name, colour, active=self._settings.active_colour, live=self._live
                ),
                live=live.annotations if live else {},
                now=self._live.at,
                after=[*first, *self._migrations(of, release, environment, first)],
            ),
            self._opts,
        )

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
            target={key: value for key, value in plain.items() if key.startswith("DB_")},
        )
        self._tools[of.service, of.colour] = tool
        steps = [step for step in self._schemas[of.service].before if step.release.colour is of.colour]
        return [Migration(tool, step, [*environment.objects, *first], self._opts).job for step in steps]

    def contractions(self, after: Sequence[pulumi.Resource]) -> None:
        """What nobody needs any more goes last, once the old release is gone."""
        for name, plan in self._schemas.items():
            if plan.waiting:
                pulumi.log.info(plan.waiting)
            recorded = self._live.contracted.get(name, Contracted())
            if not plan.after and not recorded.begun:
                continue
            Contraction(
                ContractionArgs(
                    service=name,
                    plan=plan,
                    contracted=recorded,
                    releases=schema.releases(self._settings, name),
                    tools={colour: tool for (service, colour), tool in self._tools.items() if service == name},
                    namespace=self._access.namespace,
                    access=self._cluster,
                    wait_seconds=self._settings.services[name].shutdown.grace_period_seconds + ENDING_SECONDS,
                ),
                after,
                self._opts,
            )

    def traffic(self, after: Sequence[pulumi.Resource]) -> Mapping[str, Traffic]:
        """Every service's live traffic; none of it before all of the destination is there."""
        active, hooks = self._settings.active_colour, self._guard.traffic_hooks()
        return {
            name: self._router.route(Route(service=name, active=active, hooks=hooks, after=after))
            for name in self._settings.services
        }

    def observability(self) -> None:
        """What a Prometheus and a Grafana that are there already are given of every service."""
        for name, service in self._settings.services.items():
            queries = Queries(service=name, namespace=self._settings.namespace)
            Observability(queries, self._settings.observability, service.alerts, self._access.namespace, self._opts)

    def watch(self) -> Sequence[pulumi.Resource]:
        """Who goes on with a flip whose update dies: to be there before any traffic moves."""
        settings = self._settings
        if settings.watch is None:
            return ()
        return [Watch(settings.watch, settings, self._access.namespace, self._opts).cron_job]

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
        return Confirmed(record, after, self._guard, self._access.namespace, self._opts)


def _ports(service: ServiceSettings) -> Sequence[int]:
    """On which a service's pods are reached."""
    return [service.port, *(each.target_port for each in service.front_door.extra_ports.values())]


def _outputs(settings: Settings, traffic: Mapping[str, Traffic]) -> None:
    """The doors of the first service stand alone too: most stacks have one."""
    fronts = {name: each.front_door for name, each in traffic.items()}
    previews = {name: each.preview_door for name, each in traffic.items()}
    first = next(iter(settings.services))
    pulumi.export("activeColour", settings.active_colour)
    pulumi.export("liveColour", traffic[first].live_colour)
    pulumi.export("frontDoor", fronts[first])
    pulumi.export("previewDoor", previews[first])
    pulumi.export("frontDoors", fronts)
    pulumi.export("previewDoors", previews)
    pulumi.export("versions", {colour: slot.version for colour in Colour if (slot := settings.slot(colour))})
