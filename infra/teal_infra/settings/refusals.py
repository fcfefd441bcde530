"""Finds everything that a stack's raw config sets although it is teal's, at once and each at its place. Pure."""

from collections.abc import Iterator, Mapping

from teal.model.colours import Colour
from teal.model.plain import mapping
from teal_infra.settings import metadata, owned, pod_template
from teal_infra.settings.owned import Refusal
from teal_infra.settings.reach import worker
from teal_infra.settings.service import ServiceSettings


def of_stack(data: Mapping[str, object]) -> Iterator[Refusal]:
    """Yield the refusals of every service, and of every slot's services.

    Args:
        data: the config as JSON; the models refuse another shape.
    """
    services = mapping(data.get("services"))
    yield from (each.below("namespace") for each in owned.labelled(data.get("namespace"), metadata.MARKS))
    for name, given in services.items():
        service = mapping(given)
        cron = service.get("kind") == worker.Kind.CRON
        for each in pod_template.refusals(service.get("podTemplate"), name, _port(service), cron=cron):
            yield each.below("services", name, "podTemplate")
        for each in metadata.refusals(service.get("metadata")):
            yield each.below("services", name, "metadata")
        ingresses = {("ingress",): service.get("ingress")}
        ingresses |= {("ingresses", key): each for key, each in mapping(service.get("ingresses")).items()}
        for where, ingress in ingresses.items():
            yield from (each.below("services", name, *where) for each in owned.labelled(ingress, metadata.MARKS))
        yield from (each.below("services", name) for each in worker.refusals(service))
    for colour in Colour:
        slot = mapping(data.get(colour))
        for name, service in services.items():
            release, its = mapping(slot.get(name)), mapping(service)
            cron = its.get("kind") == worker.Kind.CRON
            for each in pod_template.refusals(release.get("podTemplate"), name, _port(its), cron=cron):
                yield each.below(colour, name, "podTemplate")
            for kind in ("env", "secrets"):
                yield from (each.below(colour, name, kind) for each in owned.variables(release.get(kind)))


def _port(service: Mapping[str, object]) -> object:
    return service.get("port", ServiceSettings.model_fields["port"].default)
