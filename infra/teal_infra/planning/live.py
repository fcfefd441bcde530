"""Reads what is live from the cluster, before the program declares anything.

The engine's state says what the last update did; only the cluster says where traffic goes. Both are needed: to refuse
somebody else's change by name, and to finish a move whose update was killed between the write and its record.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from teal import routers
from teal.adapters.kubernetes import schedule
from teal.adapters.kubernetes.cluster import Cluster, ClusterAccess
from teal.adapters.kubernetes.jobs import MigrationJob, migrations
from teal.adapters.kubernetes.objects import ConfigMap
from teal.flip import guards
from teal.history.model import History, Stage
from teal.history.store import CONFIRMED, Records
from teal.model.colours import ENGINE, Colour, colour_of
from teal.model.errors import ForeignChangeError, RefusedError
from teal.model.labels import STACK
from teal.model.live import LiveAutoscaler, LiveService, LiveSlot
from teal.model.routes import RouterKind
from teal.routers.kubernetes import KubernetesRouter
from teal.schema.migrations import Contracted
from teal_infra import labels
from teal_infra.planning import adoption
from teal_infra.planning.adoption import NOTHING, Existing
from teal_infra.settings import Settings
from teal_infra.settings.pod.flags import FILE, NAME
from teal_infra.settings.slot import State


@dataclass(frozen=True, kw_only=True, slots=True)
class Live:
    """The live state of the stack's namespace; empty where nothing was provisioned yet."""

    services: Mapping[str, LiveService] = field(default_factory=dict[str, LiveService])
    through: RouterKind | None = None
    """The router that the traffic goes through; None where it is the one that the config names."""
    others: Mapping[str, LiveService] = field(default_factory=dict[str, LiveService])
    """Where objects lead that no stack made, and whose place those of the declared services would take."""
    slots: Mapping[tuple[str, Colour], LiveSlot] = field(default_factory=dict[tuple[str, Colour], LiveSlot])
    autoscalers: Mapping[str, LiveAutoscaler] = field(default_factory=dict[str, LiveAutoscaler])
    """The autoscalers of all colours, by Deployment."""
    record: Mapping[str, str] = field(default_factory=dict[str, str])
    """What was confirmed: colour, version, since when; empty where nothing was."""
    stack: str = ""
    """The stack that made that record, as organisation/project/stack; empty where none did, or did not say so."""
    history: History = field(default_factory=History)
    """The history of flips, with the one under way."""
    contracted: Mapping[str, Contracted] = field(default_factory=dict[str, Contracted])
    """What is recorded of contracting migrations, by service."""
    ran: Sequence[MigrationJob] = ()
    """The Jobs of migrations; empty where no service has any."""
    flags: str = ""
    """The feature flags that pods read, as they are; empty where there are none, or none are declared."""
    existing: Existing = NOTHING
    """The objects that exist and that the stack did not make."""
    at: str = ""
    """When it was read, by the API server's clock, in RFC 3339 in UTC. The update dates its own changes with it."""

    @property
    def confirmed(self) -> Colour | None:
        """The colour whose move was confirmed last."""
        return colour_of(self.record.get("colour"))

    @property
    def held(self) -> frozenset[Colour]:
        """The colours that chosen clients are sent to, or that a flip under way may go back to."""
        origin = self.history.open.origin if self.history.open else None
        chosen = self.confirmed.other if self.confirmed and self.record.get("chosen") else None
        return frozenset(filter(None, (origin, chosen)))

    def rests_on(self, colour: Colour, services: Iterable[str]) -> bool:
        """Return whether all traffic goes to a colour, and no flip is under way."""
        there = all(name in self.services and self.services[name].colour is colour for name in services)
        return there and self.history.open is None


def read(access: ClusterAccess, settings: Settings) -> Live:
    """Read everything that the program needs to know from the cluster and the router, once.

    Raises:
        UnreachableError: the cluster could not be asked.
    """
    # Pulumi's own loop runs around the program's body, so this needs a thread with a loop of its own.
    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(asyncio.run, ask(access, settings)).result()


async def ask(access: ClusterAccess, settings: Settings) -> Live:
    """Read the same within the caller's own event loop."""
    kind = settings.router
    migrated = [name for name, service in settings.services.items() if service.migrations is not None]
    async with Cluster.connect(access) as cluster:
        records, router = Records(cluster.http, cluster.namespace), routers.connect(kind, cluster)
        (found, workers, slots, autoscalers, confirmed, kept), schemas, ran, existing, flags = await asyncio.gather(
            asyncio.gather(
                router.live_services(),
                routers.Workers(cluster).live_services(),
                cluster.slots(),
                cluster.autoscalers(),
                cluster.read(f"/api/v1/namespaces/{cluster.namespace}/configmaps/{CONFIRMED}", ConfigMap),
                records.load(),
            ),
            asyncio.gather(*(contracted(cluster, service) for service in migrated)),
            _ran(cluster, migrated),
            adoption.read(cluster, settings),
            _flags(cluster, settings),
        )
        record: Mapping[str, str] = confirmed.data if confirmed else {}
        crons = {name for name, each in settings.services.items() if each.cron}
        crons |= {name for name, each in workers.items() if each.cron}
        slots = {**slots, **await schedule.slots(cluster, sorted(crons))}
        through, left = await _through_another(cluster, kind, record, kept.history)
        new = settings.routed.keys() - settings.adopted.keys() - found.keys()
        others: Mapping[str, LiveService] = {}
        if new and isinstance(router, KubernetesRouter):  # a load balancer's rules have no names to collide
            others = await router.others()
    return Live(
        services={**adoption.live(settings, existing), **(left or found), **workers},
        through=through,
        others={name: each for name, each in others.items() if name in new},
        slots={**slots, **adoption.slots(settings, existing)},
        flags=flags,
        existing=existing,
        autoscalers=autoscalers,
        record=record,
        stack=confirmed.metadata.annotations.get(STACK, "") if confirmed else "",
        history=kept.history,
        contracted=dict(zip(migrated, schemas, strict=True)),
        ran=ran,
        at=records.now(),
    )


async def _ran(cluster: Cluster, migrated: Sequence[str]) -> Sequence[MigrationJob]:
    return await migrations(cluster) if migrated else ()


async def _flags(cluster: Cluster, settings: Settings) -> str:
    return (await cluster.config_map(NAME)).get(FILE, "") if settings.flags else ""


async def _through_another(
    cluster: Cluster, router: RouterKind, record: Mapping[str, str], history: History
) -> tuple[RouterKind | None, Mapping[str, LiveService]]:
    """Return live traffic through a router that the config named before, and that the declared one does not know.

    Only a stack with a confirmed release has clients to lose, so no other routers are asked. Where a record says that
    it has, and the history is lost, the one that needs no more rights than every stack has is asked.
    """
    lost = {RouterKind.SERVICE} if record and not history.flips else set[RouterKind]()
    known = lost | {each.plan.router for each in history.flips if record or each.stage is Stage.CONFIRMED}
    for kind in sorted(known - {router}):
        if found := await routers.connect(kind, cluster).live_services():
            return kind, found
    return None, {}


async def contracted(cluster: Cluster, service: str) -> Contracted:
    """Return what is recorded of a service's contracting migrations.

    Raises:
        UnreachableError: the cluster could not be asked.
    """
    begun, done = await asyncio.gather(
        cluster.config_map(labels.contracting(service)), cluster.config_map(labels.contracted(service))
    )
    return Contracted(begun=begun.get("revision", ""), done=done.get("revision", ""), by=done.get("by", ""))


def ours(service: LiveService) -> bool:
    """Return whether Pulumi's provider wrote the selector last."""
    return service.writer.startswith(ENGINE)


def _explained(service: LiveService, settings: Settings, live: Live) -> bool:
    expected = {settings.active_colour, live.confirmed}
    shares = {0, settings.canary_weight, int(live.record.get("canary", "0"))}
    forgiven = settings.repair is not None and service.colour is settings.repair
    if service.share not in shares:  # the share of a colour that is not live is in a flip's record only
        return forgiven or (settings.router.spec.names_writers and ours(service))
    return service.colour in expected or ours(service) or guards.is_forgiven(service, settings.repair)


def require_explained(live: Live, settings: Settings) -> None:
    """Refuse a live state that somebody else wrote.

    Traffic that is where the config wants it, or where the last confirmed update left it, needs no explanation.
    Elsewhere, either a killed update left it there (Pulumi wrote it), or somebody else moved it.

    Raises:
        ForeignChangeError: somebody else did; the message names the service, its selector and the writer.
        RefusedError: a share of live traffic would be lost, or sent to a colour that nobody proves.
    """
    _require_whole(live, settings)
    for name, service in live.services.items():
        if _explained(service, settings, live):
            continue
        colour = service.colour or settings.active_colour
        keep = f"teal:canaryWeight {service.share}" if service.share else f"teal:activeColour {colour}"
        raise ForeignChangeError(
            f"live traffic of {name} goes to {guards.leads(service)}, and '{service.writer}' wrote "
            f"that, not this stack, which declares {settings.active_colour}. Nothing was changed. Next: find out who "
            f"moved it; to keep it, pulumi config set {keep}; "
            f"to overwrite it, pulumi config set teal:repair {colour}; then pulumi up"
        )


def split(settings: Settings) -> Mapping[str, str]:
    """Return who gets the other colour beside a flip, as it is recorded; a change of it has to settle as well."""
    chosen = {"chosen": str(settings.chosen)} if settings.chosen else {}
    return {**({"canary": str(settings.canary_weight)} if settings.canary_weight else {}), **chosen}


def recorded(settings: Settings, live: Live) -> Mapping[str, str]:
    """Return what an update records once its move is confirmed."""
    record = {"colour": settings.active_colour, "version": settings.active_slot.version, **split(settings)}
    # It differs whenever traffic moves, or may be halfway, since its hooks run only then.
    rests = live.rests_on(settings.active_colour, settings.services)
    since = live.record.get("since") if rests and live.record.items() >= record.items() else None
    return {**record, "since": since or live.at}


def _require_whole(live: Live, settings: Settings) -> None:
    """Refuse to move half of the traffic, and to end a colour that still has a share.

    Raises:
        RefusedError: the message says which of the two.
    """
    active, idle = settings.active_colour, settings.active_colour.other
    moving = [
        name for name in settings.services if name not in live.services or live.services[name].colour is not active
    ]
    if settings.canary_weight and moving:
        raise RefusedError(
            f"live traffic of {', '.join(moving)} is to go to {active}, and teal:canaryWeight is "
            f"{settings.canary_weight}: that share would go to {idle}, which nobody proves in the same update. Nothing "
            "was changed. Next: pulumi config set teal:canaryWeight 0, pulumi up; then set it again"
        )
    slot = settings.slot(idle)
    sharing = [name for name, each in live.services.items() if each.colour is active and each.share]
    if (slot is None or slot.state is not State.RUNNING) and (sharing or live.record.get("chosen")):
        who = f"{live.services[sharing[0]].share} % of live traffic" if sharing else live.record["chosen"]
        raise RefusedError(
            f"slot {idle} is to end, and it has the requests of {who}: they would be lost before every router has "
            f"followed. Nothing was changed. Next: pulumi config set --path teal:{idle}.state running, take the share "
            f"away, pulumi up; end {idle} {settings.settle_seconds} s later"
        )
