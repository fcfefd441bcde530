"""Refuses containers beside a service's own that no image is named for: most are its own by another name."""

from collections.abc import Iterator, Sequence
from typing import Any

from teal.model.colours import Colour
from teal.model.plain import mapping
from teal_infra.settings import Settings
from teal_infra.settings.owned import Refusal
from teal_infra.settings.pod_template import PATCH, PodTemplate
from teal_infra.settings.report.steps import Where, inside


def refusals(settings: Settings) -> Iterator[Refusal]:
    """Yield the refusals of each service's pods, which its own template and its slot's make together."""
    for colour in Colour:
        slot = settings.slot(colour)
        for name, release in slot.services.items() if slot else ():
            if name in settings.services:
                yield from _of(name, settings.services[name].pod_template, release.pod_template, colour)


def _of(service: str, shared: PodTemplate, own: PodTemplate, colour: Colour) -> Iterator[Refusal]:
    every: Sequence[tuple[Where, Any]] = [
        ((*at, "podTemplate", "spec", "containers", number), each)
        for at, template in ((("services", service), shared), ((colour, service), own))
        for number, each in inside(template.spec.get("containers")) or ()
    ]
    known = {service, *(mapping(each).get("name") for _, each in every if {"image", PATCH} & mapping(each).keys())}
    for where, each in every:
        if "name" in mapping(each) and (name := each["name"]) not in known:
            what = f"no image is named for the container {name}; the service's own container is called {service}"
            yield Refusal(where, what, "the API server would refuse the pods")
