"""Refuses what a pod template asks for in vain: a container without an image, a spread by labels that its pods lack.

A service's template and its slot's make the pods together, so neither can be judged alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from teal.model.colours import Colour
from teal.model.labels import NAME_LABEL
from teal.model.plain import mapping
from teal_infra import labels
from teal_infra.settings import Settings
from teal_infra.settings.owned import Refusal
from teal_infra.settings.pod_template import PATCH, PodTemplate
from teal_infra.settings.report.steps import Set, Where, at, inside

Templates = Sequence[tuple[Where, PodTemplate]]
"""What makes the pods of one colour of a service, each with its place."""


def refusals(settings: Settings) -> Iterator[Refusal]:
    """Yield the refusals of each service's pods in either colour."""
    for name, own, both in of_pods(settings):
        yield from _unnamed(name, both)
        yield from _unfound(name, both, own)


def of_pods(settings: Settings) -> Iterator[tuple[str, Mapping[str, str], Templates]]:
    """Yield the service of all pods that the stack makes, the labels that teal gives them, and their templates."""
    for colour in Colour:
        slot = settings.slot(colour)
        for name, release in slot.services.items() if slot else ():
            if slot is not None and name in settings.services and release.adopt is None:
                shared = (("services", name, "podTemplate"), settings.services[name].pod_template)
                both = [shared, ((colour, name, "podTemplate"), release.pod_template)]
                yield name, labels.coloured(name, colour, slot.version), both


def each_of(templates: Templates, field: str) -> Iterator[tuple[Where, Mapping[str, Any]]]:
    """Yield the elements of a list that the templates have, each with its place."""
    for where, template in templates:
        for number, each in inside(template.spec.get(field)) or ():
            yield (*where, "spec", field, number), mapping(each)


def _unnamed(service: str, templates: Templates) -> Iterator[Refusal]:
    """Yield containers that no image is named for: most are the service's own by another name."""
    every = [*each_of(templates, "containers")]
    known = {service, *(each.get("name") for _, each in every if {"image", PATCH} & each.keys())}
    for where, each in every:
        if "name" in each and (name := each["name"]) not in known:
            what = f"no image is named for the container {name}; the service's own container is called {service}"
            yield Refusal(where, what, "the API server would refuse the pods")


def _unfound(service: str, templates: Templates, own: Mapping[str, str]) -> Iterator[Refusal]:
    """Yield constraints that spread pods by labels which a chart's pods have, and these do not."""
    its = {key: each for _, template in templates for key, each in mapping(template.metadata.get("labels")).items()}
    for where, each in each_of(templates, "topologySpreadConstraints"):
        asked = mapping(at(each, ("labelSelector", "matchLabels")))
        lacking = next((key for key, value in asked.items() if {**its, **own}.get(key) != value), None)
        if lacking is not None:
            what = f"the pods of {service} have no label {lacking}: {asked[lacking]}, by which they would be found"
            selector = Set((*where, "labelSelector"), {"matchLabels": {NAME_LABEL: service}})
            yield Refusal(selector.where, what, "nothing would keep them apart", (selector,))
