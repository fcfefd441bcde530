"""Refuses a router without its settings, and settings that the router cannot follow."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from teal.model.routes import RouterKind
from teal_infra.settings import Settings
from teal_infra.settings.numbers import MOST_SECONDS
from teal_infra.settings.owned import Refusal
from teal_infra.settings.report.places import right
from teal_infra.settings.report.steps import Remove, Set, Step, Where, at
from teal_infra.settings.slot import State

_SELECTOR, _BALANCER, _ROUTE = {RouterKind.SERVICE}, {RouterKind.ALB}, {RouterKind.GATEWAY}

_OF_SERVICES: Mapping[tuple[str, ...], set[RouterKind]] = {
    ("frontDoor",): _SELECTOR,
    ("ingress",): _SELECTOR,
    ("ingresses",): _SELECTOR,
    ("metadata", "frontDoor"): _SELECTOR,
    ("metadata", "ingress"): _SELECTOR,
    ("metadata", "route"): _ROUTE,
    ("targetGroup",): _BALANCER,
    ("routing", "priority"): _BALANCER,
    ("routing", "filters"): _ROUTE,
    ("routing", "timeouts"): _ROUTE,
    ("routing", "backendTls"): _ROUTE,
    ("routing",): _BALANCER | _ROUTE,
}
"""The settings of a service that only some routers use. The active Service and its Ingresses are the selector's."""

_NO_EFFECT = "it would have no effect"


def refusals(settings: Settings) -> Iterator[Refusal]:
    """Yield the refusals of the router and of each service."""
    if settings.router.spec.settings and settings.of_router is None:
        key, lacking = settings.router.spec.lacks
        named: Where = (settings.router.spec.settings,)
        what = f"router is {settings.router}, and nothing says {lacking}"
        yield Refusal((*named, key.partition(".")[2]), what, steps=(Set(named, right(named)),))
    yield from _unused(settings)
    yield from _shares(settings)
    yield from _same(settings)
    yield from _kept_out(settings)
    yield from _spoken_to_in_plain(settings)
    alb = settings.alb if settings.router in _BALANCER else None
    if alb is not None and (alb.stickiness_seconds or 0) > settings.settle_seconds:
        seconds = alb.stickiness_seconds or 0
        what = f"clients stay with a colour for {seconds} s (alb.stickinessSeconds), and it may go before"
        steps = (
            Set(("settleSeconds",), min(seconds, MOST_SECONDS)),
            *([Set(("alb", "stickinessSeconds"), MOST_SECONDS)] if seconds > MOST_SECONDS else []),
        )
        yield Refusal(("settleSeconds",), what, steps=steps)


def _unused(settings: Settings) -> Iterator[Refusal]:
    """Yield the settings that only another router would use."""
    router = settings.router
    for kind in RouterKind:
        named = kind.spec.settings
        if kind is not router and named and getattr(settings, named) is not None:
            yield Refusal((named,), f"router is {router}, which does not use it", _NO_EFFECT)
    for name, service in settings.routed.items():
        given = service.model_dump(by_alias=True, exclude_unset=True)
        for where, kinds in _OF_SERVICES.items():
            if router not in kinds and at(given, where):
                yield Refusal(("services", name, *where), f"router is {router}, which does not use it", _NO_EFFECT)
        if router is RouterKind.SERVICE and at(given, ("metadata", "ingress")) and not service.all_ingresses:
            yield Refusal(("services", name, "metadata", "ingress"), "the service has no Ingress", _NO_EFFECT)


@dataclass(frozen=True, slots=True)
class _Claim:
    """Requests that one object of a service asks for."""

    service: str
    where: Where
    """The setting that says so."""
    asked: Sequence[tuple[str, str, str]]
    """The class of the controller that reads it, the host and the prefix; empty where every one is meant."""
    mend: tuple[str, str]
    """How a value begins and ends that the setting may have where another service asks for the same."""


def _claims(settings: Settings) -> Iterator[_Claim]:
    for name, service in settings.routed.items():
        at, routing = ("services", name), service.routing
        if settings.router is not RouterKind.SERVICE:
            its = [("", host, path) for host in routing.hosts or ("",) for path in _whole(routing.paths)]
            yield _Claim(name, (*at, "routing", "hosts"), its, (name, ".example"))
            continue
        for ending, each in service.all_ingresses.items():
            where = (*at, *(("ingresses", ending[1:]) if ending else ("ingress",)))
            its = [(each.class_name or "", host, path) for host in each.secrets for path in _whole(each.paths)]
            yield _Claim(name, (*where, "paths"), its, (f"/{name}{ending}", ""))


def _whole(paths: Iterable[str]) -> Iterable[str]:
    """Yield prefixes as they are compared: a slash at the end makes no difference."""
    return (each.rstrip("/") or "/" for each in paths)


def _same(settings: Settings) -> Iterator[Refusal]:
    """Yield requests that two services claim, or two Ingresses of one."""
    claims = [*_claims(settings)]
    every = {asked for claim in claims for asked in claim.asked}
    taken: dict[tuple[str, str, str], str] = {}
    for claim in claims:
        twice = next((each for each in claim.asked if each in taken), None)
        if twice:
            _, host, path = twice
            what = f"{path} of {host or 'every host'} is what {taken[twice]} asks for"
            values = (f"{claim.mend[0]}{number or ''}{claim.mend[1]}" for number in count())
            free = next(each for each in values if not any(each in asked for asked in every))
            mend: Step = Set(claim.where, [free])
            if taken[twice] == claim.service:
                mend = Remove(claim.where[:-1])
            yield Refusal(claim.where, what, "one of the two would get no request", (mend,))
        taken |= {each: claim.service for each in claim.asked if each not in taken}


def _kept_out(settings: Settings) -> Iterator[Refusal]:
    """Yield services that no gateway's pods may reach: the defaults let in an ingress controller's alone."""
    gateway = settings.gateway
    if settings.router is not RouterKind.GATEWAY or gateway is None:
        return
    for name, service in settings.routed.items():
        network = service.network
        if network.policies and not network.callers and "ingress_controller" not in network.model_fields_set:
            where: Where = ("services", name, "network", "callers", "gateway", "namespaceLabels")
            pods = {"kubernetes.io/metadata.name": gateway.namespace or settings.namespace}
            what = f"router is gateway, and network.callers of {name} names no pods of the Gateway {gateway.name}"
            yield Refusal(where, what, "the policies would keep out live traffic", (Set(where, pods),))


def _spoken_to_in_plain(settings: Settings) -> Iterator[Refusal]:
    """Yield services whose pods speak TLS behind a Gateway that nothing tells so."""
    for name, service in settings.routed.items() if settings.router is RouterKind.GATEWAY else ():
        if service.tls and service.routing.backend_tls is None:
            where: Where = ("services", name, "routing", "backendTls", "hostname")
            what = f"router is gateway, the pods of {name} speak TLS (probes.readiness.scheme), and nothing tells it so"
            named = Set(where, f"{name}.{settings.namespace}.svc")
            yield Refusal(where, what, "it would speak plain HTTP to them, and they would answer no client", (named,))


def _shares(settings: Settings) -> Iterator[Refusal]:
    """Yield the refusals of the share of requests for the idle colour."""
    weight, where, idle = settings.canary_weight, ("canaryWeight",), settings.active_colour.other
    slot = settings.slot(idle)
    if not settings.router.spec.splits:
        what = "router is service, and a Service's selector leads to one colour alone"
        for key, given in (("canaryWeight", weight), ("canaryMatch", settings.canary_match)):
            if given:
                yield Refusal((key,), what, steps=(Remove((key,)),))
    elif weight == 100:  # noqa: PLR2004 - percent
        what = f"all of the traffic is no canary but a flip: activeColour is what makes {idle} live"
        yield Refusal(where, what, steps=(Remove(where),))
    elif weight and (slot is None or slot.state is not State.RUNNING):
        what = f"{idle} does not run, and {weight} % of live traffic would reach nobody"
        yield Refusal(where, what, steps=(Remove(where),))
