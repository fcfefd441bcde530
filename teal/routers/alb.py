"""`router: alb`: the weights of a listener rule over the target groups of both colours.

AWS records neither who wrote a rule nor a version of it, and has no conditional writes. So a rule is read right before
it is written, compared with the earlier read, and read back afterwards.
"""

import asyncio
import time
from collections.abc import Collection, Iterable, Mapping, Sequence

from pydantic import AliasPath, BaseModel, Field

from teal.adapters.aws.elb import connect
from teal.adapters.aws.objects import Listener, Rule
from teal.adapters.kubernetes.cluster import Cluster
from teal.adapters.kubernetes.objects import Labelled
from teal.gates.alarms import GATE as ALARMS
from teal.gates.alarms import QUIET, RINGING, alarms
from teal.gates.targets import COMING, HEALTHY, needed, targets
from teal.gates.targets import GATE as TARGETS
from teal.history.model import History
from teal.history.store import Records
from teal.model.colours import MANAGER, Colour, colour_of
from teal.model.errors import ChangedError, UnreachableError
from teal.model.labels import COLOUR_LABEL, LIVE, NAME_LABEL, ORDER, PART_OF, PART_OF_LABEL, ROLE
from teal.model.live import LiveService
from teal.model.routes import AlbRoute, Split, alarm_prefix, said, weights
from teal.model.verdict import Outcome, Verdict

WRITER = "a client of AWS that it keeps no name of"
"""The last writer of a rule, whom only CloudTrail knows, minutes later."""

HEALTHY_SECONDS = 120.0
"""How long to wait for targets whose health checks have begun: a registration and two checks, 30 s apart."""

QUIET_SECONDS = 150.0
"""How long to wait for alarms without a state: they are evaluated once a minute."""

PAUSE_SECONDS = 1.0

Groups = Mapping[str, Mapping[Colour, str]]
"""The ARN of each colour's target group, by service."""


class _Binding(BaseModel):
    metadata: Labelled
    group: str = Field(validation_alias=AliasPath("spec", "targetGroupARN"))


class AlbRouter:
    """Reads and writes listener rules."""

    pace = 5.0
    """Each look takes two calls of the kind that AWS throttles for a whole account."""

    def __init__(self, cluster: Cluster, routes: Mapping[str, AlbRoute]) -> None:
        """Prepare to ask AWS about the services of a cluster's namespace.

        Args:
            cluster: the cluster whose TargetGroupBindings name the target groups.
            routes: the routes of services, where they are known already.
        """
        self._cluster = cluster
        self._routes = dict(routes)
        self._heard: set[str] = set()
        """The alarms that existed at the last read."""

    async def live_services(self, names: Collection[str] | None = None) -> Mapping[str, LiveService]:
        """Return how each rule shares out its traffic, without services that have no rule or no target groups."""
        if not self._routes.keys() >= {*(names or ())} or not self._routes:
            self._routes |= await self._search()
        routes = {name: each for name, each in self._routes.items() if names is None or name in names}
        by_region: dict[str, list[str]] = {}
        for route in routes.values():
            by_region.setdefault(route.region, []).append(route.rule)
        kept, found = await asyncio.gather(
            Records(self._cluster.http, self._cluster.namespace).load(),
            asyncio.gather(*(connect(region).known(arns) for region, arns in by_region.items())),
        )
        rules = {rule.arn: rule for part in found for rule in part}
        return {
            name: _live(route, rules[route.rule], kept.history) for name, route in routes.items() if route.rule in rules
        }

    async def _search(self) -> Mapping[str, AlbRoute]:
        """Find the routes: from the cluster's bindings to target groups, load balancers, listeners and their rules."""
        groups = await self._bound()
        by_region: dict[str, dict[str, Mapping[Colour, str]]] = {}
        for name, colours in groups.items():
            region = next(iter(colours.values())).split(":")[3]
            by_region.setdefault(region, {})[name] = colours
        found = await asyncio.gather(*(self._rules_over(region, part) for region, part in by_region.items()))
        return {name: route for part in found for name, route in part.items()}

    async def _bound(self) -> Groups:
        base = f"/apis/elbv2.k8s.aws/v1beta1/namespaces/{self._cluster.namespace}/targetgroupbindings"
        listed = await self._cluster.listed(base, _Binding, f"{PART_OF_LABEL}={PART_OF}")
        groups: dict[str, dict[Colour, str]] = {}
        for each in listed:
            labels = each.metadata.labels
            colour = colour_of(labels.get(COLOUR_LABEL))
            if colour is not None and NAME_LABEL in labels:
                groups.setdefault(labels[NAME_LABEL], {})[colour] = each.group
        return groups

    async def _rules_over(self, region: str, groups: Groups) -> Mapping[str, AlbRoute]:
        elb = connect(region)
        balancers = await elb.balancers(arn for colours in groups.values() for arn in colours.values())
        listed = await asyncio.gather(*(elb.listeners(each.load_balancer_arn) for each in balancers))
        names = {each.load_balancer_arn: each.dns_name for each in balancers}
        listeners = {each.listener_arn: each for part in listed for each in part}
        rules = [
            rule
            for part in await asyncio.gather(*(elb.rules(listener=arn) for arn in listeners))
            for rule in part
            if any({*colours.values()} & {*rule.weights} for colours in groups.values())
        ]
        found: dict[str, AlbRoute] = {}
        for rule in await elb.tagged(rules):
            listener = listeners[rule.listener]
            for name, colours in groups.items():
                if rule.tags.get(ROLE) == LIVE and {*colours.values()} & {*rule.weights}:
                    door = _door(names[listener.load_balancer_arn], listener)
                    found[name] = AlbRoute(region=region, rule=rule.arn, groups=colours, door=door)
        return found

    async def move(self, service: str, live: LiveService, colour: Colour) -> None:
        """Write both weights of one rule, if it is as it was read."""
        route = live.route or self._routes[service]
        elb = connect(route.region)
        found = [each for each in await elb.rules(arns=[route.rule]) if each.arn == route.rule]
        if not found or found[0].digest != live.resource_version:
            raise ChangedError(f"listener rule {route.rule} of {service} is not as it was read, or is gone")
        wanted = {route.groups[each]: weight for each, weight in weights(colour).items()}
        await elb.write(found[0], wanted)

    async def prove(self, services: Iterable[str], destination: Colour, *, share: int, wait: bool) -> Sequence[Verdict]:
        """Judge whether the destination's targets are healthy and its alarms quiet.

        Raises:
            UnreachableError: AWS could not be asked.
        """
        groups = await self._bound()
        each = [
            verdict
            for name in services
            for verdict in (
                self._targets(name, groups.get(name, {}), destination, share=share, wait=wait),
                self._alarms(name, groups.get(name, {}), destination, wait=wait),
            )
        ]
        return await asyncio.gather(*each)

    async def capacity(self, carried: Mapping[str, int], back: Colour) -> Sequence[Verdict]:
        """Judge whether the colour that is to take traffic back has healthy targets. Its alarms do not matter.

        Raises:
            UnreachableError: AWS could not be asked.
        """
        groups = {name: route.groups for name, route in self._routes.items()} or await self._bound()
        return await asyncio.gather(
            *(self._targets(name, groups.get(name, {}), back, carried=least) for name, least in carried.items())
        )

    async def _targets(  # noqa: PLR0913 - of whom, and how many of them
        self,
        service: str,
        groups: Mapping[Colour, str],
        destination: Colour,
        *,
        share: int = 100,
        carried: int | None = None,
        wait: bool = False,
    ) -> Verdict:
        if len(groups) < len(Colour):
            return _unbound(TARGETS.name, service, groups)
        give_up = time.monotonic() + HEALTHY_SECONDS
        elb = connect(groups[destination].split(":")[3])
        while True:
            here, there = await asyncio.gather(elb.health(groups[destination]), elb.health(groups[destination.other]))
            need = needed(there, share=share, carried=carried)
            coming = here.get(HEALTHY, 0) < need <= here.get(HEALTHY, 0) + here.get(COMING, 0)
            if not (wait and coming) or time.monotonic() > give_up:
                return targets(service, destination, here=here, need=need)
            await asyncio.sleep(PAUSE_SECONDS)

    async def _alarms(self, service: str, groups: Mapping[Colour, str], destination: Colour, *, wait: bool) -> Verdict:
        if destination not in groups:
            return _unbound(ALARMS.name, service, groups)
        give_up = time.monotonic() + QUIET_SECONDS
        while True:
            states = await _states(service, groups, destination)
            undecided = {*states.values()} - {QUIET} and RINGING not in states.values()
            if not (wait and undecided) or time.monotonic() > give_up:
                return alarms(service, destination, states)
            await asyncio.sleep(PAUSE_SECONDS)

    async def ringing(self, services: Iterable[str], colour: Colour) -> Mapping[str, str]:
        """Return the alarms that ring on a colour's targets. A missing alarm is not quiet: nobody would notice.

        Raises:
            UnreachableError: AWS could not be asked, or no alarm rings and some no longer exist.
        """
        groups = {name: route.groups for name, route in self._routes.items()} or await self._bound()
        names = tuple(services)
        found = await asyncio.gather(*(_states(name, groups.get(name, {}), colour) for name in names))
        verdicts = [alarms(name, colour, states) for name, states in zip(names, found, strict=True)]
        rings = {each.service: each.seen for each in verdicts if each.outcome is Outcome.FAILED}
        there = {alarm for states in found for alarm in states}
        none = [
            f"any on the targets of {name}-{colour}" for name, states in zip(names, found, strict=True) if not states
        ]
        missing = sorted(self._heard - there) or none
        self._heard |= there
        if missing and not rings:
            raise UnreachableError(
                f"alarms are not there, so nobody hears whether {colour} fails: {', '.join(missing)}. Next: pulumi "
                "refresh, then pulumi up, which makes them again"
            )
        return rings

    async def between(
        self, before: Mapping[str, LiveService], now: Mapping[str, LiveService]
    ) -> Mapping[str, Sequence[LiveService]]:
        """Return nothing: AWS keeps only the last version of a rule."""
        del before, now
        return {}

    def stranger(self, live: LiveService) -> str:
        """Return a name for an unknown writer. While a flip is open, a read names `teal` for both of its colours."""
        del live
        return WRITER

    def door(self, service: str, colour: Colour) -> str:
        """Return the colour's own Service, since no Service leads through a load balancer."""
        return f"{service}-{colour}"


router = AlbRouter
"""The function that `teal.routers` calls."""


async def _states(service: str, groups: Mapping[Colour, str], colour: Colour) -> Mapping[str, str]:
    """Return the state of each alarm on a colour's targets, by its name."""
    if colour not in groups:
        return {}
    return await connect(groups[colour].split(":")[3]).alarms(alarm_prefix(service, colour), groups[colour])


def _live(route: AlbRoute, rule: Rule, history: History) -> LiveService:
    colours = {arn: colour for colour, arn in route.groups.items()}
    split = Split(
        weights={colours[arn]: weight for arn, weight in rule.weights.items() if arn in colours},
        said=said(rule.tags),
        strangers={arn: weight for arn, weight in rule.weights.items() if arn not in colours},
    )
    return LiveService(
        colour=split.colour,
        selector=split.shown,
        annotations={**rule.tags, ORDER: str(rule.order)},
        resource_version=rule.digest,
        # What the record of flips explains was written by teal or its engine; a flip leaves no share.
        writer=MANAGER if not split.share and split.colour in history.left - {None} else WRITER,
        share=split.share,
        route=route,
    )


def _door(name: str, listener: Listener) -> str:
    scheme = listener.protocol.lower()
    usual = {"http": 80, "https": 443}.get(scheme)
    return f"{scheme}://{name}" + ("" if listener.port == usual else f":{listener.port}")


def _unbound(gate: str, service: str, groups: Mapping[Colour, str]) -> Verdict:
    return Verdict(
        gate=gate,
        service=service,
        outcome=Outcome.ERROR,
        seen=f"TargetGroupBindings of {', '.join(groups) or 'no colour'} in the cluster",
        needed="one for each colour",
        asked="the API server for the TargetGroupBindings of the stack",
    )
