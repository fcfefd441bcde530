"""Finds everything that a stack's raw config sets although it is teal's, at once and each at its place. Pure."""

from collections.abc import Iterator, Mapping

from teal.model.colours import Colour
from teal.model.plain import mapping
from teal_infra.settings import metadata, owned, pod_template
from teal_infra.settings.owned import Refusal
from teal_infra.settings.reach import worker
from teal_infra.settings.report import sealed
from teal_infra.settings.service import ServiceSettings

_ANY = ServiceSettings.model_fields["port"].default
"""The port of whichever service names a backing service."""


def of_stack(data: Mapping[str, object]) -> Iterator[Refusal]:
    """Yield the refusals of every service, of every backing service, and of every slot's services.

    Args:
        data: the config as JSON; the models refuse another shape.
    """
    yield from sealed.refusals(data)
    yield from (each.below("namespace") for each in owned.labelled(data.get("namespace"), metadata.MARKS))
    for name, given in mapping(data.get("services")).items():
        yield from (each.below("services", name) for each in _of_service(name, mapping(given)))
    for name, peer in mapping(data.get("backing")).items():
        yield from (each.below("backing", name) for each in _of_variables(mapping(peer), _ANY))
    for colour in Colour:
        slot = mapping(data.get(colour))
        for name, service in mapping(data.get("services")).items():
            release, its = mapping(slot.get(name)), mapping(service)
            yield from (each.below(colour, name, "podTemplate") for each in _of_template(release, name, its))
            behind = {str(each) for each in mapping(its.get("ports")).values()}
            own = str(mapping(release.get("env")).get("PORT")) in behind  # a sidecar listens on the service's port
            port = None if own else _port(its)
            yield from (each.below(colour, name) for each in _of_variables(release, port))


def _of_service(name: str, service: Mapping[str, object]) -> Iterator[Refusal]:
    yield from (each.below("podTemplate") for each in _of_template(service, name, service))
    yield from (each.below("metadata") for each in metadata.refusals(service.get("metadata")))
    ingresses = {("ingress",): service.get("ingress")}
    ingresses |= {("ingresses", key): each for key, each in mapping(service.get("ingresses")).items()}
    for where, ingress in ingresses.items():
        yield from (each.below(*where) for each in owned.labelled(ingress, metadata.MARKS))
    yield from worker.refusals(service)


def _of_template(given: Mapping[str, object], name: str, service: Mapping[str, object]) -> Iterator[Refusal]:
    cron = service.get("kind") == worker.Kind.CRON
    return pod_template.refusals(given.get("podTemplate"), name, _port(service), cron=cron)


def _of_variables(given: Mapping[str, object], port: object) -> Iterator[Refusal]:
    for kind in ("env", "secrets"):
        yield from (each.below(kind) for each in owned.variables(given.get(kind), owned.identity(port)))


def _port(service: Mapping[str, object]) -> object:
    """Return the port that a service's pods listen on; None where it is a worker."""
    if str(service.get("kind")) in {worker.Kind.WORKER, worker.Kind.CRON}:
        return None
    return service.get("port", _ANY)
