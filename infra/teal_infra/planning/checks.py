"""Collects what `teal check` looks at, from what a stack declares of a colour. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from urllib.parse import urlsplit

from teal.checking.subject import Subject
from teal.gates.replies import Request
from teal.model.colours import Colour
from teal.monitoring.queries import Queries
from teal.spec.gates import GatePlan
from teal_infra.components.network import policy_name
from teal_infra.planning.move import gate_plans
from teal_infra.settings import Settings
from teal_infra.settings.evidence.smoke import passing
from teal_infra.settings.pod.probes import HTTP
from teal_infra.settings.reach.backing import BackingService
from teal_infra.settings.service import ServiceSettings

_PORTS = {"http": 80, "https": 443, "mongodb": 27017}
"""The ports of URLs that name none, by scheme."""

_REFUSED = HTTPStatus.BAD_REQUEST


def subjects(settings: Settings, colour: Colour) -> Mapping[str, Subject]:
    """Return what is checked of each service that has pods of its own, as no cron job has; none without a release."""
    plans = {name: plan for name, plan in gate_plans(settings, colour).items() if not plan.cron}
    return {name: _subject(settings, name, colour, plan) for name, plan in plans.items()}


def _subject(settings: Settings, service: str, colour: Colour, plan: GatePlan) -> Subject:
    its = settings.services[service]
    asked = its.worker is None and settings.pods_reachable
    contract = its.gates.contract
    return Subject(
        gates=plan,
        grows=not its.autoscaling.fixed and settings.adopts(service, colour) is None,
        objects=dict(_objects(settings, service, colour)),
        probes=dict(_probes(its)) if asked and settings.adopts(service, colour) is None else {},
        documents=contract.plans() if contract else (),
        up=_up(settings, service),
        needs=dict(_needs(settings, service, colour)),
        paths=_paths(its) if asked else (),
    )


def _objects(settings: Settings, service: str, colour: Colour) -> Iterator[tuple[str, str]]:
    """Yield the objects that the stack makes for the colour, as kind and name."""
    its, name = settings.services[service], f"{service}-{colour}"
    if its.worker is None:
        yield "service", name
    if its.network.policies:
        yield "network", policy_name(service, own=settings.place.create)
    if settings.adopts(service, colour) is not None:
        return
    yield "deployment", name
    if its.autoscaling.ours:
        yield "autoscaler", name
    if its.disruption is not None and its.disruption.bound:
        yield "budget", name


def _probes(its: ServiceSettings) -> Iterator[tuple[str, Request]]:
    """Yield the probes' requests to the service's own port: the preview door leads to no other."""
    for name, probe in its.probed.items():
        if probe.path is not None and probe.port in {None, HTTP, its.port}:
            yield name, Request(path=probe.path, headers=passing(probe.headers), tls=probe.scheme == "HTTPS")


def _up(settings: Settings, service: str) -> str:
    its = settings.services[service]
    if its.worker is not None or its.counted is None:
        return ""
    return Queries(service=service, namespace=settings.namespace, pods="{pods}", metrics=its.counted).pods_up


def _needs(settings: Settings, service: str, colour: Colour) -> Iterator[tuple[str, tuple[str, int] | None]]:
    """Yield its own Service by name, which takes DNS, a Service's rules and the policies; and its backing services."""
    its = settings.services[service]
    if its.worker is None and its.network.dns is not None:
        yield "service", (f"{service}-{colour}", its.preview_door.port)
    for name in its.backing:
        yield name, _place(settings.backing[name])


def _place(of: BackingService) -> tuple[str, int] | None:
    """Return where a backing service is; None where its settings do not say both host and port."""
    if of.url:
        try:
            url = urlsplit(of.url)
            host, port = url.hostname, url.port or _PORTS.get(url.scheme)
        except ValueError:
            return None
    else:
        host, port = of.host, of.port or (of.network.ports[0] if of.network else None)
    return (host, int(port)) if host and port else None


def _paths(its: ServiceSettings) -> Sequence[str]:
    """Return what a load test asks for: the paths of metrics gates, smoke requests that only read, or the bake's path.

    A smoke request that is to be refused is left out, since a load test would take that for a failure.
    """
    if its.gates.metrics is not None:
        return its.gates.metrics.traffic.paths
    smoke = its.gates.smoke.requests.values()
    read = [each.path for each in smoke if each.method == "GET" and not each.headers and each.status < _REFUSED]
    return read or [each for each in [its.baked_path] if each]
