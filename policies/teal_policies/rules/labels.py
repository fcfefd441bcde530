"""Requires everything to say whose it is: by labels in Kubernetes, by tags in AWS."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from teal.model.labels import COLOUR_LABEL
from teal_policies.kinds import AWS_PROVIDER, LOAD_BALANCING, POD_TEMPLATES
from teal_policies.model import Bounds, Finding, Graph, Properties, Resource, part


def labelled(graph: Graph, bounds: Bounds) -> Iterator[Finding]:
    """Require Kubernetes' recommended labels on every object that can have labels."""
    for resource in graph.resources:
        if resource.type.startswith("kubernetes:") and "metadata" in resource.properties:
            yield from _labels(resource, bounds)


def _labels(resource: Resource, bounds: Bounds) -> Iterator[Finding]:
    needed = [*bounds["labels"]]
    if COLOUR_LABEL in resource.labels:
        needed += [*bounds["colouredLabels"], *(bounds["releaseLabels"] if resource.type in POD_TEMPLATES else ())]
    missing = [each for each in needed if not resource.labels.get(each)]
    if missing:
        yield Finding(
            str(resource), f"no label {', '.join(missing)}", ", ".join(needed), "declare it with teal_infra.labels"
        )


def tagged(graph: Graph, bounds: Bounds) -> Iterator[Finding]:
    """Require tags on what is known to take them: load balancing, and whatever declares some already."""
    by_default = [_default_tags(provider) for provider in graph.of(AWS_PROVIDER)]
    for resource in graph.resources:
        if resource.type in LOAD_BALANCING or (resource.type.startswith("aws:") and resource.tags):
            missing = [each for each in bounds["tags"] if not (resource.tags.get(each) or _all(each, by_default))]
            if missing:
                needed, remedy = ", ".join(bounds["tags"]), "give it tags, or its provider default_tags"
                yield Finding(str(resource), f"no tag {', '.join(missing)}", needed, remedy)


def _default_tags(provider: Resource) -> Properties:
    """Return the tags of a provider's inputs, in which objects are JSON."""
    given: Any = provider.properties.get("defaultTags")
    return part(json.loads(given) if isinstance(given, str) else given or {}, "tags")


def _all(key: str, tags: Sequence[Properties]) -> bool:
    """Return whether every provider sets the tag, since an analyzer is not always told which one makes a resource."""
    return bool(tags) and all(each.get(key) for each in tags)
