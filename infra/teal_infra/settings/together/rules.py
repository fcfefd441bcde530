"""`router: alb`: refuses services for which a load balancer could make no rules, or whose pods it could not reach.

The quotas of Application Load Balancers have a page of their own at AWS. A service has four rules: one of live traffic,
one a colour on the test listener, and one for the idle colour there; and one more where clients are chosen. The rules
of the test listener ask for a header beside everything that the service's rule asks for.
"""

from collections.abc import Iterator, Mapping

from teal.model.routes import RouterKind
from teal_infra.settings import Settings
from teal_infra.settings.owned import Refusal
from teal_infra.settings.reach.alb import Alb
from teal_infra.settings.reach.routing import Routing
from teal_infra.settings.report.places import right
from teal_infra.settings.report.steps import Remove, Set, Step, Where
from teal_infra.settings.service import ServiceSettings

VALUES = 5
"""The most values that the conditions of a rule may have together."""

WILDCARDS = 5
"""The most characters * in the conditions of a rule."""

GROUPS = 100
"""The most target groups of a load balancer, which no quota raises; a service has two."""

APART = 3
"""The priorities that a service's rules take: its own, the one before and the one after."""


def refusals(settings: Settings) -> Iterator[Refusal]:
    """Yield the refusals of every service, and of all of them together."""
    if settings.router is not RouterKind.ALB or settings.alb is None:
        return
    services, alb = settings.routed, settings.alb
    each = 4 + (settings.canary_match is not None)
    if each * len(services) > alb.max_rules:
        what = f"{len(services)} services have {each} rules each, and the load balancer takes {alb.max_rules}"
        yield Refusal(("alb", "maxRules"), what, steps=(Set(("alb", "maxRules"), each * len(services)),))
    for name in [*services][GROUPS // 2 :]:
        what = f"a load balancer has at most {GROUPS} target groups, two a service: {name} has to be of another stack"
        steps: tuple[Step, ...] = tuple(Remove((at, name)) for at in ("services", "blue", "green"))
        yield Refusal(("services", name), what, "AWS would refuse its target groups", steps)
    for name, service in services.items():
        yield from _reachable(name, service)
        yield from _encrypted(name, service, alb)
        yield from _conditions(name, service.routing, settings)
    yield from _priorities(services)


def _reachable(name: str, service: ServiceSettings) -> Iterator[Refusal]:
    callers = service.network.callers.values()
    if service.network.policies and not any(each.cidrs for each in callers):
        where: Where = ("services", name, "network", "callers", "load-balancer", "cidrs")
        what = f"router is alb, and network.callers of {name} names no address of the load balancer"
        yield Refusal((*where, 0), what, steps=(Set(where, ["10.20.0.0/16"]),))


def _encrypted(name: str, service: ServiceSettings, alb: Alb) -> Iterator[Refusal]:
    speaks, where = service.target_group.protocol_version, ("alb", "certificateArn")
    if speaks != "HTTP1" and alb.certificate_arn is None:
        what = f"targetGroup.protocolVersion of {name} is {speaks}, which AWS forwards from HTTPS listeners alone"
        yield Refusal(where, what, "AWS would refuse the listener", (Set(where, right(where)),))


def _conditions(name: str, routing: Routing, settings: Settings) -> Iterator[Refusal]:
    """Yield the refusals of a rule's conditions, for the rule that has most."""
    at: Where = ("services", name, "routing")
    most = VALUES - 1
    if routing.values > most:
        what = (
            f"hosts and paths of {name} take {routing.values} of the {VALUES} values that a rule may have (a path "
            "takes two), and the rules of the test listener need one for their header"
        )
        yield Refusal((*at, "paths", 0), what, "AWS would refuse the rule", tuple(_fewer(at, routing, most)))
    elif routing.wildcards + (cookie := 2 * bool(settings.canary_match and settings.canary_match.cookie)) > WILDCARDS:
        what = f"hosts and paths of {name} and the cookie of canaryMatch have more than {WILDCARDS} wildcards"
        less = tuple(_fewer(at, routing, routing.values - (routing.wildcards + cookie - WILDCARDS)))
        yield Refusal((*at, "paths", 0), what, "AWS would refuse the rule", less)


def _fewer(at: Where, routing: Routing, most: int) -> Iterator[Step]:
    """Yield the steps that leave as many of the first paths and hosts as fit."""
    values, paths, hosts = routing.values, [*routing.paths], [*routing.hosts]
    while values > most and len(paths) > 1:
        values -= len(Routing(paths=(paths.pop(),)).patterns)
        yield Remove((*at, "paths", len(paths)))
    while values > most and hosts:
        hosts.pop()
        values -= 1
        yield Remove((*at, "hosts", len(hosts)))


def _priorities(services: Mapping[str, ServiceSettings]) -> Iterator[Refusal]:
    """Yield services that do not say when their rule is asked, or say the same as others.

    Priorities that followed from other services would meet whenever one comes or goes, as AWS moves no rule past
    another.
    """
    taken: dict[str, int] = {}
    for name, service in services.items():
        where, own = ("services", name, "routing", "priority"), service.routing.priority
        if len(services) == 1:
            return
        if own is None:
            what = f"{name} shares a load balancer, and does not say when its rule is asked"
            own = _free({*taken.values(), *(each.routing.priority or 0 for each in services.values())})
            yield Refusal(where, what, steps=(Set(where, own),))
        elif near := next((each for each, other in taken.items() if abs(own - other) < APART), None):
            what = (
                f"{own} is less than {APART} from that of {near}, and each service has a rule before and after its own"
            )
            own = _free({*taken.values(), *(each.routing.priority or 0 for each in services.values())})
            yield Refusal(where, what, steps=(Set(where, own),))
        taken[name] = own


def _free(taken: set[int]) -> int:
    """Return the first multiple of ten that is far enough from every other priority."""
    return next(each for each in range(10, 49999, 10) if all(abs(each - other) >= APART for other in taken))
